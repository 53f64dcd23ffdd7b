"""Huawei Cloud MaaS's price page: text generation, a row for each billing item, in dollars for a thousand tokens."""

import re
from collections.abc import Iterator, Mapping

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.page import Page
from crawler.ratecard import plain
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Conditions, Offer, PriceComponent, Provider

_UNITS = {
    "input": "input_tokens", "output": "output_tokens",
    **dict.fromkeys(("cachedinput", "input(cachehit)", "cachehit"), "cache_read_tokens"),
}  # fmt: skip
# Which hours are busy is said on a page of its own, "Billing for Peak and Off-Peak Hours" (2026).
_PATTERNS = {
    "reasoningpattern": Conditions(thinking=True), "non-reasoningpattern": Conditions(thinking=False),
    **dict.fromkeys(("peak", "peakhours"), Conditions(period="peak")),
    **dict.fromkeys(("off-peak", "off-peakhours"), Conditions(period="off_peak")),
}  # fmt: skip
_KNOWN = frozenset({"", "model", "region", "item"})
_MODEL, _CONDITION = re.compile(r"[A-Za-z][\w .:/-]*"), re.compile("[0-9]|peak", re.IGNORECASE)
_PRICE = re.compile(r"unitprice\(usd/(?P<count>1,000|1,000,000|million)tokens\)")
_COUNTS = {"1,000": 1_000, "1,000,000": 1_000_000, "million": 1_000_000}


class Huawei(PricingSpider):
    name = "huawei"
    provider = Provider("huawei", "Huawei Cloud MaaS", "cloud")
    start_urls = ["https://support.huaweicloud.com/intl/en-us/price-modelarts/price-modelarts-0047.html"]
    currency = "USD"
    offers_expected = range(2, 60)
    ignored_columns = frozenset({"description", "billingformula"})

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            places = [_place(name) for name in table.header]
            # Worked examples have prices too, and contradict the table (2025-09-29): they name no billing item.
            if {"model", "item"} <= {*places} and any(_PRICE.fullmatch(plain(name)) for name in table.header):
                self._read(sheet, table, places)
            else:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, places: list[str]) -> None:
        heads = [(at, _PRICE.fullmatch(plain(name))) for at, name in enumerate(table.header)]
        prices = [(at, _COUNTS[match["count"]]) for at, match in heads if match]
        if len(prices) != 1:
            raise PageChanged(f"{table} has more than one price: {list(table.header)}")
        [(price_at, per)] = prices
        for cells in table.body:
            if len(cells) != len(places):
                raise PageChanged(f"{table} has the row {[cell.text for cell in cells]}")
            said = [(place, cell.text) for place, cell in zip(places, cells, strict=True)]
            known = {place: text for place, text in said if place in ("model", "region")}
            unit, when = _item(table, dict.fromkeys(plain(text) for place, text in said if place == "item"))
            price = amounts.parse(cells[price_at].text, self.currency)
            if not _MODEL.fullmatch(known["model"]) or price.per is not None or cells[price_at].struck:
                raise PageChanged(f"{table} has the price {cells[price_at].text!r} for {known['model']!r}")
            component = PriceComponent(unit, price.amount, self.currency, per, when)
            sheet.add(known["model"], component, region=known.get("region", ""))
            over = [one for at, one in enumerate(said) if at != price_at and one[0] not in _KNOWN]
            # MaaS in China has prices by the tokens of a request, in a column of their own (2026).
            if strange := [(place, text) for place, text in over if _CONDITION.search(text)]:
                raise PageChanged(f"{table} says of the price of {known['model']!r} what is not known: {strange}")
            table.unread.update(place for place, text in over if text)


def _place(header: str) -> str:
    """What a column holds, "" where it is ignored."""
    name = plain(header)
    if name in Huawei.ignored_columns:
        return ""
    return {"model": "model", "region": "region", "billingsub-item": "item"}.get(name, header)


def _item(table: Table, names: Mapping[str, None]) -> tuple[str, Conditions]:
    match list(names):
        case [kind] if kind in _UNITS:
            return _UNITS[kind], ALWAYS
        case [kind, pattern] if kind in _UNITS and pattern in _PATTERNS:
            return _UNITS[kind], _PATTERNS[pattern]
    raise PageChanged(f"{table} has the unknown billing item {list(names)}")
