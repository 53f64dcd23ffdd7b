"""Xiaomi MiMo's Token Plan (Markdown): what it costs at home in yuan and overseas in dollars, quotas in credits.

The page (spring and summer of 2026) says both in one cell, "$6/month, ¥39/month", in a table for the month and one for
the year. Two lists, one for each currency, are written from the documented shape.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from msgspec.structs import replace as altered

from crawler import plans
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider, Source

_KNOWN = frozenset({"Lite", "Standard", "Pro", "Max"})
_LISTS = (
    (re.compile(r"domestic|china|国内|中国", re.IGNORECASE), "domestic", "CNY"),
    (re.compile(r"overseas|global|international|海外|国际", re.IGNORECASE), "overseas", "USD"),
)
_SIGNS = {"CNY": "¥￥", "USD": "$"}
_BETWEEN = re.compile(r"[,，、] ?(?=[$¥￥])")
_WORDS = plans.Words(
    prices={
        **dict.fromkeys(("Pricing", "Price", "价格"), ""),
        **dict.fromkeys(("Monthly price", "Monthly", "包月价格", "月付"), "plan_months"),
        **dict.fromkeys(("Quarterly price", "Quarterly", "包季价格", "季付"), "plan_quarters"),
        **dict.fromkeys(("Yearly price", "Yearly", "Annual price", "包年价格", "年付"), "plan_years"),
    },
    quotas={
        **dict.fromkeys(("Monthly Credits", "Credits per month", "Credits/month"), ("credits", "month")),
        **dict.fromkeys(("Monthly Fixed Credit Limit", "每月 Credits"), ("credits", "month")),
        **dict.fromkeys(("Annual fixed Credit limit", "Yearly Fixed Credit Limit"), ("credits", "year")),
        "Credits": ("credits", ""),
    },
    terms=frozenset({"First purchase", "首购优惠"}),
)


class XiaomiPlans(PricingSpider):
    name = "xiaomi_plans"
    provider = Provider("xiaomi", "Xiaomi MiMo", "lab")
    start_urls = ["https://mimo.mi.com/static/docs/price/token-plan.md"]
    currency = "CNY"
    offers_expected = range(4, 30)

    @classmethod
    def source(cls) -> Source:
        return replace(super().source(), currencies=frozenset({"CNY", "USD"}))

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            if plans.is_of(table, _KNOWN, _WORDS):
                for half, region, currency in _lists(table):
                    plans.read(sheet, half, _WORDS, currency, "Token Plan", region)
        yield from plans.offers(sheet, self.provider)


def _lists(table: Table) -> Iterator[tuple[Table, str, str]]:
    """What a table says of each region: its heading names one, or its cells say both."""
    named = [(region, currency) for words, region, currency in _LISTS if words.search(table.heading)]
    said = "".join(cell.text for row in table.grid for cell in row)
    both = all(any(sign in said for sign in signs) for signs in _SIGNS.values())
    if len(named) != (0 if both else 1):
        raise PageChanged(f"{table} is neither the domestic list nor the overseas one")
    if named:
        yield table, *named[0]
        return
    for at, (_, region, currency) in enumerate(_LISTS):
        grid = tuple([tuple([_only(table, cell, currency) for cell in row]) for row in table.grid])
        yield altered(table, grid=grid, unread=Counter() if at else table.unread), region, currency


def _only(table: Table, cell: Cell, currency: str) -> Cell:
    """What a cell says in this currency: of "$6/month, ¥39/month" one half."""
    pieces = [piece for line in cell.lines for piece in _BETWEEN.split(line)]
    said = [[code for code, signs in _SIGNS.items() if any(sign in piece for sign in signs)] for piece in pieces]
    if not any(said):
        return cell
    if cell.struck or any(len(codes) != 1 for codes in said):
        raise PageChanged(f"{table} has {cell.text!r}, which is not a price in one currency and one in the other")
    lines = tuple([piece for piece, codes in zip(pieces, said, strict=True) if codes == [currency]])
    return altered(cell, text=" ".join(lines), lines=lines)
