"""A storm: dispatchers that are killed, a database that is restarted, endpoints that misbehave, and what came of it."""

import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import DBAPIError

from feed.alerts import positions, queue
from feed.alerts.sealing import sealer
from feed.alerts.tables import delivery, message
from history.db import connect
from tests.feed.rows import NOW, Rows, moved
from tests.feed.subscribers import SECRET, add_subscriptions

ROOT = Path(__file__).parent.parent
KEY = "q5kfXhYB0UQm5ZpIfYbCPdTSzuDtSb4zVYwBrSKZPfo="


@dataclass(frozen=True, slots=True)
class Storm:
    """How bad it gets. `kill_every_s`: a random dispatcher gets kill -9; `restart`: what restarts the database."""

    good: int
    bad: int
    events: int
    dispatchers: int
    kill_every_s: float
    events_every_s: float
    patience_s: float
    restart: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the well-behaved endpoints got: `told` are the messages of each in the order of their first arrival."""

    expected: list[str]
    told: dict[int, list[str]]
    arrivals: int
    bodies: dict[str, set[str]]
    kills: int
    took_s: float

    @property
    def duplicates(self) -> int:
        return self.arrivals - sum(map(len, self.told.values()))


def weather(url: str, folder: Path, storm: Storm) -> Aftermath:
    """Go through the storm with the database at `url`, until every well-behaved endpoint has nothing pending."""
    engine = connect(url)
    log = folder / "told"
    with _endpoints(storm, log) as ports:
        seals = sealer(KEY, folder)
        with queue.adding(engine) as connection:
            targets = [seals.seal(f"http://127.0.0.1:{port}/") for port in ports]
            ids = add_subscriptions(connection, targets, secret=seals.seal(SECRET))
            positions.begin(connection)
        began = time.monotonic()
        with dispatchers(url, folder, storm.dispatchers) as started:
            kills = _rage(engine, started, storm, ids[: storm.good])
        took_s = time.monotonic() - began
        time.sleep(0.3)
    with engine.connect() as connection:
        # Who is told last that another endpoint is gone is not waited for.
        news = select(message.c.uid).where(message.c.type == "price.changed").order_by(message.c.id)
        expected = list(connection.execute(news).scalars())
    engine.dispose()
    return _read(log, expected, kills, took_s)


def _rage(engine: Engine, dispatchers: "Dispatchers", storm: Storm, good: list[int]) -> int:
    rows, recorded, kills = Rows(engine), 0, 0
    began = killed_at = recorded_at = time.monotonic()
    restart = storm.restart
    while True:
        time.sleep(0.05)
        now = time.monotonic()
        if now - began > storm.patience_s:
            raise TimeoutError(f"{_pending(engine, good)} messages were not told within {storm.patience_s} s")
        if now - killed_at > storm.kill_every_s:
            dispatchers.kill_one()
            kills, killed_at = kills + 1, now
        if recorded < storm.events and now - recorded_at > storm.events_every_s:
            at = NOW + timedelta(minutes=recorded)
            rows.story(None, moved("input_tokens", "1", "2"), at=at, model=f"model-{recorded}")
            recorded, recorded_at = recorded + 1, now
        if restart is not None and recorded > storm.events // 2:
            restart()
            restart = None
        if recorded == storm.events and _pending(engine, good) == 0 and _told(engine) == storm.events:
            return kills


def _pending(engine: Engine, ids: list[int]) -> int:
    pending = delivery.c.state == "pending", delivery.c.subscription_id.between(ids[0], ids[-1])
    return _counted(engine, select(func.count()).select_from(delivery).where(*pending))


def _told(engine: Engine) -> int:
    """Besides these, each endpoint that is gone is told to the others."""
    return _counted(engine, select(func.count()).select_from(message).where(message.c.type == "price.changed"))


def _counted(engine: Engine, statement: Select[int]) -> int:
    try:
        with engine.connect() as connection:
            return connection.execute(statement).scalar_one()
    except DBAPIError:
        return -1


class Dispatchers:
    """`tokentape dispatch`, some times over."""

    def __init__(self, url: str, folder: Path, count: int) -> None:
        settings = {
            "TOKENTAPE_DATABASE_URL": url, "TOKENTAPE_ALLOWED_ADDRESSES": "127.0.0.0/8", "TOKENTAPE_SECRET_KEY": KEY,
            "TOKENTAPE_DATA": str(folder), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self._environment, self._folder = {**os.environ, **settings}, folder
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tokentape", "dispatch"]
        with (self._folder / "dispatchers.log").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, cwd=self._folder, stdout=log, stderr=log)

    def kill_one(self) -> None:
        victim = random.choice(self.running)
        victim.kill()
        victim.wait()
        self.running.remove(victim)
        self.running.append(self._start())


@contextmanager
def dispatchers(url: str, folder: Path, count: int) -> Iterator[Dispatchers]:
    started = Dispatchers(url, folder, count)
    try:
        yield started
    finally:
        for each in started.running:
            each.kill()
            each.wait()


@contextmanager
def _endpoints(storm: Storm, log: Path) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "tests.endpoints", str(storm.good), str(storm.bad), str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.kill()


def _read(log: Path, expected: list[str], kills: int, took_s: float) -> Aftermath:
    told: dict[int, dict[str, None]] = defaultdict(dict)
    news = set(expected)
    bodies: dict[str, set[str]] = defaultdict(set)
    arrivals: Counter[int] = Counter()
    for line in log.read_text().splitlines():
        number, uid, body = line.split()
        if uid not in news:
            continue
        told[int(number)].setdefault(uid)
        bodies[uid].add(body)
        arrivals[int(number)] += 1
    in_order = {number: list(uids) for number, uids in told.items()}
    return Aftermath(expected, in_order, arrivals.total(), dict(bodies), kills, took_s)
