"""Xiaomi MiMo's pay-as-you-go page (Markdown): a domestic list in yuan and an overseas one in dollars, with batch."""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.ratecard import plain
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Conditions, Offer, Provider, Source

_LISTS = {
    "domesticpricingofthemodel": ("domestic", "CNY"), "模型国内定价": ("domestic", "CNY"),
    "overseaspricingofthemodel": ("overseas", "USD"), "模型海外定价": ("overseas", "USD"),
}  # fmt: skip
_UNITS = {
    **dict.fromkeys(("input(cachehit)", "输入(命中缓存)", "输入(缓存命中)"), "cache_read_tokens"),
    **dict.fromkeys(("input(cachemiss)", "输入(未命中缓存)", "输入(缓存未命中)"), "input_tokens"),
    **dict.fromkeys(("output", "输出"), "output_tokens"),
}
# "MiMo-V2.5 系列" (platform.xiaomimimo.com, summer 2026) and "" (April 2026) stand over the models, too.
_MODELS, _SERIES = {"model", "modelname", "模型", "模型名称", ""}, ("系列", "series")
_TIERS = {"real-timeapi": "standard", "实时推理": "standard", "batchapi": "batch", "批量推理": "batch"}
# Ids, perhaps glued, each with its note, "mimo-v2.5(to be deprecated)"; one of hours, prompts or a sale is a condition.
_NAME = re.compile(r"(mimo-(?:[a-ln-z0-9.-]+|m(?!imo-))+)(?: ?[(（]([^()（）<>≤≥~%折:：]+)[)）]|)[、, ]*|(.)")
# "Billing Unit: China：RMB / M tokens;  Overseas: dollar / M tokens" (October 2026): what prices are for, if not that.
_MILLION, _THOUSAND = r"[:：].*/(?! ?(?:1?M|百万) ?[Tt]okens)", " ?(?:1?K|千) ?[Tt]okens"
_OTHER = re.compile(rf"Unit{_MILLION}|单位{_MILLION}|per{_THOUSAND}|每{_THOUSAND}")


class Xiaomi(PricingSpider):
    name = "xiaomi"
    provider = Provider("xiaomi", "Xiaomi MiMo", "lab")
    start_urls = ["https://mimo.mi.com/static/docs/price/pay-as-you-go.md"]
    currency = "CNY"
    offers_expected = range(3, 80)

    @classmethod
    def source(cls) -> Source:
        return replace(super().source(), currencies=frozenset({"CNY", "USD"}))

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            columns = [priced.Column(at, *price) for at, name in enumerate(table.header) if (price := _price(name))]
            if (here := _LISTS.get(plain(table.heading))) and columns and not table.is_special:
                _read(sheet, table, columns, *here)
            elif table.has_money or columns:
                if columns or table.has_token_money or (here and max(map(len, table.grid)) > 3):
                    raise PageChanged(f"{table} is neither the domestic list nor the overseas one")
                table.leave()
        if _OTHER.search(page.prose):
            raise PageChanged("the page's prices are not for a million tokens")
        yield from sheet.offers(self.provider)


def _price(header: str) -> tuple[str, int, Conditions] | None:
    """ "Input ≤ 256K / Input (Cache Hit)": the unit, for how many it is, and for which prompts."""
    group, _, name = header.rpartition(" / ")
    if unit := _UNITS.get(plain(name)):
        return unit, 10**6, lengths(group, above=Conditions(max_input_tokens=256_000)) if group else ALWAYS
    return None


def _read(sheet: PriceSheet, table: Table, columns: list[priced.Column], region: str, currency: str) -> None:
    names = [at for at, name in enumerate(table.header) if plain(name) in _MODELS or plain(name).endswith(_SERIES)]
    types = [at for at, name in enumerate(table.header) if plain(name) in ("inferencetype", "推理类型")]
    if set(_UNITS.values()) - {column.unit for column in columns} or len(names) != 1 or len(types) > 1:
        raise PageChanged(f"{table} lacks a price or its models: {list(table.header)}")
    if len({*map(len, table.grid)}) > 1 or "" in [cell.text for cells in table.body for cell in cells]:
        raise PageChanged(f"{table} has the rows {[[cell.text for cell in cells] for cells in table.grid]}")
    for cells in table.body:
        if (tier := _TIERS.get(plain(cells[types[0]].text)) if types else "standard") is None:
            raise PageChanged(f"{table} has the unknown type {cells[types[0]].text!r}")
        prices, terms = priced.row(columns, cells, currency)
        for model, note, _ in _models(table, cells[names[0]]):
            sheet.add(model, *prices, tier=tier, region=region, terms=(note, *terms) if note else terms)
    table.leave_columns({*names, *types, *(column.at for column in columns)})


def _models(table: Table, cell: Cell) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = _NAME.findall(cell.text)
    if cell.struck or any(other for _, _, other in found):
        raise PageChanged(f"{table} has a row for {cell.text!r}, which are no ids")
    return found
