"""Verdict → rows: the versions, states and change events of one run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, select, update

from history import tables as t
from history.book import Change, Held, InForce, OfferState, Verdict, Version
from history.bulk import Columns, insert_columns, update_columns
from history.columns import OPEN
from history.model import OfferKey, Quote, SeriesKey
from history.shelf import IDENTITY

# Well below the number of parameters that either database takes.
MODELS_AT_ONCE = 1000
# From so many rows on SQLAlchemy's look at each value takes longer than turning the rows into columns.
MANY = 20
QUOTED = ("amount", "currency", "per", "list_amount", "ends_at")


@dataclass(slots=True)
class Ledger:
    """Writes what the run `run_id` found out about a source, as believed from `now` on. `billers` are the ids of who
    bills, by the slug in the offers' keys."""

    connection: Connection
    source_id: int
    run_id: int
    now: datetime
    billers: Mapping[str, int]
    offer_ids: dict[OfferKey, int] = field(default_factory=dict)
    series_ids: dict[SeriesKey, int] = field(default_factory=dict)

    def write(self, verdict: Verdict) -> None:
        """Everything that a verdict says."""
        self._find_ids(_models_in(verdict))
        self._write_offers(verdict.offers)
        moved = self._number_series(verdict)
        self._supersede(verdict.superseded)
        self._write_versions(verdict.versions)
        self._write_in_force(moved)
        self._write_held(verdict.held)
        self._write_changes(verdict.changes)

    def _find_ids(self, models: Iterable[str]) -> None:
        """What these models have on record, withdrawn or not."""
        named = sorted(models)
        for start in range(0, len(named), MODELS_AT_ONCE):
            some = {"source_id": self.source_id, "models": named[start : start + MODELS_AT_ONCE]}
            # The driver's own tuples, which are as good a key: naming each costs more than finding it.
            found = self.connection.execute(_IDS, some).cursor.fetchall()
            for row in found:
                self.offer_ids[OfferKey(row[2], row[3], row[4], row[7])] = row[0]
                if row[1] is not None:
                    self.series_ids[row[2:8]] = row[1]

    def _write_offers(self, states: dict[OfferKey, OfferState]) -> None:
        first_id = next_id(self.connection, t.offer) if states.keys() - self.offer_ids.keys() else 0
        new: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for key, state in states.items():
            row = {
                "terms": _terms_text(state.terms),
                "absent_since": state.absent_since,
                "absent_runs": state.absent_runs,
                "withdrawn": state.withdrawn,
            }
            if key in self.offer_ids:
                moved.append({"the_id": self.offer_ids[key], **row})
            else:
                self.offer_ids[key] = first_id + len(new)
                identity = {"source_id": self.source_id, "provider_id": self.billers[key.biller]}
                named = {"model": key.model, "tier": key.tier, "region": key.region}
                new.append({"id": self.offer_ids[key], **identity, **named, **row})
        insert(self.connection, t.offer, new)
        self._update(t.offer, ("terms", "absent_since", "absent_runs", "withdrawn"), moved)

    def _number_series(self, verdict: Verdict) -> dict[SeriesKey, InForce]:
        """Writes down the new series, as they stand; gives back the others that are in force now."""
        named = dict.fromkeys([*(version.key for version in verdict.versions), *verdict.held])
        first_id = next_id(self.connection, t.series) if named.keys() - self.series_ids.keys() else 0
        new: list[dict[str, Any]] = []
        for key in named:
            if key not in self.series_ids:
                self.series_ids[key] = first_id + len(new)
                new.append(
                    {
                        "id": self.series_ids[key],
                        "offer_id": self.offer_ids[key.offer],
                        "unit": key.unit,
                        "conditions": key.conditions,
                        **_in_force_columns(verdict.in_force.get(key)),
                    }
                )
        insert(self.connection, t.series, new)
        return {key: state for key, state in verdict.in_force.items() if self.series_ids[key] < first_id or not new}

    def _supersede(self, versions: Iterable[tuple[SeriesKey, datetime]]) -> None:
        rows = [{"the_series": self.series_ids[key], "the_start": valid_from} for key, valid_from in versions]
        if rows:
            live = (
                t.price.c.series_id == bindparam("the_series"),
                t.price.c.valid_from == bindparam("the_start"),
                t.price.c.superseded_at == OPEN,
            )
            self.connection.execute(update(t.price).where(*live).values(superseded_at=self.now), rows)

    def _write_versions(self, versions: Iterable[Version]) -> None:
        written = list(versions)
        if not written:
            return
        quotes = zip(*(_quote_columns(version.quote) for version in written), strict=True)
        columns: Columns = {
            "series_id": [self.series_ids[version.key] for version in written],
            "valid_from": [version.valid_from for version in written],
            "recorded_at": [self.now] * len(written),
            "basis": [version.basis for version in written],
            "run_id": [version.run_id or self.run_id for version in written],
            "superseded_at": [None] * len(written),
            "place": [version.place and version.place.code for version in written],
            **dict(zip(QUOTED, quotes, strict=True)),
        }
        insert_columns(self.connection, t.price, columns)

    def _write_in_force(self, in_force: dict[SeriesKey, InForce]) -> None:
        if in_force:
            states = list(in_force.values())
            columns: Columns = {
                "quote": [state.quote for state in states],
                "in_force_from": [state.since for state in states],
            }
            update_columns(self.connection, t.series, [self.series_ids[key] for key in in_force], columns)

    def _write_held(self, held: dict[SeriesKey, Held | None]) -> None:
        if held:
            gone = [self.series_ids[key] for key in held]
            self.connection.execute(delete(t.held).where(t.held.c.series_id.in_(gone)))
        insert(
            self.connection,
            t.held,
            [
                {
                    "series_id": self.series_ids[key],
                    "starts_at": state.starts_at,
                    "quote": state.quote,
                    "rule": state.rule,
                    "first_seen_at": state.first_seen_at,
                    "run_id": state.run_id or self.run_id,
                }
                for key, state in held.items()
                if state
            ],
        )

    def _write_changes(self, changes: list[Change]) -> None:
        if not changes:
            return
        first_id, stories = next_id(self.connection, t.change_event), dict[tuple[str, str], int]()
        ids = list(range(first_id, first_id + len(changes)))
        told = list(zip(ids, changes, strict=True))
        columns: Columns = {
            "id": ids,
            "story_id": [
                stories.setdefault((each.offer.biller, each.offer.model), event_id) for event_id, each in told
            ],
            "run_id": [self.run_id] * len(changes),
            "offer_id": [self.offer_ids[each.offer] for each in changes],
            "series_id": [self.series_ids[each.key] if each.key else None for each in changes],
            "recorded_at": [self.now] * len(changes),
            **_change_columns(changes),
        }
        insert_columns(self.connection, t.change_event, columns)

    def _update(self, table: Table, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
        if rows:
            values: dict[str, Any] = {name: bindparam(name) for name in columns}
            self.connection.execute(update(table).where(table.c.id == bindparam("the_id")).values(values), rows)


_IDS = (
    select(t.offer.c.id, t.series.c.id, *IDENTITY)
    .outerjoin_from(t.offer, t.series, t.series.c.offer_id == t.offer.c.id)
    .where(t.offer.c.source_id == bindparam("source_id"), t.offer.c.model.in_(bindparam("models", expanding=True)))
)


def _models_in(verdict: Verdict) -> set[str]:
    series = {*verdict.held, *verdict.in_force, *(version.key for version in verdict.versions)}
    offers = {*verdict.offers, *(change.offer for change in verdict.changes)}
    superseded = {key for key, _ in verdict.superseded}
    return {key.model for key in series | superseded} | {key.model for key in offers}


def next_id(connection: Connection, table: Table) -> int:
    """Ids are given here, under the recorder's lock: without gaps, and in the order in which they become visible."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1


def insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """All rows in one statement; nothing where there are none."""
    if len(rows) >= MANY:
        insert_columns(connection, table, {name: [row[name] for row in rows] for name in rows[0]})
    elif rows:
        connection.execute(table.insert(), rows)


@lru_cache(maxsize=4096)
def _terms_text(terms: tuple[str, ...]) -> str:
    return json.dumps(terms, ensure_ascii=False)


def _in_force_columns(state: InForce | None) -> dict[str, Any]:
    return {"quote": state and state.quote, "in_force_from": state and state.since}


@lru_cache(maxsize=4096)
def _quote_columns(text: str | None) -> tuple[Any, ...]:
    return (None,) * len(QUOTED) if text is None else tuple(Quote.parse(text))


def _change_columns(changes: Sequence[Change]) -> Columns:
    olds, news = ([_quote(each.old) for each in changes], [_quote(each.new) for each in changes])
    return {
        "kind": [each.kind.value for each in changes],
        "effective_at": [each.effective_at for each in changes],
        "held_since": [each.held_since for each in changes],
        "change_bp": list(map(_basis_points, olds, news)),
        "old_amount": [old and old.amount for old in olds],
        "old_currency": [old and old.currency for old in olds],
        "old_per": [old and old.per for old in olds],
        "new_amount": [new and new.amount for new in news],
        "new_currency": [new and new.currency for new in news],
        "new_per": [new and new.per for new in news],
        "old_terms": [None if each.old_terms is None else _terms_text(each.old_terms) for each in changes],
        "new_terms": [None if each.new_terms is None else _terms_text(each.new_terms) for each in changes],
    }


def _quote(text: str | None) -> Quote | None:
    return None if text is None else Quote.parse(text)


def _basis_points(old: Quote | None, new: Quote | None) -> int | None:
    """The change in hundredths of a percent, towards zero, so that a filter for 99 % never lets 98.996 % through."""
    if old is None or new is None or old.currency != new.currency or not old.amount:
        return None
    return int(((new.unit_price / old.unit_price - 1) * 10_000).to_integral_value(ROUND_DOWN))
