"""What gateways and maps say of a provider's own prices."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from history import tables as t
from history.crosscheck import Discrepancy, compare, crosscheck
from history.db import reading, recording
from history.model import Conditions
from history.queries import disagreements
from tests.feed.rows import DAY, HOUR, NOW, Rows

FLASH: dict[str, Any] = {"model": "deepseek-v4-flash", "source": "deepseek"}
ROUTE: dict[str, Any] = {"model": "deepseek/deepseek-v4-flash", "source": "openrouter_endpoints", "region": "deepseek"}


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("openrouter_endpoints", kind="gateway", provider="openrouter")
    rows.source("litellm", kind="map", witness="imported")
    return rows


def said_by_map(rows: Rows, amount: str, model: str = "deepseek-v4-flash", per: int = 1, **series: Any) -> None:
    rows.source("deepseek")
    rows.price(
        amount, NOW, model=model, source="litellm", per=per, provider_id=rows.known["provider", "deepseek"], **series
    )


def found(rows: Rows) -> list[Discrepancy]:
    with reading(rows.engine) as connection:
        return list(compare(connection, NOW + DAY))


def test_a_map_that_says_the_same_for_another_quantity_agrees(rows: Rows) -> None:
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "0.00000014")
    assert found(rows) == []


def test_a_map_that_lags_disagrees_and_both_sides_are_named(rows: Rows) -> None:
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "0.00000028")
    (one,) = found(rows)
    assert one.subject == ("deepseek", "deepseek/deepseek-v4-flash", "standard", "", "input_tokens", "")
    assert (one.own.source, one.own.quote.text) == ("deepseek", "0.14 USD/1000000")
    assert (one.witness.source, one.witness.quote.text) == ("litellm", "0.00000028 USD/1")
    assert one.times == 2


@pytest.mark.parametrize(
    ("amount", "list_amount", "disagrees"),
    [
        ("0.00000014", None, False),
        ("0.00000014000000000000000001", None, False),
        ("0.00000007", "0.00000014", False),
        ("0.00000015", None, True),
        ("0.00000014", "0.00000028", True),
    ],
    ids=["the same", "a float's noise", "below the list price", "dearer", "another list price"],
)
def test_a_route_of_the_provider_is_compared_by_its_list_price(
    rows: Rows, amount: str, list_amount: str | None, disagrees: bool
) -> None:
    rows.price("0.14", NOW, **FLASH)
    rows.price(amount, NOW, per=1, list_amount=Decimal(list_amount) if list_amount else None, **ROUTE)
    assert bool(found(rows)) == disagrees


@pytest.mark.parametrize("region", ["deepinfra/fp4", "deepseek/flex", "nobody-we-know", "deepseek/eu"])
def test_other_routes_say_nothing_of_the_providers_standard_price(rows: Rows, region: str) -> None:
    rows.price("0.14", NOW, **FLASH)
    rows.price("0.0000009", NOW, per=1, **{**ROUTE, "region": region})
    assert found(rows) == []


@pytest.mark.parametrize(("region", "disagrees"), [("openai/flex", True), ("openai/eu/flex", False), ("openai", False)])
def test_a_route_of_a_tier_is_compared_with_the_price_of_that_tier(rows: Rows, region: str, disagrees: bool) -> None:
    """In a region "openai" nobody sells it by that tier; where both say so, they are compared."""
    tier = "flex" if "/" in region else "standard"
    rows.price("2", NOW, model="gpt-5", source="openai", tier="flex")
    rows.price("5", NOW, model="openai/gpt-5", source="openrouter_endpoints", region=region, tier=tier)
    assert bool(found(rows)) == disagrees


def test_a_gateway_is_understood_by_its_own_names(rows: Rows) -> None:
    rows.source("huggingface", kind="gateway")
    rows.price("0.1", NOW, model="deepseek-v4-pro", source="deepseek")
    rows.price("0.2", NOW, model="deepseek-ai/DeepSeek-V4-Pro", source="huggingface", region="deepseek")
    (one,) = found(rows)
    assert (one.subject.model, one.witness.name) == ("deepseek/deepseek-v4-pro", "deepseek-ai/DeepSeek-V4-Pro")


def test_only_what_is_the_same_is_compared(rows: Rows) -> None:
    """Another unit, other conditions, another tier, a model whose name no alias explains."""
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "9", unit="output_tokens")
    said_by_map(rows, "9", conditions=Conditions(min_input_tokens=200_001))
    said_by_map(rows, "9", tier="batch")
    said_by_map(rows, "9", model="deepseek-v4-flash-but-not-quite")
    assert found(rows) == []


def test_a_provider_that_lists_a_model_twice_agrees_if_one_of_them_does(rows: Rows) -> None:
    for model in ("DeepSeek-V4-Flash", "DeepSeek-V4-Pro"):
        rows.price("0.14", NOW, model=model, source="tencent", kind="cloud")
    assert found(rows) == []


def check(rows: Rows, hours: int) -> int:
    with recording(rows.engine) as connection:
        return len(crosscheck(connection, NOW + hours * HOUR))


def test_a_disagreement_is_written_once_and_ended_when_it_is_over(rows: Rows) -> None:
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "0.00000028")
    assert (check(rows, 1), check(rows, 2)) == (1, 1)
    with reading(rows.engine) as connection:
        (lasting,) = disagreements(connection, ended=False)
    assert (lasting.found_at, lasting.ended_at) == (NOW + HOUR, None)
    rows.price("0.28", NOW + 3 * HOUR, **FLASH)
    assert check(rows, 4) == 0
    with reading(rows.engine) as connection:
        assert disagreements(connection, ended=False) == []
        (over,) = disagreements(connection, provider="deepseek", model="deepseek/deepseek-v4-flash", witness="litellm")
    assert over.ended_at == NOW + 4 * HOUR


def test_one_side_that_moves_is_a_new_disagreement(rows: Rows) -> None:
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "0.00000028")
    check(rows, 1)
    rows.price("0.07", NOW + 2 * HOUR, **FLASH)
    check(rows, 3)
    with reading(rows.engine) as connection:
        newest, first = disagreements(connection)
    assert [newest.quote.text, first.quote.text] == ["0.07 USD/1000000", "0.14 USD/1000000"]
    assert (newest.ended_at, first.ended_at) == (None, NOW + timedelta(hours=3))
    with reading(rows.engine) as connection:
        assert [one.id for one in disagreements(connection, before=2, limit=1)] == [1]


def test_the_witness_overwrites_nothing(rows: Rows) -> None:
    rows.price("0.14", NOW, **FLASH)
    said_by_map(rows, "0.00000028")
    with reading(rows.engine) as connection:
        before = connection.execute(select(t.price)).all()
    check(rows, 1)
    with reading(rows.engine) as connection:
        assert connection.execute(select(t.price)).all() == before
