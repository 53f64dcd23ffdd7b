"""Huawei Cloud MaaS's price page, trap by trap; no capture holds its own bytes yet."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

NAME, SAVED = "huawei", "huawei/2025-10-14"


def test_prices_are_for_a_thousand_tokens_as_quoted() -> None:
    price = cell(extract(saved(SAVED), NAME), "DeepSeek-V3.1", "standard", "output_tokens")
    assert (price.amount, price.per, price.currency) == (Decimal("0.001617"), 1_000, "USD")


def test_thinking_is_a_condition() -> None:
    offers = extract(saved(SAVED), NAME)
    thinks, answers = (
        cell(offers, "Qwen3-32B", "standard", "output_tokens", Conditions(thinking=thinking)).amount
        for thinking in (True, False)
    )
    assert (thinks, answers) == (Decimal("0.002695"), Decimal("0.001078"))


def test_a_worked_example_is_not_a_price() -> None:
    page = saved(SAVED)
    amounts = {price.amount for offer in extract(page, NAME) for price in offer.components}
    assert Decimal("0.0006") not in amounts
    assert page.unread == {"table: Billing Example": 1}


def test_a_region_is_the_offers_region() -> None:
    header = ("<th>Model</th><th colspan", "<th>Region</th><th>Model</th><th colspan")
    page = altered(SAVED, *header)
    body = page.body.decode().replace(
        '<td rowspan="2">DeepSeek', '<td rowspan="5">CN-Hong Kong</td><td rowspan="2">DeepSeek'
    )
    offers = extract(replace(page, body=body.encode()), NAME)
    assert {offer.region for offer in offers} == {"CN-Hong Kong"}


def test_a_column_that_says_for_how_many_tokens_is_not_left() -> None:
    page = altered(SAVED, "<th>Description", "<th>Tokens per Request")
    body = page.body.decode().replace("Input and output tokens used for model inference.", "0 ≤ Token < 32K")
    with pytest.raises(PageChanged, match="what is not known"):
        extract(replace(page, body=body.encode()), NAME)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "Unit Price (USD/1,000 Tokens)</th><th>Desc",
            "Unit Price (CNY/1,000 Tokens)</th><th>Desc",
            "no price was found",
        ),
        ("<th>Description", "<th>Unit Price (USD/million Tokens)", "more than one price"),
        (">Reasoning pattern<", ">Deep pattern<", "unknown billing item"),
        ('<td colspan="2">Input</td><td>0.000539', '<td colspan="2">Upload</td><td>0.000539', "unknown billing item"),
        ("0.000539", "from 0.000539", "not one amount"),
        ("0.000539", "0.000539 / 1M tokens", "has the price"),
        ("<td>0.002695</td>", "", "not one amount"),
        (">Qwen3-32B<", ">Qwen3-32B (50% off)<", "has the price"),
        ("<th>Description", "<th>Tokens</th><th>Description", "columns|has the row"),
        ("<tr><td>Non-reasoning", "<tr><td>Reasoning", "two prices"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), NAME)
