"""DeepSeek's pricing page: models are columns, prices are rows; by the hour, with promotions and announcements."""

import re
from collections.abc import Iterator
from datetime import datetime

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.moments import MOMENT, WINDOW, moment, peak_hours, windows
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from crawler.turned import Words, prices
from history.model import Conditions, Offer, PriceComponent, Provider

_UNITS = {
    "1M INPUT TOKENS (CACHE HIT)": "cache_read_tokens",
    "1M INPUT TOKENS (CACHE MISS)": "input_tokens",
    "1M OUTPUT TOKENS": "output_tokens",
}
_HOURS = re.compile(rf"(?:STANDARD|DISCOUNT) PRICE \(UTC ({WINDOW})\)")
_LIST = re.compile(rf"(?:Starting from ({MOMENT}), we will apply the following|The current) price list\b")
_SINCE = re.compile(rf"takes effect from ({MOMENT})\.")
_UNTIL = re.compile(rf"discount, (?:extended )?until ({MOMENT})\.")


class DeepSeek(PricingSpider):
    name = "deepseek"
    provider = Provider("deepseek", "DeepSeek", "lab")
    start_urls = ["https://api-docs.deepseek.com/quick_start/pricing"]
    currency = "USD"
    offers_expected = range(2, 20)
    # Here they are rows: what a model is, not what it costs.
    ignored_columns = frozenset({
        "BASE URL (OpenAI Format)", "BASE URL (Anthropic Format)", "MODEL VERSION", "THINKING MODE", "CONTEXT LENGTH",
        "MAX OUTPUT", "FEATURES", "Concurrency Limit",
    })  # fmt: skip
    verified = "2026-05-08"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        lists = [table for table in page.tables if table.corner == "MODEL" and table.has_money]
        for table in page.tables:
            if table in lists:
                self._read(sheet, table, _announced_for(table, alone=len(lists) == 1))
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, announced: datetime | None) -> None:
        words = Words("MODEL", "PRICING", _UNITS, _when, self.ignored_columns)
        # Since 2026-09 a note says that deepseek-v4-pro is billed at the price of another model.
        said = {cell.text: table.said_of(cell) for cell in table.grid[0]}
        for model, unit, conditions, cell, notes in prices(table, words):
            sheet.add(model, _price(unit, conditions, cell, notes, announced), terms=tuple(filter(None, [said[model]])))


def _price(unit: str, when: Conditions, cell: Cell, notes: str, announced: datetime | None) -> PriceComponent:
    price, regular = amounts.sale(cell.text, cell.struck, DeepSeek.currency)
    since, until = (moment(found[1]) if (found := said.search(notes)) else None for said in (_SINCE, _UNTIL))
    return PriceComponent(unit, price, DeepSeek.currency, 1_000_000, when, regular, announced or since, until)


def _announced_for(table: Table, *, alone: bool) -> datetime | None:
    """When the prices of an announced list begin; None for those in force. Two lists must each say which they are."""
    said = f"{table.heading} {table.lead}"
    match = _LIST.search(said)
    if match is None and (not alone or "price list" in said):
        raise PageChanged(f"it is not said when {table} applies: {table.lead!r}")
    return moment(match[1]) if match and match[1] else None


def _when(label: str, table: Table) -> Conditions | None:
    if label == "OFF-PEAK":
        return Conditions(period="off_peak")
    if label == "PEAK":
        return peak_hours(" ".join(table.notes.values()))
    return Conditions(hours_utc=windows(hours[1])) if (hours := _HOURS.fullmatch(label)) else None
