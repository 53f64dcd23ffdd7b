"""What 100,000 usages cost: our history of prices, beside a loop over genai_prices.calc_price on the same usages."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
from genai_prices import data_snapshot
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    Tier,
    TieredPrices,
)
from genai_prices.types import Provider as PricedProvider
from sqlalchemy import Engine

import migrations
from bench.figures import Figure, paired
from history.billing import Billing
from history.db import connect, reading, recording
from history.model import Conditions, Offer, PriceComponent, Provider, Reading, Source
from history.recorder import record
from history.usage import Usage

USAGES, MODELS, DAYS, RUNS = 100_000, 50, 10, 3
LONG, MILLION = 200_000, 1_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
# What our units are called over there, and what a million costs in the first days, in cents a model.
PEER = {
    "input_tokens": ("input_mtok", 4),
    "output_tokens": ("output_mtok", 20),
    "cache_read_tokens": ("cache_read_mtok", 1),
    "cache_write_tokens": ("cache_write_mtok", 5),
}
SOURCE = Source(
    "bench", Provider("bench", "Bench", "lab"), "https://bench.example", frozenset({"USD"}), range(1, 10_000), 3600
)


def figures() -> list[Figure]:
    """Both sides price the same usages from records in memory: two tiers by length, ten price changes, four units."""
    usages = list(_usages())
    data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot([_peer()], from_auto_update=False))
    try:
        with _history() as engine:
            _same_costs(engine, usages[:1000])
            ours, theirs, ratio = paired(
                lambda: _seconds(lambda: _ours(engine, usages)), lambda: _seconds(lambda: _theirs(usages)), RUNS
            )
    finally:
        data_snapshot.set_custom_snapshot(None)
    detail = f"{ours * 1e6 / USAGES:.1f} µs each, genai-prices {theirs * 1e6 / USAGES:.1f} µs"
    return [Figure(f"cost of {USAGES} usages / genai-prices", 1 / ratio, 5, detail, at_most=False)]


def _seconds(work: Callable[[], object]) -> float:
    """Of this process: both sides are one thread that waits for nothing."""
    began = time.process_time()
    work()
    return time.process_time() - began


def _ours(engine: Engine, usages: list[Usage]) -> list[Decimal | None]:
    """From a cold start: the prices are read from the database each time."""
    with reading(engine) as connection:
        return [cost.amount for cost in Billing.now(connection).costs(connection, usages)]


def _theirs(usages: list[Usage]) -> list[Decimal]:
    return [_their_price(usage) for usage in usages]


def _their_price(usage: Usage) -> Decimal:
    counts = usage.counts
    cached = [counts.get(unit, 0) for unit in ("cache_read_tokens", "cache_write_tokens")]
    counted = genai_prices.Usage(
        input_tokens=counts.get("input_tokens", 0) + sum(cached), output_tokens=counts.get("output_tokens", 0),
        cache_read_tokens=cached[0], cache_write_tokens=cached[1],
    )  # fmt: skip
    priced = genai_prices.calc_price(counted, usage.model, provider_id="bench", genai_request_timestamp=usage.at)
    return priced.total_price


def _same_costs(engine: Engine, usages: list[Usage]) -> None:
    """Both say the same, or the comparison means nothing."""
    for usage, cost in zip(usages, _ours(engine, usages), strict=True):
        if cost != _their_price(usage):
            raise AssertionError(f"{usage} costs {cost}, and {_their_price(usage)} by genai-prices")


def _usages() -> Iterator[Usage]:
    chance = random.Random(4)
    for _ in range(USAGES):
        units = [unit for unit in PEER if chance.random() < 0.7] or ["output_tokens"]
        counts = {unit: chance.choice((100, 3_000, 150_000)) + chance.randrange(1000) for unit in units}
        at = START + timedelta(seconds=chance.randrange(86_400 * DAYS))
        yield Usage("bench", f"model-{chance.randrange(MODELS):04d}", at, counts)


def _cents(model: int, unit: str, day: int) -> Decimal:
    return Decimal((model + 1) * PEER[unit][1] + day) / 100


@contextmanager
def _history() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/bench.sqlite3")
        migrations.upgrade(engine)
        for day in range(DAYS):
            at = START + timedelta(days=day)
            offers = tuple(_offer(model, day) for model in range(MODELS))
            with recording(engine) as connection:
                record(connection, Reading(SOURCE, "bench", at, offers=offers), at)
        yield engine
        engine.dispose()


def _offer(model: int, day: int) -> Offer:
    short = (PriceComponent(unit, _cents(model, unit, day), "USD", MILLION) for unit in PEER)
    conditions = Conditions(min_input_tokens=LONG + 1)
    long = (PriceComponent(unit, 2 * _cents(model, unit, day), "USD", MILLION, conditions) for unit in PEER)
    return Offer("bench", f"model-{model:04d}", (*short, *long))


def _peer() -> PricedProvider:
    """The same prices over there: an entry a day of change, the last one first in force wins."""
    models = []
    for model in range(MODELS):
        name = f"model-{model:04d}"
        prices = [
            ConditionalPrice(
                StartDateConstraint((START + timedelta(days=day)).date()) if day else None,
                prices=ModelPrice(**{key: _tiered(model, unit, day) for unit, (key, _) in PEER.items()}),
            )
            for day in range(DAYS)
        ]
        models.append(ModelInfo(name, ClauseEquals(name), prices=prices))
    return PricedProvider("bench", "Bench", "bench", models=models)


def _tiered(model: int, unit: str, day: int) -> TieredPrices:
    cents = _cents(model, unit, day)
    return TieredPrices(cents, [Tier(LONG, 2 * cents)])
