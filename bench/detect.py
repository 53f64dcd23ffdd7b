"""Detection of 20,000 observations against the prices in force, beside a raw cursor and a dict comparison."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine

import migrations
from bench.figures import Figure, paired, seconds
from history.compare import compare
from history.db import connect, reading, recording
from history.model import Offer, PriceComponent, Provider, Reading, Source
from history.recorder import record
from history.shelf import Shelf
from history.validation import Seen, validate
from tests.postgres import running

OFFERS, CHANGED, RUNS = 5_000, 225, 15
UNITS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source(
    "bench", Provider("bench", "Bench", "lab"), "https://bench.example", frozenset({"USD"}), range(1, 10_000), 3600
)

# The leanest way to the same knowledge, in each database's own driver.
RAW = (
    "SELECT o.model, o.tier, o.region, s.unit, s.conditions, '', s.quote"
    " FROM series s JOIN offer o ON o.id = s.offer_id"
    " WHERE o.source_id = 1 AND s.quote IS NOT NULL"
)


def figures() -> list[Figure]:
    with _sqlite() as sqlite:
        found = [_figure(sqlite, "SQLite", 2)]
    with _postgresql() as postgresql:
        found.append(_figure(postgresql, "PostgreSQL", 2.2))
    return found


def _figure(engine: Engine, name: str, bound: float) -> Figure:
    with recording(engine) as connection:
        record(connection, Reading(SOURCE, "bench", START, offers=tuple(_offers(0))), START)
    seen, _ = validate(_offers(CHANGED), SOURCE)
    quotes = {tuple(observation.key): observation.quote for observation in seen.observations}
    with reading(engine) as connection:
        ours, bare, ratio = paired(
            lambda: seconds(lambda: _detect(connection, seen)), lambda: seconds(lambda: _raw(connection, quotes)), RUNS
        )
    return Figure(
        f"detection of {len(quotes)} observations, {name}",
        ratio,
        bound,
        f"{ours * 1e3:.1f} ms, raw {bare * 1e3:.1f} ms",
    )


def _detect(connection: Connection, seen: Seen) -> None:
    book = Shelf(connection, 1).book(seen)
    found = compare(book, seen, START + timedelta(hours=1), complete=True).changes
    if len(found) != CHANGED:
        raise AssertionError(f"{len(found)} changes where {CHANGED} were made")


def _raw(connection: Connection, quotes: dict[tuple[Any, ...], str]) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(RAW)
    current = {row[:6]: row[6] for row in cursor.fetchall()}
    found = [key for key, quote in quotes.items() if current.get(key) != quote]
    gone = current.keys() - quotes.keys()
    if len(found) != CHANGED or gone:
        raise AssertionError(f"{len(found)} changes where {CHANGED} were made")


def _offers(changed: int) -> Iterator[Offer]:
    for number in range(OFFERS):
        amounts = [Decimal(number % 97 + place + 1) / 8 for place in range(len(UNITS))]
        if number < changed:
            amounts[0] += Decimal("0.125")
        components = (
            PriceComponent(unit, amount, "USD", 1_000_000) for unit, amount in zip(UNITS, amounts, strict=True)
        )
        yield Offer("bench", f"author/model-{number:05d}", tuple(components))


@contextmanager
def _sqlite() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/bench.sqlite3")
        migrations.upgrade(engine)
        yield engine
        engine.dispose()


@contextmanager
def _postgresql() -> Iterator[Engine]:
    with running() as server:
        engine = connect(server.create_database())
        migrations.upgrade(engine)
        yield engine
        engine.dispose()
