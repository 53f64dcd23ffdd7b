"""10,000 random histories, half of them on each database, beside a model of them that knows no SQL.

The sequences are those of tests/history/test_properties.py: observations, slips that are held, announcements that
come, change or are cancelled, withdrawals and returns, runs that fail, and corrections by a later reading. What was
recorded is written down after each run by reading the versions that are live; a question as of any time, as believed
at any time, must be answered from that diary. To invent a run takes as long as to record it: some thousands are
invented, and the sequences are drawn from those.
"""

import multiprocessing
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

import migrations
from bench.figures import Figure
from history import tables as t
from history.columns import OPEN
from history.db import connect, recording
from history.model import Reading, Source
from history.queries import Scope, as_of
from history.recorder import record
from history.rederive import correct
from tests.history.pages import SOURCE, day
from tests.history.test_properties import FETCHES, Fetch, as_reading
from tests.postgres import running

SEQUENCES, PROCESSES, ASKED, INVENTED = 10_000, 2, 3, 1_000
DRAWN = settings(database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
# Valid and recorded time, in days: between the runs and at them, before them and long after.
MOMENTS = st.tuples(*[st.integers(-2, 24).map(lambda half: half / 2) | st.sampled_from((400.0, 1000.0))] * 2)
Key = tuple[str, str, str]
Live = dict[Key, dict[Any, Any]]


def figures() -> list[Figure]:
    """Half of them in each of two processes; every other one is lived on PostgreSQL."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        told = pool.map(_run, [(seed, SEQUENCES // PROCESSES) for seed in range(PROCESSES)])
    count, asked, wrong = (sum(numbers) for numbers in zip(*told, strict=True))
    detail = f"of {asked:,} answers about {count:,} histories, half on SQLite, half on PostgreSQL"
    return [Figure("random histories answered wrongly", wrong, 0, detail)]


def _run(which: tuple[int, int]) -> tuple[int, int, int]:
    seed, count = which
    with tempfile.TemporaryDirectory() as folder, running() as server:
        check = Check([_blank(f"sqlite:///{folder}/bench.sqlite3"), _blank(server.create_database())])
        check.sequences(count, seed)
    return check.count, check.asked, check.wrong


def _blank(url: str) -> Engine:
    engine = connect(url)
    migrations.upgrade(engine)
    return engine


class Check:
    """Records sequences and asks about them; each is a source of its own, in a transaction that is taken back."""

    def __init__(self, engines: Iterable[Engine]) -> None:
        self.engines, self.count, self.asked, self.wrong = tuple(engines), 0, 0, 0

    def sequences(self, count: int, seed: int) -> None:
        # As FETCHES, of which these are.
        fetched = st.lists(st.sampled_from(_invented(seed, min(INVENTED, count))), min_size=2, max_size=9)

        @seeded(seed)
        @settings(DRAWN, max_examples=count)
        @given(fetches=fetched, right=st.none() | fetched, moments=st.lists(MOMENTS, min_size=ASKED, max_size=ASKED))
        def one(fetches: list[Fetch], right: list[Fetch] | None, moments: list[tuple[float, float]]) -> None:
            self.sequence(fetches, right, moments)

        one()

    def sequence(self, fetches: list[Fetch], right: list[Fetch] | None, moments: list[tuple[float, float]]) -> None:
        self.count += 1
        source = replace(SOURCE, name=f"acme_page_{self.count}")
        with recording(self.engines[self.count % len(self.engines)]) as connection:
            diary = list(_lived(connection, source, fetches, right))
            for at, known in moments:
                self.asked += 1
                answered = _answered(connection, source, day(at), day(known))
                self.wrong += answered != _expected(diary, day(at), day(known))
            connection.rollback()


def _invented(seed: int, most: int) -> list[Fetch]:
    """Runs as tests/history/test_properties.py invents them."""
    invented: list[Fetch] = []

    @seeded(seed)
    @settings(DRAWN, max_examples=most)
    @given(fetches=FETCHES)
    def some(fetches: list[Fetch]) -> None:
        invented.extend(fetches)

    some()
    return invented


def _lived(
    connection: Connection, source: Source, fetches: list[Fetch], right: list[Fetch] | None
) -> Iterator[tuple[Any, Live]]:
    """Runs, one a day, and perhaps a correction of them all; after each, when it was and what is live."""
    run_ids = []
    for number, fetch in enumerate(fetches):
        run_ids.append(record(connection, _of(source, number, fetch), day(number)).run_id)
        yield day(number), _live(connection, source)
    if right is not None:
        readings = (
            (run_id, _of(source, n, fetch)) for n, (run_id, fetch) in enumerate(zip(run_ids, right, strict=False))
        )
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
        .where(t.source.c.name == source.name, t.price.c.superseded_at == OPEN)
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
