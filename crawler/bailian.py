"""Bailian's price tables: what their headers, their model cells and their price cells mean."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell
from crawler.marks import exact
from history.model import ALWAYS, Conditions, PriceComponent

_REGION = re.compile(
    r"(?:华[北东南中][0-9]|西[南北][0-9]|中国(?:内地|香港)?|国际|全球|欧盟|新加坡|美国|德国|日本|英国|法国|韩国|马来西亚|印度(?:尼西亚)?|泰国"
    r"|菲律宾|阿联酋|沙特(?:阿拉伯)?|墨西哥|巴西|澳大利亚|加拿大)(?:（[^（）]+）)?"
)
# "元/百万Token" since audio is generated, a price for cached input since qwen3.8-omni-flash (autumn 2026).
_HEADER = re.compile(
    r"(?P<direction>(?:缓存命中)?输入|输出)(?:单价|成本|价格)[(（](?:每|元/)(?P<count>千|百万)[Tt]oken[)）]"
    r"/?(?:输入：|输出：)?(?P<kind>.*)"
)
# As in "Text generation - International (Singapore)" of 2025.
_KIND = re.compile("[一-龥]+[-–—]")
_COUNTS = {"千": 1_000, "百万": 1_000_000}
_THINKS, _ANSWERS = Conditions(thinking=True), Conditions(thinking=False)
_TEXT_TO = {
    "文本": "input_tokens",
    "图片": "input_image_tokens",
    "视频": "input_video_tokens",
    "音频": "input_audio_tokens",
}
_OUTPUTS = {
    **dict.fromkeys(
        ("", "文本", "思维链+回答", "思维链和回答", "思维链+输出", "文本仅纯文本输入"), ("output_tokens", ALWAYS)
    ),
    "非思考模式": ("output_tokens", _ANSWERS),
    "思考模式（思维链+回答）": ("output_tokens", _THINKS),
    "文本多模态输入": ("output_multimodal_tokens", ALWAYS),
    **dict.fromkeys(("音频", "文本+音频仅音频计费"), ("output_audio_tokens", ALWAYS)),
}
# "原价12元 限时5折" (2026-08), "原价 2 元 （限时 8 折）" (2026-09).
_PROMOTION = re.compile(r"原价(?P<regular>[0-9.]+)元(?P<open>（)?限时(?P<tenths>[1-9](?:\.[0-9])?)折(?(open)）)")
# Since DeepSeek's prices depend on the hour (2026-08-17); the document does not say which hours are busy.
_BUSY = re.compile(r"忙时[:：]?(?P<peak>[0-9.]+元)闲时[:：]?(?P<off_peak>[0-9.]+元)")
_BY_KIND = re.compile(r"(?P<kind>文本|图片|视频|音频)输入：(?P<price>[0-9.]+元) ?")
_SENTENCES = {
    "已下线": "retired",
    "目前仅供免费体验": "free trial only",
    "邀测中，模型调用限时免费": "free for a limited time",
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]*")
# A note that speaks of money or of lengths could change a price, except that 半价 is for batch calls and 享有折扣 for
# cached input. Its digits belong to a day, to the id of another model or to its free quota. What has been read as an id
# is not read again as letters: of many ids before an unknown sign there would be no end.
_NOTE = re.compile(
    r"(当前能力等同于 ?[A-Za-z0-9._:/-]+|Batch ?调用 ?半价|(?:上下文缓存|Session Cache) ?享有折扣"
    r"|作为替代模型，免费额度提升至 ?[0-9]+ ?万 ?Token"
    r"|(?>20[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?|[A-Za-z][A-Za-z0-9.]*(?:-[A-Za-z0-9.]+)+"
    r"|[^元折价倍%<>≤≥0-9 ])++)(?: |$)"
)


class PriceColumn(NamedTuple):
    """What the prices of one column are for."""

    units: tuple[str, ...]
    per: int
    when: Conditions


def flat(text: str) -> str:
    """A header or a price without its spaces: they come and go between Chinese and Latin letters."""
    return "".join(text.split())


def region_of(title: str) -> str:
    """The region that a heading names, "" for all others: "华北 2（北京）" (2026-09) is "华北2（北京）" (2026-08)."""
    name = _KIND.sub("", flat(title), count=1)
    return name if _REGION.fullmatch(name) else ""


def names_tokens(header: str) -> bool:
    """Whether a column's header states prices for tokens."""
    return re.search("价|成本", header) is not None and "token" in header.lower()


