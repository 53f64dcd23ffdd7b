"""AI21's pricing page: a card for each model, its prices as sentences."""

import re
from collections.abc import Iterator

from crawler.failures import PageChanged
from crawler.grid import Heading, Prose
from crawler.marks import exact
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_UNITS = {"input": "input_tokens", "output": "output_tokens", "cached input": "cache_read_tokens"}
_PRICE = re.compile(rf"\$(?P<amount>[0-9]+(?:\.[0-9]+)?) ?/ ?1M (?P<what>{'|'.join(_UNITS)}) tokens")


class AI21(PricingSpider):
    name = "ai21"
    provider = Provider("ai21", "AI21 Labs", "lab")
    start_urls = ["https://www.ai21.com/pricing/"]
    currency = "USD"
    offers_expected = range(1, 30)
    # No capture is at hand; the cards are as model-prices 0.0.5 described them on 2026-10-07 (design/SOURCES.md, 18).
    verified = ""

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, model = PriceSheet(), ""
        for table in page.tables:
            if table.has_money:
                table.leave()
        for block in page.blocks:
            if isinstance(block, Heading):
                model = block.text
            elif isinstance(block, Prose):
                for line in block.lines:
                    self._read(sheet, page, model, line)
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, page: Page, model: str, line: str) -> None:
        match = _PRICE.fullmatch(line)
        if match and model:
            unit = _UNITS[match["what"]]
            sheet.add(model, PriceComponent(unit, exact(match["amount"]), self.currency, 1_000_000))
        elif "token" in line and re.search(r"[$€£¥][0-9]|[0-9] ?[$€£¥]", line):
            raise PageChanged(f"{line!r} under {model!r} is not a price of a known shape")
        elif "$" in line:
            page.unread[f"{model}: {line[:60]}"] += 1
