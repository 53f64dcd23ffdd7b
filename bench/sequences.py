"""10,000 random histories on each database, beside a model of them that knows no SQL.

The sequences are those of tests/history/test_properties.py: observations, slips that are held, announcements that
come, change or are cancelled, withdrawals and returns, runs that fail, and corrections by a later reading. What was
recorded is written down after each run by reading the versions that are live; a question as of any time, as believed
at any time, must be answered from that diary.
"""

import multiprocessing
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

import migrations
from bench.figures import Figure, seconds
from history import tables as t
from history.db import connect, recording
from history.model import Reading, Source
from history.queries import Scope, as_of
from history.recorder import record
from history.rederive import correct
from tests.history.pages import SOURCE, day
from tests.history.test_properties import FETCHES, Fetch, as_reading
from tests.postgres import running

SEQUENCES, ASKED = 10_000, 3
Key = tuple[str, str, str]
Live = dict[Key, dict[Any, Any]]


def figures() -> list[Figure]:
    """Each database in a process of its own, at the same time."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        told = pool.map(_run, [("SQLite", SEQUENCES), ("PostgreSQL", SEQUENCES)])
    return [
        Figure(f"random histories answered wrongly, {name}", wrong, 0, f"of {count:,}, {asked:,} questions, {took:.0f} s")
        for name, count, asked, wrong, took in told
    ]


def _run(which: tuple[str, int]) -> tuple[str, int, int, int, float]:
    name, count = which
    with _database(name) as engine:
        check = Check(engine)
        took = seconds(lambda: check.sequences(count))
    return name, check.count, check.asked, check.wrong, took


@contextmanager
def _database(name: str) -> Iterator[Engine]:
    if name == "PostgreSQL":
        with running() as server:
            yield _blank(server.create_database())
        return
    with tempfile.TemporaryDirectory() as folder:
        yield _blank(f"sqlite:///{folder}/bench.sqlite3")


def _blank(url: str) -> Engine:
    engine = connect(url)
    migrations.upgrade(engine)
    return engine


class Check:
    """Records sequences and asks about them; each is a source of its own, in a transaction that is taken back."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.count, self.asked, self.wrong = engine, 0, 0, 0

    def sequences(self, count: int) -> None:
        @seeded(20261122)
        @settings(
            max_examples=count, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(fetches=FETCHES, right=st.none() | FETCHES, chance=st.randoms(use_true_random=False))
        def one(fetches: list[Fetch], right: list[Fetch] | None, chance: random.Random) -> None:
            self.sequence(fetches, right, chance)

        one()

    def sequence(self, fetches: list[Fetch], right: list[Fetch] | None, chance: random.Random) -> None:
        self.count += 1
        source = replace(SOURCE, name=f"acme_page_{self.count}")
        with recording(self.engine) as connection:
            diary = list(_lived(connection, source, fetches, right))
            for _ in range(ASKED):
                self.asked += 1
                at, known = day(chance.randrange(-2, 24) / 2), day(chance.randrange(-1, 24) / 2)
                if chance.randrange(4) == 0:
                    known = day(1000)
                answered = _answered(connection, source, at, known)
                self.wrong += answered != _expected(diary, at, known)
            connection.rollback()


def _lived(
    connection: Connection, source: Source, fetches: list[Fetch], right: list[Fetch] | None
) -> Iterator[tuple[Any, Live]]:
    """Runs, one a day, and perhaps a correction of them all; after each, when it was and what is live."""
    run_ids = []
    for number, fetch in enumerate(fetches):
        run_ids.append(record(connection, _of(source, number, fetch), day(number)).run_id)
        yield day(number), _live(connection, source)
    if right is not None:
        readings = ((run_id, _of(source, n, fetch)) for n, (run_id, fetch) in enumerate(zip(run_ids, right, strict=False)))
        correct(connection, source, readings, "two", day(11))
        yield day(11), _live(connection, source)


def _of(source: Source, number: int, fetch: Fetch) -> Reading:
    return replace(as_reading(number, fetch), source=source)


def _live(connection: Connection, source: Source) -> Live:
    rows = connection.execute(
        select(t.offer.c.model, t.series.c.unit, t.series.c.conditions, t.price.c.valid_from, t.price.c.amount)
        .join_from(t.price, t.series, t.series.c.id == t.price.c.series_id)
        .join(t.offer, t.offer.c.id == t.series.c.offer_id)
        .join(t.source, t.source.c.id == t.offer.c.source_id)
        .where(t.source.c.name == source.name, t.price.c.superseded_at == t.OPEN)
    )
    live: Live = {}
    for *key, begins, amount in rows:
        live.setdefault((key[0], key[1], key[2]), {})[begins] = amount
    return live


def _answered(connection: Connection, source: Source, at: Any, known: Any) -> dict[Key, Any]:
    found = as_of(connection, Scope(source=source.name), at, known)
    return {(one.model, one.unit, one.conditions): (one.amount, one.valid_from, one.valid_to) for one in found}


def _expected(diary: list[tuple[Any, Live]], at: Any, known: Any) -> dict[Key, Any]:
    """From the last page of the diary by `known`: of each series what began last by `at`, and what begins next."""
    believed: Live = next((live for written, live in reversed(diary) if written <= known), {})
    expected = {}
    for key, starts in believed.items():
        begun = max((start for start in starts if start <= at), default=None)
        if begun is not None and starts[begun] is not None:
            after = min((start for start in starts if start > at), default=None)
            expected[key] = starts[begun], begun, after
    return expected
