"""Qianfan's price tables: the article in the page or in its data file, and what its cells mean."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, cast

import msgspec
from lxml import etree
from msgspec import Struct
from msgspec.structs import replace

from crawler import amounts, beijing, grid, markup, priced
from crawler.amounts import Basis
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.lengths import lengths
from crawler.marks import exact
from crawler.page import Page
from crawler.ratecard import plain
from history.model import ALWAYS, Conditions, PriceComponent
from history.units import Quantity

# The version is what a caller names; a model that only reads has none. 服务名称 and 类型 are of
# cloud.baidu.com/doc/WENXINWORKSHOP, 2024.
_NAMES = ("版本名称", "服务名称", "模型名称")
_ITEMS = ("子项", "类型", "计费项")
_ABOUT = {"model": "模型名称", "service": "服务内容", "unit": "单位"}
UNITS = {
    **dict.fromkeys(("输入", "文本输入"), "input_tokens"), **dict.fromkeys(("输出", "文本输出"), "output_tokens"),
    **dict.fromkeys(("图片输入", "图像输入"), "input_image_tokens"), "视频输入": "input_video_tokens",
    "音频输入": "input_audio_tokens", "音频输出": "output_audio_tokens",
    **dict.fromkeys(("命中缓存", "缓存命中", "输入(命中缓存)", "命中缓存输入"), "cache_read_tokens"),
}  # fmt: skip
_CACHED = frozenset({"命中缓存", "缓存命中"})
_WRITES = ("输出", "文本输出", "音频输出", *_CACHED)
_PERIODS: dict[str, Literal["peak", "off_peak"]] = {"高峰时段": "peak", "空闲时段": "off_peak"}
_PERIOD = "|".join(_PERIODS)
_DAY = r"(?P<{0}month>[0-9]{{1,2}})月(?P<{0}day>[0-9]{{1,2}})日"
_SINCE = rf"{_DAY.format('')}(?:0点|0?0:00)?起?生效"
_ITEM = re.compile(r"(?P<name>[^(]+(?:\(命中缓存\))?)(?:\((?P<range>.+)\))?")
# "输入（32k<输入<=128k）", "命中缓存（高峰时段：8:00-22:00，9月9日起生效）".
_RANGE = re.compile(
    rf"(?:(?P<period>{_PERIOD}):(?P<hours>[0-9:]+[-~–](?:次日)?[0-9:]+),?)?(?:{_SINCE},?)?(?P<lengths>.*)"
)
# What is done to a model or beside it is no price of its tokens, though it may be for tokens too.
TRAINING = re.compile("训练|精调|微调|蒸馏|评估|SFT|LoRA|RLHF|DPO|pretrain", re.IGNORECASE)
OTHER_SERVICES = re.compile(f"{TRAINING.pattern}|标注|部署|搜索|插件|存储", re.IGNORECASE)
# "推理服务 输入Token数：(128k,256]" (2026-10): behind 128k there is only one 256 that can be meant.
_SERVICE, _SUFFIX_LOST = re.compile(r"推理服务(?P<range>.*)"), re.compile(r"(?<=k,)(?P<size>[0-9]+)(?=[\])])")
_NOTES = re.compile(r"[(（]([^()（）]+)[)）]")
_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.+-]*(?:/[\w.+-]+)?(?: [\w.+-]+)*)(?P<notes>(?: ?[(（][^()（）]+[)）])*)", re.ASCII
)
_WORDS = re.compile("[一-鿿]")
_IDS = re.compile(r"[A-Za-z][\w.]*-[\w.-]+(?: [A-Za-z][\w.]*-[\w.-]+)+", re.ASCII)
_MONEY = re.compile("[0-9]月|[元折价%]")
# "命中缓存限时价格生效日期：9月9日-10月30日", "空闲时段为限时活动，8月25日0点起生效", "8月24日生效".
_DATED = re.compile(
    rf"(?P<of>命中缓存|缓存命中|{_PERIOD}|)[^0-9输入出缓存高峰空闲]*"
    rf"(?:{_SINCE}|{_DAY.format('from_')}-{_DAY.format('to_')})"
)
# "原价：0.002 国庆限定价：0.0012".
_SALE = re.compile(r"原价:(?P<regular>[0-9.]+)元?[^0-9:价]+价:(?P<charged>[0-9.]+)元?")
_BANNER = re.compile("(?=(活动时间.{,200}))", re.DOTALL)
_DAYS = re.compile(
    r"活动时间:?(?P<year>20[0-9]{2})年(?P<begins>[0-9]+月[0-9]+日)(?:0?0:00(?::00)?)?[-–—~至到]+"
    r"(?:(?P<last>20[0-9]{2})年)?(?P<ends>[0-9]+月[0-9]+日)(?:23:59(?::59)?|24:00(?::00)?)?(?![0-9])"
)

_TEXTS = etree.XPath("//text()[not(ancestor::script or ancestor::style or ancestor::table)]", smart_strings=False)


class _Remark(Struct):
    html: str


class _Data(Struct):
    remark: _Remark = msgspec.field(name="markdownRemark")


class _Result(Struct):
    data: _Data


class _Answer(Struct):
    result: _Result


class Days(Struct, frozen=True, gc=False):
    """From when until when prices apply, as a note says; `of` which ones, "" for all that it stands beside."""

    since: datetime | None
    until: datetime | None = None
    of: str = ""


class Dates(NamedTuple):
    """When the page was read, by which days without a year are understood, and when its sale is."""

    now: datetime
    sale: Days | None

    @property
    def month(self) -> int:
        return self.now.astimezone(beijing.BEIJING).month


class Row(NamedTuple):
    """What one row prices: of which models, each with its notes, when, and on which days."""

    models: list[tuple[str, tuple[str, ...]]]
    unit: str
    when: Conditions
    days: list[Days]
    sale: Days | None


def document(page: Page) -> tuple[tuple[Table, ...], str]:
    """The tables, and the text with the days of a sale. The page has its article from page-data.json, which can be
    read instead."""
    if not page.media_type.startswith("application/json"):
        text = "".join(cast(list[str], _TEXTS(page.tree))) if "活动时间" in page.text else ""
        return page.tables, text
    tree = markup.parse(page.json_as(_Answer).result.data.remark.html)
    return grid.tables(markup.blocks(tree), page.unread), "".join(cast(list[str], _TEXTS(tree)))


def columns(table: Table, prices: Collection[str]) -> dict[str, str]:
    """Under which headers the names and the items stand, and what is said about both; none in another table."""
    names, items = ([name for name in known if name in table.header] for known in (_NAMES, _ITEMS))
    if not names or not items:
        return {}
    found = {what: name for what, name in _ABOUT.items() if name in table.header and name != names[0]}
    found |= {"name": names[0], "item": items[0]}
    at = table.header.index(items[0])
    writes = any(plain(row[at].text).startswith(_WRITES) for row in table.body if at < len(row))
    # Only what reads has no versions; elsewhere the name of a model is that of a series.
    if names == ["模型名称"] and (writes or {*table.header} - {*found.values(), *prices}):
        return {}
    if len(items) > 1:
        raise PageChanged(f"{table} has the items {items}")
    return found


def dates(now: datetime, text: str) -> Dates:
    """The days of a sale stand in a banner above the tables, "活动时间：", and are of the prices beside 原价."""
    sales = set[tuple[datetime, datetime]]()
    for match in filter(None, map(_DAYS.match, map(plain, _BANNER.findall(text)))):
        year, begins, last, ends = match.groups()
        until = beijing.moment(f"{last or year}年{ends}") + timedelta(days=1)
        sales.add((beijing.moment(f"{year}年{begins}"), until))
    # The banners of sales that have ended stay on the page.
    on = [sale for sale in sales if sale[1] > now] or [*sales]
    return Dates(now, Days(*on[0]) if len(on) == 1 and on[0][0] < on[0][1] else None)


def counted(cell: Cell, stated: Sequence[Basis]) -> Quantity:
    """What a price is for, from its column, from the unit beside it, or from the cell itself."""
    if not cell.text or len(set(stated)) > 1:
        raise PageChanged(f"the table has the price {cell.text!r} for {[*stated]}")
    if stated or amounts.term(cell.text):
        return stated[0].unit if stated else "tokens"
    return amounts.parse(cell.text, "CNY").unit or "tokens"


def row(cells: Mapping[str, Cell], dates: Dates) -> Row:
    """The models that a row names, its billing item and its service: "推理服务 输入Token数：[0,32k)"."""
    text, service = cells["item"].text, cells["service"].text if "service" in cells else "推理服务"
    match, band = _ITEM.fullmatch(plain(text)), _SERVICE.fullmatch(plain(service))
    about = _RANGE.fullmatch(match["range"] or "") if match else None
    if match is None or about is None or band is None or match["name"] not in UNITS:
        raise PageChanged(f"{cells['name'].text!r} has the unknown billing item {text!r} of {service!r}")
    if about["lengths"] and band["range"]:
        raise PageChanged(f"{cells['name'].text!r} has two lengths: {text!r}, {service!r}")
    days, others = _notes(cells["model"], dates.now) if "model" in cells else ([], ())
    if since := _day(about, "", dates.now):
        days.insert(0, Days(since))
    models = [(name, (*notes, *others)) for name, notes in _models(cells["name"])]
    when = _lengths(about["lengths"] or band["range"])
    if about["period"]:
        # Beijing's hours, "22:00-次日8:00".
        hours = beijing.windows(about["hours"].replace("次日", ""))
        when = replace(when, period=_PERIODS[about["period"]], hours_utc=hours)
    return Row(models, UNITS[match["name"]], when, days, dates.sale)


def prices(row: Row, cell: Cell, per: int | None) -> Iterator[priced.Stated]:
    """What a cell says: a price, a word in its place, or the regular price and that of a sale."""
    if match := _SALE.fullmatch(plain(cell.text)):
        regular, charged = exact(match["regular"]), exact(match["charged"])
        if row.sale is None or per is None or cell.struck or charged >= regular:
            raise PageChanged(f"{cell.text!r} is not a sale whose days are stated")
        yield _dated(PriceComponent(row.unit, regular, "CNY", per, row.when), row.days)
        since, until = row.sale.since, row.sale.until
        yield PriceComponent(row.unit, charged, "CNY", per, row.when, regular, since, until)
        return
    price = priced.price(row.unit, cell, "CNY", per, row.when)
    yield _dated(price, row.days) if isinstance(price, PriceComponent) else price


def _models(cell: Cell) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The versions that a cell names, each with its notes: "GLM-5（即将下线）"; a line of words is a note on all."""
    found, words = list[tuple[str, tuple[str, ...]]](), list[str]()
    for line in cell.lines:
        if match := _NAME.fullmatch(line):
            names = match["name"].split() if _IDS.fullmatch(match["name"]) else [match["name"]]
            found += [(name, tuple(_NOTES.findall(match["notes"]))) for name in names]
        elif _WORDS.match(line):
            words.append(line)
        else:
            raise PageChanged(f"{line!r} is neither a model nor a note on models")
    said = [*words, *(note for _, notes in found for note in notes)]
    if not found or cell.struck or any(map(_MONEY.search, said)):
        raise PageChanged(f"{cell.text!r} does not name models with notes that are known")
    for name, notes in found:
        yield name, (*notes, *words)


