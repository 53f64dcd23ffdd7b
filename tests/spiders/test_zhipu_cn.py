"""BigModel's page, trap by trap, and cell by cell against the real capture."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

NAME, SAVED, DOCUMENTED = "zhipu_cn", "zhipu_cn/2026-07-17", "zhipu_cn/2026-09-02"
SHORT, LONG = Conditions(max_input_tokens=31_999), Conditions(min_input_tokens=32_000)
BRIEF = Conditions(max_input_tokens=31_999, max_output_tokens=199)
LENGTHY = Conditions(max_input_tokens=31_999, min_output_tokens=200)
TO_64K, TO_128K, TO_200K = (
    Conditions(min_input_tokens=32_000, max_input_tokens=size - 1) for size in (64_000, 128_000, 200_000)
)

# Typed from the capture of 2026-07-17 by hand: model, tier, unit, conditions, amount.
CELLS: list[tuple[str, str, str, Conditions, str]] = [
    ("GLM-5.2", "standard", "input_tokens", ALWAYS, "8"),
    ("GLM-5.1", "standard", "cache_read_tokens", SHORT, "1.3"),
    ("GLM-5.1", "standard", "output_tokens", LONG, "28"),
    ("GLM-5-Turbo", "standard", "cache_read_tokens", LONG, "1.8"),
    ("GLM-4.7", "standard", "output_tokens", BRIEF, "8"),
    ("GLM-4.7", "standard", "output_tokens", LENGTHY, "14"),
    ("GLM-4.7", "standard", "cache_read_tokens", TO_200K, "0.8"),
    ("GLM-4.5-Air", "standard", "output_tokens", LENGTHY, "6"),
    ("GLM-4.5-Air", "standard", "input_tokens", TO_128K, "1.2"),
    ("GLM-4.7-FlashX", "standard", "cache_read_tokens", ALWAYS, "0.1"),
    ("GLM-5V-Turbo", "standard", "input_tokens", SHORT, "5"),
    ("GLM-4.6V-FlashX", "standard", "cache_read_tokens", TO_128K, "0.03"),
    ("GLM-4.5V", "standard", "output_tokens", TO_64K, "12"),
    ("GLM-4-Plus", "batch", "output_tokens", ALWAYS, "2.5"),
    ("GLM-4-FlashX-250414", "batch", "input_tokens", ALWAYS, "0.05"),
    ("GLM-OCR", "standard", "output_tokens", ALWAYS, "0.2"),
    ("Embedding-2", "batch", "input_tokens", ALWAYS, "0.25"),
    ("Rerank", "standard", "input_tokens", ALWAYS, "0.8"),
    ("Emohaa", "standard", "output_tokens", ALWAYS, "15"),
    ("GLM-4-0520", "batch", "input_tokens", ALWAYS, "50"),
    ("GLM-4-Air", "standard", "output_tokens", ALWAYS, "0.5"),
]


def test_cells_of_the_real_page_read_by_hand(recorded: Path) -> None:
    offers = extract(real(recorded, NAME, "2026-07-17"), NAME)
    for model, tier, unit, when, amount in CELLS:
        price = cell(offers, model, tier, unit, when)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "CNY", 1_000_000), (model, tier, unit)


def test_the_real_page_gives_as_many_prices_as_it_lists(recorded: Path) -> None:
    page = real(recorded, NAME, "2026-07-17")
    offers = extract(page, NAME)
    assert Counter(offer.tier for offer in offers) == {"standard": 41, "batch": 12}
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 56,
        "output_tokens": 51,
        "cache_read_tokens": 22,
    }
    assert page.unread["table: 模型推理"] == 18
    assert page.unread["table: 模型私有实例"] == 30
    assert all(name.startswith("table: ") for name in page.unread)


def test_free_models_are_terms_and_what_is_only_read_has_no_output_price() -> None:
    offers = {(offer.model, offer.tier): offer for offer in extract(saved(SAVED), NAME)}
    assert offers["GLM-4.7-Flash", "standard"].terms == ("free",)
    assert offers["GLM-4-Flash", "batch"].terms == ("legacy", "free")
    assert [price.unit for price in offers["Embedding-3", "standard"].components] == ["input_tokens"]
    assert ("GLM-4-AirX", "batch") not in offers


def test_images_and_speech_are_reported_not_sold_by_the_text_token() -> None:
    page = saved(SAVED)
    assert not {"CogView-4", "GLM-4-Voice", "GLM-4.6"} & {offer.model for offer in extract(page, NAME)}
    assert page.unread == {"table: 模型推理": 2, "table: 模型私有实例": 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<div>输入单价</div>", "<div>输入价</div>", "no column"),
        ("(百万tokens)", "(千tokens)", "no column"),
        ("<div>缓存命中</div>", "<div>缓存读取</div>", "unknown column"),
        ("<div>模型名称</div>", "<div>名称</div>", "no column"),
        ('<div class="unit">(千tokens)</div>', '<div class="unit">(tokens)</div>', "no column"),
        ("输入长度 [0, 32)", "输入长度 32 以内", "does not say for how many tokens"),
        ("<p>输入长度 [0, 32)</p><p>输出长度 [0.2+)</p>", "<p>输出长度 [0.2+)</p>", "does not begin where"),
        ("输入长度 [32, 200)", "输入长度 [64, 200)", "does not begin where"),
        ("输出长度 [0.2+)", "输出长度 [0, 0.2)", "does not begin where"),
        ("GLM-5.1", "GLM-5.1 5折", "not a model's name"),
        (" 8元 ", " 8元 4元 ", "not one amount"),
        (" 8元 ", " $8 ", "not in CNY"),
        (" 8元 ", " 8元/千tokens ", "not a price for"),
        ("5 元 / 百万Tokens", "5 元 / 百万字符", "not a price for"),
        ("5 元 / 百万Tokens", "5 元", "not a price for"),
        ("<div class=\"cell\">单价</div>", "<div class=\"cell\">价格</div>", "no column"),
        ("Batch API 定价", "批量", "unknown column '批量'"),
        ("<h2>旗舰模型</h2>", "<h2>模型</h2>", "no price was found under"),
        ("<h2>模型推理</h2>", "", "no price was found under"),
    ],
)  # fmt: skip
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), NAME)


def test_a_header_that_does_not_fit_its_body_moves_no_price() -> None:
    with pytest.raises(PageChanged, match="has 4 columns, but a row has"):
        extract(altered(SAVED, '<th><div class="cell">简介</div></th>', ""), NAME)
    with pytest.raises(PageChanged, match="unknown column '上下文'"):
        extract(altered(SAVED, '<th><div class="cell">简介</div></th>', "<th>简介</th><th>价格</th>"), NAME)


def test_a_header_without_a_body_takes_no_other_table_for_one() -> None:
    lone = '<table class="el-table__header"><thead><tr><th>模型</th><th>单价</th></tr></thead></table>'
    page = altered(SAVED, "<p>在我们继续", f"{lone}<p>在我们继续")
    with pytest.raises(PageChanged, match=r"columns, but a row has|no column|is not a model's name"):
        extract(page, NAME)


def test_a_badge_is_a_term_unless_it_only_says_new() -> None:
    terms = {offer.model: offer.terms for offer in extract(altered(SAVED, "GLM-4-Plus", "GLM-4-Plus 即将下线"), NAME)}
    assert terms["GLM-4-Plus"] == ("即将下线",)
    assert terms["GLM-5.2"] == ("cache storage: free for a limited time",)


def test_a_context_window_is_no_condition_and_unbounded_lengths_are() -> None:
    offers = extract(altered(SAVED, "<p>1M</p>", "<p>/</p>"), NAME)
    assert cell(offers, "GLM-5.2", "standard", "input_tokens").amount == Decimal(8)
    with pytest.raises(PageChanged, match="does not say for how many tokens"):
        extract(altered(SAVED, "<p>1M</p>", "<p>长文本</p>"), NAME)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("输出单价（元/百万 Tokens） | 缓存存储", "输出单价（元/千 Tokens） | 缓存存储", "no column"),
        ("缓存命中（元/百万 Tokens）", "缓存读取（元/百万 Tokens）", "unknown columns"),
        ("0.4（~~刊例价 0.8~~）", "0.4（刊例价 0.8）", "not one amount"),
        ("0.4（~~刊例价 0.8~~）", "0.8（~~刊例价 0.4~~）", "not a sale"),
        ("输入 \\[0, 32K)，输出 ≥0.2K", "输入 \\[0, 32K)，输出 ≥0.3K", "does not begin where"),
        ("输入 \\[0, 32K)，输出 ≥0.2K", "输入 \\[0, 32)，输出 ≥0.2K", "whether they are thousands"),
        ("200K                            | 8 ", "200K | 7 ", "two prices"),
        ("GLM-Z1-Air（128K）", "GLM-Z1-Air（5折）", "not a model's name"),
        ("GLM-Z1-Air（128K）", "GLM-Z1-Air 闲时", "not a model's name"),
        ("9 月 9 日 24:00", "下月", "does not say of which model a sale ends, or when"),
        ("0.5 元/百万 Tokens", "0.5 元/百万字符", "not a price for"),
        ("### 文本模型", "### 语言", "no price was found under"),
        ("### 向量模型", "### 批量推理", "unknown tier"),
        ("## 旗舰模型", "## 模型", "no price was found under"),
    ],
)
def test_documentation_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(DOCUMENTED, old, new), NAME)


def test_what_goes_in_and_out_in_a_table_of_other_units_is_refused() -> None:
    more = "上下文  | 输入单价（元/百万 Tokens） | 输出单价（元/百万 Tokens） | 缓存命中（元/百万 Tokens） |"
    with pytest.raises(PageChanged, match="no column"):
        extract(altered(DOCUMENTED, more, more.replace("百万", "千")), NAME)


def test_a_single_price_may_be_for_a_thousand_tokens_and_batches_may_be_for_later() -> None:
    page = altered(DOCUMENTED, "0.5 元/百万 Tokens | 0.25 元/百万 Tokens", "0.0005 元/千 Tokens | 暂不支持")
    [offer] = [offer for offer in extract(page, NAME) if offer.model == "Embedding-3"]
    assert [(price.amount, price.per) for price in offer.components] == [(Decimal("0.0005"), 1000)]


def test_what_the_documentation_states_by_the_piece_is_reported() -> None:
    page = saved(DOCUMENTED)
    extract(page, NAME)
    assert page.unread == {"table: 多模态生成": 1}
