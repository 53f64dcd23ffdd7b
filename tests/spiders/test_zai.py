"""Z.ai's page in both its forms, trap by trap, and cell by cell against the real capture."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, real, saved

HTML, MD = "zai/2026-08-18", "zai/2026-10-05"
# Typed from the capture of 2026-08-18 by hand: model, unit, amount.
CELLS = [
    ("GLM-5.2", "input_tokens", "1.4"), ("GLM-5.1", "cache_read_tokens", "0.26"), ("GLM-5", "output_tokens", "3.2"),
    ("GLM-5-Turbo", "output_tokens", "4.0"), ("GLM-4.7", "cache_read_tokens", "0.11"),
    ("GLM-4.7-FlashX", "cache_read_tokens", "0.01"), ("GLM-4.6", "output_tokens", "2.2"),
    ("GLM-4.5", "input_tokens", "0.6"), ("GLM-4.5-X", "output_tokens", "8.9"),
    ("GLM-4.5-Air", "cache_read_tokens", "0.03"),
    ("GLM-4.5-AirX", "output_tokens", "4.5"), ("GLM-4-32B-0414-128K", "output_tokens", "0.1"),
    ("GLM-5V-Turbo", "cache_read_tokens", "0.24"), ("GLM-OCR", "input_tokens", "0.03"),
    ("GLM-4.6V-FlashX", "cache_read_tokens", "0.004"), ("GLM-4.5V", "output_tokens", "1.8"),
]  # fmt: skip


def test_cells_of_the_real_page_read_by_hand(recorded: Path) -> None:
    offers = extract(real(recorded, "zai", "2026-08-18"), "zai")
    for model, unit, amount in CELLS:
        price = cell(offers, model, "standard", unit)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", 1_000_000), (model, unit)
    assert cell(offers, "GLM-Image", "standard", "images").amount == Decimal("0.015")


def test_the_real_page_gives_as_many_prices_as_it_lists(recorded: Path) -> None:
    page = real(recorded, "zai", "2026-08-18")
    offers = extract(page, "zai")
    assert len(offers) == 22
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 17,
        "output_tokens": 17,
        "cache_read_tokens": 15,
        "images": 2,
    }
    assert [offer.model for offer in offers if offer.terms == ("free",)] == [
        "GLM-4.7-Flash",
        "GLM-4.5-Flash",
        "GLM-4.6V-Flash",
    ]
    assert page.unread == {
        "table: Built-in Tools": 1,
        "table: Video Generation Models": 7,
        "table: Audio Models": 1,
        "table: Agents": 3,
    }


def test_a_real_page_without_prices_is_refused(recorded: Path) -> None:
    with pytest.raises(PageChanged, match="no price table under"):
        extract(real(recorded, "zai", "2026-05-08"), "zai")


LATEST = r"""### Latest Models

Prices per 1M tokens.

| Model | Input | Cached Input | Cached Input Storage | Output |
| :--- | :--- | :--- | :--- | :--- |
| GLM-5.3 | <del>\$1.6</del> \$0.8 | \$0.3 | Limited-time Free | <del>\$4.8</del> \$2.4 |

### Text Models"""


def test_the_latest_models_stand_in_two_tables_and_are_stated_once() -> None:
    page = altered(MD, "### Text Models", LATEST)
    offers = {offer.model: offer for offer in extract(page, "zai")}
    assert offers == {offer.model: offer for offer in extract(saved(MD), "zai")}
    with pytest.raises(PageChanged, match="two prices"):
        extract(altered(MD, "### Text Models", LATEST.replace("0.3 |", "0.4 |")), "zai")


def test_a_page_whose_tables_have_other_headings_is_refused() -> None:
    page = saved(MD)
    text = page.body.decode().replace("Text Models", "Models for text").replace("Vision Models", "Models that see")
    with pytest.raises(PageChanged, match="no price table under"):
        extract(replace(page, body=text.encode()), "zai")


def test_what_prices_are_for_may_be_said_without_a_full_stop() -> None:
    assert extract(altered(MD, "per 1M tokens.", "per million Tokens"), "zai") == extract(saved(MD), "zai")


def test_a_dash_and_a_backslash_are_no_price() -> None:
    offers = {offer.model: offer for offer in extract(saved(HTML), "zai")}
    for model in ("GLM-4-32B-0414-128K", "GLM-OCR"):
        assert [price.unit for price in offers[model].components] == ["input_tokens", "output_tokens"]
        assert offers[model].terms == ()


def test_a_struck_price_is_the_list_price_and_a_note_is_a_term() -> None:
    offers = extract(saved(MD), "zai")
    price = cell(offers, "GLM-5.3", "standard", "input_tokens")
    assert (price.amount, price.list_amount) == (Decimal("0.8"), Decimal("1.6"))
    assert next(offer.terms for offer in offers if offer.model == "GLM-4.5")[0] == "deprecated"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (HTML, "<th>Input</th>", "<th>Prompt</th>", "no column"),
        (HTML, "<th>Cached Input</th>", "<th>Cached</th>", "unknown column 'Cached'"),
        (HTML, "Prices per 1M tokens.", "Prices per 1K tokens.", "not said what the prices"),
        (MD, "Prices per 1M tokens.", "Prices per request.", "not said what the prices"),
        (HTML, "$0.26", "¥0.26", "not in USD"),
        (MD, "### Vision Models", "### Batch API", "of a tier that is not known"),
        (MD, "### Audio Models", "### Reasoning Models", "prices tokens in columns that are not known"),
        (HTML, "$0.26", "$0.26 $0.13", "not one amount"),
        (HTML, "GLM-4.7-FlashX", "GLM-4.7-FlashX ≤ 32K", "no model's name"),
        (HTML, "GLM-4.7-FlashX", "GLM-4.7-FlashX (≤ 32K)", "no model's name"),
        (HTML, "GLM-4.7-FlashX", "GLM-4.7-FlashX (Off-peak)", "no model's name"),
        (MD, "~~\\$1.6~~ \\$0.8", "~~\\$0.8~~ \\$1.6", "not a sale"),
        (MD, "GLM-5.3-Flash ", "GLM-5.3 ", "two prices"),
        (HTML, "<td>$0.4</td></tr>", "<td>$0.4</td><td>$0.5</td></tr>", "5 columns, but a row"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "zai")


def test_columns_are_found_by_their_headers_wherever_they_stand() -> None:
    header = "| {} | Cached Input | Cached Input Storage | {} |"
    page = altered(MD, header.format("Input ", "Output"), header.format("Output", "Input"))
    assert extract(page, "zai") == extract(saved(MD), "zai")


def test_an_unknown_column_without_money_is_reported() -> None:
    page = altered(HTML, "<th>Cached Input Storage</th>", "<th>Storage</th>")
    with pytest.raises(PageChanged, match="unknown column 'Storage'"):
        extract(page, "zai")
    page = altered(HTML, "<td>$0.002</td>", "<td>Free</td>")
    terms = {offer.model: offer.terms for offer in extract(page, "zai")}
    assert terms["GLM-4.7-FlashX"] == ("cache storage: free",)
