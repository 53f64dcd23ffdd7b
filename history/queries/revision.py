"""Which state the history is in, cheaply: what a cached answer depends on."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, bindparam, func, inspect, select, table

from history.queries.prepared import Prepared
from history.tables import change_event, price, run, volume_notice

# The condition is the one of the index price_announced_for, which holds the few versions that were announced.
_STATEMENT = select(
    *(
        select(newest).order_by(owner.c.id.desc()).limit(1).scalar_subquery().label(name)
        for name, owner, newest in (
            ("event_id", change_event, change_event.c.id),
            ("event_at", change_event, change_event.c.recorded_at),
            ("run_id", run, run.c.id),
            ("run_at", run, run.c.recorded_at),
        )
    ),
    select(func.max(price.c.valid_from))
    .where(price.c.valid_from > price.c.recorded_at, price.c.valid_from <= bindparam("now"))
    .scalar_subquery()
    .label("effective_at"),
)


class Newest(NamedTuple):
    """The newest event, and the newest run that told volumes; 0 where there is none."""

    event_id: int
    volumes_run_id: int


class Revision(NamedTuple):
    """The newest event, the newest run, and the newest announced price that has taken effect by now."""

    event_id: int | None
    event_at: datetime | None
    run_id: int | None
    run_at: datetime | None
    effective_at: datetime | None


def revision(connection: Connection, now: datetime) -> Revision:
    """Two equal revisions: the same answers, also to questions about now."""
    (row,) = _prepared(connection.dialect).rows(connection, {"now": now})
    return Revision._make(row)


def newest(connection: Connection) -> Newest:
    """How far the history has come: two seeks, to be asked many times a second."""
    (row,) = _ids(connection.dialect).rows(connection, {})
    return Newest(row[0] or 0, row[1] or 0)


@lru_cache
def _ids(dialect: Dialect) -> Prepared:
    columns = (select(func.max(one)).scalar_subquery() for one in (change_event.c.id, volume_notice.c.run_id))
    return Prepared(select(*columns), dialect)


@lru_cache
def _prepared(dialect: Dialect) -> Prepared:
    return Prepared(_STATEMENT, dialect)


def is_migrated(connection: Connection) -> bool:
    """Whether Alembic has been here."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return bool(connection.execute(select(func.count()).select_from(table("alembic_version"))).scalar_one())
