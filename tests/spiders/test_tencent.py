"""Tencent Cloud TokenHub at home and abroad, trap by trap, and cell by cell against the real captures."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

CHINA, HOURS, ABROAD = "tencent_cn/2026-08-10", "tencent_cn/2026-10-09", "tencent/2026-07-17"
ENGLISH = "tencent/2026-09-29"
GUANGZHOU, SINGAPORE = "广州", "新加坡"
TO_32K, FROM_32K = Conditions(max_input_tokens=32_000), Conditions(min_input_tokens=32_001)
BELOW_32K, AT_LEAST_32K = Conditions(max_input_tokens=31_999), Conditions(min_input_tokens=32_000)
TO_512K, FROM_512K = Conditions(max_input_tokens=512_000), Conditions(min_input_tokens=512_001)
FROM_128K = Conditions(min_input_tokens=128_001, max_input_tokens=256_000)
TO_1M = Conditions(min_input_tokens=256_001, max_input_tokens=1_000_000)
FROM_16K = Conditions(min_input_tokens=16_000, max_input_tokens=31_999)

# Typed from the captures by hand: spider, model, tier, region, unit, conditions, amount.
CELLS: list[tuple[str, str, str, str, str, Conditions, str]] = [
    ("tencent_cn", "Hy3", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.25"),
    ("tencent_cn", "Hy3 preview", "standard", GUANGZHOU, "input_tokens", Conditions(max_input_tokens=15_999), "1.2"),
    ("tencent_cn", "Hy3 preview", "standard", SINGAPORE, "output_tokens", FROM_16K, "6.4"),
    ("tencent_cn", "Hy3 preview", "standard", SINGAPORE, "cache_read_tokens", AT_LEAST_32K, "0.8"),
    ("tencent_cn", "DeepSeek-V4-Flash 正式版 原厂直供", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.02"),
    ("tencent_cn", "DeepSeek-V4-Flash", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.2"),
    ("tencent_cn", "DeepSeek-V4-Pro 原厂直供", "standard", SINGAPORE, "cache_read_tokens", ALWAYS, "0.025"),
    ("tencent_cn", "DeepSeek-V4-Pro", "standard", SINGAPORE, "output_tokens", ALWAYS, "24"),
    ("tencent_cn", "GLM-5.2", "standard", SINGAPORE, "output_tokens", ALWAYS, "32.2282"),
    ("tencent_cn", "GLM-5.1", "standard", GUANGZHOU, "output_tokens", FROM_32K, "28"),
    ("tencent_cn", "GLM-5.1", "standard", SINGAPORE, "output_tokens", ALWAYS, "32.228"),
    ("tencent_cn", "GLM-5.1", "batch", "", "cache_read_tokens", TO_32K, "0.65"),
    ("tencent_cn", "GLM-5", "batch", "", "output_tokens", FROM_32K, "11"),
    ("tencent_cn", "MiniMax-M3", "standard", GUANGZHOU, "input_tokens", FROM_512K, "4.2"),
    ("tencent_cn", "MiniMax-M2.5", "standard", SINGAPORE, "cache_read_tokens", ALWAYS, "0.22"),
    ("tencent_cn", "Qwen3.5-Flash", "standard", GUANGZHOU, "output_tokens", FROM_128K, "8"),
    ("tencent_cn", "Qwen3.5-Plus", "standard", SINGAPORE, "cache_read_tokens", TO_1M, "0.367"),
    ("tencent_cn", "MiMo-V2.5-Pro", "standard", SINGAPORE, "input_tokens", ALWAYS, "3.1862"),
    ("tencent_cn", "HY-Vision-2.0-Instruct", "standard", "", "output_tokens", ALWAYS, "17.5"),
    ("tencent_cn", "Kinfra-VL-Embedding-8b", "standard", "", "input_video_tokens", ALWAYS, "1.8"),
    ("tencent", "DeepSeek-V4-Flash 原厂直供", "standard", SINGAPORE, "cache_read_tokens", ALWAYS, "0.0028"),
    ("tencent", "DeepSeek-V4-Pro 原厂直供", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.00363"),
    ("tencent", "DeepSeek-V4-Pro", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.145"),
    ("tencent", "Deepseek-v3.2", "standard", SINGAPORE, "output_tokens", ALWAYS, "1.71"),
    ("tencent", "Deepseek-v3.2", "standard", GUANGZHOU, "output_tokens", ALWAYS, "0.42"),
    ("tencent", "GLM-5.2", "standard", SINGAPORE, "output_tokens", ALWAYS, "4.4"),
    ("tencent", "GLM-5.1", "standard", SINGAPORE, "input_tokens", ALWAYS, "1.4"),
    ("tencent", "GLM-5.1", "standard", GUANGZHOU, "cache_read_tokens", BELOW_32K, "0.182"),
    ("tencent", "GLM-5", "standard", GUANGZHOU, "output_tokens", AT_LEAST_32K, "3.154"),
    ("tencent", "GLM-5V-Turbo", "standard", GUANGZHOU, "input_tokens", BELOW_32K, "0.7"),
    ("tencent", "Kimi K2.7 Code HighSpeed", "standard", SINGAPORE, "output_tokens", ALWAYS, "8"),
    ("tencent", "kimi-k2.5", "standard", GUANGZHOU, "cache_read_tokens", ALWAYS, "0.098"),
    ("tencent", "MiniMax-M3", "standard", SINGAPORE, "output_tokens", TO_512K, "1.2"),
    ("tencent", "MiniMax-M3", "standard", GUANGZHOU, "cache_read_tokens", FROM_512K, "0.12"),
    ("tencent", "Hy-MT2-Plus", "standard", SINGAPORE, "output_tokens", ALWAYS, "0.4"),
    ("tencent", "Kinfra-VL-Embedding-2b", "standard", "", "input_image_tokens", ALWAYS, "0.098"),
]


def test_cells_of_the_real_pages_read_by_hand(recorded: Path) -> None:
    offers = {
        name: extract(real(recorded, name, date), name)
        for name, date in (("tencent_cn", "2026-08-10"), ("tencent", "2026-07-17"))
    }
    for name, model, tier, region, unit, when, amount in CELLS:
        price = cell(offers[name], model, tier, unit, when, region)
        currency = "CNY" if name == "tencent_cn" else "USD"
        assert (price.amount, price.currency, price.per) == (Decimal(amount), currency, 1_000_000), (model, unit)
    assert Counter((offer.tier, offer.region) for offer in offers["tencent_cn"]) == {
        ("standard", GUANGZHOU): 27, ("standard", SINGAPORE): 22, ("standard", ""): 8, ("batch", ""): 2,
    }  # fmt: skip
    assert Counter(offer.region for offer in offers["tencent"]) == {SINGAPORE: 18, GUANGZHOU: 18, "": 4}
    assert Counter(price.unit for offer in offers["tencent_cn"] for price in offer.components) == {
        "input_tokens": 77, "output_tokens": 73, "cache_read_tokens": 63, "input_image_tokens": 2,
        "input_video_tokens": 2,
    }  # fmt: skip
    assert Counter(price.unit for offer in offers["tencent"] for price in offer.components) == {
        "input_tokens": 46, "output_tokens": 42, "cache_read_tokens": 40, "input_image_tokens": 2,
        "input_video_tokens": 2,
    }  # fmt: skip


def test_images_videos_and_searches_are_reported(recorded: Path) -> None:
    page = real(recorded, "tencent_cn", "2026-08-10")
    extract(page, "tencent_cn")
    assert page.unread["table: 图片生成"] == 10
    assert page.unread["table: 联网搜索"] == 2


def test_the_tab_is_the_region_and_the_makers_own_service_is_another_offer() -> None:
    offers = extract(saved(CHINA), "tencent_cn")
    glm = {region: cell(offers, "GLM-5.1", "standard", "output_tokens", when, region).amount
           for region, when in ((GUANGZHOU, FROM_32K), (SINGAPORE, ALWAYS))}  # fmt: skip
    assert glm == {GUANGZHOU: Decimal(28), SINGAPORE: Decimal("32.228")}
    cached = [cell(offers, name, "standard", "cache_read_tokens", region=GUANGZHOU).amount
              for name in ("DeepSeek-V4-Flash 原厂直供", "DeepSeek-V4-Flash")]  # fmt: skip
    assert cached == [Decimal("0.02"), Decimal("0.21")]


def test_the_english_page_has_its_own_headers_and_says_who_serves_a_model_in_its_name() -> None:
    offers = extract(saved(ENGLISH), "tencent")
    off_peak = Conditions(period="off_peak")
    cached = [cell(offers, name, "standard", "cache_read_tokens", off_peak, "Singapore").amount
              for name in ("DeepSeek-V4.1-Flash (Vendor Direct)", "DeepSeek-V4.1-Flash")]  # fmt: skip
    assert cached == [Decimal("0.003"), Decimal("0.007")]
    assert cell(offers, "GLM-5.2", "standard", "output_tokens", region="Silicon Valley").amount == Decimal("4.4")


def test_a_date_of_retirement_is_a_term_not_part_of_the_name() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(CHINA), "tencent_cn") if offer.terms}
    assert terms == {"Hy3 preview": ("2026-08-31 下线",), "MiniMax-M2.5": ("2026-08-07 下线",)}


def test_each_kind_of_service_has_its_own_peak_hours() -> None:
    offers = extract(saved(HOURS), "tencent_cn")
    found = {
        model: price.conditions
        for model in ("DeepSeek-V4.1-Flash 原厂直供", "DeepSeek-V4-Pro-0813")
        for offer in offers
        for price in offer.components
        if offer.model == model and price.conditions.period == "peak"
    }
    assert [when.weekdays for when in found.values()] == [(1, 2, 3, 4, 5), ()]
    assert {when.hours_utc for when in found.values()} == {("01:00-04:00", "06:00-10:00")}


@pytest.mark.parametrize(
    "around", ["<div><span><b>{}</b></span></div>", "<ul><li><div><span>{}</span></div></li></ul>"]
)
def test_peak_hours_stand_in_whatever_the_editor_makes_of_a_paragraph(around: str) -> None:
    opened, closed = around.split("{}")
    page = altered(ENGLISH, "<p>Peak hours are", f"{opened}Peak hours are")
    page = replace(page, body=page.body.replace(b"holidays.</p>", f"holidays.{closed}".encode()))
    assert extract(page, "tencent") == extract(saved(ENGLISH), "tencent")


def test_where_no_hours_are_stated_a_peak_has_none() -> None:
    page = altered(
        ENGLISH, "Peak hours are 01:00 - 04:00 and 06:00 - 10:00 UTC, Monday through Friday, ", "All prices, "
    )
    price = cell(extract(page, "tencent"), "DeepSeek-V4.1-Flash", "standard", "input_tokens",
                 Conditions(period="peak"), "Singapore")  # fmt: skip
    assert price.amount == Decimal("0.44")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (CHINA, "元/百万 tokens", "元/百万字符", "under unknown headers"),
        (CHINA, "元/百万 tokens", "美元/百万 tokens", "has prices under"),
        (CHINA, "批量任务场景", "批量特惠场景", "no known tier"),
        (CHINA, "<h2>批量任务场景</h2>", "", "beside them"),
        (CHINA, "推理输出", "推理产出", "a column of it is not known"),
        (CHINA, "推理输出（元/百万 tokens）", "推理输出（见下）", "lacks an input or an output"),
        (CHINA, ">条件<", ">情况<", "does not say when"),
        (CHINA, "模型名称", "模型系列", "under unknown headers"),
        (CHINA, "[16k, 32k）", "[24k, 32k）", "has the row"),
        (CHINA, "图片输入", "声音输入", "unknown item"),
        (CHINA, '<div class="tse-tabs__item"><div class="tse-tabs__item-label">新加坡</div></div>', "", "1 tabs for 2"),
        (CHINA, ' class="hidden" colspan="0" rowspan="0"', "", "overlap|has the row|columns, but"),
        (HOURS, "原厂直供模型：北京时间工作日", "原厂直供模型：工作日", "when peak hours are in Beijing"),
        (HOURS, "工作日", "大多数日子", "on which days"),
        (HOURS, "9:00-12:00、", "9:00-12:00", "when peak hours are"),
        (HOURS, "高峰时段</span></div>", "傍晚</span></div>", "neither a length nor a time"),
        (ABROAD, "输入长度 ≥ 32k", "输入长度 ≥ 64k", "has the row"),
        (ABROAD, ">0.084<", ">contact us<", "instead of a price"),
        (ENGLISH, "Peak hours are", "Busy hours are", "when peak hours are"),
        (ENGLISH, "</p>", " Peak hours are 01:00 - 05:00 UTC.</p>", "or twice"),
        (ENGLISH, "<p>Peak hours are 01:00", "<div>Peak hours are <div></div>01:00", "when peak hours are"),
        (ENGLISH, "Output Tokens", "Answer Tokens", "a column of it is not known"),
        (ENGLISH, "(Vendor Direct)", "(New)", "two prices"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), name.partition("/")[0])
