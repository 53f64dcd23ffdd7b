"""From the commit of a change to the first byte at the endpoint, while ten thousand other messages are queued."""

import tempfile
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

from sqlalchemy import Engine, func, insert, select, text

from bench.deliveries import postgresql, sqlite
from bench.figures import Figure
from bench.sink import sink
from feed.alerts import positions, queue
from feed.alerts.sealing import sealer
from feed.alerts.tables import delivery, message, subscription_filter
from tests.chaos import KEY, dispatchers
from tests.feed.rows import NOW, Rows, moved
from tests.feed.subscribers import SECRET, add_subscriptions, tell

OTHERS, QUEUED_EACH, LEAST_QUEUED = 400, 100, 10_000
CHANGES, EVERY_S = 40, 0.2
PATIENCE_S = 60


def figures() -> list[Figure]:
    return [*_of("PostgreSQL", postgresql()), *_of("SQLite", sqlite())]


def _of(name: str, database: AbstractContextManager[Engine]) -> list[Figure]:
    with database as engine, tempfile.TemporaryDirectory() as folder:
        waits, least = _waits(engine, Path(folder))
    cuts = quantiles(waits, n=100, method="inclusive")
    detail = f"{len(waits)} changes, at least {least:,} others queued"
    return [
        Figure(f"commit to first byte on {name}, p50 in ms", cuts[49], 250, detail),
        Figure(f"commit to first byte on {name}, p99 in ms", cuts[98], 1_000, detail),
    ]


def _waits(engine: Engine, folder: Path) -> tuple[list[float], int]:
    """Milliseconds of each change, and how many others were queued when the last one was told."""
    log = folder / "arrived"
    with sink(log) as late, sink() as busy:
        seals = sealer(KEY, folder)
        secret = seals.seal(SECRET)
        with queue.adding(engine) as connection:
            add_subscriptions(connection, [seals.seal(late)], secret=secret)
            connection.execute(insert(subscription_filter).values(id=2, text='{"provider":["nobody"]}'))
            others = add_subscriptions(connection, [seals.seal(busy)] * OTHERS, secret=secret, filter_id=2)
            positions.begin(connection)
        rows = Rows(engine)
        rows.story(None, moved("input_tokens", "1", "2"), at=NOW, model="first")
        url = engine.url.render_as_string(hide_password=False)
        committed: list[float] = []
        least = OTHERS * QUEUED_EACH
        with dispatchers(url, folder, 1):
            _wait_for(log, 1)
            for number in range(CHANGES):
                if _queued(engine) < LEAST_QUEUED * 2:
                    with queue.adding(engine) as connection:
                        tell(connection, others, times=QUEUED_EACH)
                    time.sleep(0.5)
                least = min(least, _queued(engine))
                at = NOW + timedelta(minutes=number + 1)
                rows.story(None, moved("input_tokens", "1", "2"), at=at, model=f"model-{number}")
                committed.append(time.time())
                time.sleep(EVERY_S)
            arrived = _wait_for(log, CHANGES + 1)
        with engine.connect() as connection:
            told = select(message.c.uid).where(message.c.type == "price.changed").order_by(message.c.id)
            uids = list(connection.execute(told).scalars())[1:]
    return [(arrived[uid] - at) * 1000 for uid, at in zip(uids, committed, strict=True)], least


def _queued(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(delivery).where(text("state = 0"))).scalar_one())


def _wait_for(log: Path, count: int) -> dict[str, float]:
    """First arrivals by message."""
    deadline = time.monotonic() + PATIENCE_S
    arrived: dict[str, float] = {}
    while time.monotonic() < deadline:
        lines = log.read_text().splitlines() if log.exists() else []
        arrived = {}
        for line in lines:
            uid, at = line.split()
            arrived.setdefault(uid, float(at))
        if len(arrived) >= count:
            return arrived
        time.sleep(0.05)
    raise TimeoutError(f"{len(arrived)} of {count} messages had arrived after {PATIENCE_S} s")