def _notes(cell: Cell, now: datetime) -> tuple[list[Days], tuple[str, ...]]:
    """What the notes behind the name of a model say of days, which have no year, and its other notes."""
    days, others = list[Days](), list[str]()
    for note in _NOTES.findall(cell.text):
        if match := _DATED.fullmatch(plain(note)):
            begins, ends = _day(match, "", now) or _day(match, "from_", now), _day(match, "to_", now)
            days.append(Days(begins, ends and ends + timedelta(days=1), match["of"]))
        elif _MONEY.search(note):
            raise PageChanged(f"{cell.text!r} has a note that is not known: {note!r}")
        else:
            others.append(note)
    return days, tuple(others)


def _dated(price: PriceComponent, days: list[Days]) -> PriceComponent:
    """The price with the days that its row, or else the name of its model, states for it."""
    said = [
        found
        for found in days
        if not found.of
        or _PERIODS.get(found.of, "") == price.conditions.period
        or (found.of in _CACHED and price.unit == "cache_read_tokens")
    ]
    return replace(price, valid_from=said[0].since, valid_to=said[0].until) if said else price


def _lengths(text: str) -> Conditions:
    written = text.replace("=<", "<=").replace(":", "")
    if written.startswith("(") and written.endswith(")") and "," not in written:
        written = written[1:-1]
    return lengths(_SUFFIX_LOST.sub(r"\g<size>k", written)) if written else ALWAYS


def _day(match: re.Match[str], which: str, now: datetime) -> datetime | None:
    """A day without its year: what is announced here begins within three months, all else has been."""
    if (month := match[f"{which}month"]) is None:
        return None
    days = (
        beijing.moment(f"{year}年{month}月{match[which + 'day']}日") for year in (now.year + 1, now.year, now.year - 1)
    )
    return next(day for day in days if day <= now + timedelta(days=92))
