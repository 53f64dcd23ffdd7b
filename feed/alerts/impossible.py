"""Filters that can match nothing: found before somebody waits for an alert that never comes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from feed.alerts.filters import JUMPED, SCHEDULED, SELLERS, Filter
from history import identity
from history.identity import author_of, canonicals, close_to
from history.model import EventKind
from history.quotas import PLAN_TIER
from history.units import PLAN_UNITS

_OF_OFFERS = frozenset({EventKind.OFFER_ADDED, EventKind.OFFER_WITHDRAWN})
_WITHOUT_PRICES = _OF_OFFERS | {EventKind.TERMS_CHANGED}
_AGAINST = {"up": EventKind.PRICE_LOWERED, "down": EventKind.PRICE_RAISED}


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to be asked for: the kind of each provider, the sources, the models of OpenRouter."""

    providers: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    routed: frozenset[str] = frozenset()


class Impossible(ValueError):
    """A filter that no change can match: says why, and what may have been meant."""

    def __init__(self, sentences: Iterable[str], close_names: Iterable[str]) -> None:
        super().__init__(" ".join(sentences))
        self.close_names = list(dict.fromkeys(close_names))


def check(asked: Filter, known: Known) -> None:
    """Raises Impossible with a sentence for each reason."""
    unknown = list(_unknown(asked, known))
    sentences = [*(f"{what}." for what, _ in unknown), *(f"{what}." for what in _contradictions(asked, known))]
    if sentences:
        raise Impossible(sentences, (name for _, close in unknown for name in close))


def _unknown(asked: Filter, known: Known) -> Iterator[tuple[str, list[str]]]:
    for name in asked.provider or ():
        if name not in known.providers:
            yield (
                f"filter.provider: nobody here is called {name!r}; /v1/providers has all",
                close_to(name, known.providers),
            )
    for name in asked.source or ():
        if name not in known.sources:
            yield f"filter.source: there are no alerts of a source {name!r}", close_to(name, known.sources)
    for name in asked.canonical or ():
        names = canonicals() | known.routed
        if name not in names:
            yield f"filter.canonical: no model is called {name!r}; /v1/models has all", close_to(name, names)
    for name in asked.author or ():
        if author_of(name) is None or "/" in name:
            authors = {model.split("/", 1)[0] for model in canonicals()}
            yield f"filter.author: we know no author {name!r}", close_to(name, authors)
    for name in asked.country or ():
        if not identity.meant(country=name).authors:
            yield f"filter.country: we know no author of a model in {name!r}", []


def _contradictions(asked: Filter, known: Known) -> Iterator[str]:
    kinds = frozenset(asked.kind or ()) - {JUMPED}
    if asked.kind is None or kinds:
        yield from _of_kinds(asked, frozenset(EventKind(kind) for kind in kinds))
        yield from _of_plans(asked)
        yield from _of_sellers(asked, known)
    yield from _of_volumes(asked)
    yield from _of_prices(asked)
    yield from _of_authors(asked)


def _of_kinds(asked: Filter, kinds: frozenset[EventKind]) -> Iterator[str]:
    if kinds and asked.direction and kinds == {_AGAINST[asked.direction]}:
        yield f"filter.direction: what is {asked.direction} is never {_AGAINST[asked.direction].value}"
    of_prices = [name for name in ("direction", "min_pct", "threshold") if getattr(asked, name) is not None]
    if kinds and of_prices and kinds <= _WITHOUT_PRICES:
        yield f"filter.kind: {_words(kinds)} has no price that {_words(of_prices)} could be asked of"
    if kinds and asked.unit and kinds <= _OF_OFFERS:
        yield f"filter.kind: {_words(kinds)} is of a whole offer, without a unit"
    if kinds and asked.scheduled == "only" and not kinds & SCHEDULED:
        yield f"filter.scheduled: only {_words(SCHEDULED)} are scheduled, and kind leaves them out"
    if kinds and asked.scheduled == "exclude" and kinds <= SCHEDULED:
        yield f"filter.scheduled: {_words(kinds)} is scheduled, and those are excluded"
    if asked.corrections == "exclude" and kinds == {EventKind.PRICE_CORRECTED}:
        yield "filter.corrections: price_corrected is a correction, and those are excluded"


