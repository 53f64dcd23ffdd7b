"""Kimi's membership (help centre): plans are columns whose headers hold name and price, "Moderato $19/month".

Written from the documented shape; the page of prices itself (kimi.com/membership/pricing) is drawn by scripts.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import plans
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_KNOWN = frozenset({"Adagio", "Andante", "Moderato", "Allegretto", "Allegro", "Vivace"})
_HEAD = re.compile(r"(?P<name>[A-Z][a-z]+)(?: (?P<price>\S.*))?")
_WORDS = plans.Words(
    prices={"Price": "", "Yearly price": ""},
    quotas={
        "Agent quota": ("tasks", "month"),
        "Kimi Code quota": ("", ""),
        "Kimi Code requests": ("requests", ""),
    },
    terms=frozenset({"Kimi Code", "Kimi Code credits", "Professional database", "Deep Research"}),
)


class KimiPlans(PricingSpider):
    name = "kimi_plans"
    provider = Provider("moonshot", "Moonshot AI", "lab")
    start_urls = ["https://www.kimi.com/help/membership/membership-overview"]
    currency = "USD"
    offers_expected = range(3, 12)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in map(_with_prices, page.tables):
            if plans.is_of(table, _KNOWN, _WORDS):
                plans.read(sheet, table, _WORDS, self.currency)
        yield from plans.offers(sheet, self.provider)


def _with_prices(table: Table) -> Table:
    """The prices of the header in a row of their own."""
    head = table.grid[0] if table.grid else ()
    found = [_HEAD.fullmatch(cell.text) for cell in head[1:]]
    if not any(match and match["name"] in _KNOWN and match["price"] for match in found):
        return table
    names, prices = [head[0]], [Cell("Price", lines=("Price",))]
    for cell, match in zip(head[1:], found, strict=True):
        if match is None or not match["price"] or cell.marks:
            raise PageChanged(f"{table} has the plan {cell.text!r} without a price")
        names.append(Cell(match["name"]))
        prices.append(Cell(match["price"], cell.struck, lines=(match["price"],)))
    return replace(table, grid=(tuple(names), tuple(prices), *table.grid[1:]), head=1)
