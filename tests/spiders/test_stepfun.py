"""StepFun's pricing page in English and in Chinese, trap by trap; no capture holds its own bytes yet."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from crawler.reading import spider_class
from tests.spiders.reading import altered, cell, extract, saved

NAME, ENGLISH, CHINESE = "stepfun", "stepfun/2026-10-07", "stepfun/2026-10-08"


def test_the_chinese_page_is_in_yuan_and_the_english_one_in_dollars() -> None:
    assert spider_class(NAME).source().currencies == {"USD", "CNY"}
    yuan = cell(extract(saved(CHINESE), NAME), "step-5-preview", "standard", "cache_read_tokens")
    dollars = cell(extract(saved(ENGLISH), NAME), "step-3.5-flash", "standard", "input_tokens")
    assert (yuan.amount, yuan.currency) == (Decimal("0.35"), "CNY")
    assert (dollars.amount, dollars.currency) == (Decimal("0.10"), "USD")


def test_a_free_model_is_a_term_and_a_dash_is_no_price() -> None:
    offers = {offer.model: offer for offer in extract(saved(ENGLISH), NAME)}
    assert offers["stepaudio-3-chat-preview"].terms == ("Free (limited time)",)
    assert offers["stepaudio-3-chat-preview"].components == ()
    assert {price.unit for price in offers["step-1o-turbo-vision"].components} == {"input_tokens", "output_tokens"}


def test_yuan_stand_close_to_their_number_or_apart() -> None:
    close = altered(CHINESE, "| 0.7 元 | 0.14 元 | 2.1 元 |", "| 0.7元 | 0.14元 | 2.1元 |")
    assert list(extract(close, NAME)) == list(extract(saved(CHINESE), NAME))


def test_a_sign_says_the_currency_as_well_and_without_any_there_is_none() -> None:
    signed = altered(CHINESE, " 元 |", " |")
    with pytest.raises(PageChanged, match="in which currency"):
        extract(signed, NAME)
    for amount in ("7", "0.35", "20", "0.7", "0.14", "2.1", "2.5", "0.5", "8"):
        signed = replace(signed, body=signed.body.replace(f"| {amount} |".encode(), f"| ¥{amount} |".encode()))
    assert extract(signed, NAME) == extract(saved(CHINESE), NAME)


def test_what_is_not_billed_by_token_is_reported() -> None:
    page = saved(ENGLISH)
    assert "step-asr-stream" not in {offer.model for offer in extract(page, NAME)}
    tables = {"Billed by character": 1, "Text-to-speech": 2, "Pricing for Value-Added Capabilities": 2}
    tables["Individual Accounts"] = 2
    assert page.unread == {"price per 1hour": 1, **{f"table: {name}": rows for name, rows in tables.items()}}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (ENGLISH, "Input (cache miss)", "Input", "under unknown headers"),
        (ENGLISH, "\\$0.42 |", "\\$0.42 / 1M tokens |", "under unknown headers"),
        (ENGLISH, "| 1 hour |", "| 1K tokens |", "per '1ktokens'"),
        (CHINESE, "百万 tokens", "千 tokens", "per '千tokens'"),
        (ENGLISH, "Billing unit", "Unit", "what its prices are for"),
        (ENGLISH, "\\$0.20", "¥0.20", "not in CNY"),
        (ENGLISH, "\\$0.20 |", " |", "does not say for what"),
        (ENGLISH, "| — | — | — | — |", "| — | \\$1 | — | — |", "does not say for what"),
        (ENGLISH, "\\$0.20", "\\$0.20 / 1K tokens", "not a price for 1000000"),
        (ENGLISH, "`step-3.7-flash`", "`step-3.7-flash` (new)", "has a row for"),
        (ENGLISH, "### Pricing for Reasoning Models", "### Batch pricing", "what its prices are for"),
        (ENGLISH, "### Pricing for Reasoning Models", "### Off-peak pricing", "what its prices are for"),
        (ENGLISH, "### Pricing for Reasoning Models", "### Models\n\nWith priority:", "what its prices are for"),
        (ENGLISH, "Input (cache hit)", "Cached input", "unknown column 'Cached input'"),
        (CHINESE, "输入价格（缓存命中）", "缓存读取", "unknown column '缓存读取'"),
        (CHINESE, "20 元", "20 美元", "not in CNY"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)
