"""OpenRouter's list of the companies that serve its models: the country of each, and of its data centres."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Host, Provider


class _Company(msgspec.Struct):
    """null: OpenRouter does not say; 28 of 100 headquarters on 2026-07-31."""

    slug: str
    name: str
    headquarters: str | None
    datacenters: list[str] | None


class _Answer(msgspec.Struct):
    data: list[_Company]


class OpenRouterProviders(PricingSpider):
    name = "openrouter_providers"
    provider = Provider("openrouter", "OpenRouter", "gateway")
    start_urls = ["https://openrouter.ai/api/v1/providers"]
    currency = "USD"
    offers_expected = range(40, 1000)
    interval = timedelta(days=1)
    daily_budget = 30
    verified = "2026-07-31"

    def extract(self, page: Page) -> Iterator[Host]:
        companies = page.json_as(_Answer).data
        if not companies:
            raise PageChanged("the list of companies is empty")
        for company in companies:
            datacenters = None if company.datacenters is None else tuple(company.datacenters)
            yield Host(company.slug, company.name, company.headquarters, datacenters)
