"""Xiaomi MiMo's price page in its shapes of April and October 2026, trap by trap; no capture holds its own bytes."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

NAME, LISTS, TIERS = "xiaomi", "xiaomi/2026-10-07", "xiaomi/2026-04-20"
LONG = Conditions(min_input_tokens=256_001, max_input_tokens=1_000_000)


def test_the_domestic_list_is_in_yuan_and_the_overseas_one_in_dollars() -> None:
    offers = extract(saved(LISTS), NAME)
    found = [cell(offers, "mimo-v2.6-pro", "standard", "cache_read_tokens", region=region)
             for region in ("domestic", "overseas")]  # fmt: skip
    assert [(price.amount, price.currency) for price in found] == [
        (Decimal("0.025"), "CNY"),
        (Decimal("0.0036"), "USD"),
    ]


def test_several_models_in_one_cell_each_with_its_own_note() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(LISTS), NAME) if offer.region == "overseas"}
    assert terms["mimo-v2.5"] == ("to be deprecated",)
    assert terms["mimo-v2.6-flash"] == ()
    models = {offer.model for offer in extract(saved(TIERS), NAME)}
    assert {"mimo-v2.5-pro", "mimo-v2-pro", "mimo-v2.5-tts", "mimo-v2-tts"} <= models


def test_batch_is_a_tier_of_its_own() -> None:
    price = cell(extract(saved(LISTS), NAME), "mimo-v2.6-flash", "batch", "output_tokens", region="overseas")
    assert price.amount == Decimal("0.144")


def test_two_groups_of_columns_are_two_ranges() -> None:
    offers = extract(saved(TIERS), NAME)
    assert cell(offers, "mimo-v2-pro", "standard", "output_tokens", LONG, "domestic").amount == 42
    [omni] = [offer for offer in offers if offer.model == "mimo-v2-omni"]
    assert {price.conditions.max_input_tokens for price in omni.components} == {256_000}


def test_free_for_a_limited_time_is_a_term() -> None:
    [tts] = [offer for offer in extract(saved(LISTS), NAME) if offer.model == "mimo-v2.5-tts"]
    assert (tts.components, tts.terms) == ((), ("free for a limited time",))


def test_losing_any_cell_or_row_moves_no_price() -> None:
    page = saved(LISTS)
    right = {
        (offer.model, offer.tier, offer.region, price) for offer in extract(page, NAME) for price in offer.components
    }
    text = page.body.decode()
    for piece in re.finditer(r"<t[dh]\b.*?</t[dh]>|<tr>.*?</tr>|rowspan=\"2\"|`、|### [^\n]+", text):
        torn = replace(page, body=(text[: piece.start()] + text[piece.end() :]).encode())
        try:
            offers = extract(torn, NAME)
        except PageChanged:
            continue
        assert {
            (offer.model, offer.tier, offer.region, price) for offer in offers for price in offer.components
        } <= right


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (LISTS, "Overseas Pricing of the Model", "Pricing elsewhere", "neither the domestic list nor"),
        (LISTS, "¥3.00", "$3.00", "not in CNY"),
        (LISTS, "$0.14<", "¥0.14<", "not in USD"),
        (LISTS, "Input (Cache Hit)", "Input (Hit)", "lacks a price"),
        (LISTS, "**Output**", "**Answer**", "lacks a price"),
        (LISTS, "(Cache", "(Store", "lacks a price"),
        (LISTS, "**Batch API**", "**Slow API**", "unknown type"),
        (LISTS, "yuan / 1M tokens", "yuan / 1K tokens", "not for a million"),
        (LISTS, "RMB / M tokens", "RMB / K tokens", "not for a million"),
        (LISTS, "dollar / M tokens", "dollar / K tokens", "not for a million"),
        (LISTS, "`mimo-v2.6-flash`、", "`MiMo Flash`、", "no ids"),
        (LISTS, "yuan / 1M tokens", "yuan per K tokens", "not for a million"),
        (LISTS, "`mimo-v2.6-flash`、", "`mimo-v2.6-flash`(0:00-8:00)、", "no ids"),
        (LISTS, "¥25 / 1,000 calls", "¥25 / M tokens", "neither the domestic list nor"),
        (TIERS, "<table", "<p>From 0:00 to 8:00 (off-peak)</p><table", "neither the domestic list nor"),
        (TIERS, "Input 256K - 1M", "Long input", "for how many tokens"),
        (TIERS, ' colspan="3"', "", "lacks a price"),
        # A copy in Markdown has no merged cells: seven prices stand under two headers.
        (LISTS, "<table>", "| | Long |\n|-|-|\n| mimo-v4 | ¥1 | ¥2 | ¥3 |\n\n<table>", "neither the domestic list nor"),
        (TIERS, "<td>¥14.00</td>", "<td></td>", "has the rows"),
        (TIERS, "<td>¥14.00</td>", "", "has the rows"),
        (TIERS, "<th>Output</th><th>Input (Cache Hit)</th>", "<th>Input (Cache Hit)</th>", "has the rows"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)
