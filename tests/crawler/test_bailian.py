"""Bailian's headers, model cells and price cells, each in every form that the document of 2026-08-10 has."""

from decimal import Decimal

import pytest

from crawler import bailian
from crawler.failures import PageChanged
from crawler.grid import Cell
from history.model import ALWAYS, Conditions, PriceComponent

MILLION = 1_000_000
PURE = "输出单价（每百万Token） / 文本 仅纯文本输入"


@pytest.mark.parametrize(
    ("header", "units", "when"),
    [
        ("输入单价（每百万Token）", ("input_tokens",), ALWAYS),
        ("输入单价 （每百万Token）", ("input_tokens",), ALWAYS),
        ("输入成本（每百万Token）", ("input_tokens",), ALWAYS),
        ("输入单价 (每百万 Token) / 输入：音频", ("input_audio_tokens",), ALWAYS),
        ("输入单价（每百万Token） / 图片/视频", ("input_image_tokens", "input_video_tokens"), ALWAYS),
        ("输出单价（每百万Token） 思维链和回答", ("output_tokens",), ALWAYS),
        ("输出单价（每百万Token） 思维链+输出", ("output_tokens",), ALWAYS),
        ("输出单价（每百万Token） / 非思考模式", ("output_tokens",), Conditions(thinking=False)),
        ("输出单价 （每百万Token） / 思考模式（思维链+回答）", ("output_tokens",), Conditions(thinking=True)),
        ("输出单价 (每百万 Token) / 输出：音频", ("output_audio_tokens",), ALWAYS),
        ("输出单价（每百万Token） / 文本 多模态输入", ("output_multimodal_tokens",), ALWAYS),
        ("缓存命中输入单价（每百万 Token）", ("cache_read_tokens",), ALWAYS),
        ("输出单价（元/百万 Token）", ("output_tokens",), ALWAYS),
    ],
)
def test_a_header_says_what_its_prices_are_for(header: str, units: tuple[str, ...], when: Conditions) -> None:
    assert bailian.price_column(header, (PURE,)) == (units, MILLION, when)


def test_text_for_any_input_is_plain_output_where_there_is_no_price_for_pure_text() -> None:
    column = bailian.price_column("输出单价（每百万Token） / 文本 多模态输入", ())
    assert column.units == ("output_tokens",)


@pytest.mark.parametrize(
    "header",
    [
        "单价（每百万Token）",
        "输入单价（每万Token）",
        "输入单价（每百万Token） / 思考模式",
        "输出单价（每百万Token） / 图片",
        "输入单价（每秒）",
        "缓存命中输出单价（每百万Token）",
        "缓存命中输入单价（每百万Token） / 音频",
        "输入单价（元/万Token）",
    ],
)
def test_an_unknown_header_is_refused(header: str) -> None:
    with pytest.raises(PageChanged, match="not a known price of tokens"):
        bailian.price_column(header, ())


@pytest.mark.parametrize(
    ("text", "amount", "regular"),
    [
        ("12元", "12", None),
        ("原价12元 限时5折", "6", "12"),
        ("原价 2.998元 限时8折", "2.3984", "2.998"),
        ("原价 2 元 （限时 8 折）", "1.6", "2"),
    ],
)
def test_a_cell_is_a_price_or_a_promotion(text: str, amount: str, regular: str | None) -> None:
    column = bailian.price_column("输入单价（每百万Token）", ())
    wanted = PriceComponent(
        "input_tokens", Decimal(amount), "CNY", MILLION, ALWAYS, Decimal(regular) if regular else None
    )
    assert list(bailian.stated(Cell(text), column, ALWAYS, "CNY")) == [("input_tokens", wanted)]


def test_busy_and_idle_hours_are_two_prices_though_the_page_does_not_say_when_they_are() -> None:
    column = bailian.price_column("输入单价（每百万Token）", ())
    peak, off_peak = (Conditions(period=period) for period in ("peak", "off_peak"))
    assert list(bailian.stated(Cell("忙时 9元 闲时 4.5元"), column, ALWAYS, "CNY")) == [
        ("input_tokens", PriceComponent("input_tokens", Decimal(9), "CNY", MILLION, peak)),
        ("input_tokens", PriceComponent("input_tokens", Decimal("4.5"), "CNY", MILLION, off_peak)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "原价12元",
        "限时5折",
        "原价12元 限时50折",
        "忙时 9元",
        "忙时 9元 闲时 5折",
        "文本输入：0.7元 图片：1元",
        "文本输入：0.7",
    ],
)
def test_a_cell_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(PageChanged):
        list(bailian.stated(Cell(text), bailian.price_column("输入单价（每百万Token）", ()), ALWAYS, "CNY"))


@pytest.mark.parametrize(
    ("text", "name", "notes"),
    [
        ("qwen-max", "qwen-max", ()),
        ("MiniMax/MiniMax-M2.5 上下文缓存享有折扣", "MiniMax/MiniMax-M2.5", ("上下文缓存享有折扣",)),
        ("qwen-plus-character Session Cache享有折扣", "qwen-plus-character", ("Session Cache享有折扣",)),
        ("a 当前能力等同于b-2026 Batch调用半价", "a", ("当前能力等同于b-2026", "Batch调用半价")),
        ("qwen-vl 即将下线", "qwen-vl", ("即将下线",)),
        ("v8 推荐使用 v-9 作为替代模型，免费额度提升至 100 万 Token", "v8",
         ("推荐使用", "v-9", "作为替代模型，免费额度提升至 100 万 Token")),
    ],
)  # fmt: skip
def test_a_model_cell_is_a_name_with_notes(text: str, name: str, notes: tuple[str, ...]) -> None:
    assert bailian.model_of(Cell(text)) == (name, notes)


@pytest.mark.parametrize(
    "text", ["", "千问Max", "qwen-max 限时2元", "qwen-max 8折", "qwen-max 夜间半价", "qwen-max 输入≤32K"]
)
def test_a_model_cell_that_speaks_of_money_is_refused(text: str) -> None:
    with pytest.raises(PageChanged, match="does not name a model"):
        bailian.model_of(Cell(text))


def test_a_note_of_many_ids_before_a_price_is_refused_at_once() -> None:
    with pytest.raises(PageChanged, match="does not name a model"):
        bailian.model_of(Cell(f"qwen-max 当前与{'qwen-max-' * 40}能力相同，限时5折"))


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("华北 2（北京）", "华北2（北京）"),
        ("文本生成-国际（新加坡）", "国际（新加坡）"),
        ("文本生成 - 千问", ""),
        ("Unisound-云知声", ""),
    ],
)
def test_a_heading_names_a_region_or_something_else(title: str, region: str) -> None:
    assert bailian.region_of(title) == region
