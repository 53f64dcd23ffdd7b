"""What is believed of one source, and what one run makes of it: the words that compare and recorder share."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from history.model import EventKind, OfferKey, SeriesKey
from history.place import Place

# Why a version starts when it does: the source says so, or that is when it was seen first; or whose word it is.
Basis = Literal["stated", "first_seen", "documented", "imported"]


class OfferState(NamedTuple):
    """What we know of an offer besides its prices."""

    terms: tuple[str, ...]
    absent_since: datetime | None = None
    absent_runs: int = 0
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Seen but not believed yet; `quote` None means: seen to be gone. `run_id` is the run that saw it first. Without a
    rule nothing spoke against it."""

    quote: str | None
    starts_at: datetime | None
    rule: str
    first_seen_at: datetime
    run_id: int | None = None

    @property
    def since(self) -> datetime | None:
        """Since when it was held; None: it never was."""
        return self.first_seen_at if self.rule else None


# Given series with the quotes that were seen and are doubted, those of which another witness says exactly that.
Agreed = Callable[[Mapping[SeriesKey, str]], Collection[SeriesKey]]


def nobody(_doubted: Mapping[SeriesKey, str]) -> Collection[SeriesKey]:
    """There is no other witness to ask."""
    return ()


@dataclass(slots=True)
class Book:
    """What is believed of one source just before a run.

    `in_force` has the canonical quote of every live series as of the last run (its keys may be plain tuples),
    `scheduled` the announced versions that have not taken effect, `since` when the price in force began (only of
    series with a stated start). `agreed` asks the other witnesses, and is only called where a price is doubted.
    """

    offers: dict[OfferKey, OfferState] = field(default_factory=dict)
    in_force: dict[SeriesKey, str] = field(default_factory=dict)
    scheduled: dict[SeriesKey, dict[datetime, str]] = field(default_factory=dict)
    held: dict[SeriesKey, Held] = field(default_factory=dict)
    since: Mapping[SeriesKey, datetime] = field(default_factory=dict)
    baseline: bool = True
    agreed: Agreed = nobody


@dataclass(frozen=True, slots=True)
class Version:
    """A price to record: from `valid_from` on, this quote; None: no longer offered. `place`: where it was read, where
    that is known."""

    key: SeriesKey
    valid_from: datetime
    quote: str | None
    basis: Basis
    run_id: int | None = None
    place: Place | None = None


class InForce(NamedTuple):
    """The quote that a series shows from now on (None: none), and the start of the version that says so."""

    quote: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One component's (or, without key, one offer's) change, to be told as part of its model's story.

    `held_since` is when it was seen first, where it was not believed at sight.
    """

    kind: EventKind
    offer: OfferKey
    effective_at: datetime
    key: SeriesKey | None = None
    old: str | None = None
    new: str | None = None
    old_terms: tuple[str, ...] | None = None
    new_terms: tuple[str, ...] | None = None
    held_since: datetime | None = None


@dataclass(slots=True)
class Verdict:
    """All that one run means: rows to write, state to move, changes to tell."""

    versions: list[Version] = field(default_factory=list)
    superseded: list[tuple[SeriesKey, datetime]] = field(default_factory=list)
    in_force: dict[SeriesKey, InForce] = field(default_factory=dict)
    held: dict[SeriesKey, Held | None] = field(default_factory=dict)
    offers: dict[OfferKey, OfferState] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
