"""Tencent Cloud TokenHub abroad: one tab a region, in dollars, by prompt length and, since 2026-09, by the hour."""

from collections.abc import Iterator

from crawler import tokenhub
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class Tencent(PricingSpider):
    name = "tencent"
    provider = Provider("tencent", "Tencent Cloud", "cloud")
    start_urls = ["https://www.tencentcloud.com/document/product/1300/78937"]
    currency = "USD"
    offers_expected = range(15, 300)
    rendered = True
    drawn = "table[data-slate-node] td"
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        yield from tokenhub.offers(page, self.provider, self.currency)
