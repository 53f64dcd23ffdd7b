"""Tencent Cloud TokenHub in China: Guangzhou and Singapore in yuan, by prompt length, online and batch."""

from collections.abc import Iterator

from crawler import tokenhub
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class TencentCN(PricingSpider):
    name = "tencent_cn"
    provider = Provider("tencent-cn", "Tencent Cloud (China)", "cloud")
    start_urls = ["https://cloud.tencent.com/document/product/1823/130055"]
    currency = "CNY"
    offers_expected = range(20, 300)
    rendered = True
    drawn = "table[data-slate-node] td"
    verified = "2026-08-10"

    def extract(self, page: Page) -> Iterator[Offer]:
        yield from tokenhub.offers(page, self.provider, self.currency)
