"""What a request cost: the price versions in force, the one of each unit that applies, and what is missing. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple

from history.conditions import Circumstances, Periods, Undecidable, applies, is_settled, narrowest, parsed
from history.identity import Synonym
from history.model import Conditions, Witness, conditions_text
from history.times import to_rfc3339
from history.usage import Count, Usage

# Amounts have at most 30 digits and counts 28: nothing is rounded.
EXACT = Context(prec=100)
Reason = Literal[
    "unknown_provider", "unknown_model", "unknown_source", "unknown_tier", "unknown_region", "ambiguous_source",
    "ambiguous_alias", "no_price_then", "no_price", "no_price_applies", "thinking_not_said", "ambiguous_price",
    "undecidable", "several_currencies", "no_rate",
]  # fmt: skip
# Every provider so far that counts reasoning apart bills it as output, unless it states a price of its own.
_BILLED_AS = {"output_reasoning_tokens": "output_tokens"}
_NOTHING = Decimal(0)


class PriceVersion(NamedTuple):
    """A version of one series of prices. Amount None: not offered from then on. `one` is the price of one unit."""

    series_id: int
    unit: str
    conditions: str
    valid_from: datetime
    amount: Decimal | None
    currency: str | None
    per: int | None
    basis: str
    recorded_at: datetime
    run_id: int
    one: Decimal = Decimal(0)
    place: int | None = None


class Line(NamedTuple):
    """So many of a unit, at this price. The price's unit is another one where the source bills it as that."""

    unit: str
    counted: Count
    price: PriceVersion
    amount: Decimal


class Missing(NamedTuple):
    """What could not be priced, why, and the names that may have been meant. `unit` None: the whole record."""

    reason: Reason
    detail: str
    unit: str | None = None
    close: tuple[str, ...] = ()


class Charged(NamedTuple):
    """What one request is charged by: of each unit the price, or why there is none.

    `ones` are the prices of one unit, in whole numbers of 10^-scale of the currency: those add up faster.
    """

    prices: Mapping[str, PriceVersion | Missing]
    ones: Mapping[str, int]
    scale: int
    currency: str | None


