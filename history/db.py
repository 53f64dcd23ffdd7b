"""Connecting: one engine per database, WAL and immediate writes on SQLite, one recorder at a time on both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url

# Any fixed number: the one advisory lock that recorders of this system take (pg_advisory_xact_lock).
RECORDER_LOCK = 0x70C3_A9E0

# Pages that are in the system's memory are read where they lie: a fifth off the prices of 20,000 series (make bench).
MAPPED = "mmap_size=2000000000"


def connect(url: str) -> Engine:
    """An engine for sqlite:///… or postgresql://… (psycopg 3). Creates the folder of a SQLite file."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError(
            f"TOKENTAPE_DATABASE_URL names {parsed.get_backend_name()!r}; only sqlite and postgresql are supported"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # The API answers in as many threads as Starlette has: 40.
    engine = create_engine(
        parsed, pool_size=20, max_overflow=20, pool_pre_ping=parsed.get_backend_name() == "postgresql"
    )
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)
    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000", MAPPED):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # Times come back in UTC, so that nobody has to turn them (history.columns). Outside of a transaction: what is
        # set in one that is rolled back is lost.
        connection.autocommit = True
        connection.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = False


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; committed at the end, rolled back on any exception."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def recording(engine: Engine) -> Iterator[Connection]:
    """The transaction of the one recorder: ids become visible in order, so a cursor over them skips nothing."""
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": RECORDER_LOCK})
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: one consistent view of the database."""
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ")
        if engine.dialect.name == "postgresql"
        else engine.connect() as connection,
        connection.begin(),
    ):
        yield connection
