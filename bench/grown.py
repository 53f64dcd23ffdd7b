"""A history of ten million rows, on both databases, in the order in which a history grows: run after run, and in each
run a new version of each series.

For the fill alone the guards are lifted and the database writes the rows itself, from the table of series; the
keys and indexes are in place, so the tables are laid out as a recorder would have left them. Afterwards the guards are
put back. One row of a hundred was superseded an hour later by a correction.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, bindparam, func, select, text

import migrations
from history import tables as t
from history.columns import Closing, Moment, Money
from history.db import connect, recording, writing
from history.ledger import insert
from history.model import Provider, Source
from history.recorder import declare
from tests.postgres import running

OFFERS, CORRECTED = 5_000, 100
UNITS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
SERIES = OFFERS * len(UNITS)
START = datetime(2024, 1, 1, tzinfo=UTC)
APART, CRAWL, LATER = timedelta(hours=37), timedelta(seconds=2.731204), timedelta(hours=1)
SOURCE = Source("bench", Provider("bench", "Bench", "lab"), "https://bench.example", frozenset({"USD"}), range(1), 3600)
AMOUNTS = (
    "0.028",
    "0.05",
    "0.1",
    "0.14",
    "0.25",
    "0.3",
    "0.435",
    "0.6",
    "1.25",
    "2",
    "2.5",
    "3",
    "3.75",
    "10",
    "15",
    "75",
)

palette = Table(
    "palette", MetaData(), Column("n", Integer, primary_key=True), Column("amount", Money), prefixes=["TEMPORARY"]
)
# Each offer is read at its own second of the crawl.
OFFSET = {
    "sqlite": "(s.offer_id * 37 % 3600) * 1000000",
    "postgresql": "(s.offer_id * 37 % 3600) * interval '1 second'",
}
# Plain rows, then what was misread, then what took its place: which rows, when they ceased to be believed.
FILLS = (("<> 0", ":until"), ("= 0", ":until + {offset}"), ("= 0", ":until"))
FILL = """
INSERT INTO price (series_id, valid_from, superseded_at, recorded_at, amount, currency, per, basis, run_id, place)
SELECT s.id, :at + {offset}, {until}, :recorded + {offset}, p.amount, 'USD', 1000000, 1, :run, s.id * 16 + 3
FROM series s JOIN palette p ON p.n = (s.id * 7 + :run * 3 + :shift) % :colours
WHERE (s.id + :run) % :corrected {which} ORDER BY s.id
"""


@dataclass(slots=True)
class Grown:
    """A database with so many runs on record, each of which changed every price."""

    name: str
    engine: Engine
    empty: int
    runs: int = 0

    @property
    def rows(self) -> int:
        return self.runs * (SERIES + SERIES // CORRECTED)

    def ends_at(self) -> datetime:
        """After all that is on record."""
        return START + (self.runs + 1) * APART

    def grow(self, rows: int) -> None:
        """Add runs until there are so many rows."""
        with writing(self.engine) as connection, _unguarded(connection):
            palette.create(connection)
            insert(connection, palette, [{"n": n, "amount": Decimal(amount)} for n, amount in enumerate(AMOUNTS)])
            while self.rows < rows:
                self.runs += 1
                _add_run(connection, self.runs)
            palette.drop(connection)
        self._settle()

    def _settle(self) -> None:
        """What a server does by itself in time; the tests' server is told not to."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("VACUUM ANALYZE")
            else:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def bytes_a_row(self) -> float:
        """The table with its keys and indexes."""
        with self.engine.connect() as connection:
            size = _size(connection)
            counted = connection.execute(select(func.count()).select_from(t.price)).scalar_one()
        if counted != self.rows:
            raise AssertionError(f"{counted} rows where {self.rows} were written")
        return (size - self.empty) / self.rows


@contextmanager
def databases() -> Iterator[list[Grown]]:
    """One of each kind, with the offers and series but without a price."""
    with tempfile.TemporaryDirectory() as folder, running("shared_buffers=1GB") as server:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'bench.sqlite3'}", "PostgreSQL": server.create_database()}
        grown = [_blank(name, connect(url)) for name, url in urls.items()]
        yield grown
        for each in grown:
            each.engine.dispose()


def model(number: int) -> str:
    return f"author/model-{number:05d}"


def _blank(name: str, engine: Engine) -> Grown:
    migrations.upgrade(engine)
    _add_series(engine)
    with engine.connect() as connection:
        return Grown(name, engine, _size(connection))


def _size(connection: Connection) -> int:
    """Bytes of the table with its keys and indexes; on SQLite of the whole file."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(text("SELECT pg_total_relation_size('price')")).scalar_one())
    pages, size = (connection.exec_driver_sql(f"PRAGMA page_{what}").scalar_one() for what in ("count", "size"))
    return int(pages) * int(size)


def _add_series(engine: Engine) -> None:
    with recording(engine) as connection:
        source_id, provider_id = declare(connection, SOURCE)
        stated = {"source_id": source_id, "provider_id": provider_id, "tier": "standard", "region": "", "terms": "[]"}
        state = {"absent_runs": 0, "withdrawn": False}
        offers = [{"id": n, "model": model(n), **stated, **state} for n in range(1, OFFERS + 1)]
        insert(connection, t.offer, offers)
        named = enumerate(((offer["id"], unit) for offer in offers for unit in UNITS), 1)
        series = [{"id": n, "offer_id": offer, "unit": unit, "conditions": ""} for n, (offer, unit) in named]
        insert(connection, t.series, [{**one, "quote": "1 USD 1000000", "in_force_from": START} for one in series])


def _add_run(connection: Connection, number: int) -> None:
    at = START + number * APART
    run = {"id": number, "source_id": 1, "observed_at": at, "recorded_at": at + CRAWL, "kind": "crawl"}
    counts = {"offers": OFFERS, "rejected": 0, "held": 0, "events": SERIES}
    insert(connection, t.run, [{**run, "outcome": "complete", "extractor": "bench", "unread": "{}", **counts}])
    times = ((None, at + CRAWL, 0), (at + LATER, at + CRAWL, 1), (None, at + LATER, 0))
    typed = (
        bindparam("at", type_=Moment()),
        bindparam("until", type_=Closing()),
        bindparam("recorded", type_=Moment()),
    )
    for (which, ends), (until, recorded, shift) in zip(FILLS, times, strict=True):
        offset = OFFSET[connection.dialect.name]
        fill = FILL.format(which=which, until=ends.format(offset=offset), offset=offset)
        numbers = {"run": number, "shift": shift, "colours": len(AMOUNTS), "corrected": CORRECTED}
        stated = {"at": at, "until": until, "recorded": recorded, **numbers}
        connection.execute(text(fill).bindparams(*typed), stated)


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """Without triggers, and on PostgreSQL without foreign keys; on SQLite with more memory than a reader takes."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        yield
        return
    triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    connection.exec_driver_sql("PRAGMA cache_size = -2000000")
    yield
    connection.exec_driver_sql("PRAGMA cache_size = -2000")
    for _, sql in triggers:
        connection.exec_driver_sql(sql)
