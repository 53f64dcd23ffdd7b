"""The formats of `tokentape import`: sources of their own, fed with files in place of fetches."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from crawler.maps import genaiprices, llmprices
from crawler.maps.billers import PROVIDERS
from crawler.page import Page
from crawler.spider import PricingSpider
from crawler.spiders.litellm import LiteLLM
from crawler.spiders.openrouter_models import OpenRouterModels
from history.model import Offer, Provider, Source


class ImportedLiteLLM(LiteLLM):
    """Beside the scheduled one, whose newest run would otherwise shut out every version before it."""

    name = "imported_litellm"
    # LiteLLM itself takes no map with fewer entries (MODEL_COST_MAP_MIN_MODEL_COUNT).
    offers_expected = range(50, 50_000)


class ImportedLlmPrices(PricingSpider):
    name = "imported_llm_prices"
    provider = Provider("llm-prices", "llm-prices", "map")
    billers = PROVIDERS
    start_urls = ["https://www.llm-prices.com/historical-v1.json"]
    currency = "USD"
    offers_expected = range(10, 50_000)

    def extract(self, page: Page) -> Iterator[Offer]:
        return llmprices.offers(page)


class ImportedGenaiPrices(PricingSpider):
    name = "imported_genai_prices"
    provider = Provider("genai-prices", "genai-prices", "map")
    billers = PROVIDERS
    start_urls = ["https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json"]
    currency = "USD"
    offers_expected = range(10, 50_000)

    def extract(self, page: Page) -> Iterator[Offer]:
        return genaiprices.offers(page)


class ImportedOpenRouter(OpenRouterModels):
    """Somebody's copies of OpenRouter's answer: what they say of their time is that somebody's word."""

    name = "imported_openrouter"
    offers_expected: ClassVar[range] = range(10, 50_000)

    @classmethod
    def source(cls) -> Source:
        return replace(super().source(), witness="imported")


FORMATS: Mapping[str, type[PricingSpider]] = {
    "litellm": ImportedLiteLLM,
    "llm-prices": ImportedLlmPrices,
    "genai-prices": ImportedGenaiPrices,
    "openrouter": ImportedOpenRouter,
}
