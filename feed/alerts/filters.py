"""Which changes matter to a subscriber: fields are all of, lists are any of; what is not asked for is any."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from feed.api.asking import Country, CurrencyCode, Text, UnitName
from feed.plans import is_plan, is_plan_price
from history import currency as money
from history.identity import END, author_of, canonical_of
from history.model import EventKind, Quote, plain
from history.queries import Change, Story
from history.units import UNITS

MOST_NAMES = 100
# PostgreSQL's index takes no more than 2,704 bytes of a row.
LONGEST = 2_500
JUMPED = "volume_jumped"
SCHEDULED = frozenset({EventKind.PRICE_SCHEDULED, EventKind.PRICE_CANCELLED})
MOVED = frozenset({EventKind.PRICE_RAISED, EventKind.PRICE_LOWERED})
SELLERS = {"first_party": "lab", "cloud": "cloud", "gateway": "gateway"}
# Whatever is counted in tokens has its threshold for a million of them, everything else for one.
_A_MILLION = {name: 1_000_000 if unit.quantity in ("tokens", "token_hours") else 1 for name, unit in UNITS.items()}
_canonical_of = lru_cache(maxsize=8192)(canonical_of)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _kind(name: str) -> str:
    if name not in (kinds := [*EventKind, JUMPED]):
        raise ValueError(f"no such kind; the kinds are {', '.join(kinds)}")
    return name


_Kind = Annotated[str, AfterValidator(_kind), Field(json_schema_extra={"enum": [*EventKind, JUMPED]})]
_any_of = (Field(min_length=1, max_length=MOST_NAMES), BeforeValidator(_listed), AfterValidator(_once))
Names = Annotated[tuple[Text, ...], *_any_of]
Units = Annotated[tuple[UnitName, ...], *_any_of]
Kinds = Annotated[tuple[_Kind, ...], *_any_of]
Countries = Annotated[tuple[Country, ...], *_any_of]
_Exact = AfterValidator(lambda value: Decimal(plain(value)))
Amount = Annotated[Decimal, Field(ge=0, max_digits=30), _Exact]
Percent = Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=12), _Exact]
Choice = Literal["only", "include", "exclude"]


class Threshold(BaseModel):
    """A price as quoted, for a million tokens or else for one unit, in `currency`: by the European Central Bank's rate
    of the day on which the change was recorded. Where there is no rate of that day, nothing matches.

    `below`: the new price is below it, and the old one was not (or there was none). `above`: likewise. Both: either.
    `crossing`: one of the two prices is below it, the other is not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    below: Amount | None = None
    above: Amount | None = None
    crossing: Amount | None = None
    currency: CurrencyCode = "USD"

    @model_validator(mode="after")
    def _is_one_question(self) -> "Threshold":
        if (self.crossing is None) == (self.below is None and self.above is None):
            raise ValueError("name either crossing, or below, above or both of them")
        return self

    def is_passed(self, one: Change) -> bool:
        """Whether the change moved a price from one side to the other, as asked."""
        if one.new is None or one.unit is None or (self.crossing is not None and one.old is None):
            return False
        try:
            new = self._amount(one.new, one)
            old = None if one.old is None else self._amount(one.old, one)
        except money.NoRate:
            return False
        if self.crossing is not None:
            return old is not None and (old < self.crossing) != (new < self.crossing)
        fell = self.below is not None and new < self.below and (old is None or old >= self.below)
        rose = self.above is not None and new > self.above and (old is None or old <= self.above)
        return fell or rose

    def _amount(self, quote: Quote, one: Change) -> Decimal:
        amount = quote.amount * _A_MILLION.get(one.unit or "", 1) / quote.per
        if quote.currency == self.currency:
            return amount
        return money.rate(quote.currency, self.currency, one.recorded_at).convert(amount)


