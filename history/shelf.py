"""Rows → Book: what is on record of one source, loaded with two narrow selects."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, bindparam, case, func, or_, select

from history import tables as t
from history.book import Book, Held, OfferState, Verdict
from history.columns import OPEN
from history.model import OfferKey, Outcome, Quote, SeriesKey
from history.validation import Seen


class Shelf:
    """What one source has on offer, as far as it is on record; what was withdrawn is not loaded."""

    def __init__(self, connection: Connection, source_id: int) -> None:
        """Two narrow selects, read as the driver's own tuples: the offers, and of every series the quote in force."""
        self.connection, self.source_id = connection, source_id
        named = self._execute(_OFFERS).cursor.fetchall()
        # OfferKey._make without its count of the fields, which is half of its time.
        self.offers: dict[OfferKey, OfferState] = {tuple.__new__(OfferKey, row[:4]): _state(row[4]) for row in named}
        for row in self._execute(_ABSENT):
            state = OfferState(_terms(row.terms), row.absent_since, row.absent_runs)
            self.offers[OfferKey(row.model, row.tier, row.region, row.biller)] = state
        self.in_force: dict[SeriesKey, str] = {row[:6]: row[6] for row in self._execute(_SERIES).cursor.fetchall()}

    def book(self, seen: Seen) -> Book:
        """What is believed, as far as a comparison with `seen` can ask."""
        since = self.beginnings(observation.key for observation in seen.starting)
        return Book(self.offers, self.in_force, self._scheduled(), self._held(), since, self._is_baseline())

    def follow(self, verdict: Verdict) -> None:
        """What is on offer once the verdict is written down."""
        for offer, state in verdict.offers.items():
            if state.withdrawn:
                self.offers.pop(offer, None)
            else:
                self.offers[offer] = state
        for series, now in verdict.in_force.items():
            if now.quote is None:
                self.in_force.pop(series, None)
            else:
                self.in_force[series] = now.quote

    def _execute(self, one_source: Select[Any], **stated: object) -> CursorResult[Any]:
        return self.connection.execute(one_source, {"source_id": self.source_id, **stated})

    def _scheduled(self) -> dict[SeriesKey, dict[datetime, str]]:
        scheduled: dict[SeriesKey, dict[datetime, str]] = {}
        for row in self._execute(_ANNOUNCED):
            quote = Quote(row.amount, row.currency, row.per, row.list_amount, row.ends_at).text
            scheduled.setdefault(SeriesKey._make(row[:6]), {})[row.valid_from] = quote
        return scheduled

    def _held(self) -> dict[SeriesKey, Held]:
        return {
            SeriesKey._make(row[:6]): Held(row.quote, row.starts_at, row.rule, row.first_seen_at, row.run_id)
            for row in self._execute(_HELD)
        }

    def beginnings(self, keys: Iterable[SeriesKey]) -> dict[SeriesKey, datetime]:
        """When the price in force began, or the last one ended, of all series of the models of these."""
        models = {key.model for key in keys}
        rows = self._execute(_BEGINNINGS, models=list(models)) if models else ()
        return {SeriesKey._make(row[:6]): row.in_force_from for row in rows}

    def _is_baseline(self) -> bool:
        return self._execute(_COMPLETE).first() is None


class Shelves:
    """The shelves of the sources that one process records again and again: each is good for as long as no run of its
    source was recorded by anybody else. To load 16,000 prices anew took a sixth of each map's import."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[int, Shelf]] = {}

    def take(self, connection: Connection, source_id: int) -> Shelf:
        """As the newest run of the source left it. Who takes it has to put it back, or it is loaded next time."""
        run_id, shelf = self._left.pop(source_id, (0, None))
        if shelf is None or run_id != connection.execute(_NEWEST, {"source_id": source_id}).scalar():
            return Shelf(connection, source_id)
        shelf.connection = connection
        return shelf

    def put_back(self, shelf: Shelf, verdict: Verdict, run_id: int) -> None:
        """After this run, which came to this verdict."""
        shelf.follow(verdict)
        self._left[shelf.source_id] = run_id, shelf


_NEWEST = select(func.max(t.run.c.id)).where(t.run.c.source_id == bindparam("source_id"))
_SOURCE = t.offer.c.source_id == bindparam("source_id")
_OWN = select(t.source.c.provider_id).where(t.source.c.id == bindparam("source_id")).scalar_subquery()
_SLUG = select(t.provider.c.slug).where(t.provider.c.id == t.offer.c.provider_id).scalar_subquery()
# Looked up only for the offers of a map: nearly all offers are billed by their source's own provider.
_BILLER = case((t.offer.c.provider_id == _OWN, ""), else_=_SLUG).label("biller")
# The fields of an OfferKey and of a SeriesKey; every select of them names its :source_id.
_OFFER_IDENTITY = (t.offer.c.model, t.offer.c.tier, t.offer.c.region, _BILLER)
IDENTITY = (*_OFFER_IDENTITY[:3], t.series.c.unit, t.series.c.conditions, _BILLER)
_OFFERS = select(*_OFFER_IDENTITY, t.offer.c.terms).where(_SOURCE, t.offer.c.withdrawn.is_(False))
# The few that the last complete run did not see.
_ABSENT = select(t.offer, _BILLER).where(_SOURCE, t.offer.c.withdrawn.is_(False), t.offer.c.absent_runs > 0)
_NAMED = t.series.join(t.offer, t.offer.c.id == t.series.c.offer_id)
_SERIES = select(*IDENTITY, t.series.c.quote).select_from(_NAMED).where(_SOURCE, t.series.c.quote.is_not(None))
_BEGINNINGS = (
    select(*IDENTITY, t.series.c.in_force_from)
    .select_from(_NAMED)
    .where(_SOURCE, t.offer.c.model.in_(bindparam("models", expanding=True)), t.series.c.in_force_from.is_not(None))
)
# "+ 0" keeps SQLite, which has no statistics, from starting at all the source's series instead of at these few
# rows: 10 ms of 45 over 20,000 series (make bench, 2026-11-22).
_FEW_OF_SOURCE = t.offer.c.source_id + 0 == bindparam("source_id")
# Announced ahead of its time, and not yet taken up by its series.
_ANNOUNCED = (
    select(*IDENTITY, t.price)
    .select_from(t.price.join(_NAMED, t.series.c.id == t.price.c.series_id))
    .where(
        _FEW_OF_SOURCE,
        t.price.c.superseded_at == OPEN,
        t.price.c.valid_from > t.price.c.recorded_at,
        or_(t.series.c.in_force_from.is_(None), t.price.c.valid_from > t.series.c.in_force_from),
    )
)
_HELD = (
    select(*IDENTITY, t.held)
    .select_from(t.held.join(_NAMED, t.series.c.id == t.held.c.series_id))
    .where(_FEW_OF_SOURCE)
)
_COMPLETE = (
    select(t.run.c.id)
    .where(t.run.c.source_id == bindparam("source_id"), t.run.c.outcome == Outcome.COMPLETE.value)
    .limit(1)
)


@lru_cache(maxsize=4096)
def _state(terms: str) -> OfferState:
    """Of an offer that the last complete run saw: most have no terms, or the same ones."""
    return OfferState(_terms(terms))


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