class Cost(NamedTuple):
    """What a usage cost by one source's prices. `amount` is the sum of the lines, None where anything is missing.

    `synonym` is the name that was priced, where it is not the one that the usage has.
    """

    usage: Usage
    tariff: "Tariff | None" = None
    charged: Charged | None = None
    missing: tuple[Missing, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    notes: tuple[str, ...] = ()
    synonym: Synonym | None = None

    @property
    def lines(self) -> list[Line]:
        """What was charged, unit by unit."""
        if self.charged is None:
            return []
        priced = (
            (unit, counted, _price_of(unit, self.charged)) for unit, counted in _counted(self.usage, self.charged)
        )
        return [
            Line(unit, counted, price, EXACT.multiply(price.one, Decimal(counted)))
            for unit, counted, price in priced
            if isinstance(price, PriceVersion)
        ]


class Tariff:
    """One source's prices of one offer through all time, as believed at one time."""

    def __init__(
        self, source: str, witness: Witness, tier: str, region: str, versions: Iterable[PriceVersion], model: str = ""
    ) -> None:  # fmt: skip
        self.source, self.witness, self.tier, self.region, self.model = source, witness, tier, region, model
        ordered = sorted(versions, key=attrgetter("series_id", "valid_from", "recorded_at"))
        self.series = [list(of) for _, of in groupby(ordered, attrgetter("series_id"))]
        self.starts = sorted({version.valid_from for version in ordered})
        self.currencies = {version.currency for version in ordered if version.currency}
        self._kept: dict[int, InForce] = {}

    def at(self, moment: datetime) -> "InForce":
        """The prices in force then: the same ones until the next start of any of them."""
        place = bisect_right(self.starts, moment)
        if place not in self._kept:
            self._kept[place] = InForce(self._versions(moment))
        return self._kept[place]

    def _versions(self, moment: datetime) -> list[PriceVersion]:
        latest = (
            series[place - 1]
            for series in self.series
            if (place := bisect_right(series, moment, key=attrgetter("valid_from")))
        )
        return [version for version in latest if version.amount is not None]


class InForce:
    """The prices of one offer in force at a time, and which of them a request is charged by."""

    def __init__(self, versions: Iterable[PriceVersion]) -> None:
        self.offered: dict[str, list[tuple[Conditions, PriceVersion]]] = defaultdict(list)
        for version in versions:
            self.offered[version.unit].append((parsed(version.conditions), version))
        self._kept: dict[object, Charged] = {}

    @cached_property
    def stated(self) -> list[Conditions]:
        return list(dict.fromkeys(conditions for stated in self.offered.values() for conditions, _ in stated))

    @cached_property
    def periods(self) -> Periods:
        return Periods.of(self.stated)

    @cached_property
    def _bounds(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[Conditions, ...]]:
        """Where the answer may change: the first token counts on the other side of each bound, and the hours."""
        inputs = [bound for one in self.stated for bound in (one.min_input_tokens, _beyond(one.max_input_tokens))]
        outputs = [bound for one in self.stated for bound in (one.min_output_tokens, _beyond(one.max_output_tokens))]
        timed = [one for one in self.stated if one.period or one.hours_utc or one.weekdays or one.holidays]
        return _ordered(inputs), _ordered(outputs), tuple(timed)

    @cached_property
    def calendars(self) -> set[str]:
        return {one.holidays for one in self.stated if one.holidays}

    def charged(self, usage: Usage) -> Charged:
        """The prices that apply to a usage: the same for all on the same side of every bound, in the same hours."""
        inputs, outputs, timed = self._bounds
        key: object = bisect_right(inputs, usage.prompt) if inputs else 0
        if outputs or timed or usage.thinking is not None:
            hours = tuple([self.periods.have(one, usage.at) for one in timed])
            key = (key, bisect_right(outputs, usage.answer), hours, usage.thinking)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._charged(usage.circumstances)
        return found

    def _charged(self, given: Circumstances) -> Charged:
        # Most units of an offer have prices under the same conditions.
        best: dict[tuple[Conditions, ...], list[int]] = {}
        prices = dict[str, PriceVersion | Missing]()
        for unit, stated in self.offered.items():
            under = tuple([conditions for conditions, _ in stated])
            if under not in best:
                applying = [conditions for conditions in under if applies(conditions, given, self.periods)]
                best[under] = [under.index(conditions) for conditions in narrowest(applying)]
            prices[unit] = _price_among(unit, [stated[place][1] for place in best[under]], under, given)
        return _charged_by(prices)


def cost_of(usage: Usage, tariff: Tariff) -> Cost:
    """What a usage cost by this tariff. Call it where the decimal context is EXACT."""
    in_force = tariff.at(usage.at)
    try:
        charged = in_force.charged(usage)
    except Undecidable as why:
        return Cost(usage, tariff, missing=(Missing("undecidable", str(why)),))
    ones, currency = charged.ones, charged.currency
    notes = _notes(usage, in_force) if in_force.calendars else ()
    if currency is not None and "requests" not in ones:
        try:
            total = sum([ones[unit] * counted for unit, counted in usage.counts.items()])
        except KeyError:
            return _carefully(usage, tariff, charged, notes)
        amount = Decimal(total).scaleb(-charged.scale)
        return Cost(usage, tariff, charged, (), amount, currency, notes)
    return _carefully(usage, tariff, charged, notes)


def _carefully(usage: Usage, tariff: Tariff, charged: Charged, notes: tuple[str, ...]) -> Cost:
    """The same, where something may be missing."""
    if not charged.prices:
        return Cost(usage, tariff, missing=(_not_then(usage, tariff),))
    missing = [
        price or _no_price(unit, charged, tariff)
        for unit, _ in _counted(usage, charged)
        if not isinstance(price := _price_of(unit, charged), PriceVersion)
    ]
    cost = Cost(usage, tariff, charged, tuple(missing), notes=notes)
    currencies = dict.fromkeys(str(line.price.currency) for line in cost.lines)
    if len(currencies) > 1:
        missing.append(Missing("several_currencies", f"it has prices in {' and in '.join(currencies)}"))
    currency = next(iter(currencies)) if len(currencies) == 1 else None
    amount = None if missing else sum((line.amount for line in cost.lines), _NOTHING)
    return cost._replace(missing=tuple(missing), amount=amount, currency=currency)


def _counted(usage: Usage, charged: Charged) -> list[tuple[str, Count]]:
    """What there is to be charged: a record is one request, and says so only where it is another number of them."""
    implied = {"requests": 1} if "requests" in charged.prices else {}
    return [(unit, counted) for unit, counted in {**implied, **usage.counts}.items() if counted]


def _price_of(unit: str, charged: Charged) -> PriceVersion | Missing | None:
    return charged.prices.get(unit) or charged.prices.get(_BILLED_AS.get(unit, ""))


def price_of_one(amount: Decimal | None, per: int | None) -> Decimal:
    """Exact, as long as `per` divides a power of ten."""
    return Decimal(0) if amount is None or not per else EXACT.divide(amount, Decimal(per))


def _charged_by(prices: Mapping[str, PriceVersion | Missing]) -> Charged:
    found = {unit: price for unit, price in prices.items() if isinstance(price, PriceVersion)}
    scale = max([0, *(-int(price.one.as_tuple().exponent) for price in found.values())])
    ones = {unit: int(price.one.scaleb(scale)) for unit, price in found.items()}
    ones |= {unit: ones[other] for unit, other in _BILLED_AS.items() if other in ones and unit not in prices}
    currencies = {price.currency for price in found.values()}
    return Charged(prices, ones, scale, currencies.pop() if len(currencies) == 1 else None)


def _price_among(
    unit: str, best: list[PriceVersion], under: tuple[Conditions, ...], given: Circumstances
) -> PriceVersion | Missing:  # fmt: skip
    """The one price that is left, or why there is none or more than one."""
    if len(best) == 1 or len({(price.one, price.currency) for price in best}) == 1:
        return best[0]
    if best:
        which = " and ".join(price.conditions for price in best)
        return Missing("ambiguous_price", f"prices of {unit} under {which} apply alike, and they differ", unit)
    if given.thinking is None and any(conditions.thinking is not None for conditions in under):
        return Missing("thinking_not_said", f"the price of {unit} depends on whether the model thinks", unit)
    stated = ", ".join(conditions_text(conditions) for conditions in under)
    return Missing("no_price_applies", f"{unit} has a price only under {stated}", unit)


def _not_then(usage: Usage, tariff: Tariff) -> Missing:
    first = tariff.starts[0]
    told = (
        f"{tariff.source} knows no price of it before {to_rfc3339(first)}"
        if usage.at < first
        else f"by {tariff.source} it was not offered at {to_rfc3339(usage.at)}"
    )
    return Missing("no_price_then", told)


def _no_price(unit: str, charged: Charged, tariff: Tariff) -> Missing:
    priced = ", ".join(sorted(charged.prices))
    return Missing("no_price", f"{tariff.source} states no price of {unit}; it has prices of {priced}", unit)


def _notes(usage: Usage, in_force: InForce) -> tuple[str, ...]:
    return tuple(
        f"the days off of {usage.at.year} in {calendar} were not yet announced to this version: only its lunar and"
        " fixed holidays are counted"
        for calendar in sorted(in_force.calendars)
        if not is_settled(calendar, usage.at)
    )


def _beyond(bound: int | None) -> int | None:
    return None if bound is None else bound + 1


def _ordered(bounds: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({bound for bound in bounds if bound is not None}))
