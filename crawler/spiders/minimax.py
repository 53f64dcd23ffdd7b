"""MiniMax's pay-as-you-go page (official Markdown): prices by prompt size, with a struck list price, and two tiers."""

from collections.abc import Iterator

from crawler import minimax
from crawler.grid import Columns
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_UNITS: Columns = {
    "input_tokens": ("Input", "Input Price"),
    "output_tokens": ("Output", "Output Price"),
    "cache_read_tokens": ("Prompt caching Read",),
    "cache_write_tokens": ("Prompt caching Write",),
}
_NAMED = ("Model", "Model / API")
# The section of language models was "Text" in December 2025.
_LANGUAGE = frozenset({"LLM", "Text"})


class MiniMax(PricingSpider):
    name = "minimax"
    provider = Provider("minimax", "MiniMax", "lab")
    start_urls = ["https://platform.minimax.io/docs/guides/pricing-paygo.md"]
    currency = "USD"
    offers_expected = range(2, 60)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            # A task among the videos is billed by the token, in a table of its own (MiniMax-H3-Context-IR, 2026-08).
            if "Input" in table.header or (table.heading in _LANGUAGE and table.has_money) or minimax.by_token(table):
                tier, terms = minimax.place(table)
                minimax.read(sheet, table, _NAMED, _UNITS, self.currency, tier, terms)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)