def price_column(header: str, others: tuple[str, ...]) -> PriceColumn:
    """Reads "输出单价（每百万Token） / 思考模式（思维链+回答）"; `others` are the table's headers."""
    match = _HEADER.fullmatch(flat(header))
    kind = match["kind"] if match else ""
    if match and match["direction"] == "缓存命中输入" and not kind:
        return PriceColumn(("cache_read_tokens",), _COUNTS[match["count"]], ALWAYS)
    if match and match["direction"] == "输入" and {*(kind or "文本").split("/")} <= _TEXT_TO.keys():
        units = tuple(_TEXT_TO[part] for part in (kind or "文本").split("/"))
        return PriceColumn(units, _COUNTS[match["count"]], ALWAYS)
    if match is None or match["direction"] != "输出" or kind not in _OUTPUTS:
        raise PageChanged(f"{header!r} is not a known price of tokens")
    unit, when = _OUTPUTS[kind]
    # Newer omni models have one price for text, whatever came in (qwen3.5-omni, 2026-08-10).
    if unit == "output_multimodal_tokens" and not any("仅纯文本输入" in other for other in others):
        unit = "output_tokens"
    return PriceColumn((unit,), _COUNTS[match["count"]], when)


def stated(cell: Cell, column: PriceColumn, when: Conditions, currency: str) -> Iterator[tuple[str, priced.Stated]]:
    """What a cell says of each unit of its column: "12元", "原价 12元 限时5折", "文本输入：0.7元 图片输入：0.9元"."""
    if not cell.text:
        # A row that lost a cell before a merged one is filled up with an empty one: the prices would have moved.
        raise PageChanged(f"there is no price for {column.units}; what is not offered has a dash here")
    by_kind = list(_BY_KIND.finditer(cell.text))
    if by_kind and column.units == ("input_tokens",) and "".join(found[0] for found in by_kind) == cell.text:
        for found in by_kind:
            unit = _TEXT_TO[found["kind"]]
            yield unit, priced.price(unit, Cell(found["price"]), currency, column.per, when)
        return
    by_hour: list[tuple[Cell, Conditions]] = [(cell, when)]
    if cell.text.startswith("忙时") and not cell.struck and (busy := _BUSY.fullmatch(flat(cell.text))):
        by_hour = [(Cell(busy["peak"]), replace(when, period="peak")),
                   (Cell(busy["off_peak"]), replace(when, period="off_peak"))]  # fmt: skip
    for unit in column.units:
        for price, hours in by_hour:
            yield unit, _one(unit, price, column.per, hours, currency)


def _one(unit: str, cell: Cell, per: int, when: Conditions, currency: str) -> priced.Stated:
    sentence = re.match("|".join(_SENTENCES), cell.text)
    if sentence and not cell.struck:
        return _SENTENCES[sentence[0]]
    if (promotion := _PROMOTION.fullmatch(flat(cell.text))) is None:
        return priced.price(unit, cell, currency, per, when)
    regular = exact(promotion["regular"])
    charged = regular * Decimal(promotion["tenths"]) / 10
    return PriceComponent(unit, charged, currency, per, when, regular)


def model_of(cell: Cell) -> tuple[str, tuple[str, ...]]:
    """The model's id, and what its cell says beside it: "Batch调用半价", "当前能力等同于qwen3-max-2026-01-23"."""
    name, _, beside = cell.text.partition(" ")
    notes = tuple(_NOTE.findall(beside))
    if not _NAME.fullmatch(name) or cell.struck or _NOTE.sub("", beside):
        raise PageChanged(f"{cell.text!r} does not name a model with notes that are known")
    return name, notes
