"""Kimi's membership (help centre): plans are columns whose headers hold name and price, "Moderato ($19/mo)".

The help centre's page of prices (membership-pricing) says them again in a table, by the month and by the year. The page
on which they are sold (kimi.com/membership/pricing) is drawn by scripts.
"""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from crawler import plans
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider
from history.quotas import PLAN_TIER

_KNOWN = frozenset({"Adagio", "Andante", "Moderato", "Allegretto", "Allegro", "Vivace"})
_HEAD = re.compile(r"(?P<name>[A-Z][a-z]+)(?: \((?P<price>[^()]+)\)| (?P<bare>[^\s()].*))?")
_WORDS = plans.Words(
    prices={
        "Price": "",
        "Yearly price": "",
        "Monthly": "plan_months",
        "Annual (per month)": "plan_months_billed_yearly",
        "Annual Total": "plan_years",
    },
    quotas={
        # As many tasks as the month's credits come to.
        **dict.fromkeys(("Agent quota", "Agent credits"), ("tasks", "month")),
        "Kimi Code quota": ("", ""),
        "Kimi Code requests": ("requests", ""),
    },
    terms=frozenset(
        {"Kimi Code", "Kimi Code credits", "Professional database", "Deep Research", "You Save"}
        # How many there may be at once is no quota.
        | {"Agent concurrent tasks", "Scheduled tasks", "Widget tasks"}
    ),
)


class KimiPlans(PricingSpider):
    name = "kimi_plans"
    provider = Provider("moonshot", "Moonshot AI", "lab")
    start_urls = ["https://www.kimi.com/help/membership/membership-overview"]
    currency = "USD"
    offers_expected = range(3, 12)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        # What headers say last: a table may have said it before.
        for table in sorted(page.tables, key=_has_prices):
            stated = _with_prices(table, sheet, self.currency) if _has_prices(table) else table
            if plans.is_of(stated, _KNOWN, _WORDS):
                plans.read(sheet, stated, _WORDS, self.currency)
        yield from plans.offers(sheet, self.provider)


def _heads(table: Table) -> list[tuple[str, str]]:
    """The names in a header, each with the price behind it."""
    found = [_HEAD.fullmatch(cell.text) for cell in (table.grid[0][1:] if table.grid else ())]
    return [(match["name"], match["price"] or match["bare"] or "") if match else ("", "") for match in found]


def _has_prices(table: Table) -> bool:
    return any(name in _KNOWN and price for name, price in _heads(table))


def _with_prices(table: Table, sheet: PriceSheet, currency: str) -> Table:
    """The prices of the header in a row of their own, but for those that are on the sheet."""
    names, prices = [table.grid[0][0]], [Cell("Price", lines=("Price",))]
    for cell, (name, price) in zip(table.grid[0][1:], _heads(table), strict=True):
        if not price or cell.marks:
            raise PageChanged(f"{table} has the plan {cell.text!r} without a price")
        stated = Cell(price, cell.struck, lines=(price,))
        for said in plans.prices(stated, currency)[0]:
            known = sheet.price(name, said.unit, PLAN_TIER)
            if known and (known.amount, known.list_amount) != (said.amount, said.list_amount):
                raise PageChanged(f"{table} has {cell.text!r}, and the page says {known.amount} elsewhere")
            stated = Cell("") if known else stated
        names.append(Cell(name))
        prices.append(stated)
    return replace(table, grid=(tuple(names), tuple(prices), *table.grid[1:]), head=1)
