"""Runs and what they fetched: the evidence behind every price."""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Dialect, Row, Select, any_, bindparam, func, select

from history.model import Outcome
from history.queries.prepared import Prepared
from history.tables import fetch, run, source
from history.tables import snapshot as kept

NEWEST_USES = 100


class Evidence(NamedTuple):
    """One page that a run read: where, which bytes, when."""

    url: str
    sha256: str
    fetched_at: datetime
    status: int


class RunRecord(NamedTuple):
    """One execution of one spider. `unread` counts what the page says and the spider does not read, by name."""

    id: int
    source: str
    kind: str
    observed_at: datetime
    recorded_at: datetime
    outcome: Outcome
    failure: str | None
    message: str | None
    extractor: str
    offers: int
    rejected: int
    held: int
    events: int
    unread: dict[str, int]


class Use(NamedTuple):
    """One time that a run fetched a snapshot."""

    run_id: int
    source: str
    url: str
    fetched_at: datetime
    status: int


class SnapshotRecord(NamedTuple):
    """What is known of a kept body besides its bytes: `uses` are the newest hundred of `times_used`."""

    sha256: str
    media_type: str
    size: int
    stored_at: datetime
    times_used: int
    uses: tuple[Use, ...]


def runs(
    connection: Connection, *, source_name: str | None = None, outcome: Outcome | None = None,
    before: int | None = None, limit: int = 100,
) -> list[RunRecord]:  # fmt: skip
    """The newest runs first, from before the run `before` on."""
    statement = records().order_by(run.c.id.desc()).limit(limit)
    if source_name is not None:
        statement = statement.where(source.c.name == source_name)
    if outcome is not None:
        statement = statement.where(run.c.outcome == outcome.value)
    if before is not None:
        statement = statement.where(run.c.id < before)
    return [as_record(row) for row in connection.execute(statement)]


def records() -> Select[Any]:
    """Runs, in the columns of `as_record`."""
    return select(
        run.c.id, source.c.name, run.c.kind, run.c.observed_at, run.c.recorded_at, run.c.outcome, run.c.failure,
        run.c.message, run.c.extractor, run.c.offers, run.c.rejected, run.c.held, run.c.events, run.c.unread,
    ).join(source, source.c.id == run.c.source_id)  # fmt: skip


def as_record(row: Row[Any]) -> RunRecord:
    record = RunRecord._make(row)
    return record._replace(outcome=Outcome(row.outcome), unread=json.loads(row.unread))


def evidence_of(connection: Connection, run_ids: Collection[int]) -> dict[int, tuple[Evidence, ...]]:
    """What each of these runs fetched, in order."""
    found: dict[int, list[Evidence]] = defaultdict(list)
    ids: Any = sorted(run_ids)
    if connection.dialect.name == "sqlite":
        ids = json.dumps(ids)
    for run_id, *page in _fetches(connection.dialect).rows(connection, {"ids": ids}):
        found[run_id].append(Evidence._make(page))
    return {run_id: tuple(pages) for run_id, pages in found.items()}


@lru_cache
def _fetches(dialect: Dialect) -> Prepared:
    """The ids are one parameter: a list on PostgreSQL, a JSON array on SQLite, which has no lists."""
    listed: ColumnElement[bool] = fetch.c.run_id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    if dialect.name == "sqlite":
        listed = fetch.c.run_id.in_(select(func.json_each(bindparam("ids")).table_valued("value").c.value))
    columns = (fetch.c.run_id, fetch.c.url, fetch.c.sha256, fetch.c.fetched_at, fetch.c.status)
    return Prepared(select(*columns).where(listed).order_by(fetch.c.run_id, fetch.c.ordinal), dialect)


def snapshot(connection: Connection, sha256: str) -> SnapshotRecord | None:
    """The snapshot with that sha256 and the runs that fetched it, or None."""
    columns = (kept.c.sha256, kept.c.media_type, kept.c.size, kept.c.stored_at)
    row = connection.execute(select(*columns).where(kept.c.sha256 == sha256)).first()
    if row is None:
        return None
    times_used = connection.execute(select(func.count()).where(fetch.c.sha256 == sha256)).scalar_one()
    uses = (
        select(run.c.id, source.c.name, fetch.c.url, fetch.c.fetched_at, fetch.c.status)
        .select_from(fetch.join(run).join(source))
        .where(fetch.c.sha256 == sha256)
        .order_by(run.c.id.desc(), fetch.c.ordinal)
        .limit(NEWEST_USES)
    )
    return SnapshotRecord(*row, times_used, tuple(Use(*use) for use in connection.execute(uses)))
