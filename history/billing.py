"""What many usages cost: for each the best witness's prices at its time, as believed at one time."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import localcontext
from operator import attrgetter

from sqlalchemy import Connection

from history.cost import EXACT, Cost, Missing, Reason, Tariff, cost_of
from history.identity import Synonym, close_to, synonyms
from history.queries.tariffs import Sold, models_of, newest_recorded, provider_slugs, tariffs
from history.queries.witnesses import RANK
from history.times import EPOCH
from history.usage import Usage

# So many records are priced at once, and so many versions of prices kept: 200 MB of them at most.
_AT_ONCE, _KEPT = 500, 300_000
# Looking for like names takes a millisecond and more.
_CLOSE_NAMES = 100
_OFFER = attrgetter("provider", "model", "tier", "region", "source")
Names = list[tuple[datetime, dict[str, Synonym]]]
Offered = Tariff | list[Tariff] | Missing


class Billing:
    """Prices usages by what was known at `known_at`; keeps the prices that it has read for the next ones."""

    def __init__(self, known_at: datetime) -> None:
        self.known_at = known_at
        self._tariffs: dict[Sold, list[Tariff]] = {}
        self._offers: dict[tuple[str | None, ...], Offered | Renamed] = {}
        self._versions = 0
        self._close: dict[Sold, tuple[str, ...]] = {}
        self._models: dict[str, list[str]] = {}

    @classmethod
    def now(cls, connection: Connection) -> "Billing":
        """By all that is known; the same again for ever, when asked with this `known_at`."""
        return cls(newest_recorded(connection) or EPOCH)

    def costs(self, connection: Connection, usages: Sequence[Usage]) -> Iterator[Cost]:
        """What each usage cost, in their order; what is not kept by the reader is gone."""
        for begin in range(0, len(usages), _AT_ONCE):
            batch = usages[begin : begin + _AT_ONCE]
            self._load(connection, batch)
            # Never yielding inside: the reader would go on in this context.
            with localcontext(EXACT):
                costs = [self._cost(usage) for usage in batch]
            yield from costs

    def _load(self, connection: Connection, usages: Sequence[Usage]) -> None:
        if self._versions > _KEPT:
            self._tariffs, self._offers, self._versions = {}, {}, 0
        new = {_OFFER(usage): usage for usage in usages}
        for asked in new.keys() & self._offers.keys():
            del new[asked]
        names = {usage[:2]: self._names(*usage[:2]) for usage in new.values()}
        wanted = {(sold[0], name) for sold, called in names.items() for _, then in called for name in then}
        wanted = (wanted | names.keys()) - self._tariffs.keys()
        if wanted:
            found = tariffs(connection, wanted, self.known_at)
            self._tariffs |= {one: found.get(one, []) for one in wanted}
            self._versions += sum(len(series) for of in found.values() for one in of for series in one.series)
        for asked, usage in new.items():
            self._offers[asked] = self._offered(connection, usage, names[usage[:2]])

    def _names(self, provider: str, model: str) -> Names:
        """The other names of a model from when on: as far as they had begun when this was known."""
        return [
            (since, {one.model: one for one in then})
            for since, then in synonyms(provider, model)
            if since <= self.known_at
        ]

    def _offered(self, connection: Connection, usage: Usage, names: Names) -> "Offered | Renamed":
        own = self._tariffs[usage[:2]]
        also = {name: self._tariffs[usage.provider, name] for _, then in names for name in then}
        if not any(also.values()):
            return _offered(usage, own) if own else self._unknown(connection, usage)
        told = [[*own, *(one for name in then for one in also[name])] for _, then in names]
        return Renamed(names, [_offered(usage, then) if then else self._unknown(connection, usage) for then in told])

    def _cost(self, usage: Usage) -> Cost:
        chosen = self._offers[_OFFER(usage)]
        return chosen.cost(usage) if isinstance(chosen, Renamed) else _charged(usage, chosen)

    def _unknown(self, connection: Connection, usage: Usage) -> Missing:
        slug, model = usage.provider, usage.model
        if slug not in self._models:
            # A list of every name ever asked for must not grow without end.
            if len(self._models) > _CLOSE_NAMES:
                self._models = {}
            self._models[slug] = models_of(connection, slug)
        if not self._models[slug]:
            return Missing(
                "unknown_provider", f"no prices of {slug!r} are known", close=self._close_to(
                    (slug, ""), slug, provider_slugs(connection) if len(self._close) < _CLOSE_NAMES else [])
            )  # fmt: skip
        close = self._close_to((slug, model), model, self._models[slug])
        return Missing("unknown_model", f"{slug} is not known to offer {model!r}", close=close)

    def _close_to(self, asked: Sold, name: str, known: Sequence[str]) -> tuple[str, ...]:
        if asked not in self._close:
            if len(self._close) >= _CLOSE_NAMES:
                return ()
            self._close[asked] = tuple(close_to(name, known))
        return self._close[asked]


class Renamed:
    """What is offered of a model that has several names, from each moment on at which one of them turns."""

    def __init__(self, names: Names, offered: Sequence[Offered]) -> None:
        self._since = [since for since, _ in names]
        self._then = list(zip(offered, (then for _, then in names), strict=True))

    def cost(self, usage: Usage) -> Cost:
        """By the name that the usage has, unless another name of the same model has a better witness then."""
        offered, names = self._then[bisect_right(self._since, usage.at) - 1]
        cost = _charged(usage, offered)
        return cost if cost.tariff is None else cost._replace(synonym=names.get(cost.tariff.model))


def _charged(usage: Usage, offered: Offered) -> Cost:
    chosen = _best(usage, offered) if isinstance(offered, list) else offered
    return Cost(usage, missing=(chosen,)) if isinstance(chosen, Missing) else cost_of(usage, chosen)


def _offered(usage: Usage, known: Sequence[Tariff]) -> Tariff | list[Tariff] | Missing:
    """Who tells prices of this very offer, the best witness first; of two books of a provider the one in dollars."""
    known = sorted(known, key=lambda one: (*_rank(one), one.model != usage.model, one.model, one.source))
    of_source = [one for one in known if usage.source in (None, one.source)]
    if not of_source:
        return _unlisted("unknown_source", "source", str(usage.source), [one.source for one in known])
    at_tier = [one for one in of_source if one.tier == usage.tier]
    if not at_tier:
        return _unlisted("unknown_tier", "tier", usage.tier, [one.tier for one in of_source])
    there = [one for one in at_tier if one.region == usage.region]
    if not there:
        return _unlisted("unknown_region", "region", usage.region, [one.region for one in at_tier])
    # A map that tells a price in yuan as dollars is no second book of that provider.
    book = {"USD"} if "USD" in there[0].currencies else there[0].currencies
    there = [one for one in there if one.currencies & book]
    return there[0] if len(there) == 1 else there


def _best(usage: Usage, offered: list[Tariff]) -> Tariff | Missing:
    """The best witness that has prices then; of several names the usage's own, else the one price that they share."""
    then = [one for one in offered if one.at(usage.at).offered] or offered[:1]
    best = then[0]
    equals = [one for one in then if _rank(one) == _rank(best)]
    sources = [one.source for one in equals if one.model == best.model]
    if len(sources) > 1:
        return Missing("ambiguous_source", f"{' and '.join(sources)} both have prices of it: name one as source")
    costs = () if best.model == usage.model else [cost_of(usage, one) for one in equals]
    if len({(cost.amount, cost.currency) for cost in costs}) > 1:
        names = tuple(dict.fromkeys(one.model for one in equals))
        differ = f"it is also called {' and '.join(names)}, which differ: name one of them as model"
        return Missing("ambiguous_alias", differ, close=names)
    return best


def _unlisted(reason: Reason, field: str, asked: str, known: Sequence[str]) -> Missing:
    there_are = ", ".join(repr(name) for name in sorted(set(known)))
    return Missing(reason, f"it has no {field} {asked!r}; there are {there_are}", close=tuple(close_to(asked, known)))


def _rank(tariff: Tariff) -> tuple[int, bool]:
    return RANK[tariff.witness], "USD" not in tariff.currencies
