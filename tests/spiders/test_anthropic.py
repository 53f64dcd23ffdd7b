"""Anthropic's page: cells of the four real captures, and the layouts of other months written by hand."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.page import Page
from history.model import ALWAYS, Conditions, Offer
from tests.spiders.reading import altered, cell, extract, real, saved

SHORT, LONG = Conditions(max_input_tokens=200_000), Conditions(min_input_tokens=200_001)
SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
NO_MODELS = "| Input | Output |\n|---|---|\n| $30 / MTok | $150 / MTok |"
ROWS = ("input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "cache_read_tokens", "output_tokens")

# Typed from the captures by hand: model, tier, and the amounts of a row; of two prices where the table has no more.
CELLS: dict[str, list[tuple[str, str, str]]] = {
    "2025-10-20": [
        ("Claude Opus 4.1", "standard", "15 18.75 30 1.50 75"),
        ("Claude Sonnet 3.5", "standard", "3 3.75 6 0.30 15"),
        ("Claude Haiku 3.5", "standard", "0.80 1 1.6 0.08 4"),
        ("Claude Haiku 3", "standard", "0.25 0.30 0.50 0.03 1.25"),
        ("Claude Haiku 3", "batch", "0.125 0.625"),
        ("Claude Opus 3", "batch", "7.50 37.50"),
    ],
    "2026-02-06": [
        ("Claude Opus 4.6", "standard", "5 6.25 10 0.50 25"),
        ("Claude Sonnet 3.7", "standard", "3 3.75 6 0.30 15"),
        ("Claude Haiku 3", "standard", "0.25 0.30 0.50 0.03 1.25"),
        ("Claude Opus 4.6", "batch", "2.50 12.50"),
        ("Claude Haiku 3.5", "batch", "0.40 2"),
    ],
    "2026-05-01": [
        ("Claude Opus 4.7", "standard", "5 6.25 10 0.50 25"),
        ("Claude Haiku 4.5", "standard", "1 1.25 2 0.10 5"),
        ("Claude Opus 3", "standard", "15 18.75 30 1.50 75"),
        ("Claude Opus 4.6", "fast", "30 150"),
        ("Claude Sonnet 4.6", "batch", "1.50 7.50"),
    ],
    "2026-08-06": [
        ("Claude Fable 5", "standard", "10 12.50 20 1 50"),
        ("Claude Mythos 5", "standard", "10 12.50 20 1 50"),
        ("Claude Haiku 3.5", "standard", "0.80 1 1.60 0.08 4"),
        ("Claude Opus 5", "fast", "10 50"),
        ("Claude Opus 4.8", "fast", "10 50"),
        ("Claude Opus 4", "batch", "7.50 37.50"),
        ("Claude Haiku 4.5", "batch", "0.50 2.50"),
    ],
}
# How many prices each capture states: input and output, and of each kind of caching.
COUNTS = {"2025-10-20": (22, 10), "2026-02-06": (25, 11), "2026-05-01": (27, 13), "2026-08-06": (34, 16)}
NOTES = {
    "2025-10-20": {"Claude Sonnet 3.5": "deprecated", "Claude Opus 3": "deprecated"},
    "2026-02-06": {"Claude Sonnet 3.7": "deprecated", "Claude Opus 3": "deprecated"},
    "2026-05-01": {"Claude Sonnet 3.7": "deprecated", "Claude Opus 3": "deprecated"},
    "2026-08-06": {
        "Claude Mythos 5": "limited availability",
        "Claude Opus 4.1": "retired, except on Bedrock and Google Cloud",
        "Claude Opus 4": "retired, except on Google Cloud",
        "Claude Sonnet 4": "retired, except on Bedrock and Google Cloud",
        "Claude Haiku 3.5": "retired, except on Bedrock and Google Cloud",
    },
}
FAST_MODE = {
    # 2026-02: a row for each length; no colon says which models follow.
    "by length": (
        "Fast mode for Claude Opus 4.6 (research preview) provides faster output at premium pricing (6x):",
        "| Context window | Input | Output |\n|---|---|---|\n"
        "| ≤ 200K input tokens | $30 / MTok | $150 / MTok |\n| > 200K input tokens | $60 / MTok | $225 / MTok |",
        [("Claude Opus 4.6", SHORT, "30", "150"), ("Claude Opus 4.6", LONG, "60", "225")],
    ),
    # 2026-05, from the middle of the month on: two models in the sentence and no column for them.
    "of two models": (
        "Fast mode, in beta (research preview), provides significantly faster output for Claude Opus 4.6 and Claude "
        "Opus 4.7 at premium pricing (6x standard rates). It is not available on other platforms.",
        NO_MODELS,
        [("Claude Opus 4.6", ALWAYS, "30", "150"), ("Claude Opus 4.7", ALWAYS, "30", "150")],
    ),
}  # fmt: skip


def read(recorded: Path, date: str) -> list[Offer]:
    return extract(real(recorded, "anthropic", date), "anthropic")


@pytest.mark.parametrize("date", CELLS)
def test_cells_of_the_real_pages_read_by_hand(recorded: Path, date: str) -> None:
    offers = read(recorded, date)
    for model, tier, row in CELLS[date]:
        units = ROWS if tier == "standard" else (ROWS[0], ROWS[-1])
        for unit, amount in zip(units, row.split(), strict=True):
            price = cell(offers, model, tier, unit)
            assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", 1_000_000), (model, unit)
            assert (price.list_amount, price.valid_from, price.valid_to) == (None, None, None)


@pytest.mark.parametrize("date", CELLS)
def test_the_real_pages_give_as_many_prices_as_they_list(recorded: Path, date: str) -> None:
    offers, (both, cached) = read(recorded, date), COUNTS[date]
    counts = dict(zip(ROWS, (both, cached, cached, cached, both), strict=True))
    assert Counter(price.unit for offer in offers for price in offer.components) == counts
    notes = {offer.model: offer.terms[0] for offer in offers if offer.terms and offer.tier == "standard"}
    assert notes == NOTES[date]


def test_over_200k_every_model_of_the_sentence_costs_more(recorded: Path) -> None:
    for date, models in (
        ("2025-10-20", {"Claude Sonnet 4": "6 22.50", "Claude Sonnet 4.5": "6 22.50"}),
        ("2026-02-06", {"Claude Opus 4.6": "10 37.50", "Claude Sonnet 4.5": "6 22.50", "Claude Sonnet 4": "6 22.50"}),
    ):
        offers = read(recorded, date)
        found = {
            offer.model: " ".join(str(price.amount) for price in offer.components if price.conditions == LONG)
            for offer in offers
            if offer.tier == "standard"
        }
        assert {model: amounts for model, amounts in found.items() if amounts} == models


WIDE = """| Model | ≤ 200k Input | ≤ 200k Output | > 200k Input | > 200k Output |
|---|---|---|---|---|
| Claude Sonnet 4.5 / 4 | $3 / MTok | $15 / MTok | $6 / MTok | $22.50 / MTok |"""


def with_long_context(table: str) -> Page:
    page = saved("anthropic/2026-02-06")
    text = page.body.decode()
    at, end = text.index("| Model | ≤ 200K"), text.index("#### Code execution")
    return replace(page, body=f"{text[:at]}{table}\n\n{text[end:]}".encode())


def test_long_context_may_have_a_column_for_each_direction() -> None:
    offers = extract(with_long_context(WIDE), "anthropic")
    for model in ("Claude Sonnet 4.5", "Claude Sonnet 4"):
        assert cell(offers, model, "standard", "input_tokens", LONG).amount == 6
        assert cell(offers, model, "standard", "output_tokens", LONG).amount == Decimal("22.50")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (WIDE.replace("| $3 /", "| $4 /"), "is not its base price"),
        (WIDE.replace("≤ 200k Output", "≤ 400k Output"), "no column '≤ 200K Output'"),
        ("| Model | ≤ 200K input tokens | > 200K input tokens |\n|---|---|---|\n| Claude Sonnet 4 | Input: $3 / MTok | "
         "Output: $15 / MTok |", "not two prices of one direction"),
    ],
)  # fmt: skip
def test_long_context_that_does_not_fit_is_refused(table: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(with_long_context(table), "anthropic")


def test_the_introductory_price_ends_when_the_next_one_begins(recorded: Path) -> None:
    offers = [offer for offer in read(recorded, "2026-08-06") if offer.model == "Claude Sonnet 5"]
    stated = [(o.tier, str(p.amount), p.valid_from, p.valid_to) for o in offers for p in o.components]
    assert stated == [
        *(("standard", amount, None, SEPTEMBER) for amount in ("2", "2.50", "4", "0.20", "10")),
        *(("standard", amount, SEPTEMBER, None) for amount in ("3", "3.75", "6", "0.30", "15")),
        *(("batch", amount, None, SEPTEMBER) for amount in ("1", "5")),
        *(("batch", amount, SEPTEMBER, None) for amount in ("1.50", "7.50")),
    ]


def with_fast_mode(sentence: str, table: str) -> Page:
    page = saved("anthropic/2026-10-01")
    return replace(page, body=page.body + f"\n### Fast mode pricing\n\n{sentence}\n\n{table}\n".encode())


@pytest.mark.parametrize("kind", FAST_MODE)
def test_fast_mode_is_for_the_models_that_the_sentence_names(kind: str) -> None:
    sentence, table, expected = FAST_MODE[kind]
    offers = extract(with_fast_mode(sentence, table), "anthropic")
    assert sum(len(offer.components) for offer in offers if offer.tier == "fast") == 2 * len(expected)
    for model, when, *amounts in expected:
        for unit, amount in zip(("input_tokens", "output_tokens"), amounts, strict=True):
            assert cell(offers, model, "fast", unit, when).amount == Decimal(amount)


def test_a_sentence_that_names_no_model_leaves_its_table_to_be_told() -> None:
    page = with_fast_mode("Fast mode is not for everyone.", NO_MODELS)
    assert {offer.tier for offer in extract(page, "anthropic")} == {"standard", "batch"}
    assert page.unread["table: Fast mode pricing"] == 1


def test_a_sentence_that_names_models_twice_and_differently_is_refused() -> None:
    sentence = "Fast mode for Claude Opus 4.6 provides faster output. Currently supported on Opus 4.7:"
    with pytest.raises(PageChanged, match="which of them the table is for"):
        extract(with_fast_mode(sentence, NO_MODELS), "anthropic")


def test_capitals_of_a_header_may_change() -> None:
    page = altered("anthropic/2026-08-06", "Cache Hits & Refreshes", "Cache hits and refreshes")
    body = page.body.replace(b"Base Input Tokens", b"Base input Tokens").replace(b"Batch input", b"Batch Input")
    assert extract(replace(page, body=body), "anthropic") == extract(saved("anthropic/2026-08-06"), "anthropic")


def test_a_dash_is_no_price_and_an_empty_cell_is_refused() -> None:
    offers = extract(altered("anthropic/2026-08-06", "$12.50 / MTok  ", "-              "), "anthropic")
    units = [{price.unit for price in offer.components} for offer in offers if offer.tier == "standard"]
    assert units[0] == {*ROWS} - {"cache_write_tokens"}
    assert units[-1] == {*ROWS}
    with pytest.raises(PageChanged, match="not one amount"):
        extract(altered("anthropic/2026-08-06", "$12.50 / MTok  ", "               "), "anthropic")


def test_the_html_page_is_read_too_with_the_glyphs_behind_its_headings() -> None:
    row = "<td>$5 / MTok</td><td>$6.25 / MTok</td><td>$10 / MTok</td><td>$0.50 / MTok</td><td>$25 / MTok</td>"
    header = "Model|Base Input Tokens|5m Cache Writes|1h Cache Writes|Cache Hits &amp; Refreshes|Output Tokens"
    names = "".join(f"<th>{name}</th>" for name in header.split("|"))
    glyph = '<span><button><span aria-hidden="true">\ue1a7</span></button></span>'
    body = (
        f"<!DOCTYPE html><html><body><h2>Model pricing{glyph}</h2><p>All models:</p><div><table><thead><tr>{names}"
        f"</tr></thead><tbody><tr><td>Claude Opus 5 (<a>deprecated</a>)</td>{row}</tr></tbody></table></div>"
        f"<h3>Batch processing{glyph}</h3><table><tr><th>Model</th><th>Batch input</th><th>Batch output</th></tr>"
        "<tr><td>Claude Opus 5</td><td>$2.50 / MTok</td><td>$12.50 / MTok</td></tr></table></body></html>"
    )
    page = replace(saved("anthropic/2026-08-06"), body=body.encode(), media_type="text/html")
    offers = extract(page, "anthropic")
    assert cell(offers, "Claude Opus 5", "standard", "cache_read_tokens").amount == Decimal("0.50")
    assert cell(offers, "Claude Opus 5", "batch", "output_tokens").amount == Decimal("12.50")
    assert offers[0].terms == ("deprecated",)
