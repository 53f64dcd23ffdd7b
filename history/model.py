"""The vocabulary: what a source states (Offer), what we hold of it (Quote), what became different (ChangeEvent)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from json import dumps
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from history.drift import BLANK, Shape
from history.times import from_rfc3339, to_rfc3339

# A map sells nothing: it tells what others charge.
ProviderKind = Literal["lab", "cloud", "gateway", "map"]
# Who tells a price, best first: who charges it, our own list of documented changes, who resells it, somebody's map.
Witness = Literal["first_party", "documented", "gateway", "imported"]
# A trailing period is the one that ended with its day, which is all that a ranking tells.
VolumePeriod = Literal["day", "week", "month", "trailing_day", "trailing_week", "trailing_month"]


@dataclass(frozen=True, slots=True)
class Provider:
    """Who bills you."""

    slug: str
    name: str
    kind: ProviderKind


@dataclass(frozen=True, slots=True)
class Source:
    """One price source: the page or API that one spider reads. `name` is the spider's name; `longest_s` is how long
    one crawl of it may take, in seconds, `daily_budget` how many requests a day (UTC) it may cost its host. `billers`
    are the other providers whose prices it tells, by slug."""

    name: str
    provider: Provider
    url: str
    currencies: frozenset[str]
    offers_expected: range
    interval_s: int
    verified: str = ""
    longest_s: int = 300
    daily_budget: int = 200
    witness: Witness = "first_party"
    billers: Mapping[str, Provider] = field(default_factory=dict)


# What a page states by the thousand is a Struct: a frozen dataclass takes ten times as long to make.
class Conditions(Struct, frozen=True, gc=False, cache_hash=True):
    """When a component applies. Token bounds are inclusive; a component without conditions is the default,
    and where several apply the one with the narrowest conditions is charged (cliff: for all tokens).

    `hours_utc` are half-open "HH:MM-HH:MM" windows that may wrap midnight; `weekdays` are ISO (1 = Monday);
    `holidays` names the calendar whose public holidays are excluded ("CN"); `period` is the source's own word
    ("peak", "off_peak"): off_peak without hours applies whenever no peak component does.
    """

    min_input_tokens: int | None = None
    max_input_tokens: int | None = None
    min_output_tokens: int | None = None
    max_output_tokens: int | None = None
    hours_utc: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()
    holidays: str | None = None
    period: Literal["peak", "off_peak"] | None = None
    thinking: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """Only the conditions that are set, in the order of the fields."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in named if value not in (None, ())
        }


ALWAYS = Conditions()


@lru_cache(maxsize=4096)
def conditions_text(conditions: Conditions) -> str:
    """Canonical JSON of the conditions, "" for none: part of a series' identity."""
    return dumps(stated, separators=(",", ":"), sort_keys=True) if (stated := conditions.as_dict()) else ""


class PriceComponent(Struct, frozen=True, gc=False):
    """One price of an offer, as quoted: `amount` of `currency` for `per` units.

    `list_amount` is the regular price while a promotion lowers it; `valid_from` and `valid_to` (exclusive) are
    times that the source itself states.
    """

    unit: str
    amount: Decimal
    currency: str
    per: int = 1
    conditions: Conditions = ALWAYS
    list_amount: Decimal | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def __hash__(self) -> int:
        """Of what mostly differs: half the time of a replay's validation went into hashing all eight fields."""
        return hash((self.unit, self.amount))

    def as_dict(self) -> dict[str, Any]:
        """The shape that `tokentape extract` prints: decimals as plain strings, absent conditions left out."""
        conditions = self.conditions.as_dict()
        if self.list_amount is not None:
            conditions["list_amount"] = plain(self.list_amount)
        for name in ("valid_from", "valid_to"):
            if (moment := getattr(self, name)) is not None:
                conditions[name] = to_rfc3339(moment)
        return {
            "unit": self.unit,
            "amount": plain(self.amount),
            "currency": self.currency,
            "per": self.per,
            "conditions": conditions,
        }


class Offer(Struct, frozen=True):
    """What a source states is for sale: model × service tier × region, with its prices and its terms."""

    provider: str
    model: str
    components: tuple[PriceComponent, ...]
    tier: str = "standard"
    region: str = ""
    terms: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Of its identity: its many components need not be hashed to find it among others."""
        return hash((self.provider, self.model, self.tier, self.region))

    @property
    def key(self) -> "OfferKey":
        return OfferKey(self.model, self.tier, self.region)

    def as_dict(self) -> dict[str, Any]:
        """One line of `tokentape extract`."""
        return {
            "provider": self.provider,
            "model": self.model,
            "tier": self.tier,
            "region": self.region,
            "terms": list(self.terms),
            "components": [component.as_dict() for component in self.components],
        }


class OfferKey(NamedTuple):
    """Identity of an offer within its source; `biller` is "" where that is the source's own provider."""

    model: str
    tier: str = "standard"
    region: str = ""
    biller: str = ""


class SeriesKey(NamedTuple):
    """Identity of one series of prices within its source: an offer's component under its conditions."""

    model: str
    tier: str
    region: str
    unit: str
    conditions: str
    biller: str = ""

    @property
    def offer(self) -> OfferKey:
        return OfferKey(self.model, self.tier, self.region, self.biller)


