"""Baidu Qianfan's price page: a row for each billing item of a version, online and batch, in yuan."""

import re
from collections.abc import Iterator

from crawler import amounts, qianfan
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.ratecard import plain
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, PriceComponent, Provider
from history.units import UNITS

_PRICE = re.compile(
    r"(?P<what>单价|价格|在线推理|批量推理)(?:\((?:原价|(?P<month>[0-9]{1,2})月活动价|(?P<basis>元/[^()]+))\))?"
)
_INFERENCE = ("在线推理", "批量推理")
_TERMS = frozenset({"-", "--", "–", "—", "——", "不支持", "暂不支持"})
_Heads = dict[str, re.Match[str]]


class Baidu(PricingSpider):
    name = "baidu"
    provider = Provider("baidu", "Baidu Qianfan", "cloud")
    start_urls = ["https://cloud.baidu.com/doc/qianfan/s/wmh4sv6ya"]
    currency = "CNY"
    offers_expected = range(3, 300)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, (tables, text) = PriceSheet(), qianfan.document(page)
        dates = qianfan.dates(page.fetched_at, text)
        for table in tables:
            heads = {name: match for name in table.header if (match := _PRICE.fullmatch(plain(name)))}
            if qianfan.TRAINING.search(table.heading):
                table.leave()
            elif heads and (columns := qianfan.columns(table, heads)):
                self._read(sheet, table, columns, heads, dates)
            elif any(plain(name)[:4] in _INFERENCE for name in table.header):
                raise PageChanged(f"{table} has prices under unknown headers: {list(table.header)}")
            elif table.has_money:
                table.leave()
        for offer in sheet.offers(self.provider):
            plainly = {price.unit for price in offer.components if price.conditions == ALWAYS}
            if any(price.unit in plainly for price in offer.components if price.conditions != ALWAYS):
                raise PageChanged(f"{offer.model} has a price with a range beside one without")
            yield offer

    def _read(
        self, sheet: PriceSheet, table: Table, columns: dict[str, str], heads: _Heads, dates: qianfan.Dates
    ) -> None:
        strange = [name for name in table.header if plain(name)[:4] in _INFERENCE and name not in heads]
        strange += [name for name, head in heads.items() if head["month"] and int(head["month"]) == dates.month]
        if strange:
            raise PageChanged(f"{table} has the prices {strange}")
        # The column of a sale stays when its month is over: February's was there in autumn 2026.
        heads = {name: head for name, head in heads.items() if not head["month"]}
        asked = {**{what: (name,) for what, name in columns.items()}, **{name: (name,) for name in heads}}
        for cells in table.rows(asked):
            said = {name: cell for name in heads if (cell := cells.pop(name)).text not in _TERMS}
            row = {what: cells.pop(what) for what in columns}
            if (unit := row.pop("unit", None)) and unit.text and "token" not in unit.text.lower():
                table.unread[f"price per {unit.text}"] += 1
                continue
            if (service := row.get("service")) and qianfan.OTHER_SERVICES.search(service.text):
                table.unread[f"prices of {service.text}"] += 1
                continue
            for name, cell in said.items():
                texts = [*([unit.text] if unit else []), *filter(None, [heads[name]["basis"]])]
                stated = [amounts.basis(text, self.currency) for text in texts]
                if (counted := qianfan.counted(cell, stated)) == "tokens":
                    tier = "batch" if heads[name]["what"] == "批量推理" else "standard"
                    self._add(sheet, qianfan.row(row, dates), cell, stated[0].per if stated else None, tier)
                else:
                    table.unread[f"price per {counted}"] += 1

    def _add(self, sheet: PriceSheet, row: qianfan.Row, cell: Cell, per: int | None, tier: str) -> None:
        for price in qianfan.prices(row, cell, per):
            for model, notes in row.models:
                if isinstance(price, PriceComponent):
                    sheet.add(model, price, tier=tier, terms=notes)
                else:
                    sheet.add(model, tier=tier, terms=(*notes, f"{UNITS[row.unit].label}: {price}"))
