"""Kimi's Chinese price pages in yuan: the index, then a page for each model, as HTML or Markdown."""

from collections.abc import Iterator

from crawler import kimi
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class MoonshotCN(PricingSpider):
    name = "moonshot_cn"
    provider = Provider("moonshot-cn", "Moonshot AI (China)", "lab")
    # An index and a page for each of some ten models, every hour.
    daily_budget = 800
    start_urls = ["https://platform.kimi.com/docs/pricing/chat"]
    currency = "CNY"
    offers_expected = range(3, 60)
    ignored_columns = kimi.CONTEXT
    verified = "2026-07-17"

    def next_urls(self, page: Page) -> Iterator[str]:
        return kimi.model_pages(page)

    def extract(self, page: Page) -> Iterator[Offer]:
        return kimi.offers(page, self.provider, self.currency)
