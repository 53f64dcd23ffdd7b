"""Rows → Book: what is on record of one source, loaded with two narrow selects."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, or_, select

from history import tables as t
from history.book import Book, Held, OfferState
from history.model import OfferKey, Outcome, Quote, SeriesKey
from history.validation import Seen


@dataclass(slots=True)
class Shelf:
    """One source's offers and series on record, and their ids."""

    connection: Connection
    source_id: int
    offer_ids: dict[OfferKey, int]
    series_ids: dict[SeriesKey, int]
    offers: dict[OfferKey, OfferState]
    in_force: dict[SeriesKey, str]

    @classmethod
    def load(cls, connection: Connection, source_id: int) -> "Shelf":
        """Two narrow selects: the offers and, for every series, the quote in force."""
        shelf = cls(connection, source_id, {}, {}, {}, {})
        for row in connection.execute(_OFFERS, {"source_id": source_id}):
            key = OfferKey(row[1], row[2], row[3])
            shelf.offer_ids[key] = row[0]
            shelf.offers[key] = OfferState(_terms(row[4]), row[5], row[6], row[7])
        for *identity, series_id, quote in connection.execute(_SERIES, {"source_id": source_id}):
            series = SeriesKey(*identity)
            shelf.series_ids[series] = series_id
            if quote is not None:
                shelf.in_force[series] = quote
        return shelf

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
        rows = self.connection.execute(few, {"source_id": self.source_id}).all()
        named = {series_id: key for key, series_id in self.series_ids.items()} if rows else {}
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


_OFFERS = select(
    t.offer.c.id,
    t.offer.c.model,
    t.offer.c.tier,
    t.offer.c.region,
    t.offer.c.terms,
    t.offer.c.absent_since,
    t.offer.c.absent_runs,
    t.offer.c.withdrawn,
).where(t.offer.c.source_id == bindparam("source_id"))
_SERIES = (
    select(
        t.offer.c.model,
        t.offer.c.tier,
        t.offer.c.region,
        t.series.c.unit,
        t.series.c.conditions,
        t.series.c.id,
        t.series.c.quote,
    )
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(t.offer.c.source_id == bindparam("source_id"))
)
# Announced ahead of its time, and not yet taken up by its series.
_ANNOUNCED = (
    select(t.price)
    .join(t.series, t.series.c.id == t.price.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(
        t.offer.c.source_id == bindparam("source_id"),
        t.price.c.superseded_at.is_(None),
        t.price.c.valid_from > t.price.c.recorded_at,
        or_(t.series.c.in_force_from.is_(None), t.price.c.valid_from > t.series.c.in_force_from),
    )
)
_HELD = (
    select(t.held)
    .join(t.series, t.series.c.id == t.held.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(t.offer.c.source_id == bindparam("source_id"))
)


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
