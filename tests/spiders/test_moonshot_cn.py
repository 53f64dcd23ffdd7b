"""Kimi's Chinese pages, trap by trap, and cell by cell against the real capture."""

from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.spiders.moonshot_cn import MoonshotCN
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

SAVED = "moonshot_cn/2026-07-17"
OLD = "moonshot_cn/2025-11-11"


def test_every_cell_of_the_real_page_read_by_hand(recorded: Path) -> None:
    page = real(recorded, "moonshot_cn", "2026-07-17")
    [offer] = extract(page, "moonshot_cn")
    assert (offer.provider, offer.model, offer.tier, offer.region) == ("moonshot-cn", "kimi-k2.6", "standard", "")
    assert offer.terms == ()
    assert [(price.unit, price.amount, price.currency, price.per) for price in offer.components] == [
        ("cache_read_tokens", Decimal("1.10"), "CNY", 1_000_000),
        ("input_tokens", Decimal("6.50"), "CNY", 1_000_000),
        ("output_tokens", Decimal("27.00"), "CNY", 1_000_000),
    ]
    assert all(price.conditions == ALWAYS and price.list_amount is None for price in offer.components)
    assert page.unread == {}


def test_a_page_of_a_model_leads_nowhere(recorded: Path) -> None:
    assert list(MoonshotCN().next_urls(real(recorded, "moonshot_cn", "2026-07-17"))) == []


def test_a_price_for_a_thousand_tokens_stays_one() -> None:
    price = cell(extract(saved(SAVED), "moonshot_cn"), "kimi-k2-turbo", "standard", "output_tokens")
    assert (price.amount, price.per) == (Decimal("0.064"), 1_000)


def test_a_table_without_caching_has_one_input_price() -> None:
    offers = extract(saved(SAVED), "moonshot_cn")
    assert cell(offers, "moonshot-v1-128k", "standard", "input_tokens").amount == Decimal(10)
    assert [price.unit for price in offers[-1].components] == ["input_tokens", "output_tokens"]


def test_half_width_brackets_say_the_same() -> None:
    page = altered(SAVED, "输入价格（缓存命中）", "输入价格(缓存命中)")
    assert extract(page, "moonshot_cn") == extract(saved(SAVED), "moonshot_cn")


def test_cache_writes_and_batch_are_read_in_the_words_of_autumn_2026() -> None:
    offers = extract(saved("moonshot_cn/2026-10-06"), "moonshot_cn")
    assert cell(offers, "kimi-k4", "standard", "cache_write_tokens").amount == Decimal(18)
    assert cell(offers, "kimi-k4", "standard", "cache_write_1h_tokens").amount == Decimal(36)
    assert cell(offers, "kimi-k4-mini", "batch", "output_tokens").amount == Decimal("12.6")


def test_the_one_page_of_2025_prices_a_model_by_how_long_a_request_is() -> None:
    offers = extract(saved(OLD), "moonshot_cn")
    long = Conditions(min_input_tokens=32_769, max_input_tokens=131_072)
    assert cell(offers, "kimi-newest", "standard", "output_tokens", long).amount == Decimal(36)
    assert {price.conditions for price in offers[0].components} == {ALWAYS}


def test_a_badge_is_no_part_of_the_models_id_glued_to_it_or_not() -> None:
    offers = extract(saved(OLD), "moonshot_cn")
    assert (offers[1].model, offers[1].terms) == ("kimi-k1-turbo", ("推荐",))
    assert extract(altered(OLD, "<span>推荐", "<br><span>推荐"), "moonshot_cn") == offers


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("≤ 8,192 tokens", "短文本", "does not say for how many tokens"),
        ("8,192 &lt; 长度", "16,384 &lt; 长度", "does not begin where the length before has ended"),
        ("8,192 &lt; 长度 ≤ 32,768 tokens", "≤ 8,192 tokens", "does not begin where the length before has ended"),
        # A copy that lost the merged cell: the prices would stand one column to the left.
        (' rowspan="3"', "", "unknown column '计费单位'"),
        ("推荐", "即将下线", "no model for tokens"),
    ],
)
def test_a_page_of_2025_that_says_something_else_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(OLD, old, new), "moonshot_cn")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<th>输出价格</th>", "<th>价格</th>", "no column"),
        ("¥6.50", "$6.50", "not in CNY"),
        ("¥6.50", "6.50起", "not one amount"),
        ("kimi-k2-turbo", "kimi-k2.6", "two prices"),
        ("<th>输入价格（缓存未命中）</th>", "<th>输入价格（未命中）</th>", "no column"),
        ("<td>¥1.10</td>", "", "6 columns, but a row"),
        ("<td>¥1.10</td>", "<td>¥1.10 ¥2.20</td>", "not one amount"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), "moonshot_cn")


def test_an_unknown_column_without_money_is_reported() -> None:
    page = altered(SAVED, "<th>上下文窗口</th>", "<th>上下文</th>")
    extract(page, "moonshot_cn")
    assert page.unread == {"上下文": 3}