def _of_plans(asked: Filter) -> Iterator[str]:
    units, tiers = frozenset(asked.unit or ()), frozenset(asked.tier or ())
    if asked.plans == "only" and units and not units & PLAN_UNITS.keys():
        yield f"filter.plans: no plan is paid by {_words(units)}; plans are paid by {_words(PLAN_UNITS)}"
    if asked.plans == "only" and tiers and PLAN_TIER not in tiers:
        yield f"filter.plans: plans are of the tier {PLAN_TIER!r}, and tier leaves it out"
    if asked.plans == "exclude" and ((units and units <= PLAN_UNITS.keys()) or tiers == {PLAN_TIER}):
        yield "filter.plans: only plans are left by unit or tier, and plans are excluded"


def _of_sellers(asked: Filter, known: Known) -> Iterator[str]:
    named = [name for name in asked.provider or () if name in known.providers]
    wanted = SELLERS.get(asked.seller)
    if wanted is None or not named or len(named) < len(asked.provider or ()):
        return
    if asked.volume_pct is None and all(known.providers[name] != wanted for name in named):
        kinds = ", ".join(f"{name} is a {known.providers[name]}" for name in named)
        default = ", which is what is asked for where nothing is said" if asked.seller == "first_party" else ""
        yield f"filter.seller: {kinds}, not {asked.seller}{default}; set seller to any"


def _of_volumes(asked: Filter) -> Iterator[str]:
    if asked.kind is not None and JUMPED in asked.kind and asked.volume_pct is None:
        yield f"filter.kind: {JUMPED} needs volume_pct, the least jump to be told"
    if asked.kind is not None and JUMPED not in asked.kind and asked.volume_pct is not None:
        yield f"filter.volume_pct: kind leaves {JUMPED} out; add it, or leave volume_pct away"
    if asked.volume_pct is not None and asked.volume_pct > 100 and asked.direction == "down":
        yield "filter.volume_pct: nothing falls by more than 100 %"


def _of_prices(asked: Filter) -> Iterator[str]:
    if asked.min_pct is not None and asked.min_pct > 100 and asked.direction == "down":
        yield "filter.min_pct: nothing falls by more than 100 %"
    if (limits := asked.threshold) is None:
        return
    if limits.below == 0 or limits.crossing == 0:
        yield "filter.threshold: no price is below 0"
    if limits.below is not None and limits.above is not None and limits.below >= limits.above:
        yield "filter.threshold: below has to be less than above; it is told when a price leaves what lies between"
    if limits.above is not None and limits.below is None and asked.direction == "down":
        yield "filter.threshold: what goes down never rises above anything"
    if limits.below is not None and limits.above is None and asked.direction == "up":
        yield "filter.threshold: what goes up never falls below anything"


def _of_authors(asked: Filter) -> Iterator[str]:
    found = {name: author for name in asked.author or () if (author := author_of(name))}
    if asked.country and found and not any(author.country in asked.country for author in found.values()):
        sits = ", ".join(f"{name} in {author.country or 'no country that we know'}" for name, author in found.items())
        yield f"filter.country: {sits}, not in {_words(asked.country)}"
    for name in asked.canonical or ():
        by = author_of(name)
        if asked.author and name.split("/", 1)[0] not in asked.author and len(asked.canonical or ()) == 1:
            yield f"filter.author: {name} is by {name.split('/', 1)[0]}, not by {_words(asked.author)}"
        if asked.country and by and by.country not in asked.country and len(asked.canonical or ()) == 1:
            yield f"filter.country: {name} is by {by.slug}, of {by.country or 'no country that we know'}"


def _words(names: Iterable[str]) -> str:
    return " and ".join(sorted(str(name) for name in names))
