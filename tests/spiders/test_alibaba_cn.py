"""Bailian's help document, trap by trap, and cell by cell against the real capture of 274 tables."""

import json
import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from crawler.failures import PageChanged
from crawler.page import Page
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

NAME, SAVED, SPACED = "alibaba_cn", "alibaba_cn/2026-08-10", "alibaba_cn/2026-09-12"
DRAWN, TWIN = "alibaba_cn/2026-09-11", "alibaba_cn/2026-10-20"
BEIJING, SINGAPORE, FRANKFURT, VIRGINIA = "华北2（北京）", "新加坡/国际", "德国（法兰克福）", "美国（弗吉尼亚）"
TO_32K, TO_256K, TO_1M = (Conditions(max_input_tokens=size) for size in (32_000, 256_000, 1_000_000))
FROM_32K = Conditions(min_input_tokens=32_001, max_input_tokens=128_000)
FROM_128K = Conditions(min_input_tokens=128_001, max_input_tokens=256_000)
FROM_256K = Conditions(min_input_tokens=256_001, max_input_tokens=1_000_000)
THINKS, ANSWERS = Conditions(thinking=True), Conditions(thinking=False)

# Typed from the capture of 2026-08-10 by hand: model, region, unit, conditions, amount, list price.
CELLS: list[tuple[str, str, str, Conditions, str, str | None]] = [
    ("qwen3.8-max", BEIJING, "output_tokens", TO_1M, "36", None),
    ("qwen3.7-max", BEIJING, "input_tokens", TO_1M, "6", "12"),
    ("qwen3.7-max-us", f"{VIRGINIA}/美国", "input_tokens", TO_1M, "9.368", "18.736"),
    ("qwen3-max-preview", f"{FRANKFURT}/全球", "output_tokens", FROM_128K, "60", None),
    ("qwen3-max", f"{FRANKFURT}/欧盟", "output_tokens", FROM_32K, "89.93", None),
    ("qwen3-max", BEIJING, "input_tokens", TO_32K, "2.5", None),
    ("qwen-max", BEIJING, "output_tokens", ALWAYS, "9.6", None),
    ("qwen-max", SINGAPORE, "input_tokens", ALWAYS, "11.743", None),
    ("qwen3.6-plus", SINGAPORE, "input_tokens", TO_256K, "3.7471", None),
    ("qwen-plus", BEIJING, "output_tokens", structs.replace(FROM_256K, thinking=True), "64", None),
    ("qwen-plus", BEIJING, "output_tokens", structs.replace(FROM_256K, thinking=False), "48", None),
    ("qwen-plus", f"{FRANKFURT}/欧盟", "output_tokens", structs.replace(TO_256K, thinking=True), "29.977", None),
    ("qwen3.7-plus", "日本（东京）/日本", "input_tokens", FROM_256K, "8.993", None),
    ("qwen3.7-plus", "日本（东京）/全球", "output_tokens", structs.replace(FROM_256K, thinking=True), "19.2", "24"),
    ("qwen-plus-us", f"{VIRGINIA}/美国", "output_tokens", structs.replace(FROM_256K, thinking=True), "88.071", None),
    ("qwen-plus-2025-07-14", BEIJING, "output_tokens", THINKS, "8", None),
    ("qwen-turbo", SINGAPORE, "output_tokens", ANSWERS, "1.468", None),
    ("qwen3.6-flash-us", f"{VIRGINIA}/美国", "input_tokens", FROM_256K, "7.4942", None),
    ("qwen3-omni-flash", SINGAPORE, "output_audio_tokens", ALWAYS, "110.896", None),
    ("qwen3-omni-flash", SINGAPORE, "output_multimodal_tokens", ALWAYS, "22.458", None),
    ("qwen3.5-omni-plus", BEIJING, "output_tokens", ALWAYS, "40", None),
    ("qwen3.5-omni-plus", BEIJING, "input_image_tokens", ALWAYS, "7", None),
    ("qwen2.5-omni-7b", SINGAPORE, "input_tokens", ALWAYS, "0.734", None),
    ("xiaomi/mimo-v2.5-pro", BEIJING, "output_tokens", FROM_256K, "42", None),
    ("MiniMax/MiniMax-M2.1", BEIJING, "output_tokens", ALWAYS, "8.4", None),
    ("qwen3-vl-rerank", BEIJING, "input_image_tokens", ALWAYS, "1.8", None),
    ("qwen-flash-character-2026-02-26", BEIJING, "input_tokens", ALWAYS, "0.18", None),
]


def test_cells_of_the_real_document_read_by_hand(recorded: Path) -> None:
    offers = extract(real(recorded, NAME, "2026-08-10"), NAME)
    for model, region, unit, when, amount, regular in CELLS:
        price = cell(offers, model, "standard", unit, when, region)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "CNY", 1_000_000), (model, region, unit)
        assert price.list_amount == (Decimal(regular) if regular else None), (model, region, unit)


