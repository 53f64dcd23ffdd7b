"""MiniMax's Chinese page, trap by trap, and cell by cell against the real capture."""

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.page import Page
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

NAME, SAVED, DOCS = "minimax_cn", "minimax_cn/2026-07-17", "minimax_cn/2026-10-07"
DRAWN = "minimax_cn/2026-09-11"
SHORT, LONG = Conditions(max_input_tokens=512_000), Conditions(min_input_tokens=512_001, max_input_tokens=1_000_000)
# Typed from the capture of 2026-07-17 by hand, all that it holds: model, unit, conditions, amount, list price.
CELLS: list[tuple[str, str, Conditions, str, str | None]] = [
    ("MiniMax-M3", "input_tokens", SHORT, "2.1", "4.2"),
    ("MiniMax-M3", "output_tokens", SHORT, "8.4", "16.8"),
    ("MiniMax-M3", "cache_read_tokens", SHORT, "0.42", "0.84"),
    ("MiniMax-M3", "input_tokens", LONG, "4.2", "8.4"),
    ("MiniMax-M3", "output_tokens", LONG, "16.8", "33.6"),
    ("MiniMax-M3", "cache_read_tokens", LONG, "0.84", "1.68"),
    ("MiniMax-M2.7", "input_tokens", ALWAYS, "2.1", None),
    ("MiniMax-M2.7", "output_tokens", ALWAYS, "8.4", None),
    ("MiniMax-M2.7", "cache_read_tokens", ALWAYS, "0.42", None),
    ("MiniMax-M2.7", "cache_write_tokens", ALWAYS, "2.625", None),
    ("MiniMax-M2.7-highspeed", "input_tokens", ALWAYS, "4.2", None),
    ("MiniMax-M2.7-highspeed", "output_tokens", ALWAYS, "16.8", None),
    ("MiniMax-M2.7-highspeed", "cache_read_tokens", ALWAYS, "0.42", None),
    ("MiniMax-M2.7-highspeed", "cache_write_tokens", ALWAYS, "2.625", None),
]


def test_every_cell_of_the_real_page_read_by_hand(recorded: Path) -> None:
    page = real(recorded, NAME, "2026-07-17")
    offers = extract(page, NAME)
    for model, unit, when, amount, regular in CELLS:
        price = cell(offers, model, "standard", unit, when)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "CNY", 1_000_000), (model, unit)
        assert price.list_amount == (Decimal(regular) if regular else None), (model, unit)
    assert sum(len(offer.components) for offer in offers) == len(CELLS)
    assert Counter(price.unit for offer in offers for price in offer.components)["cache_write_tokens"] == 2
    assert page.unread == {"table: 视频": 3, "table: 声音": 5, "table: 音乐": 4, "tab: 优先": 1}


@pytest.mark.parametrize("badge", ["限时 5 折", "限时八折", "新品", "HOT", "（已下线）"])
def test_whatever_the_badge_of_a_model_says_is_a_term(badge: str) -> None:
    offers = extract(altered(SAVED, "永久五折", badge), NAME)
    assert (offers[0].model, offers[0].terms) == ("MiniMax-M3", (badge.strip("（）"),))
    assert offers[0].components == extract(saved(SAVED), NAME)[0].components


def test_the_open_tab_says_the_tier_of_its_own_grid_only() -> None:
    page = altered(SAVED, 'aria-selected="true">标准', 'aria-selected="false">标准')
    page = replace(
        page, body=page.body.replace('aria-selected="false">优先'.encode(), 'aria-selected="true">优先'.encode())
    )
    assert {(offer.model, offer.tier) for offer in extract(page, NAME)} == {
        ("MiniMax-M3", "priority"),
        ("MiniMax-M2.7", "standard"),
    }
    assert page.unread["tab: 标准"] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<span>百万 tokens</span>", "<span>千 tokens</span>", "no column"),
        ("<span>缓存读取</span>", "<span>缓存命中</span>", "unknown column"),
        ("<div>缓存写入</div>", "<div>缓存</div>", "unknown column '缓存'"),
        ("<div>模型</div>", "<div>名称</div>", "unknown header"),
        ('<span class="line-through">¥4.2</span>', "<span>¥4.2</span>", "not one amount"),
        ("<span>/ 百万 tokens</span>", "<span>/ 百万字符</span>", "not a price for"),
        ("<span>/ 百万 tokens</span>", "", "not a price for"),
        ("上下文 512K ~ 1M", "上下文 256K ~ 1M", "does not begin where"),
        ("上下文 ≤ 512K", "上下文 ≥ 512K", "no model's name"),
        ("<div>MiniMax-M2.7</div>", "<div>MiniMax-M2.7 停售</div>", "no model's name"),
        ('aria-selected="true"', 'aria-selected="false"', "not one tab"),
        (">标准<", ">特惠<", "not one tab"),
        ("¥2.625", "$2.625", "not in CNY"),
        ("grid-template-columns", "columns", "no price was found"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), NAME)


