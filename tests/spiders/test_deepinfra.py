"""DeepInfra's model list in its documented shape: USD per million, not per token."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, saved

PAGE = "deepinfra/2026-08-20"


def test_prices_are_per_million_tokens() -> None:
    price = cell(extract(saved(PAGE), "deepinfra"), "zai-org/GLM-5.2", "standard", "cache_read_tokens")
    assert (price.amount, price.currency, price.per) == (Decimal("0.22"), "USD", 1_000_000)


def test_an_output_price_of_zero_is_not_a_price() -> None:
    [bge] = [offer for offer in extract(saved(PAGE), "deepinfra") if offer.model == "BAAI/bge-m3"]
    assert [price.unit for price in bge.components] == ["input_tokens"]


def test_models_without_a_token_price_say_so_and_other_prices_are_reported() -> None:
    page = saved(PAGE)
    offers = extract(page, "deepinfra")
    assert {offer.model: offer.terms for offer in offers if offer.terms} == {
        "black-forest-labs/FLUX-2": ("no price is stated",),
        "hexgrad/Kokoro-82M": ("no price of tokens is stated",),
    }
    prices = {"price key per_query": 1, "price key input_characters": 1}
    assert page.unread == {**prices, "models without pricing": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"input_tokens": 1.2', '"input_tokens": "dear"', "zai-org/GLM-5.2: 'dear' is not a decimal price"),
        ('"metadata"', '"meta"', "metadata"),
        ('"data"', '"models"', "data"),
        ('"pricing"', '"prices"', "no price was found"),
    ],
)
def test_an_answer_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "deepinfra")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(PageChanged, match="empty"):
        extract(replace(saved(PAGE), body=b'{"data": []}'), "deepinfra")
