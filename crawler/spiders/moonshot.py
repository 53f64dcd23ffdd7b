"""Kimi's price pages in US dollars: the index, then a page for each model, as HTML or Markdown."""

from collections.abc import Iterator

from crawler import kimi
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class Moonshot(PricingSpider):
    name = "moonshot"
    provider = Provider("moonshot", "Moonshot AI", "lab")
    # An index and a page for each of some ten models, every hour.
    daily_budget = 800
    start_urls = ["https://platform.kimi.ai/docs/pricing/chat"]
    currency = "USD"
    offers_expected = range(3, 60)
    ignored_columns = kimi.CONTEXT
    verified = "2026-05-08"

    def next_urls(self, page: Page) -> Iterator[str]:
        return kimi.model_pages(page)

    def extract(self, page: Page) -> Iterator[Offer]:
        return kimi.offers(page, self.provider, self.currency)
