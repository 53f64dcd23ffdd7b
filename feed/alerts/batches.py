"""The statements that every attempt costs, for many at a time and past SQLAlchemy, which takes longer than they do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from history.times import to_micros

Column = Sequence[Any]


class Statement(NamedTuple):
    """One statement for rows given column by column: PostgreSQL takes them as arrays (in binary: a moment takes a tenth
    of the time it takes as text), SQLite row by row."""

    postgresql: str
    sqlite: str

    def run(self, connection: Connection, *columns: Column) -> None:
        """Nothing where there are no rows. Moments are given as `moments` makes them."""
        if not columns[0]:
            return
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(self.postgresql, tuple(list(column) for column in columns))
        else:
            connection.exec_driver_sql(self.sqlite, list(zip(*columns, strict=True)))


@contextmanager
def pipelined(connection: Connection) -> Iterator[None]:
    """PostgreSQL is told all statements inside without waiting for each. What went wrong with one is raised at the end,
    as SQLAlchemy's."""
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.driver_connection
    errors = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except errors as error:
        raise DBAPIError.instance(None, None, error, errors, dialect=connection.dialect) from error


def moments(connection: Connection, column: Sequence[datetime | None]) -> Column:
    """As the driver takes them (history.columns.Moment)."""
    if connection.dialect.name == "postgresql":
        return column
    return [None if moment is None else to_micros(moment) for moment in column]


ADD_ATTEMPTS = Statement(
    """INSERT INTO attempt (subscription_id, message_id, started_at, took_ms, status, error, response)
    SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::int[], %b::int[], %b::text[], %b::text[])
    ON CONFLICT DO NOTHING""",
    """INSERT INTO attempt (subscription_id, message_id, started_at, took_ms, status, error, response)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
)

# Nothing that is delivered becomes undelivered by an attempt that another dispatcher made meanwhile.
MOVE_DELIVERIES = Statement(
    """UPDATE delivery SET state = told.state, attempts = told.attempts, ended_at = told.ended_at
    FROM unnest(%b::smallint[], %b::int[], %b::timestamptz[], %b::bigint[], %b::bigint[])
    AS told (state, attempts, ended_at, subscription_id, message_id)
    WHERE delivery.subscription_id = told.subscription_id AND delivery.message_id = told.message_id
    AND delivery.state = 0""",
    """UPDATE delivery SET state = ?, attempts = ?, ended_at = ?
    WHERE subscription_id = ? AND message_id = ? AND state = 0""",
)

# Unless another holder has taken the turn over.
PUT_BACK_TURNS = Statement(
    """UPDATE queue SET due_at = back.due_at, fresh = back.fresh, failures = back.failures, holder = NULL
    FROM unnest(%b::timestamptz[], %b::boolean[], %b::int[], %b::bigint[], %b::text[])
    AS back (due_at, fresh, failures, subscription_id, holder)
    WHERE queue.subscription_id = back.subscription_id AND queue.holder = back.holder""",
    "UPDATE queue SET due_at = ?, fresh = ?, failures = ?, holder = NULL WHERE subscription_id = ? AND holder = ?",
)

DROP_TOLD = Statement(
    """DELETE FROM queue USING unnest(%b::bigint[]) AS told (id) WHERE queue.subscription_id = told.id
    AND holder IS NULL AND NOT EXISTS (
        SELECT FROM delivery JOIN subscription ON subscription.id = delivery.subscription_id
        WHERE delivery.subscription_id = queue.subscription_id AND delivery.state = 0
        AND subscription.state IN ('active', 'unproven')
    )""",
    """DELETE FROM queue WHERE subscription_id = ? AND holder IS NULL AND NOT EXISTS (
        SELECT 1 FROM delivery JOIN subscription ON subscription.id = delivery.subscription_id
        WHERE delivery.subscription_id = queue.subscription_id AND delivery.state = 0
        AND subscription.state IN ('active', 'unproven')
    )""",
)

COUNT_ATTEMPTS = Statement(
    """INSERT INTO tally (lane, result, took_to_ms, attempts, took_ms)
    SELECT * FROM unnest(%b::smallint[], %b::text[], %b::int[], %b::bigint[], %b::bigint[])
    ON CONFLICT (lane, result, took_to_ms)
    DO UPDATE SET attempts = tally.attempts + excluded.attempts, took_ms = tally.took_ms + excluded.took_ms""",
    """INSERT INTO tally (lane, result, took_to_ms, attempts, took_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (lane, result, took_to_ms)
    DO UPDATE SET attempts = attempts + excluded.attempts, took_ms = took_ms + excluded.took_ms""",
)
