"""The price of one model at one moment, over HTTP: this API and Datasette on the same database, one core each."""

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from urllib.request import urlopen

import migrations
from bench.figures import Figure, pin
from history.db import connect, recording
from history.model import Offer, PriceComponent, Provider, Reading, Source
from history.recorder import record
from history.times import to_micros, to_rfc3339

MODELS, RUNS_ON_RECORD, SECONDS, ROUNDS, IN_FLIGHT = 2_000, 40, 3.0, 5, 16
UNITS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source(
    "bench", Provider("bench", "Bench", "lab"), "https://bench.example", frozenset({"USD"}), range(1, 10_000), 3600
)
SQL = """
SELECT o.model, o.tier, o.region, s.unit, s.conditions, p.amount, p.currency, p.per, p.valid_from, p.basis
FROM offer o JOIN series s ON s.offer_id = o.id JOIN price p ON p.series_id = s.id
AND p.valid_from = (SELECT max(q.valid_from) FROM price q
  WHERE q.series_id = s.id AND q.valid_from <= cast(:t AS integer) AND q.superseded_at = 0)
WHERE o.model = :model AND p.superseded_at = 0 AND p.amount IS NOT NULL
"""


def figures() -> list[Figure]:
    """The two servers take turns on core 0; the client is on core 1."""
    pin({1})
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.sqlite3"
        _fill(database)
        with _server(_tokentape(), database) as ours, _server(_datasette(database), database) as theirs:
            _same_answer(ours, theirs)
            pairs = [(_rate(ours, _our_path), _rate(theirs, _their_path)) for _ in range(ROUNDS + 1)][1:]
    a, b = median(mine for mine, _ in pairs), median(peer for _, peer in pairs)
    ratio = median(mine / peer for mine, peer in pairs)
    return [Figure("API as-of of one model / Datasette", ratio, 1.2, f"{a:.0f}/s, Datasette {b:.0f}/s", at_most=False)]


def _fill(database: Path) -> None:
    engine = connect(f"sqlite:///{database}")
    migrations.upgrade(engine)
    for number in range(RUNS_ON_RECORD):
        at = START + timedelta(days=number)
        offers = tuple(_offer(model, number) for model in range(MODELS))
        with recording(engine) as connection:
            record(connection, Reading(SOURCE, "bench", at, offers=offers), at)
    engine.dispose()


def _offer(model: int, day: int) -> Offer:
    amounts = (Decimal(model % 97 + place + 1) / 8 + Decimal(day) / 100 for place in range(len(UNITS)))
    components = (PriceComponent(unit, amount, "USD", 1_000_000) for unit, amount in zip(UNITS, amounts, strict=True))
    return Offer("bench", f"model-{model:05d}", tuple(components))


def _tokentape() -> list[str]:
    return [sys.executable, "-m", "tokentape", "serve", "--port"]


def _datasette(database: Path) -> list[str]:
    config = database.with_name("datasette.json")
    config.write_text(json.dumps({"databases": {database.stem: {"queries": {"as_of": {"sql": SQL}}}}}))
    return [sys.executable, "-m", "datasette", "serve", "-i", str(database), "-m", str(config), "--port"]


@contextmanager
def _server(command: list[str], database: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": f"sqlite:///{database}"}
    # Our own interpreter and arguments; there is no shell.
    child = subprocess.Popen(
        [*command, str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        os.sched_setaffinity(child.pid, {0} & os.sched_getaffinity(child.pid) or os.sched_getaffinity(child.pid))
        _wait_for(port)
        yield port
    finally:
        child.terminate()
        child.wait(timeout=15)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after 30 s")


def _same_answer(ours: int, theirs: int) -> None:
    """Both say the same price, or the comparison means nothing."""
    model, at = "model-00007", START + timedelta(days=11, hours=5)
    with urlopen(f"http://127.0.0.1:{ours}{_our_path(model, at)}") as answer:
        mine = {row["unit"]: Decimal(row["amount"]) for row in json.load(answer)["prices"]}
    with urlopen(f"http://127.0.0.1:{theirs}{_their_path(model, at)}") as answer:
        peer = {row["unit"]: Decimal(row["amount"]) for row in json.load(answer)}
    if mine != peer or len(mine) != len(UNITS):
        raise AssertionError(f"the servers disagree: {mine} and {peer}")


def _our_path(model: str, at: datetime) -> str:
    return "/v1/prices?" + urlencode({"provider": "bench", "model": model, "as_of": to_rfc3339(at)})


def _their_path(model: str, at: datetime) -> str:
    return "/bench/as_of.json?" + urlencode({"model": model, "t": to_micros(at), "_shape": "array"})


PathOf = Callable[[str, datetime], str]


def _rate(port: int, path_of: PathOf) -> float:
    """Answers a second, over keep-alive connections, each for a random model and moment."""
    return asyncio.run(_load(port, path_of))


async def _load(port: int, path_of: PathOf) -> float:
    deadline = time.perf_counter() + SECONDS
    done = await asyncio.gather(*(_ask_until(deadline, port, path_of, seed) for seed in range(IN_FLIGHT)))
    return sum(done) / SECONDS


async def _ask_until(deadline: float, port: int, path_of: PathOf, seed: int) -> int:
    chance, answered = random.Random(seed), 0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < deadline:
        path = path_of(
            f"model-{chance.randrange(MODELS):05d}", START + timedelta(hours=chance.randrange(24 * RUNS_ON_RECORD))
        )
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(f"{path} answered {head[:40]!r}")
        await _skip_body(reader, head.lower())
        answered += 1
    writer.close()
    return answered


async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()