def test_the_real_document_gives_as_many_prices_as_its_tables_of_tokens_hold(recorded: Path) -> None:
    page = real(recorded, NAME, "2026-08-10")
    offers = extract(page, NAME)
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 849,
        "output_tokens": 1033,
        "output_multimodal_tokens": 27,
        "input_image_tokens": 61,
        "input_video_tokens": 28,
        "input_audio_tokens": 59,
        "output_audio_tokens": 59,
    }
    assert len(offers) == 542
    assert sum(price.list_amount is not None for offer in offers for price in offer.components) == 48
    assert all(name.startswith("table: ") for name in page.unread)


def test_the_real_document_has_prices_in_every_region(recorded: Path) -> None:
    offers = extract(real(recorded, NAME, "2026-08-10"), NAME)
    assert {offer.region for offer in offers} == {
        BEIJING,
        SINGAPORE,
        *(f"{VIRGINIA}/{scope}" for scope in ("全球", "美国", "国际")),
        *(f"{FRANKFURT}/{scope}" for scope in ("全球", "欧盟")),
        *(f"日本（东京）/{scope}" for scope in ("全球", "日本")),
    }


def test_what_is_no_price_is_a_term() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(SAVED), NAME) if not offer.components}
    assert terms == {
        "qwen-audio-turbo": ("free trial only",),
        "qwen2.5-math": ("free for a limited time",),
        "deepseek-v2": ("retired",),
    }


@pytest.mark.parametrize("note", ["2026-09-30下线", "建议改用qwen3.8-max", "将于2026年9月30日下线"])
def test_a_day_or_another_model_in_a_note_is_a_term(note: str) -> None:
    offers = extract(altered(SAVED, "<p>qwen-max</p>", f"<p>qwen-max</p><p>{note}</p>"), NAME)
    assert (note,) in {offer.terms for offer in offers if offer.model == "qwen-max"}


def test_a_new_region_of_the_world_is_a_region() -> None:
    offers = extract(altered(SAVED, "德国（法兰克福）", "法国（巴黎）"), NAME)
    assert "法国（巴黎）" in {offer.region.partition("/")[0] for offer in offers}


def test_spaces_between_chinese_and_latin_letters_make_no_other_region_and_no_other_price() -> None:
    offers = extract(saved(SPACED), NAME)
    assert {offer.region for offer in offers} == {BEIJING, "新加坡", SINGAPORE, "新加坡/全球"}
    price = cell(offers, "qwen9-plus", "standard", "input_tokens", TO_256K, BEIJING)
    assert (price.amount, price.list_amount) == (Decimal("1.6"), Decimal(2))


def test_a_table_in_a_tab_of_a_tab_is_of_the_region_of_the_outer_one() -> None:
    offers = extract(saved(SPACED), NAME)
    audio = {offer.region: offer.components[1] for offer in offers if offer.model == "qwen8-omni-flash"}
    assert {region: (price.unit, str(price.amount)) for region, price in audio.items()} == {
        BEIJING: ("input_audio_tokens", "15.9"),
        "新加坡": ("input_audio_tokens", "27.1"),
    }


def test_a_page_that_a_browser_has_drawn_has_its_regions_in_the_bars_above_its_tabs() -> None:
    page = saved(DRAWN)
    offers = extract(page, NAME)
    assert {(offer.model, offer.region) for offer in offers if offer.region != BEIJING} == {
        (model, f"新加坡/{scope}")
        for model in ("qwen9-max", "qwen9-omni", "qwen8-captioner")
        for scope in ("国际", "全球")
    }
    assert page.unread == {"table: 千问TTS": 1}


def test_the_markdown_twin_says_its_notes_in_quotations_and_its_regions_in_tabs_around_tabs() -> None:
    page = saved(TWIN)
    offers = {(offer.model, offer.region): offer for offer in extract(page, NAME)}
    assert offers["qwen9-max", BEIJING].terms == (
        "当前能力等同于qwen9-max-2026-05-20",
        "Batch调用半价",
        "上下文缓存享有折扣",
    )
    assert {("qwen8-omni", BEIJING), ("qwen-tts", BEIJING)} < offers.keys()
    assert page.unread == {"table: 语音合成": 1}


def test_what_cached_input_costs_has_a_column_since_autumn() -> None:
    price = cell(extract(saved(TWIN), NAME), "qwen9-omni-flash", "standard", "cache_read_tokens", ALWAYS, SINGAPORE)
    assert (price.amount, price.per) == (Decimal("0.14"), 1_000_000)


def test_a_price_without_a_sign_is_in_the_currency_of_its_header() -> None:
    price = cell(extract(saved(TWIN), NAME), "qwen-audio-next", "standard", "output_tokens", ALWAYS, BEIJING)
    assert (price.amount, price.currency, price.per) == (Decimal(13), "CNY", 1_000_000)


