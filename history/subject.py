"""Of what a price is said, whoever says it; and whether two say the same."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from history import identity
from history.model import Quote, Witness

# OpenRouter writes 0.0000006000000000000001: a disagreement is more than the noise of somebody's floats.
NOISE = Decimal("0.000001")
# Parts of a route that make it another place than the provider's standard one, or another tier than it is sold in.
_OTHERWISE = frozenset({"flex", "priority", "fast", "batch", "zdr", "eu", "us", "global", "europe"})


class Subject(NamedTuple):
    """Of what a price is said: whose, and of which model (by its canonical name), under which conditions."""

    provider: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str


class Told(Protocol):
    """What a source says that a price is of, in its own words; `provider` is who bills."""

    @property
    def witness(self) -> Witness: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def conditions(self) -> str: ...


def subject_of(told: Told, at: datetime) -> Subject | None:
    """Whose price is told: a seller tells its own, a map names who bills, a gateway the route that it takes."""
    if told.witness != "gateway":
        return _subject(told, told.provider, told.region, at)
    route, *rest = told.region.split("/")
    provider = identity.provider_of_route(route)
    # "openai/flex" is OpenAI's own tier where it is sold as that tier.
    if provider is None or any(part in _OTHERWISE for part in rest if part != told.tier):
        return None
    return _subject(told, provider, "", at)


def _subject(told: Told, provider: str, region: str, at: datetime) -> Subject | None:
    canonical = identity.canonical_of(told.provider, told.model, at)
    return (canonical and Subject(provider, canonical, told.tier, region, told.unit, told.conditions)) or None


def charged(quote: Quote, witness: Witness) -> Decimal:
    """What the seller charges for one unit, by that witness: a gateway may sell below the list price that it names."""
    if witness in ("first_party", "documented") or quote.list_amount is None:
        return quote.unit_price
    return quote.list_amount / quote.per


def same(one: Decimal, other: Decimal) -> bool:
    """Exactly the same, but for the noise of floats."""
    return abs(one - other) <= NOISE * max(one, other)
