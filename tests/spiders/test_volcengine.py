"""Volcengine Ark's price document, trap by trap, and cell by cell against the real capture in both of its forms."""

import dataclasses
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from crawler.failures import PageChanged
from crawler.page import Page
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

NAME, RENDERED, ANSWER = "volcengine", "volcengine/2026-07-17", "volcengine/2026-10-09"
TO_32K, TO_256K = (Conditions(max_input_tokens=size) for size in (32_000, 256_000))
FROM_32K = Conditions(min_input_tokens=32_001, max_input_tokens=128_000)
FROM_128K = Conditions(min_input_tokens=128_001, max_input_tokens=256_000)
SHORT, LONG = replace(TO_32K, max_output_tokens=200), replace(TO_32K, min_output_tokens=201)

# Typed from the capture of 2026-07-17 by hand: model, tier, unit, conditions, amount.
CELLS: list[tuple[str, str, str, Conditions, str]] = [
    ("doubao-seed-evolving", "standard", "output_tokens", TO_256K, "30.00"),
    ("doubao-seed-2.0-pro", "standard", "input_tokens", TO_32K, "3.2"),
    ("doubao-seed-2.0-pro", "standard", "cache_read_tokens", FROM_128K, "1.92"),
    ("doubao-seed-2.0-pro", "fast", "output_tokens", FROM_128K, "144.0"),
    ("doubao-seed-2.0-pro", "batch", "input_tokens", FROM_32K, "2.4"),
    ("doubao-seed-2.0-lite", "standard", "input_audio_tokens", FROM_32K, "13.5"),
    ("doubao-seed-2.0-lite", "fast", "cache_read_audio_tokens", FROM_128K, "10.8"),
    ("doubao-seed-2.0-mini", "batch", "input_audio_tokens", FROM_128K, "6.0"),
    ("doubao-seed-1.8", "standard", "output_tokens", SHORT, "2.00"),
    ("doubao-seed-1.8", "standard", "output_tokens", LONG, "8.00"),
    ("doubao-seed-1.8", "batch", "output_tokens", FROM_128K, "12.00"),
    ("doubao-seed-1.6-lite", "standard", "cache_read_tokens", FROM_128K, "0.06"),
    ("doubao-seed-1.6-flash", "batch", "input_tokens", FROM_32K, "0.150"),
    ("doubao-seed-translation", "standard", "output_tokens", ALWAYS, "3.60"),
    ("doubao-seed-translation", "batch", "cache_read_tokens", ALWAYS, "0.24"),
    ("doubao-1.5-vision-pro", "standard", "input_tokens", ALWAYS, "3.00"),
    ("glm-4.7", "standard", "input_tokens", LONG, "3.0"),
    ("glm-4.7", "standard", "output_tokens", Conditions(min_input_tokens=32_001, max_input_tokens=200_000), "16.0"),
    ("glm-4.7", "batch", "cache_read_tokens", SHORT, "0.40"),
    ("deepseek-v4-pro", "standard", "cache_read_tokens", ALWAYS, "1.00"),
    ("deepseek-v3.2", "standard", "cache_read_tokens", FROM_32K, "0.4"),
    ("deepseek-r1", "batch", "output_tokens", ALWAYS, "8.00"),
    ("doubao-embedding-vision", "standard", "input_image_tokens", ALWAYS, "1.80"),
]


def test_cells_of_the_real_page_read_by_hand(recorded: Path) -> None:
    page = real(recorded, NAME, "2026-07-17")
    offers = extract(page, NAME)
    for model, tier, unit, when, amount in CELLS:
        price = cell(offers, model, tier, unit, when)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "CNY", 1_000_000), (model, unit)
    assert Counter(offer.tier for offer in offers) == {"standard": 27, "batch": 20, "fast": 3}
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 107,
        "output_tokens": 106,
        "cache_read_tokens": 104,
        "cache_storage_token_hours": 51,
        "input_audio_tokens": 18,
        "cache_read_audio_tokens": 18,
        "input_image_tokens": 1,
    }
    assert page.unread["table: 推理-在线推理"] == 13
    assert page.unread["table: 在线推理（TPM 保障包）"] == 24