def test_the_documentation_has_both_tiers_and_the_models_of_old() -> None:
    page = saved(DOCS)
    offers = extract(page, NAME)
    priority = cell(offers, "MiniMax-M4", "priority", "input_tokens", Conditions(min_input_tokens=512_001))
    assert (priority.amount, priority.list_amount, priority.per) == (Decimal("6.45"), Decimal("12.9"), 1_000_000)
    assert {offer.model: offer.terms for offer in offers} == {
        "MiniMax-M4": ("永久五折",),
        "MiniMax-M2.7": (),
        "M2-her": (),
        "MiniMax-M2-Stable": ("legacy", "更高并发，商业使用"),
        "MiniMax-H4-Context": (),
    }
    assert page.unread == {"table: 语言模型": 1, "table: 语音": 1, "table: 视频": 1}


def test_the_documentation_as_a_page_keeps_its_tabs_and_its_accordions() -> None:
    page = saved(DRAWN)
    offers = extract(page, NAME)
    both = [cell(offers, "MiniMax-M4", tier, "input_tokens", SHORT).amount for tier in ("standard", "priority")]
    assert both == [Decimal("2.15"), Decimal("3.25")]
    assert {offer.model: offer.terms for offer in offers}["MiniMax-M2.5"] == ("legacy",)
    assert page.unread == {"table: 视频": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" 优先*", " 批量", "no known tier"),
        ('aria-controls="panel-%E4%BC%98%E5%85%88-1"', "", "no known tier"),
        ('role="tablist"', "", "no known tier"),
        (">历史模型<", ">下线模型<", "no known tier"),
        ("5.70 元/百万 tokens", "5.70 元/张", "not a price for"),
        ("<strong>输出价格</strong></th>", "<strong>价格</strong></th>", "no column"),
    ],
)
def test_a_documentation_whose_tabs_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(DRAWN, old, new), NAME)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("元/百万 tokens", "元/千 tokens", "no column"),
        ("**缓存读取**<br />", "**缓存命中**<br />", "unknown columns"),
        ("<br /> 元/百万 tokens", "", "unknown columns|not a price for"),
        ('<Tab title="优先*">', '<Tab title="批量">', "no known tier"),
        ('<Accordion title="历史模型">', '<Accordion title="下线模型">', "no known tier"),
        ("> 512k 输入", "> 256k 输入", "does not begin where"),
        ("> 512k 输入", "> 512k 输出", "no model's name"),
        ("更高并发，商业使用", "批量", "no model's name"),
        ("~~4.30~~ 2.15", "4.30 2.15", "not one amount"),
        ("| 2.625 |", "| 2.625 元/千 tokens |", "not a price for"),
    ],
)
def test_a_documentation_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(DOCS, old, new), NAME)


def test_losing_any_one_piece_of_a_grid_never_puts_a_price_in_a_wrong_place() -> None:
    page = saved(SAVED)
    text, right = page.body.decode(), stated(page)
    patterns = (
        r"<div><span.*?</div>",
        r"<span.*?</span>",
        r"<div>[^<]*</div>",
        r"<button.*?</button>",
        r'style="[^"]*"',
    )
    pieces = [piece for pattern in patterns for piece in re.finditer(pattern, text)]
    assert len(pieces) > 60
    for piece in pieces:
        torn = replace(page, body=(text[: piece.start()] + text[piece.end() :]).encode())
        try:
            read = stated(torn)
        except PageChanged:
            continue
        assert read <= right, piece[0]


def stated(page: Page) -> set[tuple[str, str, Decimal]]:
    return {(offer.model, price.unit, price.amount) for offer in extract(page, NAME) for price in offer.components}
