"""TokenHub: Tencent Cloud's price document, in China and abroad: one tab a region, batch in a part of its own."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

from lxml import etree

from crawler import beijing, moments, priced
from crawler.failures import PageChanged
from crawler.grid import Grid, Heading, Table
from crawler.page import Page
from crawler.ratecard import has_conditions, plain, rates, units_of
from crawler.sheet import PriceSheet
from history.model import Conditions, Offer, PriceComponent, Provider

# The slate editor writes its paragraphs as <div>, each run of text as a <span>.
_LINES = etree.XPath("//div[not(.//div)]")
_ALL = etree.XPath("//body//text()[not(ancestor::script or ancestor::style)]", smart_strings=False)
_PARTS = {
    "在线推理场景": "standard", "实时推理场景": "standard", "onlineinference": "standard",
    "批量任务场景": "batch", "批量推理场景": "batch", "批量推理": "batch",
    "batchinference": "batch", "batchtasks": "batch",
}  # fmt: skip
_TOKENS = re.compile(r"^推理(?:输入|输出)|^inference(?:in|out)put|/(?:百万|千|1?m|million)tokens?\)$")
_BATCH = re.compile("批量|batch", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("推理输入", "输入", "inferenceinput", "input", "inputtokens"), "input_tokens"),
    **dict.fromkeys(("推理输出", "输出", "inferenceoutput", "output", "outputtokens"), "output_tokens"),
    # The English page since 2026-09: "Cache (USD / million tokens)".
    **dict.fromkeys(("缓存命中", "缓存", "cachehit", "cache", "cachedinput"), "cache_read_tokens"),
    **dict.fromkeys(("缓存写入", "cachewrite"), "cache_write_tokens"),
}
# Embeddings: a row for each kind of input.
_ITEMS = {
    "文本输入": "input_tokens", "图片输入": "input_image_tokens", "视频输入": "input_video_tokens",
    "textinput": "input_tokens", "imageinput": "input_image_tokens", "videoinput": "input_video_tokens",
}  # fmt: skip
_ITEM = ("计费项", "Billing Item")
_MODEL = ("模型名称", "模型", "Model Name", "Model")
# "01:00 - 04:00", "9点至12点": hours.
_HOURS = re.compile(r"[0-9] ?(?:[:：][0-9]{2}|[点时])(?: ?[-–—~～至到] ?| to )[0-9]{1,2} ?[:：点时]")
_PRICE = {"价格": "input_tokens", "price": "input_tokens"}


def offers(page: Page, provider: Provider, currency: str) -> Iterator[Offer]:
    """A model by its name as it stands; the region is the label of the tab."""
    sheet, said = PriceSheet(), cache(lambda: _text(page))
    for table, tier in _tables(page):
        if set(_ITEM) & set(table.header):
            _read_items(sheet, table, currency)
        elif units := _units(table, currency):
            if tier is None:
                raise PageChanged(f"{table} stands in a part that is no known tier")
            region = table.within[0] if table.within else ""
            for rate in rates(table, units, currency, lambda model: _peak_hours(model, *said())):
                sheet.add(rate.model, *rate.components, tier=tier, region=region, terms=rate.terms)
        elif any(_TOKENS.search(plain(header)) for header in table.header):
            raise PageChanged(f"{table} has token prices under unknown headers: {list(table.header)}")
        else:
            table.leave()
    yield from _placed(sheet.offers(provider))


def _placed(stated: Iterator[Offer]) -> Iterator[Offer]:
    """A model that has prices by region has no others: they would be of a tier that was not recognised."""
    found = list(stated)
    by_region = {(offer.model, offer.tier) for offer in found if offer.region}
    if lost := [offer.model for offer in found if not offer.region and (offer.model, offer.tier) in by_region]:
        raise PageChanged(f"{lost} have prices in the regions and beside them")
    yield from found


def _tables(page: Page) -> Iterator[tuple[Table, str | None]]:
    """Each table with the tier of the part of the document in which it stands; None where that is not known."""
    tables, tier = iter(page.tables), _PARTS.get("在线推理场景")
    for block in page.blocks:
        if isinstance(block, Heading) and (plain(block.text) in _PARTS or _BATCH.search(block.text)):
            tier = _PARTS.get(plain(block.text))
        elif isinstance(block, Grid):
            yield next(tables), tier


def _units(table: Table, currency: str) -> Mapping[str, tuple[str, int]]:
    units = units_of(table, _UNITS, currency)
    found = {unit for unit, _ in units.values()}
    if units and not {"input_tokens", "output_tokens"} <= found:
        raise PageChanged(f"{table} lacks an input or an output price: {list(table.header)}")
    if "cache_read_tokens" in found and not has_conditions(table):
        raise PageChanged(f"{table} does not say when its prices apply: {list(table.header)}")
    if len(table.within) > 1:
        raise PageChanged(f"{table} stands in the tabs {list(table.within)}")
    return units


def _read_items(sheet: PriceSheet, table: Table, currency: str) -> None:
    prices = units_of(table, _PRICE, currency)
    if len(prices) != 1:
        raise PageChanged(f"{table} has no price for its items: {list(table.header)}")
    [(header, (_, per))] = prices.items()
    for row in table.rows({"model": _MODEL, "item": _ITEM, "price": (header,)}):
        model, item = row.pop("model").text, plain(row.pop("item").text)
        if not model or item not in _ITEMS:
            raise PageChanged(f"{table} has the unknown item {item!r} of {model!r}")
        price = priced.price(_ITEMS[item], row.pop("price"), currency, per)
        if not isinstance(price, PriceComponent):
            raise PageChanged(f"{table} says {price!r} instead of a price of {model!r}")
        sheet.add(model, price)


def _text(page: Page) -> tuple[str, bool]:
    """The paragraphs of the document, one a line, and whether hours stand anywhere in it."""
    lines = cast(list[etree._Element], _LINES(page.tree))
    everywhere = " ".join("".join(cast(list[str], _ALL(page.tree))).split())
    text = "\n".join([*("".join(map(str, line.itertext())) for line in lines), page.prose])
    return text, _HOURS.search(everywhere) is not None


def _peak_hours(model: str, text: str, stated: bool) -> Conditions:
    """When peak hours are; a document that states no hours at all leaves them open, as its tables do."""
    if not stated:
        return Conditions(period="peak")
    return beijing.peak_hours(text, model) if "高峰时段" in text else moments.peak_hours(text)