def test_the_rendered_tables_of_the_real_page_say_what_its_script_says(recorded: Path) -> None:
    page = real(recorded, NAME, "2026-07-17")
    rendered = dataclasses.replace(page, body=page.body.replace(b'"MDContent":', b'"NoContent":'))
    assert extract(rendered, NAME) == extract(page, NAME)


def test_answer_lengths_are_conditions_and_the_low_latency_price_is_another_tier() -> None:
    offers = extract(saved(RENDERED), NAME)
    assert cell(offers, "doubao-seed-1.8", "standard", "output_tokens", LONG).amount == 8
    assert cell(offers, "doubao-seed-2.0-lite", "fast", "input_tokens", TO_32K).amount == Decimal("1.21")


def test_packages_fine_tuned_models_and_videos_are_reported_not_sold_as_models() -> None:
    page = saved(RENDERED)
    extract(page, NAME)
    assert page.unread == {"table: 在线推理（TPM 保障包）": 2, "table: 按token单价": 2, "table: 推理-在线推理": 1}


def test_a_price_that_is_about_to_end_says_when_in_beijing() -> None:
    offers = extract(saved(ANSWER), NAME)
    old = cell(offers, "deepseek-v4-pro预览版", "standard", "input_tokens")
    assert str(old.valid_to) == "2026-10-28 00:00:00+08:00"
    assert cell(offers, "deepseek-v4-pro正式版", "standard", "input_tokens").valid_to is None


def test_peak_hours_are_read_from_the_note_below() -> None:
    offers = extract(saved(ANSWER), NAME)
    peak = Conditions(hours_utc=("01:00-04:00", "06:00-10:00"), weekdays=(1, 2, 3, 4, 5), period="peak")
    assert cell(offers, "deepseek-v4-1-flash", "standard", "output_tokens", peak).amount == 8
    assert cell(offers, "deepseek-v4-1-flash", "standard", "output_tokens", Conditions(period="off_peak")).amount == 4


def test_free_for_a_limited_time_is_a_term() -> None:
    [free] = [offer for offer in extract(saved(ANSWER), NAME) if offer.model == "doubao-seed-try"]
    assert free.components == ()
    assert "input: free for a limited time" in free.terms


def test_low_priority_is_the_flexible_tier_and_a_fine_tuned_model_is_not_for_sale() -> None:
    low = altered(ANSWER, "## 批量推理", "## 在线推理（低优）")
    assert cell(extract(low, NAME), "doubao-seed-2.0-pro", "flex", "input_tokens", TO_32K).amount == Decimal("1.6")
    tuned = altered(ANSWER, "## 批量推理", "## 精调后批量推理")
    assert {offer.tier for offer in extract(tuned, NAME)} == {"standard"}
    assert tuned.unread["table: 精调后批量推理"] == 2


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (RENDERED, "在线推理（低延迟）", "在线推理（极速）", "its tier or a column of it is not known"),
        (RENDERED, "千 token", "token", "thousands"),
        (RENDERED, "(0.2,+∞)", "(0.5,+∞)", "has the row"),
        (RENDERED, "且输出长度 (0.2,+∞)", "且输入长度 (0.2,+∞)", "two ranges"),
        (RENDERED, ">0.80<", "><", "an empty cell"),
        (RENDERED, ' table-hide tb-resizable" rowspan="0"', '"', "overlap|has the row|columns, but"),
        (ANSWER, "高峰时段 |", "低谷时段 |", "for how many tokens"),
        (ANSWER, "北京时间周一", "周一", "peak hours are in Beijing"),
        (ANSWER, "其余时段（含周末）为空闲时段", "节假日另行通知", "on which days"),
        (ANSWER, "起不适用", "前后", "begins or ends"),
        (ANSWER, "doubao\\\\-seed\\\\-try |", "doubao\\\\-seed\\\\-try、doubao\\\\-seed |", "does not name one model"),
        (RENDERED, '<span data-string="true">条件<', '<span data-string="true">情况<', "a column of it is not known"),
        (RENDERED, '<span data-string="true">输出<', '<span data-string="true">产出<', "a column of it is not known"),
        (RENDERED, "模型名称", "模型系列", "its tier or a column of it is not known"),
        (ANSWER, "元/百万token", "元/百万字符", "its tier or a column of it is not known"),
        (ANSWER, "MDContent", "Content", "MDContent"),
        (ANSWER, "限时免费", "待定", "not one amount"),
    ],
)
def test_a_document_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)


