"""DeepInfra's model list (OpenAI's shape with `metadata.pricing`): USD per million tokens."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import keyed
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_UNITS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
}


class _Metadata(msgspec.Struct):
    pricing: dict[str, Any] | None = None


class _Model(msgspec.Struct):
    id: str
    metadata: _Metadata | None


class _Answer(msgspec.Struct):
    data: list[_Model]


class DeepInfra(PricingSpider):
    name = "deepinfra"
    provider = Provider("deepinfra", "DeepInfra", "cloud")
    start_urls = ["https://api.deepinfra.com/v1/openai/models"]
    currency = "USD"
    offers_expected = range(20, 1000)

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not any(model.metadata and model.metadata.pricing for model in models):
            raise PageChanged("the list of models is empty, or no price was found in it")
        for model in models:
            pricing = (model.metadata.pricing if model.metadata else None) or {}
            page.unread.update([] if pricing else ["models without pricing"])
            try:
                prices = keyed.prices(pricing, _UNITS, self.currency, 1_000_000, page.unread)
            except PageChanged as error:
                raise PageChanged(f"{model.id}: {error}") from error
            missing = "no price of tokens is stated" if pricing else "no price is stated"
            yield Offer(self.provider.slug, model.id, prices, terms=() if prices else (missing,))
