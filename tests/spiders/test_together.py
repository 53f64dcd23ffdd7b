"""Together's model page in its documented shape, trap by trap."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, saved

PAGE, EARLIER = "together/2026-10-07", "together/2026-04-15"


def test_the_model_is_what_a_caller_sends() -> None:
    price = cell(extract(saved(PAGE), "together"), "moonshotai/Kimi-K3", "standard", "cache_read_tokens")
    assert (price.amount, price.currency, price.per) == (Decimal("0.30"), "USD", 1_000_000)


def test_a_model_in_two_tables_is_one_offer() -> None:
    offers = extract(saved(PAGE), "together")
    assert [offer.model for offer in offers].count("moonshotai/Kimi-K3") == 1
    assert [price.unit for price in offers[0].components] == ["input_tokens", "cache_read_tokens", "output_tokens"]


def test_free_is_a_term_and_a_dash_says_nothing() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(PAGE), "together") if offer.terms}
    assert terms == {
        "Prism-ML/Ternary-Bonsai-27B": ("input: free", "output: free"),
        "together/Tev1-4B-experimental": ("output: free",),
    }


def test_images_and_the_batch_discount_are_reported() -> None:
    page = saved(PAGE)
    extract(page, "together")
    assert page.unread == {"table: Image models": 1, "batch discount": 1}


def test_one_price_is_of_every_token_that_there_is() -> None:
    page = saved(EARLIER)
    units = {offer.model: [price.unit for price in offer.components] for offer in extract(page, "together")}
    assert units["intfloat/multilingual-e5-large-instruct"] == ["input_tokens"]
    assert units["meta-llama/Llama-Guard-4-12B"] == ["input_tokens", "output_tokens"]
    assert page.unread == {"table: Audio models": 1}


def test_capitals_of_a_header_say_nothing() -> None:
    page = altered(PAGE, "pricing (per 1M tokens)", "Pricing (per 1M tokens)")
    assert extract(page, "together") == extract(saved(PAGE), "together")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Input pricing (per 1M tokens)", "Input pricing (per 1K tokens)", "no price was found"),
        ("| API model string ", "| API name         ", "no column 'API model string'"),
        (r"| \$0.15  ", r"| €0.15   ", "not in USD"),
        (r"| \$0.15  ", r"| \$0.15 / 1K tokens ", "is not a price for"),
        ("| Qwen/Qwen3.8-Flash  ", "|                     ", "a row without a model"),
        (r"| \$0.50  ", r"| Ask us  ", "not one amount"),
        (
            "| Qwen/Qwen3-VL-32B  | 262144         | \\$0.50 ",
            "| moonshotai/Kimi-K3 | 262144         | \\$0.50 ",
            "two prices",
        ),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "together")