# As Ark's documents were written until early 2026: a row begins with a line of its merged cells, and goes on where a
# line ends with a backslash.
OLD = r"""
## 在线推理（常规）

| | | | | | | \
|模型名称 |\
|<div style="width:150px"></div> |条件 |\
| |(千 token) |输入 |\
| | |(元/百万 token) |缓存存储 |\
| | | |(元/百万 token*小时) |缓存命中 |\
| | | | |(元/百万 token) |输出 |\
| | | | | |(元/百万 token) |
|---|---|---|---|---|---|
| | | | | | | \
|doubao-seed-try |输入长度 [0, 32] |\
| |且输出长度 [0, 0.2] |0.81 |0.018 |0.17 |2.01 |
|^^| | | | | | \
| |输入长度 [0, 32] |\
| |且输出长度 (0.2,+∞) |0.82 |0.018 |0.17 |8.01 |
|^^| | |^^|^^| | \
| |输入长度 (32, 128] |1.21 | | |16.01 |
| | | | | | | \
|doubao-lite-try |\- |0.31 |0.018 |0.07 |0.61 |
"""


def test_what_is_read_from_a_cache_has_had_three_names() -> None:
    named = [
        extract(_old(OLD.replace("|缓存命中 |", f"|{name} |")), NAME)
        for name in ("缓存命中", "缓存输入", "输入命中缓存")
    ]
    assert named[0] == named[1] == named[2]
    with pytest.raises(PageChanged, match="a column of it is not known"):
        extract(_old(OLD.replace("|缓存命中 |", "|缓存写入 |")), NAME)


def _old(text: str) -> Page:
    body = json.dumps({"Result": {"MDContent": text}}, ensure_ascii=False).encode()
    return dataclasses.replace(saved(ANSWER), body=body)


def test_rows_of_several_lines_and_cells_merged_by_a_sign_are_read() -> None:
    offers = extract(_old(OLD), NAME)
    assert [offer.model for offer in offers] == ["doubao-seed-try", "doubao-lite-try"]
    amounts = {
        (price.unit, price.conditions): str(price.amount) for price in offers[0].components if "put" in price.unit
    }
    assert amounts == {
        ("input_tokens", SHORT): "0.81",
        ("output_tokens", SHORT): "2.01",
        ("input_tokens", LONG): "0.82",
        ("output_tokens", LONG): "8.01",
        ("input_tokens", FROM_32K): "1.21",
        ("output_tokens", FROM_32K): "16.01",
    }
    assert cell(offers, "doubao-seed-try", "standard", "cache_read_tokens", FROM_32K).amount == Decimal("0.17")
    assert cell(offers, "doubao-seed-try", "standard", "cache_storage_token_hours", FROM_32K).amount == Decimal("0.018")
    assert cell(offers, "doubao-lite-try", "standard", "output_tokens").amount == Decimal("0.61")
    assert extract(dataclasses.replace(_old(OLD), body=OLD.encode(), media_type="text/markdown"), NAME) == offers


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("|1.21 | | |16.01 |", "|1.21 | | |16.01 |\\\n\n", "cut off"),
        ("|^^| | |^^|^^| | \\\n", "| | | | | | | \\\n", "empty cell"),
        ("| | | | | | | \\\n|doubao-seed-try |", "|^^| | | | | | | \\\n|doubao-seed-try |", "not there"),
    ],
)
def test_a_row_of_several_lines_that_does_not_add_up_is_refused(old: str, new: str, words: str) -> None:
    assert old in OLD
    with pytest.raises(PageChanged, match=words):
        extract(_old(OLD.replace(old, new)), NAME)
