"""MiniMax's international page in Markdown, trap by trap."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

SAVED = "minimax/2026-07-01"
SHORT, LONG = Conditions(max_input_tokens=512_000), Conditions(min_input_tokens=512_001)


def test_the_sale_is_charged_and_the_struck_price_is_the_list_price() -> None:
    offers = extract(saved(SAVED), "minimax")
    price = cell(offers, "MiniMax-M3", "standard", "cache_read_tokens", LONG)
    assert (price.amount, price.list_amount, price.per) == (Decimal("0.12"), Decimal("0.24"), 1_000_000)


def test_the_priority_tab_is_a_tier_of_its_own() -> None:
    offers = extract(saved(SAVED), "minimax")
    amounts = {
        tier: cell(offers, "MiniMax-M3", tier, "input_tokens", SHORT).amount for tier in ("standard", "priority")
    }
    assert amounts == {"standard": Decimal("0.30"), "priority": Decimal("0.45")}


def test_a_badge_and_an_accordion_are_terms() -> None:
    terms = {(offer.model, offer.tier): offer.terms for offer in extract(saved(SAVED), "minimax")}
    assert terms["MiniMax-M3", "standard"] == ("Permanent 50% off",)
    assert terms["MiniMax-M2.5", "standard"] == ("legacy",)
    assert terms["M2-her", "standard"] == ()


def test_a_price_by_the_character_is_reported_not_sold_by_the_token() -> None:
    page = saved(SAVED)
    extract(page, "minimax")
    assert page.unread == {"table: Audio": 1, "table: Video": 2}


def test_a_task_among_the_videos_that_is_billed_by_the_token_is_read() -> None:
    offers = extract(saved(SAVED), "minimax")
    assert cell(offers, "MiniMax-H3-Context", "standard", "output_tokens").amount == Decimal("3.20")
    assert "MiniMax-H3" not in {offer.model for offer in offers}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('<Tab title="Priority*">', '<Tab title="Batch">', "no known tier"),
        ('  <Tab title="Priority*">', "", "two prices"),
        ('<Accordion title="Legacy Models">', '<Accordion title="Retired">', "no known tier"),
        ("\n<Accordion", "\n### Batch API\n\n<Accordion", "no known tier"),
        ("| Prompt caching Write |", "| Cache Write |", "unknown column 'Cache Write'"),
        ("| Model | Input | Output |", "| Model | Prompt | Output |", "no column"),
        ("\\$0.3 / M tokens", "\\$0.3 / K characters", "not a price for"),
        ("\\$0.3 / M tokens", "\\$0.3", "not a price for"),
        ("~~\\$0.60~~ \\$0.30", "\\$0.60 \\$0.30", "not one amount"),
        ("~~\\$0.60~~ \\$0.30", "~~\\$0.30~~ \\$0.60", "not a sale"),
        ("> 512k input tokens", "≤ 512k input tokens", "does not begin where"),
        ("> 512k input tokens", "> 512k output tokens", "no model's name"),
        ("**MiniMax-M2.7**", "**MiniMax-M2.7** (new)", "no model's name"),
        ("**Output Price**", "**Answer Price**", "no column"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), "minimax")


def test_columns_are_found_by_their_headers_wherever_they_stand() -> None:
    swapped = extract(altered(SAVED, "| Model | Input | Output |", "| Model | Output | Input |"), "minimax")
    assert cell(swapped, "MiniMax-M3", "standard", "output_tokens", SHORT).amount == Decimal("0.30")


def test_a_model_that_is_discontinued_is_priced_with_that_term() -> None:
    offers = extract(altered(SAVED, "**MiniMax-M2.7**", "**MiniMax-M2.7** (Discontinued)"), "minimax")
    assert {offer.model: offer.terms for offer in offers}["MiniMax-M2.7"] == ("Discontinued",)
