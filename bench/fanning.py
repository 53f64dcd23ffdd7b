"""One change for 100,000 subscriptions against a bare bulk insert of the same rows; and claims beside a long past."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from bench.deliveries import postgresql, sqlite
from bench.figures import Figure
from feed.alerts import fanout, positions, queue
from feed.alerts.tables import delivery, message
from feed.alerts.tables import queue as turns
from history.bulk import insert_columns
from history.db import writing
from tests.feed.rows import HOUR, NOW, Rows, moved
from tests.feed.subscribers import add_subscriptions

SUBSCRIPTIONS, RUNS = 100_000, 3
PAST, CLAIMS = (10_000, 100_000, 1_000_000), 50


def figures() -> list[Figure]:
    peak = subprocess.run([sys.executable, "-m", "bench.fanning"], capture_output=True, text=True, check=True).stdout
    return [
        _fan_out("PostgreSQL", postgresql()),
        _fan_out("SQLite", sqlite()),
        Figure("fan-out to 100,000, peak memory in MB", float(peak), 300, "SQLite, in a process of its own"),
        _claims("PostgreSQL", postgresql()),
        _claims("SQLite", sqlite()),
    ]


def _fan_out(name: str, database: AbstractContextManager[Engine]) -> Figure:
    with database as engine:
        _subscribe(engine)
        rows, pairs = Rows(engine), []
        for run in range(RUNS + 1):
            rows.story(None, moved("input_tokens", "1", "2"), at=NOW + run * HOUR, model=f"model-{run}")
            ours = _timed(engine, _tell_all)
            pairs.append((ours, _timed(engine, _insert_bare)))
            _forget(engine)
    ratio = median(bare / ours for ours, bare in pairs[1:])
    ours, bare = median(one for one, _ in pairs[1:]), median(one for _, one in pairs[1:])
    detail = f"{SUBSCRIPTIONS:,} subscriptions: {ours:.2f} s, bare {bare:.2f} s"
    return Figure(f"fan-out on {name} / bulk insert of the rows", ratio, 0.5, detail, at_most=False)


def _subscribe(engine: Engine) -> None:
    with queue.adding(engine) as connection:
        positions.begin(connection)
        for _ in range(SUBSCRIPTIONS // 10_000):
            add_subscriptions(connection, ["https://example.com/"] * 10_000)


def _timed(engine: Engine, work: Callable[[Connection], None]) -> float:
    began = time.perf_counter()
    with queue.adding(engine) as connection:
        work(connection)
    return time.perf_counter() - began


def _tell_all(connection: Connection) -> None:
    assert fanout.fan_out(connection, "https://tape.example", NOW) == 1


def _insert_bare(connection: Connection) -> None:
    """The same rows as the fan-out has just written, for a message more; the turns have to go first."""
    newest = connection.execute(select(func.max(message.c.id))).scalar_one()
    same = select(*(column for column in message.c if column.name not in ("id", "uid", "about")))
    frozen = dict(connection.execute(same.where(message.c.id == newest)).one()._mapping)
    connection.execute(message.insert().values(id=newest + 1, uid="bare", about="bare", **frozen))
    ids = list(range(1, SUBSCRIPTIONS + 1))
    known = {"message_id": newest + 1, "state": "pending", "attempts": 0, "created_at": NOW}
    insert_columns(connection, delivery, {"subscription_id": ids, **_repeated(known)})
    connection.execute(turns.delete())
    turn = {"due_at": NOW, "fresh": True, "failures": 0}
    insert_columns(connection, turns, {"subscription_id": ids, **_repeated(turn)})


def _repeated(row: Mapping[str, object], times: int = SUBSCRIPTIONS) -> dict[str, list[Any]]:
    return {name: [value] * times for name, value in row.items()}


def _forget(engine: Engine) -> None:
    with writing(engine) as connection:
        for table in (turns, delivery, message):
            connection.execute(table.delete())


def _claims(name: str, database: AbstractContextManager[Engine]) -> Figure:
    """How long it takes to claim a hundred turns and to load what they tell, as the past grows."""
    with database as engine:
        with queue.adding(engine) as connection:
            ids = add_subscriptions(connection, ["https://example.com/"] * 1_000)
        took = []
        for past in PAST:
            _grow(engine, ids, past)
            took.append(median(_claim(engine, n) for n in range(CLAIMS)))
    curve = ", ".join(f"{past:,}: {seconds * 1000:.1f} ms" for past, seconds in zip(PAST, took, strict=True))
    return Figure(f"claim on {name} beside 10^6 past / 10^4", took[-1] / took[0], 1.5, f"100 turns; {curve}")


def _grow(engine: Engine, ids: list[int], past: int) -> None:
    """So many deliveries that ended, in all, and one that is pending for each subscription."""
    with queue.adding(engine) as connection:
        connection.execute(turns.delete())
        connection.execute(delivery.delete().where(text("state = 0")))
        newest = connection.execute(select(func.coalesce(func.max(message.c.id), 0))).scalar_one()
        told = connection.execute(select(func.count()).select_from(delivery)).scalar_one()
        new = range(newest + 1, newest + 2 + (past - told) // len(ids))
        frozen = {"type": "x.y", "event_at": NOW, "created_at": NOW, "resume_after": 0, "payload": "{}"}
        connection.execute(message.insert(), [{"id": n, "uid": f"m{n}", "about": f"{n}", **frozen} for n in new])
        for number in new:
            state = "pending" if number == new[-1] else "delivered"
            known = {"message_id": number, "state": state, "attempts": 1, "created_at": NOW, "ended_at": NOW}
            insert_columns(connection, delivery, {"subscription_id": ids, **_repeated(known, len(ids))})
        queue.enqueue(connection, ids, NOW)


def _claim(engine: Engine, number: int) -> float:
    at = NOW + timedelta(seconds=number)
    began = time.perf_counter()
    with writing(engine) as connection:
        taken = queue.claim(connection, "bench", at, at, 100, 0)
        waiting = list(queue.pending(connection, [turn.subscription_id for turn in taken], 20))
        assert len(waiting) == len(taken) >= 100
    return time.perf_counter() - began


def main() -> None:
    """The peak of a fan-out, in MB."""
    with sqlite() as engine:
        _subscribe(engine)
        Rows(engine).story(None, moved("input_tokens", "1", "2"), model="model")
        _timed(engine, _tell_all)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
