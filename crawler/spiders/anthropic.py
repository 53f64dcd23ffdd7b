"""Anthropic's pricing page (official Markdown): standard, batch, fast mode and long context."""

import re
from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from crawler import amounts, longcontext, priced
from crawler.failures import PageChanged
from crawler.grid import Columns, Table
from crawler.labels import label, labelled, subject
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, PriceComponent, Provider

_TIERS: dict[str, tuple[str, Columns]] = {
    "Model pricing": ("standard", {
        "input_tokens": ("Base Input Tokens",),
        "cache_write_tokens": ("5m Cache Writes",),
        "cache_write_1h_tokens": ("1h Cache Writes",),
        "cache_read_tokens": ("Cache Hits & Refreshes",),
        "output_tokens": ("Output Tokens",),
    }),
    "Batch processing": ("batch", {"input_tokens": ("Batch input",), "output_tokens": ("Batch output",)}),
    "Fast mode pricing": ("fast", {"input_tokens": ("Input",), "output_tokens": ("Output",)}),
}  # fmt: skip
_REQUIRED = {"Model pricing", "Batch processing"}
_SIZE, _DASHES = "Context window", ("-", "–", "—")
_TOOL = re.compile(r"\$[0-9.]+(?: USD)? per (1,000 searches|session-hour|hour)")


class Anthropic(PricingSpider):
    name = "anthropic"
    provider = Provider("anthropic", "Anthropic", "lab")
    start_urls = ["https://platform.claude.com/docs/en/about-claude/pricing.md"]
    currency = "USD"
    offers_expected = range(16, 120)
    verified = "2026-08-06"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, missing = PriceSheet(), {*_REQUIRED}
        for table in page.tables:
            # The HTML page has the glyph of an icon behind each heading.
            heading = re.sub(r"\W+$", "", table.heading)
            names_models = "Model" in table.header or subject(table.lead, "Claude") is not None
            if heading in _REQUIRED or (heading in _TIERS and names_models):
                self._read(sheet, table, *_TIERS[heading])
            elif heading == "Long context pricing" and names_models:
                self._read_long(sheet, table)
            elif table.has_money:
                table.leave()
            missing.discard(heading)
        if missing:
            raise PageChanged(f"no table under {sorted(missing)}")
        page.unread.update(f"$ per {tool}" for tool in _TOOL.findall(page.prose))
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, tier: str, units: Columns) -> None:
        size = {_SIZE: (_SIZE,)} if _SIZE in table.header else {}
        for models, row in labelled(table, {**priced.spelled(table, units), **size}, "Claude"):
            stated = label(models, "Claude")
            if size:
                stated = replace(stated, conditions=lengths(row.pop(_SIZE).text))
            cells = {unit: row.pop(unit).text for unit in units}
            prices = [stated.apply(self._price(unit, text)) for unit, text in cells.items() if text not in _DASHES]
            for model in stated.names:
                sheet.add(model, *prices, tier=tier, terms=stated.notes)

    def _read_long(self, sheet: PriceSheet, table: Table) -> None:
        for models, unit, *texts in longcontext.prices(table, "Claude"):
            base, price = (self._price(unit, text) for text in texts)
            for model in label(models, "Claude").names:
                if sheet.price(model, unit) != base:
                    raise PageChanged(f"{model}: {texts[0]} for {unit} up to 200K is not its base price")
                sheet.add(model, structs.replace(price, conditions=Conditions(min_input_tokens=200_001)))

    def _price(self, unit: str, text: str) -> PriceComponent:
        return PriceComponent(unit, amounts.per_million_tokens(text, self.currency), self.currency, 1_000_000)
