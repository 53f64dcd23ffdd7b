"""SiliconFlow's lists of lines, trap by trap. The recorded page is a conversion: its text, not its bytes."""

from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE = "siliconflow/2026-05-08"

# Typed from the converted capture of 2026-05-08 by hand: model, input, cached input, output.
CELLS = [
    ("DeepSeek-V4-Flash", "0.14", "0.028", "0.28"),
    ("DeepSeek-V3.2-Exp", "0.27", None, "0.41"),
    ("DeepSeek-V3.1-Terminus", "0.27", None, "1"),
    ("GLM-5", "0.95", "0.2", "2.55"),
    ("GLM-4.6", "0.39", None, "1.9"),
    ("Kimi-K2.5", "0.23", "0.07", "3.0"),
    ("MiniMax-M2.5", "0.3", "0.03", "1.2"),
    ("gpt-oss-20b", "0.04", None, "0.18"),
    ("DeepSeek-V3.1-Nex-N1", "0.135", None, "0.5"),
]


def test_the_converted_page_says_what_was_typed_from_it(recorded: Path) -> None:
    page = real(recorded, "siliconflow", "2026-05-08")
    offers = extract(page, "siliconflow")
    assert len(offers) == 27
    for model, *amounts in CELLS:
        [offer] = [offer for offer in offers if offer.model == model]
        units = ("input_tokens", "cache_read_tokens", "output_tokens")
        stated = {unit: Decimal(amount) for unit, amount in zip(units, amounts, strict=True) if amount}
        assert {price.unit: price.amount for price in offer.components} == stated, model
    assert page.unread["Load More"] == 4


def test_a_row_with_two_prices_has_no_cached_one() -> None:
    offers = extract(saved(PAGE), "siliconflow")
    price = cell(offers, "DeepSeek-V3.2-Exp", "standard", "output_tokens")
    assert (price.amount, price.currency, price.per) == (Decimal("0.41"), "USD", 1_000_000)


def test_a_sign_that_stands_with_its_amount_is_read_too() -> None:
    page = altered(PAGE, "<p>$</p><p>", "<p>$")
    assert extract(page, "siliconflow") == extract(saved(PAGE), "siliconflow")


def test_the_page_for_narrow_screens_is_not_read_twice() -> None:
    [flash] = [offer for offer in extract(saved(PAGE), "siliconflow") if offer.model == "DeepSeek-V4-Flash"]
    assert len(flash.components) == 3


def test_free_is_a_term_and_images_and_hidden_models_are_reported() -> None:
    page = saved(PAGE)
    assert extract(page, "siliconflow")[-1].terms == ("free",)
    assert page.unread == {"Load More": 1, "table: Price (/image)": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<p>Model Name</p><p>Context", "<p>Name</p><p>Context", "models stand outside|no price was found"),
        ("<p>Cached Input</p><p>Output</p>", "<p>Output</p><p>Cached Input</p>", "models stand outside|no price was"),
        ("per 1 million tokens", "per 1 thousand tokens", "is not 'Prices shown are per 1 million"),
        ("<p>0.27</p>", "<p>2.7</p>", "are not the prices of input, cached input and output"),
        ("<p>0.028</p>", "<p>0.28</p>", "are not the prices of input"),
        ("<p>0.28</p>", "<p>0.28 / M</p>", "is not a model with its prices"),
        ("<p>$</p><p>0.41</p>", "<p>€</p><p>0.41</p>", "is not a model with its prices"),
        ("<p>164K</p>", "<p>long</p>", "is not a model with its prices"),
        ("<p>DeepSeek-V3.2-Exp</p>", "<p>DeepSeek-V4-Flash</p>", "two prices"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "siliconflow")