def test_a_section_that_stands_there_twice_is_said_once_unless_it_says_another_price() -> None:
    page = saved(TWIN)
    section = re.search(r"### 云之声.*?</Tabs>\n", page.body.decode(), re.DOTALL)
    assert section
    assert extract(altered(TWIN, section[0], f"{section[0]}\n{section[0]}"), NAME) == extract(page, NAME)
    with pytest.raises(PageChanged, match="two prices for input_tokens"):
        extract(altered(TWIN, section[0], f"{section[0]}\n{section[0].replace('2.2元', '2.3元')}"), NAME)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (DRAWN, '<div class="tab-item" id="新加坡-h4">新加坡</div>', "", "1 tabs for 2 panes"),
        (DRAWN, 'id="新加坡-h4">新加坡<', 'id="新加坡-h4">火星<', "no known region"),
        (DRAWN, '<span class="help-letter-space"></span>折）', "<span></span>倍）", "not one amount"),
        (TWIN, "缓存命中输入单价", "缓存创建输入单价", "not a known price"),
        (TWIN, "（元/百万 Token）", "（元/万 Token）", "not a known price"),
        (TWIN, "> [上下文缓存](/zh/c)享有折扣", "> [夜间](/zh/c)8折", "does not name a model"),
        (TWIN, "免费额度提升至 100 万 Token", "超出 100 万 Token 翻倍", "does not name a model"),
        (TWIN, '<Tab title="新加坡">', '<Tab title="火星">', "no known region"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)


def test_one_discount_factor_is_applied_to_the_regular_price() -> None:
    offers = extract(altered(SAVED, "限时5折", "限时8.5折"), NAME)
    price = cell(offers, "qwen3.7-max", "standard", "input_tokens", TO_1M, BEIJING)
    assert (price.amount, price.list_amount) == (Decimal("10.2"), Decimal(12))


def test_a_price_for_a_thousand_tokens_stays_one() -> None:
    header = "<p>输入单价（每百万Token）</p></td><td><p>免费额度"
    offers = extract(altered(SAVED, header, header.replace("百万", "千")), NAME)
    assert cell(offers, "qwen3-vl-rerank", "standard", "input_tokens", ALWAYS, BEIJING).per == 1_000


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<p>原价12元</p><p>限时5折</p>", "<p>原价12元</p><p>限时五折</p>", "not one amount"),
        ("<p>原价12元</p><p>限时5折</p>", "<p>原价12元</p>", "not one amount"),
        ("<p>9元</p>", "<p>9美元</p>", "not in CNY"),
        ("<p>9元</p>", "<p>9元/千Token</p>", "not a price for 1000000"),
        ("128K&lt;Token≤256K", "128K到256K", "does not say for how many tokens"),
        ("128K&lt;Token≤256K", "256K&lt;Token≤512K", "does not begin where"),
        ("<p>欧盟</p>", "<p></p>", "says nothing"),
        ("<p>仅思考模式</p>", "<p>高速模式</p>", "unknown mode"),
        ("<p>思考模式（思维链+回答）</p>", "<p>深度模式</p>", "not a known price"),
        ("输入单价（每百万Token）", "输入单价（每百万字节）", "unknown column"),
        ("<b>模型 ID（Model ID）</b>", "<b>名称</b>", "unknown column"),
        ("服务部署范围", "部署方式", "unknown column"),
        ("<p>免费额度</p>", "<p>输出图像分辨率</p>", "unknown column"),
        ("德国（法兰克福）", "火星（奥林帕斯）", "no known region"),
        ("<p>qwen-max</p>", "<p>qwen-max 输出半价2元</p>", "does not name a model"),
        ("<p>qwen-max</p>", "<p>qwen-max 前3个月免费</p>", "does not name a model"),
        ("<p>qwen-max</p>", "<p>qwen-max x0.5</p>", "does not name a model"),
        ("<p>图片输入：1.8元</p>", "<p>图片：1.8元</p>", "not one amount"),
        ('"content": ', '"html": ', "content"),
    ],
)
def test_a_document_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), NAME)


def test_two_tables_that_price_one_model_in_one_region_are_refused() -> None:
    with pytest.raises(PageChanged, match="two prices for input_tokens"):
        extract(altered(SAVED, "<p>qwen3.5-omni-plus</p>", "<p>qwen3-omni-flash</p>"), NAME)


def test_a_table_of_images_is_reported_not_sold_by_the_token() -> None:
    page = saved(SAVED)
    assert "qwen-image" not in {offer.model for offer in extract(page, NAME)}
    assert page.unread == {f"table: {BEIJING}": 1}


def test_losing_any_one_piece_of_the_document_never_puts_a_price_in_a_wrong_place() -> None:
    page = saved(SAVED)
    answer = json.loads(page.body)
    text, right = answer["data"]["content"], stated(page)
    patterns = (
        r"<td\b.*?</td>",
        r"<tr>.*?</tr>",
        r"<p>.*?</p>",
        r"(?:row|col)span=\"[0-9]\"",
        r"<blockquote>.*?</bl\w+>",
    )
    pieces = [piece for pattern in patterns for piece in re.finditer(pattern, text, re.DOTALL)]
    assert len(pieces) > 200
    for piece in pieces:
        answer["data"]["content"] = text[: piece.start()] + text[piece.end() :]
        torn = replace(page, body=json.dumps(answer, ensure_ascii=False).encode())
        try:
            read = stated(torn)
        except PageChanged:
            continue
        assert read <= right, piece[0]


def stated(page: Page) -> set[tuple[str, str, Decimal]]:
    return {(offer.model, price.unit, price.amount) for offer in extract(page, NAME) for price in offer.components}
