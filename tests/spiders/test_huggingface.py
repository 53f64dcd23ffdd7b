"""Hugging Face's router: each provider is a route of its own."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, saved

PAGE = "huggingface/2026-09-15"


def test_each_provider_of_a_model_is_a_route_with_its_price_per_million() -> None:
    offers = extract(saved(PAGE), "huggingface")
    price = cell(offers, "deepseek-ai/DeepSeek-V4-Pro", "standard", "output_tokens", region="together")
    assert (price.amount, price.currency, price.per) == (Decimal("4.4"), "USD", 1_000_000)
    assert len({offer.key for offer in offers}) == len(offers) == 7


def test_free_unpriced_and_broken_routes_say_so() -> None:
    terms = {offer.region: offer.terms for offer in extract(saved(PAGE), "huggingface") if offer.terms}
    assert terms == {
        "featherless-ai": ("no price is stated",),
        "deepinfra": ("status error",),
        "hf-inference": ("free",),
        "together": ("free",),
    }


def test_a_price_that_is_not_known_is_reported() -> None:
    page = saved(PAGE)
    extract(page, "huggingface")
    assert page.unread == {"price key cached_input": 1, "routes without pricing": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"input": 2.1', '"input": "two"', "DeepSeek-V4-Pro at together: 'two' is not a decimal price"),
        ('"providers"', '"routes"', "providers"),
        ('"provider": "novita"', '"name": "novita"', "provider"),
        ('"data"', '"models"', "data"),
        ('"pricing"', '"prices"', "no price was found"),
    ],
)
def test_an_answer_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "huggingface")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(PageChanged, match="empty"):
        extract(replace(saved(PAGE), body=b'{"data": []}'), "huggingface")
