"""Signed deliveries that a crash loses none of, against the bare sender: the same client and signature, no database."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import uvloop
from aiohttp import TCPConnector
from sqlalchemy import Engine, func, select

import migrations
from bench.figures import Figure
from bench.sink import sink
from feed.alerts import queue, sending, signing
from feed.alerts.dispatch import prepare_process
from feed.alerts.dispatcher import Dispatcher
from feed.alerts.model import Message, Result, Secrets, Target
from feed.alerts.rounds import Rounds
from feed.alerts.tables import delivery
from history.db import connect
from tests.feed.subscribers import SECRET, Plain, add_subscriptions, tell
from tests.postgres import running

# What survives a power failure on PostgreSQL; SQLite's WAL as the product has it survives a kill.
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "autovacuum=on")
IN_FLIGHT, SUBSCRIPTIONS, EACH, RUNS = 64, 1_000, 20, 3
PAYLOAD = '{"type":"price.changed","data":"' + "a" * 1_060 + '"}'


def figures() -> list[Figure]:
    """The bare sender and the dispatcher in turn, in this process, against one endpoint in another."""
    prepare_process()
    with sink() as url:
        wrk = _wrk(url)
        return [
            _figure("PostgreSQL", postgresql, url, 0.4, wrk),
            _figure("SQLite", sqlite, url, 0.3, wrk),
        ]


def _figure(
    name: str, database: Callable[[], AbstractContextManager[Engine]], url: str, bound: float, wrk: str
) -> Figure:
    pairs = []
    for _ in range(RUNS):
        bare = uvloop.run(_bare(url, SUBSCRIPTIONS * EACH))
        with database() as engine:
            pairs.append((uvloop.run(_durable(engine, url)), bare))
    ratio = median(ours / bare for ours, bare in pairs)
    ours, bare = median(one for one, _ in pairs), median(one for _, one in pairs)
    detail = f"{ours:,.0f}/s, bare {bare:,.0f}/s{wrk}"
    return Figure(f"durable deliveries on {name} / bare sender", ratio, bound, detail, at_most=False)


@contextmanager
def postgresql() -> Iterator[Engine]:
    with running(*DURABLE) as server:
        engine = connect(server.create_database())
        migrations.upgrade(engine)
        yield engine
        engine.dispose()


@contextmanager
def sqlite() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/tokentape.sqlite3")
        migrations.upgrade(engine)
        yield engine
        engine.dispose()


async def _bare(url: str, count: int) -> float:
    """Deliveries a second."""
    secrets, payload, numbers = Secrets(SECRET), PAYLOAD.encode(), iter(range(count))
    async with sending.session(TCPConnector(limit=0)) as session:

        async def send() -> None:
            for number in numbers:
                now = datetime.now(UTC)
                headers = signing.headers(f"msg_{number}", PAYLOAD, secrets, now)
                assert (await sending.post(session, url, payload, headers, now)).succeeded

        began = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(IN_FLIGHT)))
        return count / (time.perf_counter() - began)


async def _durable(engine: Engine, url: str) -> float:
    with queue.adding(engine) as connection:
        ids = add_subscriptions(connection, [url] * SUBSCRIPTIONS)
        tell(connection, ids, times=EACH, payload=PAYLOAD)
    async with sending.session(TCPConnector(limit=0)) as session:

        async def send(target: Target, message: Message, now: datetime) -> Result:
            assert target.secrets is not None
            headers = signing.headers(message.uid, message.payload, target.secrets, now)
            return await sending.post(session, target.url, message.payload.encode(), headers, now)

        one = Dispatcher(engine, Rounds(engine, Plain(), "bench"), send, "bench", lambda: datetime.now(UTC))
        stopping = asyncio.Event()
        began = time.perf_counter()
        dispatching = asyncio.create_task(one.run(stopping))
        while await asyncio.to_thread(_delivered, engine) < SUBSCRIPTIONS * EACH:
            await asyncio.sleep(0.05)
        took = time.perf_counter() - began
        stopping.set()
        await dispatching
    return SUBSCRIPTIONS * EACH / took


def _delivered(engine: Engine) -> int:
    with engine.connect() as connection:
        done = select(func.count()).select_from(delivery).where(delivery.c.state == "delivered")
        return int(connection.execute(done).scalar_one())


def _wrk(url: str) -> str:
    """The same body by wrk, unsigned: what the endpoint can take."""
    if (program := shutil.which("wrk")) is None:
        return "; wrk is not installed"
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        script.write_text(f"wrk.method = 'POST'\nwrk.body = [[{PAYLOAD}]]\n")
        command = [program, "-t1", f"-c{IN_FLIGHT}", "-d3", "-s", str(script), url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = next(line.split()[1] for line in told.splitlines() if line.startswith("Requests/sec"))
    return f"; wrk {float(rate):,.0f}/s"