class Filter(BaseModel):
    """What a subscription is told. A story is told whole where at least one of its changes matches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Names | None = Field(None, description="Who bills: slugs.")
    source: Names | None = Field(None, description="Price sources, by name.")
    model: Names | None = Field(None, description="Models, exactly as a source spells them.")
    canonical: Names | None = Field(None, description="Models, whoever sells them under whatever name.")
    author: Names | None = Field(None, description="Who made the model: slugs.")
    country: Countries | None = Field(None, description="Where its author sits: ISO 3166-1 alpha-2.")
    tier: Names | None = Field(None, description="Service tiers, such as standard or batch.")
    unit: Units | None = Field(None, description="What is billed.")
    kind: Kinds | None = Field(None, description="What happened.")
    direction: Literal["up", "down"] | None = Field(None, description="Only moves in that direction.")
    min_pct: Percent | None = Field(None, description="Only moves by at least so many percent, either way.")
    threshold: Threshold | None = None
    seller: Literal["any", "first_party", "cloud", "gateway"] = Field(
        "first_party", description="first_party: labs that sell their own models."
    )
    confirmed: bool = Field(False, description="Only what was held as implausible, and then confirmed.")
    scheduled: Choice = Field("include", description="Changes that are announced for a later time, or called off.")
    plans: Choice = Field("include", description="Changes of subscriptions that sellers offer.")
    corrections: Literal["include", "exclude"] = Field("include", description="Corrections of our own record.")
    volume_pct: Percent | None = Field(None, description="Volumes that jump by at least so many percent; unset: none.")

    @model_validator(mode="after")
    def _fits(self) -> "Filter":
        if (size := len(self.text.encode())) > LONGEST:
            raise ValueError(f"it has {size} bytes, and may have {LONGEST}: make two subscriptions of it")
        return self

    @cached_property
    def _checks(self) -> tuple[Callable[[Change], bool], ...]:
        return (*_checks(self), *_moves(self))

    @property
    def text(self) -> str:
        """Canonical JSON: equal filters have equal texts. What is not asked for is left out."""
        asked = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """The inverse of `text`; compiled once for each text."""
        return _parsed(text)

    def matches(self, one: Change) -> bool:
        """Whether this change matters. A move that is a source's rounding alone matters to nobody."""
        return all(check(one) for check in self._checks)

    def wants(self, story: Story) -> bool:
        """Whether the story is told: any of its changes matters."""
        return any(self.matches(one) for one in story.changes)

    def wants_jump(self, provider: str, model: str, change_bp: int) -> bool:
        """Whether a jump of a volume is told, in hundredths of a percent. Of the other fields, those that say which
        model is meant, of which provider, and the direction are asked; a jump has no price, tier, unit or seller."""
        if self.volume_pct is None or (self.kind is not None and JUMPED not in self.kind):
            return False
        if abs(change_bp) < self.volume_pct * 100 or (
            self.direction is not None and not _goes(self.direction, change_bp)
        ):
            return False
        if self.provider is not None and provider not in self.provider:
            return False
        if self.model is not None and model not in self.model:
            return False
        is_by_name = self.canonical is None and self.author is None and self.country is None
        return is_by_name or _is_of(self, _canonical_of(provider, model, END - timedelta(microseconds=1)))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Filter:
    return Filter.model_validate_json(text)


def _checks(asked: Filter) -> Iterator[Callable[[Change], bool]]:
    """One question for each field that says what changed; the cheapest first."""
    if (kinds := asked.kind) is not None:
        told = frozenset(kinds)
        yield lambda one: one.kind in told
    if asked.seller != "any":
        kind_of_seller = SELLERS[asked.seller]
        yield lambda one: one.seller == kind_of_seller
    for name in ("provider", "source", "model", "tier", "unit"):
        if (values := getattr(asked, name)) is not None:
            yield _is_among(name, frozenset(values))
    if asked.scheduled != "include":
        are_scheduled = asked.scheduled == "only"
        yield lambda one: (one.kind in SCHEDULED) is are_scheduled
    if asked.plans != "include":
        are_plans = asked.plans == "only"
        yield lambda one: (is_plan(one) or is_plan_price(one.unit)) is are_plans
    if asked.corrections == "exclude":
        yield lambda one: one.kind is not EventKind.PRICE_CORRECTED
    if asked.confirmed:
        yield lambda one: one.held_since is not None


def _moves(asked: Filter) -> Iterator[Callable[[Change], bool]]:
    """The questions about how far something moved, and about what it is."""
    yield lambda one: one.change_bp != 0 or one.kind not in MOVED
    if (direction := asked.direction) is not None:
        by_kind = EventKind.PRICE_RAISED if direction == "up" else EventKind.PRICE_LOWERED
        yield lambda one: one.kind is by_kind or (one.change_bp is not None and _goes(direction, one.change_bp))
    if asked.min_pct is not None:
        least = asked.min_pct * 100
        yield lambda one: _by_at_least(one, least)
    if asked.canonical is not None or asked.author is not None or asked.country is not None:
        yield lambda one: _is_of(asked, _canonical_of(one.provider, one.model, one.effective_at))
    if (threshold := asked.threshold) is not None:
        yield threshold.is_passed


def _is_among(name: str, values: frozenset[str]) -> Callable[[Change], bool]:
    return lambda one: getattr(one, name) in values


def _goes(direction: str, change_bp: int) -> bool:
    return change_bp > 0 if direction == "up" else change_bp < 0


def _by_at_least(one: Change, least: Decimal) -> bool:
    """A move without a percentage (free → paid, another currency) is large by any measure."""
    if one.change_bp is None:
        return one.old is not None and one.new is not None
    return abs(one.change_bp) >= least


def _is_of(asked: Filter, canonical: str | None) -> bool:
    """Whether that model is one of those that are asked for by what they are; None: nobody knows which one it is."""
    if canonical is None or (asked.canonical is not None and canonical not in asked.canonical):
        return False
    if asked.author is not None and canonical.split("/", 1)[0] not in asked.author:
        return False
    author = author_of(canonical)
    return asked.country is None or (author is not None and author.country in asked.country)
