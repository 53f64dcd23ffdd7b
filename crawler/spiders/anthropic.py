"""Anthropic's pricing page (official Markdown): standard, batch, fast mode and long context."""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Columns, Row, Table
from crawler.labels import NAMES, label, names
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, PriceComponent, Provider

_STANDARD = {
    "input_tokens": ("Base Input Tokens", "Base input tokens"),
    "cache_write_tokens": ("5m Cache Writes", "5m cache writes"),
    "cache_write_1h_tokens": ("1h Cache Writes", "1h cache writes"),
    "cache_read_tokens": ("Cache Hits & Refreshes", "Cache hits and refreshes"),
    "output_tokens": ("Output Tokens", "Output tokens"),
}
_BATCH = {"input_tokens": ("Batch input",), "output_tokens": ("Batch output",)}
_FAST = {"input_tokens": ("Input",), "output_tokens": ("Output",)}
_DIRECTIONS = {"Input": "input_tokens", "Output": "output_tokens"}
_LONG = {"short": ("≤ 200K input tokens",), "long": ("> 200K input tokens",)}
_OVER_200K = Conditions(min_input_tokens=200_001)
# Tables without a Model column: long context in 2025-10, fast mode in 2026-05.
_LEAD = re.compile(rf"(?:Currently supported on|only available for) ({NAMES})[.:]$")
_TOOL = re.compile(r"\$[0-9.]+ per (1,000 searches|session-hour|hour)")


class Anthropic(PricingSpider):
    name = "anthropic"
    provider = Provider("anthropic", "Anthropic", "lab")
    start_urls = ["https://platform.claude.com/docs/en/about-claude/pricing.md"]
    currency = "USD"
    offers_expected = range(16, 120)
    verified = "2026-08-06"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            match table.heading:
                case "Model pricing":
                    self._read(sheet, table, _STANDARD, "standard")
                case "Batch processing":
                    self._read(sheet, table, _BATCH, "batch")
                case "Fast mode pricing":
                    self._read(sheet, table, _FAST, "fast")
                case "Long context pricing":
                    self._read_long(sheet, table)
                case _ if table.holds("$"):
                    table.leave()
        if absent := {"Model pricing", "Batch processing"} - {table.heading for table in page.tables}:
            raise PageChanged(f"no table under {sorted(absent)}")
        page.unread.update(f"$ per {tool}" for tool in _TOOL.findall(page.prose))
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, units: Columns, tier: str) -> None:
        for models, row in _models(table, units):
            stated = label(models, "Claude")
            when = {"conditions": stated.conditions, "valid_from": stated.valid_from, "valid_to": stated.valid_to}
            prices = [replace(self._price(unit, row.pop(unit).text), **when) for unit in units]
            for model in stated.names:
                sheet.add(model, *prices, tier=tier, terms=stated.notes)

    def _read_long(self, sheet: PriceSheet, table: Table) -> None:
        for models, row in _models(table, _LONG):
            short, long = (self._price_in_direction(row.pop(size).text) for size in _LONG)
            for model in label(models, "Claude").names:
                if sheet.price(model, short.unit) != short:
                    raise PageChanged(f"{model} costs {short.amount} up to 200K, which is not its base price")
                sheet.add(model, replace(long, conditions=_OVER_200K))

    def _price_in_direction(self, text: str) -> PriceComponent:
        direction, _, amount = text.partition(": ")
        if direction not in _DIRECTIONS:
            raise PageChanged(f"{text!r} begins with none of {list(_DIRECTIONS)}")
        return self._price(_DIRECTIONS[direction], amount)

    def _price(self, unit: str, text: str) -> PriceComponent:
        stated = amounts.parse(text, self.currency)
        if (stated.per, stated.unit) != (1_000_000, "tokens"):
            raise PageChanged(f"{text!r} is not per million tokens")
        return PriceComponent(unit, stated.amount, stated.currency, 1_000_000)


def _models(table: Table, columns: Columns) -> Iterator[tuple[str, Row]]:
    """Each row with the models it is for; an empty cell means the row above, no column the sentence before."""
    lead = _LEAD.search(table.lead)
    if lead and "Model" not in table.header:
        yield from ((" / ".join(names(lead[1], "Claude")), row) for row in table.rows(columns))
        return
    above = ""
    for row in table.rows({"model": ("Model",), **columns}):
        above = row.pop("model").text or above
        yield above, row
