"""Anthropic's pricing page (official Markdown): standard, batch, fast mode and long context."""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Columns, Row, Table
from crawler.labels import NAMES, label
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, PriceComponent, Provider

_TIERS: dict[str, tuple[str, Columns]] = {
    "Model pricing": ("standard", {
        "input_tokens": ("Base Input Tokens", "Base input tokens"),
        "cache_write_tokens": ("5m Cache Writes", "5m cache writes"),
        "cache_write_1h_tokens": ("1h Cache Writes", "1h cache writes"),
        "cache_read_tokens": ("Cache Hits & Refreshes", "Cache hits and refreshes"),
        "output_tokens": ("Output Tokens", "Output tokens"),
    }),
    "Batch processing": ("batch", {"input_tokens": ("Batch input",), "output_tokens": ("Batch output",)}),
    "Fast mode pricing": ("fast", {"input_tokens": ("Input",), "output_tokens": ("Output",)}),
}  # fmt: skip
_REQUIRED = {"Model pricing", "Batch processing"}
_DIRECTIONS = {"Input": "input_tokens", "Output": "output_tokens"}
_LONG = {"short": ("≤ 200K input tokens",), "long": ("> 200K input tokens",)}
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
            if table.heading in _REQUIRED or (table.heading in _TIERS and _names_models(table)):
                self._read(sheet, table, *_TIERS[table.heading])
            elif table.heading == "Long context pricing" and _names_models(table):
                self._read_long(sheet, table)
            elif table.has_money:
                table.leave()
        if absent := _REQUIRED - {table.heading for table in page.tables}:
            raise PageChanged(f"no table under {sorted(absent)}")
        page.unread.update(f"$ per {tool}" for tool in _TOOL.findall(page.prose))
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, tier: str, units: Columns) -> None:
        for models, row in _models(table, units):
            stated = label(models, "Claude")
            prices = [stated.apply(self._price(unit, row.pop(unit).text)) for unit in units]
            for model in stated.names:
                sheet.add(model, *prices, tier=tier, terms=stated.notes)

    def _read_long(self, sheet: PriceSheet, table: Table) -> None:
        for models, row in _models(table, _LONG):
            short, long = (row.pop(size).text.partition(": ") for size in _LONG)
            unit = _DIRECTIONS.get(short[0], "")
            base, price = (self._price(unit, amount) for _, _, amount in (short, long))
            for model in label(models, "Claude").names:
                if short[0] != long[0] or sheet.price(model, unit) != base:
                    raise PageChanged(f"{model}: {''.join(short)} up to 200K is not its base price")
                sheet.add(model, replace(price, conditions=Conditions(min_input_tokens=200_001)))

    def _price(self, unit: str, text: str) -> PriceComponent:
        return PriceComponent(unit, amounts.per_million_tokens(text, self.currency), self.currency, 1_000_000)


def _names_models(table: Table) -> bool:
    return "Model" in table.header or _LEAD.search(table.lead) is not None


def _models(table: Table, columns: Columns) -> Iterator[tuple[str, Row]]:
    """Each row with the models it is for; an empty cell means the row above, no column the sentence before."""
    if "Model" not in table.header and (lead := _LEAD.search(table.lead)):
        yield from ((f"Claude {lead[1].removeprefix('Claude ')}", row) for row in table.rows(columns))
        return
    above = ""
    for row in table.rows({"model": ("Model",), **columns}):
        above = row.pop("model").text or above
        yield above, row
