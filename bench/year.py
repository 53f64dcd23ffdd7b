"""What a year of hourly runs adds to the database: 10,000 offers at one address, of which 1 % change a day.

Assumed: one JSON page of 10,000 models in the shape of a gateway's list, each offer with two prices; the changes of a
day are spread over its hours, so that nearly every hour the page is another one; the source sends no ETag. The first
day, which fills the database, is not counted; the others are simulated in full through the same code as a crawl
(evidence, validation, comparison, ledger), and their growth is taken for each day of the year.
"""

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from sqlalchemy import Engine

import migrations
from bench.figures import Figure
from history import evidence
from history.db import connect, recording, writing
from history.model import Fetched, Offer, PriceComponent, Provider, Reading, Source
from history.recorder import record

OFFERS, CHANGING, DAYS = 10_000, 100, 5
START = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://bench.example/models"
SOURCE = Source("bench", Provider("bench", "Bench", "gateway"), URL, frozenset({"USD"}), range(1, 100_000), 3600)


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/bench.sqlite3")
        migrations.upgrade(engine)
        year = Year(engine)
        sizes = [_size(engine)] + [size for _ in range(DAYS) for size in (year.day(),)]
        unchanged = year.unchanged_day()
        engine.dispose()
    daily = (sizes[-1] - sizes[1]) / (DAYS - 1)
    detail = f"{daily / 1000:.0f} kB a day, of a page of {year.page / 1e6:.1f} MB; "
    detail += f"{unchanged / 24:.0f} bytes a run that saw no change"
    return [Figure("MB that a year of hourly runs adds, SQLite", daily * 365 / 1e6, 150, detail)]


class Year:
    """A source that is crawled each hour, and moves a few prices each time."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.hour, self.page = engine, 0, 0
        self.moved = [0] * OFFERS

    def day(self) -> int:
        """Twenty-four runs; the size of the database after them."""
        for hour in range(24):
            for number in range(CHANGING * hour // 24, CHANGING * (hour + 1) // 24):
                self.moved[(self.hour * 7919 + number * 104_729) % OFFERS] += 1
            self._crawl()
        return _size(self.engine)

    def unchanged_day(self) -> int:
        """What twenty-four runs add that see what the one before saw."""
        before = _size(self.engine)
        for _ in range(24):
            self._crawl()
        return _size(self.engine) - before

    def _crawl(self) -> None:
        at = START + timedelta(hours=self.hour)
        self.hour += 1
        body = _body(self.moved)
        self.page = len(body)
        with writing(self.engine) as connection:
            digest = evidence.keep(connection, body, "application/json", at, URL)
        offers = tuple(_offer(number, moved) for number, moved in enumerate(self.moved))
        with recording(self.engine) as connection:
            record(connection, Reading(SOURCE, "bench", at, offers=offers, pages=(Fetched(URL, digest, at),)), at)


def _prices(number: int, moved: int) -> tuple[Decimal, Decimal]:
    price = Decimal(number % 97 + 4) / 8 + Decimal(moved % 5) / 16
    return price, price * 4


def _offer(number: int, moved: int) -> Offer:
    prices = zip(("input_tokens", "output_tokens"), _prices(number, moved), strict=True)
    return Offer(
        "bench", _name(number), tuple(PriceComponent(unit, amount, "USD", 1_000_000) for unit, amount in prices)
    )


def _name(number: int) -> str:
    return f"author-{number % 61}/model-{number:05d}"


def _body(moved: Sequence[int]) -> bytes:
    """The shape of a gateway's list of models; what zstd cannot guess is a hash of the model."""
    models = []
    for number, times in enumerate(moved):
        prompt, completion = _prices(number, times)
        models.append(
            {
                "id": _name(number),
                "description": sha256(_name(number).encode()).hexdigest(),
                "context_length": 128_000 + number % 7 * 4096,
                "pricing": {"prompt": str(prompt / 1_000_000), "completion": str(completion / 1_000_000)},
            }
        )
    return json.dumps({"data": models}).encode()


def _size(engine: Engine) -> int:
    with engine.connect() as connection:
        pages, size = (connection.exec_driver_sql(f"PRAGMA page_{what}").scalar_one() for what in ("count", "size"))
    return int(pages) * int(size)
