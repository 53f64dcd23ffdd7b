"""Offer → observations, or a Rejection that names its rule: nothing implausible in itself gets further."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from history.model import Offer, OfferKey, PriceComponent, Quote, Rejection, SeriesKey, Source, Witness, conditions_text
from history.quotas import PLAN_TIER, quotas
from history.units import PLAN_UNITS, UNITS

# Roughly how many of a currency make one US dollar: only to place a ceiling, never to convert a price.
DOLLAR_IN = {"USD": 1, "EUR": 1, "CNY": 8}
MOST_DIGITS = 30


class Observation(NamedTuple):
    """One accepted price on a page: which series, the canonical quote, and a start that the page itself states."""

    key: SeriesKey
    quote: str
    starts_at: datetime | None = None


# Unit, conditions, quote and stated start of one component.
Quoted = tuple[str, str, str, datetime | None]


@dataclass(slots=True)
class Seen:
    """Everything a run may be believed: offers with their terms, and their prices; `starting` are those of the
    observations that state a start. `left_out` are there, but were not believed."""

    offers: dict[OfferKey, tuple[str, ...]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    starting: list[Observation] = field(default_factory=list)
    left_out: set[OfferKey] = field(default_factory=set)
    witness: Witness = "first_party"


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class _Judged(NamedTuple):
    """One offer by itself: its prices, those of them that state a start, or why it is not believed."""

    key: OfferKey
    observations: tuple[Observation, ...] = ()
    starting: tuple[Observation, ...] = ()
    refused: _Refused | None = None


def validate(offers: Iterable[Offer], source: Source) -> tuple[Seen, list[Rejection]]:
    """Sort what a page states into what is believable in itself and what is not."""
    stated = [(_judged(offer, source.provider.slug, source.currencies), offer) for offer in offers]
    keys = [judged.key for judged, _ in stated]
    repeated = Counter(keys) if len(set(keys)) < len(keys) else Counter()
    strangers = {key.biller for key in keys} - {"", *source.billers}
    seen, rejections = Seen(witness=source.witness), []
    for judged, offer in stated:
        key, observations, starting, refused = judged
        if repeated or strangers:
            refused = _refused_among_others(key, source, repeated) or refused
        if refused:
            rejections.append(Rejection(refused.rule, offer.model, str(refused)))
            seen.left_out.add(key)
        else:
            seen.offers[key] = offer.terms
            seen.observations.extend(observations)
            seen.starting.extend(starting)
    return seen, rejections


def _refused_among_others(key: OfferKey, source: Source, repeated: Mapping[OfferKey, int]) -> _Refused | None:
    if key in repeated and repeated[key] > 1:
        return _Refused("duplicate_offer", f"the page states it {repeated[key]} times")
    if key.biller and key.biller not in source.billers:
        own = source.provider.slug
        return _Refused("other_provider", f"it names provider {key.biller!r}, the source is {own!r}")
    return None


# The offers of a map are the same ones from version to version: 5,000 in 2026.
@lru_cache(maxsize=16_384)
def _judged(offer: Offer, own: str, currencies: frozenset[str]) -> _Judged:
    key = offer.key if offer.provider == own else offer.key._replace(biller=offer.provider)
    try:
        _check_identity(offer)
        quoted = _quoted(offer.components, currencies, offer.tier == PLAN_TIER)
    except _Refused as refused:
        return _Judged(key, refused=refused)
    model, tier, region, biller = key
    observations = tuple(
        Observation(SeriesKey(model, tier, region, unit, conditions, biller), quote, starts_at)
        for unit, conditions, quote, starts_at in quoted
    )
    return _Judged(key, observations, tuple(one for one in observations if one.starts_at is not None))


@lru_cache(maxsize=4096)
def _quoted(components: tuple[PriceComponent, ...], currencies: frozenset[str], is_plan: bool) -> list[Quoted]:
    """The components in comparable form; the same ones come again and again, run by run and model by model."""
    quoted = []
    for component in components:
        _check(component, currencies)
        if (component.unit in PLAN_UNITS) != is_plan:
            raise _Refused(
                "not_a_plan", f"{_named(component)}: tier {PLAN_TIER!r} is for subscriptions, and only for them"
            )
        conditions = conditions_text(component.conditions)
        quote = Quote(component.amount, component.currency, component.per, component.list_amount, component.valid_to)
        quoted.append((component.unit, conditions, quote.text, component.valid_from))
    if len({(unit, conditions, starts_at) for unit, conditions, _, starts_at in quoted}) < len(quoted):
        raise _Refused("duplicate_component", "one price is stated twice under the same conditions")
    return quoted


def _check_identity(offer: Offer) -> None:
    if not any(map(str.isalpha, offer.model)) or not offer.model.isprintable() or len(offer.model) > 200:
        raise _Refused("bad_model_name", f"{offer.model[:80]!r} cannot be a model's name")
    if not offer.components and not offer.terms:
        raise _Refused("nothing_stated", "it has neither a price nor a term")
    try:
        quotas(offer.terms)
    except ValueError as error:
        raise _Refused("bad_quota", str(error)) from error


def _check(component: PriceComponent, currencies: frozenset[str]) -> None:
    amount = component.amount
    if component.unit not in UNITS:
        raise _Refused("unknown_unit", f"{component.unit!r} is not a billable unit; the list is history/units.py")
    if component.currency not in currencies:
        raise _Refused("undeclared_currency", f"{_named(component)}: the source declares {sorted(currencies)}")
    if not amount.is_finite() or amount < 0 or component.per < 1:
        raise _Refused("not_a_price", f"{_named(component)} per {component.per}")
    if amount > _ceiling(component.unit, component.currency, component.per):
        raise _Refused("absurd_price", f"{_named(component)} per {component.per} is above any price ever listed")
    if amount.adjusted() < -MOST_DIGITS or len(amount.as_tuple().digits) > MOST_DIGITS:
        raise _Refused("too_many_digits", f"{_named(component)}: more than {MOST_DIGITS} digits")
    if component.list_amount is not None:
        _check_list_price(component, component.list_amount)
    if component.valid_from and component.valid_to and component.valid_to <= component.valid_from:
        raise _Refused("backwards_interval", f"{_named(component)} would end at {component.valid_to}, before it starts")


def _check_list_price(component: PriceComponent, listed: Decimal) -> None:
    ceiling = _ceiling(component.unit, component.currency, component.per)
    if not (listed.is_finite() and component.amount <= listed <= ceiling):
        raise _Refused("absurd_list_price", f"{_named(component)}: a list price of {listed} cannot be")


def _named(component: PriceComponent) -> str:
    return f"{component.unit} at {component.amount} {component.currency}"


@lru_cache(maxsize=1024)
def _ceiling(unit: str, currency: str, per: int) -> Decimal:
    return UNITS[unit].ceiling * DOLLAR_IN.get(currency, 1) * per
