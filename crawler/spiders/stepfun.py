"""StepFun's pricing page (official Markdown): one billing unit a row; what is not billed by token is reported."""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Table, mention_money
from crawler.page import Page
from crawler.ratecard import plain
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider, Source

_PLACES = {
    "model": "model", "模型": "model", "模型名称": "model",
    "billingunit": "per", "计费单位": "per",
    "currentstatus": "status", "当前状态": "status",
    "input(cachemiss)": "input_tokens", "输入(缓存未命中)": "input_tokens", "输入价格(缓存未命中)": "input_tokens",
    "input(cachehit)": "cache_read_tokens", "输入(缓存命中)": "cache_read_tokens",
    "输入价格(缓存命中)": "cache_read_tokens",
    "output": "output_tokens", "输出": "output_tokens", "输出价格": "output_tokens",
}  # fmt: skip
_UNITS = ("input_tokens", "cache_read_tokens", "output_tokens")
_MILLION = frozenset({"1mtokens", "百万tokens"})
_NO_UNIT = frozenset({"-", "–", "—"})
_SIGNS = {"元": "CNY", "¥": "CNY", "￥": "CNY", "$": "USD"}
# No table is of one of these so far: its prices would be taken for the usual ones.
_TIERS = re.compile(r"\b(?:batch|priority|flex|peak)\b|批量|优先|高峰|低峰|空闲|闲时|忙时|夜间", re.IGNORECASE)
_PRICED = re.compile("input|output|cache|输入|输出|缓存")


class StepFun(PricingSpider):
    name = "stepfun"
    provider = Provider("stepfun", "StepFun", "lab")
    start_urls = ["https://platform.stepfun.ai/docs/en/guides/pricing/details.md"]
    currency = "USD"
    offers_expected = range(2, 60)

    @classmethod
    def source(cls) -> Source:
        """The Chinese page (platform.stepfun.com/docs/zh/guides/pricing/details) has the same table in yuan."""
        return replace(super().source(), currencies=frozenset({"USD", "CNY"}))

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            places = {place: header for header in table.header if (place := _PLACES.get(plain(header)))}
            if {"model", "input_tokens", "output_tokens"} <= set(places):
                _read(sheet, table, places)
            elif any(map(_by_token, (cell for row in table.body for cell in row))):
                raise PageChanged(f"{table} has token prices under unknown headers: {list(table.header)}")
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)


def _by_token(cell: Cell) -> bool:
    said = plain(cell.text)
    return said in _MILLION or (said.endswith("tokens") and mention_money([cell]))


def _read(sheet: PriceSheet, table: Table, places: dict[str, str]) -> None:
    if "per" not in places or table.within or _TIERS.search(f"{table.heading} {table.lead}"):
        raise PageChanged(f"{table} does not say what its prices are for: {list(table.header)}")
    for at, name in enumerate(table.header):
        money = mention_money(row[at] for row in table.body if at < len(row))
        if name not in places.values() and (money or _PRICED.search(plain(name))):
            raise PageChanged(f"{table} has prices in the unknown column {name!r}")
    said = "".join(cell.text for row in table.body for cell in row)
    currency = next((code for sign, code in _SIGNS.items() if sign in said), "")
    for row in table.rows({place: (header,) for place, header in places.items()}):
        model, per = row.pop("model").text, plain(row.pop("per").text)
        status = row.pop("status").text if "status" in places else ""
        cells = [(unit, row.pop(unit)) for unit in _UNITS if unit in places]
        if not model or " " in model or not per:
            raise PageChanged(f"{table} has a row for {model!r} per {per!r}")
        if per not in _MILLION | _NO_UNIT:
            if "token" in per:
                raise PageChanged(f"{table} has a price for {model!r} per {per!r}")
            table.unread[f"price per {per}"] += 1
            continue
        stated = [(unit, priced.price(unit, cell, currency or StepFun.currency, 1_000_000)) for unit, cell in cells]
        prices = priced.components(stated)
        if (prices and (per in _NO_UNIT or not currency)) or not all(cell.text for _, cell in cells):
            raise PageChanged(f"{table} has a price for {model!r} and does not say for what, or in which currency")
        notes = [note for note in (status, *priced.terms(stated)) if note and note not in _NO_UNIT]
        sheet.add(model, *prices, terms=tuple(notes if len(notes) < 2 else [*filter(priced.NOT_OFFERED.__ne__, notes)]))
