"""LiteLLM's price map: what many providers charge, as the users of one library write it down."""

from collections.abc import Iterator
from datetime import timedelta

from crawler.maps import litellm
from crawler.maps.billers import PROVIDERS
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class LiteLLM(PricingSpider):
    name = "litellm"
    provider = Provider("litellm", "LiteLLM price map", "map")
    billers = PROVIDERS
    start_urls = ["https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"]
    currency = "USD"
    offers_expected = range(2000, 50_000)
    interval = timedelta(days=1)
    daily_budget = 30
    verified = "2026-11-15"

    def extract(self, page: Page) -> Iterator[Offer]:
        return litellm.offers(page)
