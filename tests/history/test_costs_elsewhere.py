"""Our costs beside those of the genai-prices and litellm packages, on the same prices: equal where they can say it.

The prices are read from genai-prices when the test runs. Where litellm holds another number for the same thing, that
is found here by name, and docs/costs.md says why.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint
from msgspec.structs import replace
from sqlalchemy import Engine

from history.billing import Billing
from history.conditions import is_holiday
from history.cost import Cost
from history.db import connect, recording
from history.db import reading as reading_from
from history.model import Conditions, Offer, PriceComponent, Provider, Reading, Source
from history.recorder import record
from history.usage import Usage

MILLION = 1_000_000
# genai-prices has its prices of batches since 2026-10-14, and DeepSeek's of today since 2026-09-10.
START = datetime(2026, 10, 15, tzinfo=UTC)
AUTUMN = datetime(2026, 9, 20, tzinfo=UTC)
DAYS = 30
UNITS = {
    "input_tokens": "input_mtok", "output_tokens": "output_mtok", "cache_read_tokens": "cache_read_mtok",
    "cache_write_tokens": "cache_write_mtok", "cache_write_1h_tokens": "cache_write_1h_mtok",
}  # fmt: skip
CONTEXTS = {
    "standard": {}, "batch": {"processing": "batch"}, "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}  # fmt: skip


class Sold(NamedTuple):
    """A model that both packages know, and the tiers that both have prices for."""

    provider: str
    model: str
    tiers: tuple[str, ...]
    entry: str
    theirs: str


MODELS = (
    Sold("anthropic", "claude-haiku-5-5", ("standard", "batch"), "claude-haiku-5-5", "anthropic"),
    Sold("google", "gemini-2.5-pro", ("standard", "batch"), "gemini/gemini-2.5-pro", "gemini"),
    Sold("openai", "gpt-5", ("standard", "flex", "priority", "batch"), "gpt-5", "openai"),
    Sold("openai", "gpt-5.6-sol", ("standard", "flex", "priority", "batch"), "gpt-5.6-sol", "openai"),
    Sold("deepseek", "deepseek-v4-flash", ("standard",), "deepseek/deepseek-v4-flash", "deepseek"),
)
PEAK = Conditions(weekdays=(1, 2, 3, 4, 5), holidays="CN", period="peak")


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Iterator[list[Cost]]:
    """What 1,000 random usages cost by us."""
    path = tmp_path_factory.mktemp("costs") / "history.sqlite3"
    path.write_bytes(_sqlite_template.read_bytes())
    engine = connect(f"sqlite:///{path}")
    for slug in sorted({sold.provider for sold in MODELS}):
        take(engine, slug)
    with reading_from(engine) as connection:
        yield list(Billing.now(connection).costs(connection, list(usages(1000))))
    engine.dispose()


@pytest.fixture(scope="module")
def litellms(costs: list[Cost]) -> dict[str, Any]:
    return by_litellm([cost.usage for cost in costs])


def take(engine: Engine, slug: str) -> None:
    offers = tuple(offer(sold, tier) for sold in MODELS if sold.provider == slug for tier in sold.tiers)
    source = Source(
        slug, Provider(slug, slug, "lab"), f"https://{slug}.example", frozenset({"USD"}), range(1, 99), 3600
    )
    with recording(engine) as connection:
        record(connection, Reading(source, "one", AUTUMN, offers=offers), AUTUMN)


def offer(sold: Sold, tier: str) -> Offer:
    return Offer(sold.provider, sold.model, tuple(components(priced(sold), tier)), tier=tier)


def priced(sold: Sold) -> ModelInfo:
    (seller,) = (one for one in providers if one.id == sold.provider)
    (model,) = (one for one in seller.models if one.id == sold.model)
    return model


def components(model: ModelInfo, tier: str) -> Iterator[PriceComponent]:
    """Their prices as ours: tiers begin one token above theirs, hours are those of peak days."""
    midnight = START.replace(hour=0)
    yield from of_prices(model.get_prices(midnight, CONTEXTS[tier]), Conditions())
    timed: list[ConditionalPrice] = model.prices if isinstance(model.prices, list) else []
    for one in timed:
        if isinstance(one.constraint, TimeOfDateConstraint):
            window = f"{one.constraint.start_time:%H:%M}-{one.constraint.end_time:%H:%M}"
            yield from of_prices(one.prices, replace(PEAK, hours_utc=(window,)))


def of_prices(prices: ModelPrice, conditions: Conditions) -> Iterator[PriceComponent]:
    for unit, key in UNITS.items():
        price = getattr(prices, key)
        if isinstance(price, TieredPrices):
            yield PriceComponent(unit, price.base, "USD", MILLION, conditions)
            for step in price.tiers:
                yield PriceComponent(unit, step.price, "USD", MILLION, Conditions(min_input_tokens=step.start + 1))
        elif price is not None:
            yield PriceComponent(unit, price, "USD", MILLION, conditions)


def usages(number: int) -> Iterator[Usage]:
    chance = random.Random(20261122)
    for _ in range(number):
        sold = chance.choice(MODELS)
        tier = chance.choice(sold.tiers)
        has = {component.unit for component in offer(sold, tier).components}
        counts = {
            unit: chance.choice((7, 3_000, 99_999, 100_001, 200_000, 200_001, 272_001)) + chance.randrange(3)
            for unit in sorted(has) if unit == "output_tokens" or chance.random() < 0.6
        }  # fmt: skip
        begin = AUTUMN if sold.provider == "deepseek" else START
        at = begin + timedelta(seconds=chance.randrange(86_400 * DAYS))
        yield Usage(sold.provider, sold.model, at, counts, tier)


def by_genai(usage: Usage) -> Decimal:
    counts = usage.counts
    read, five, hour = (
        int(counts.get(unit, 0)) for unit in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    )
    counted = genai_prices.Usage(
        input_tokens=int(counts.get("input_tokens", 0)) + read + five + hour,
        output_tokens=int(counts.get("output_tokens", 0)),
        cache_read_tokens=read, cache_write_tokens=five + hour, cache_write_1h_tokens=hour,
    )  # fmt: skip
    return genai_prices.calc_price(
        counted, usage.model, provider_id=usage.provider, genai_request_timestamp=usage.at,
        price_context=CONTEXTS[usage.tier] or None,
    ).total_price  # fmt: skip


def is_working_day(at: datetime) -> bool:
    return at.isoweekday() < 6 and not is_holiday("CN", at)


def is_peak_clock(at: datetime) -> bool:
    return 1 <= at.hour < 4 or 6 <= at.hour < 10


def test_every_usage_has_a_cost(costs: list[Cost]) -> None:
    assert len(costs) == 1000
    assert [cost for cost in costs if cost.amount is None] == []
    assert len(Counter((cost.usage.model, cost.usage.tier) for cost in costs)) == 13


def test_costs_equal_those_of_genai_prices_to_the_last_digit(costs: list[Cost]) -> None:
    """All but weekends and holidays at peak clocks: its hours know no days."""
    differing = [cost for cost in costs if cost.amount != by_genai(cost.usage)]
    assert {cost.usage.provider for cost in differing} == {"deepseek"}
    assert all(is_peak_clock(cost.usage.at) and not is_working_day(cost.usage.at) for cost in differing)
    assert all(cost.amount == by_genai(cost.usage) / 2 for cost in differing)


def test_costs_equal_those_of_litellm_but_for_batches_and_holidays(
    costs: list[Cost], litellms: dict[str, Any]
) -> None:  # fmt: skip
    """Its batches know neither long contexts nor caches, and its off-peak hours no holidays."""
    pairs = [(cost, theirs) for cost, theirs in zip(costs, litellms["costs"], strict=True) if not same(cost, theirs)]
    of_batches = [(cost, theirs) for cost, theirs in pairs if cost.usage.tier == "batch"]
    of_holidays = [(cost, theirs) for cost, theirs in pairs if cost.usage.tier != "batch"]
    assert len(costs) - len(pairs) > 700
    assert of_batches
    assert [cost for cost, theirs in of_batches if not close(as_if_short_and_uncached(cost.usage), theirs)] == []
    assert of_holidays
    for cost, theirs in of_holidays:
        assert cost.usage.model == "deepseek-v4-flash"
        assert is_peak_clock(cost.usage.at)
        assert is_holiday("CN", cost.usage.at)
        assert cost.usage.at.isoweekday() < 6
        assert close(2 * (cost.amount or Decimal(0)), theirs)


def test_both_packages_hold_the_same_prices(litellms: dict[str, Any]) -> None:
    """Or the comparison would mean nothing."""
    entries = litellms["entries"]
    assert len(entries) == len(MODELS)
    for sold in MODELS:
        dearest = max(one.amount for one in offer(sold, "standard").components if one.unit == "input_tokens")
        held = {value for key, value in entries[sold.entry].items() if key.startswith("input_cost_per_token")}
        assert any(close(dearest / MILLION, value) for value in held), sold


def same(cost: Cost, theirs: float) -> bool:
    return cost.amount is not None and close(cost.amount, theirs)


def close(ours: Decimal, theirs: float) -> bool:
    """litellm adds floats: equal to twelve digits is equal."""
    return abs(float(ours) - theirs) <= 1e-12 * max(theirs, 1)


def as_if_short_and_uncached(usage: Usage) -> Decimal:
    """The whole prompt at the batch price of short input."""
    sold = next(one for one in MODELS if one.model == usage.model)
    prices = {one.unit: one.amount for one in offer(sold, "batch").components if one.conditions == Conditions()}
    return (usage.prompt * prices["input_tokens"] + usage.answer * prices["output_tokens"]) / MILLION


def by_litellm(asked: list[Usage]) -> dict[str, Any]:
    sold = {(one.provider, one.model): one for one in MODELS}
    lines = [
        {"model": sold[usage[:2]].entry.rpartition("/")[2], "entry": sold[usage[:2]].entry,
         "provider": sold[usage[:2]].theirs, "tier": usage.tier, "at": usage.at.isoformat(), "counts": usage.counts}
        for usage in asked
    ]  # fmt: skip
    command = [sys.executable, str(Path(__file__).with_name("litellm_costs.py"))]
    done = subprocess.run(command, input=json.dumps(lines), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
