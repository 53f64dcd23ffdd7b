"""Rows → Book: what is on record of one source, loaded with two narrow selects."""

import json
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, Select, bindparam, or_, select

from history import tables as t
from history.book import Book, Held, OfferState
from history.model import OfferKey, Outcome, Quote, SeriesKey
from history.validation import Seen


class Shelf:
    """One source's offers and series on record, and their ids."""

    def __init__(self, connection: Connection, source_id: int) -> None:
        """Two narrow selects, read as the driver's own tuples: the offers, and for every series the quote in force."""
        self.connection, self.source_id = connection, source_id
        self.offer_ids: dict[OfferKey, int] = {}
        self.offers: dict[OfferKey, OfferState] = {}
        for model, tier, region, offer_id, terms in self._execute(_OFFERS).cursor.fetchall():
            key = OfferKey(model, tier, region)
            self.offer_ids[key] = offer_id
            self.offers[key] = OfferState(_terms(terms))
        for row in self._execute(_ABSENT):
            key = OfferKey(row.model, row.tier, row.region)
            self.offers[key] = self.offers[key]._replace(
                absent_since=row.absent_since, absent_runs=row.absent_runs, withdrawn=row.withdrawn
            )
        self._series = self._execute(_SERIES).cursor.fetchall()
        self.in_force: dict[SeriesKey, str] = {row[:5]: row[5] for row in self._series if row[5] is not None}

    @cached_property
    def series_ids(self) -> dict[SeriesKey, int]:
        """Asked for only where something differs; the keys may be plain tuples."""
        return {row[:5]: row[6] for row in self._series}

    def _execute(self, one_source: Select[Any]) -> CursorResult[Any]:
        return self.connection.execute(one_source, {"source_id": self.source_id})

    def book(self, seen: Seen) -> Book:
        """What is believed, as far as a comparison with `seen` can ask."""
        return Book(self.offers, self.in_force, self._scheduled(), self._held(), self._since(seen), self._is_baseline())

    def _scheduled(self) -> dict[SeriesKey, dict[datetime, str]]:
        scheduled: dict[SeriesKey, dict[datetime, str]] = {}
        for key, row in self._keyed(_ANNOUNCED):
            quote = Quote(row.amount, row.currency, row.per, row.list_amount, row.ends_at).text
            scheduled.setdefault(key, {})[row.valid_from] = quote
        return scheduled

    def _held(self) -> dict[SeriesKey, Held]:
        return {
            key: Held(row.quote, row.starts_at, row.rule, row.first_seen_at, row.run_id)
            for key, row in self._keyed(_HELD)
        }

    def _keyed(self, few: Select[Any]) -> list[tuple[SeriesKey, Row[Any]]]:
        rows = self._execute(few).all()
        named = {series_id: SeriesKey(*key) for key, series_id in self.series_ids.items()} if rows else {}
        return [(named[row.series_id], row) for row in rows]

    def _since(self, seen: Seen) -> dict[SeriesKey, datetime]:
        stated = {self.series_ids[o.key]: o.key for o in seen.observations if o.starts_at and o.key in self.series_ids}
        asked = select(t.series.c.id, t.series.c.in_force_from).where(
            t.series.c.id.in_(stated), t.series.c.in_force_from.is_not(None)
        )
        return {stated[series_id]: since for series_id, since in self.connection.execute(asked)} if stated else {}

    def _is_baseline(self) -> bool:
        complete = select(t.run.c.id).where(
            t.run.c.source_id == self.source_id, t.run.c.outcome == Outcome.COMPLETE.value
        )
        return self.connection.execute(complete.limit(1)).first() is None


_OFFERS = select(t.offer.c.model, t.offer.c.tier, t.offer.c.region, t.offer.c.id, t.offer.c.terms).where(
    t.offer.c.source_id == bindparam("source_id")
)
# The few that were not in every complete run.
_ABSENT = select(t.offer).where(t.offer.c.source_id == bindparam("source_id"), t.offer.c.absent_runs > 0)
_SERIES = (
    select(
        t.offer.c.model,
        t.offer.c.tier,
        t.offer.c.region,
        t.series.c.unit,
        t.series.c.conditions,
        t.series.c.quote,
        t.series.c.id,
    )
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(t.offer.c.source_id == bindparam("source_id"))
)
# "+ 0" keeps SQLite, which has no statistics, from starting at all the source's series instead of at these few
# rows: 10 ms of 45 over 20,000 series (make bench, 2026-11-22).
_OF_SOURCE = t.offer.c.source_id + 0 == bindparam("source_id")
# Announced ahead of its time, and not yet taken up by its series.
_ANNOUNCED = (
    select(t.price)
    .join(t.series, t.series.c.id == t.price.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(
        _OF_SOURCE,
        t.price.c.superseded_at.is_(None),
        t.price.c.valid_from > t.price.c.recorded_at,
        or_(t.series.c.in_force_from.is_(None), t.price.c.valid_from > t.series.c.in_force_from),
    )
)
_HELD = (
    select(t.held)
    .join(t.series, t.series.c.id == t.held.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(_OF_SOURCE)
)


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