class VolumeKey(NamedTuple):
    """Identity of a volume within its source."""

    model: str
    period: VolumePeriod
    day: date


@dataclass(frozen=True, slots=True)
class Volume:
    """What a gateway's statistics state: the tokens that it served of a model in a period. `day` is that day, or the
    last one of a trailing period. None: not stated."""

    model: str
    period: VolumePeriod
    day: date
    tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    requests: int | None = None

    @property
    def key(self) -> VolumeKey:
        return VolumeKey(self.model, self.period, self.day)

    def as_dict(self) -> dict[str, Any]:
        """One line of `tokentape extract`: counts as text, since JSON's readers stop at 2**53; absent ones left out."""
        counts = {name: getattr(self, name) for name in ("tokens", "input_tokens", "output_tokens", "requests")}
        stated = {name: str(count) for name, count in counts.items() if count is not None}
        return {"model": self.model, "period": self.period, "day": self.day.isoformat(), **stated}


@dataclass(frozen=True, slots=True)
class Host:
    """A company that serves models through a gateway: the country of its headquarters and those of its data centres,
    in two letters (ISO 3166-1). None: not stated."""

    slug: str
    name: str
    headquarters: str | None = None
    datacenters: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """One line of `tokentape extract`."""
        return {
            "slug": self.slug,
            "name": self.name,
            "headquarters": self.headquarters,
            "datacenters": None if self.datacenters is None else list(self.datacenters),
        }


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page of volumes says of itself: how it has to be cited, under which licence ("": none is stated), as of
    when, and its own words about its extent (`meta`, canonical JSON)."""

    as_of: datetime
    citation: str
    licence: str
    meta: str

    def as_dict(self) -> dict[str, Any]:
        """As a fixture has it."""
        return {
            "as_of": to_rfc3339(self.as_of),
            "citation": self.citation,
            "licence": self.licence,
            "meta": self.meta,
        }


# Whatever a page may state.
Statement = Offer | Volume | Host | Notice


def noun_of(statements: Iterable[Statement]) -> Literal["offers", "volumes", "hosts"]:
    """What a page is about: "offers" where it has any, or has nothing."""
    kinds = {type(statement) for statement in statements}
    return "offers" if Offer in kinds else "volumes" if Volume in kinds else "hosts" if Host in kinds else "offers"


def plain(amount: Decimal) -> str:
    """A decimal without exponent and without trailing zeros: Decimal("1.50E-7") → "0.00000015"."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Quote(NamedTuple):
    """A price as quoted. Its text form is canonical, so two quotes are equal when their texts are."""

    amount: Decimal
    currency: str
    per: int
    list_amount: Decimal | None = None
    ends_at: datetime | None = None

    @property
    def unit_price(self) -> Decimal:
        """Price of one unit in `currency`."""
        return self.amount / self.per

    @property
    def text(self) -> str:
        """0.435 USD/1000000 list 1.74 until 2026-05-31T15:59:00Z"""
        text = f"{plain(self.amount)} {self.currency}/{self.per}"
        if self.list_amount is not None:
            text += f" list {plain(self.list_amount)}"
        return text if self.ends_at is None else f"{text} until {to_rfc3339(self.ends_at)}"

    @classmethod
    def parse(cls, text: str) -> "Quote":
        """The inverse of `text`."""
        return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Quote:
    amount, rate, *rest = text.split(" ")
    currency, per = rate.split("/")
    stated = dict(zip(rest[::2], rest[1::2], strict=True))
    list_amount = Decimal(stated["list"]) if "list" in stated else None
    ends_at = from_rfc3339(stated["until"]) if "until" in stated else None
    return Quote(Decimal(amount), currency, int(per), list_amount, ends_at)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer of the network, on record: which bytes, from where, when."""

    url: str
    sha256: str
    fetched_at: datetime
    status: int = 200
    etag: str | None = None
    last_modified: str | None = None


class Outcome(StrEnum):
    """How a run ended. Only a complete run may withdraw an offer."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run did not end well: the failure's name (PageChanged, FetchFailed, …) and a sentence for a person."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """An offer, a volume or a host (`model` has its slug) that validation left out, and the rule that says why."""

    rule: str
    model: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one run read: all that its pages state, or the failure that ended it. `requests` is all that it sent:
    robots.txt, redirects and second tries too."""

    source: Source
    extractor: str
    observed_at: datetime
    pages: tuple[Fetched, ...] = ()
    offers: tuple[Offer, ...] = ()
    volumes: tuple[Volume, ...] = ()
    hosts: tuple[Host, ...] = ()
    notices: tuple[Notice, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    failure: Failure | None = None
    shape: Shape = BLANK
    requests: int = 0


class EventKind(StrEnum):
    """What became different."""

    OFFER_ADDED = "offer_added"
    OFFER_WITHDRAWN = "offer_withdrawn"
    PRICE_ADDED = "price_added"
    PRICE_REMOVED = "price_removed"
    PRICE_RAISED = "price_raised"
    PRICE_LOWERED = "price_lowered"
    TERMS_CHANGED = "terms_changed"
    PRICE_SCHEDULED = "price_scheduled"
    PRICE_CANCELLED = "price_cancelled"
    PRICE_CORRECTED = "price_corrected"
