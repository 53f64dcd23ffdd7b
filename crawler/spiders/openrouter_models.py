"""OpenRouter's model list: every price key of every model, with its conditional overrides."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.overrides import regions
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import ALWAYS, Conditions, Offer, PriceComponent, Provider

# https://openrouter.ai/docs/api-reference/list-available-models: USD per token, request or image; "0" is free.
_UNITS = {
    "prompt": "input_tokens",
    "completion": "output_tokens",
    "request": "requests",
    "image": "input_images",
    "image_token": "input_image_tokens",
    "image_output": "output_image_tokens",
    "audio": "input_audio_tokens",
    "audio_output": "output_audio_tokens",
    "web_search": "web_searches",
    "internal_reasoning": "output_reasoning_tokens",
    "input_cache_read": "cache_read_tokens",
    "input_cache_write": "cache_write_tokens",
    "input_cache_write_1h": "cache_write_1h_tokens",
    "input_audio_cache": "cache_read_audio_tokens",
}


class _Alias(msgspec.Struct):
    slug: str


class _Model(msgspec.Struct):
    id: str
    pricing: dict[str, Any]
    expiration_date: str | None = None
    alias_target: _Alias | None = None


class _Answer(msgspec.Struct):
    data: list[_Model]


class OpenRouterModels(PricingSpider):
    name = "openrouter_models"
    provider = Provider("openrouter", "OpenRouter", "gateway")
    start_urls = ["https://openrouter.ai/api/v1/models"]
    currency = "USD"
    offers_expected = range(200, 2000)
    ignored_columns = frozenset({"discount"})
    verified = "2026-08-05"

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not models:
            raise PageChanged("the list of models is empty")
        for model in models:
            try:
                components, terms = tuple(self._components(model.pricing)), tuple(_terms(model))
            except PageChanged as error:
                raise PageChanged(f"{model.id}: {error}") from error
            tier = "batch" if model.id.endswith(":batch") else "standard"
            yield Offer(self.provider.slug, model.id, components, tier, terms=terms)

    def _components(self, pricing: dict[str, Any]) -> Iterator[PriceComponent]:
        for key, price in pricing.items():
            # -1: the router decides which model answers and what it costs (openrouter/auto).
            if key != "overrides" and key not in self.ignored_columns and price not in ("-1", -1):
                yield self._component(key, price, ALWAYS)
        if overrides := pricing.get("overrides"):
            for key, prices in regions(overrides).items():
                for region, price in prices.items():
                    yield self._component(key, price, region.conditions())

    def _component(self, key: str, price: object, conditions: Conditions) -> PriceComponent:
        if (unit := _UNITS.get(key)) is None:
            raise PageChanged(f"unknown price key {key!r}")
        return PriceComponent(unit, decimal(price), self.currency, 1, conditions)


def _terms(model: _Model) -> Iterator[str]:
    prices = model.pricing
    if any(price in ("-1", -1) for price in prices.values()):
        yield "variable price"
    if model.id.endswith(":free") and all(prices.get(key) in ("0", 0) for key in ("prompt", "completion")):
        yield "free"
    if model.expiration_date is not None:
        yield f"expires {model.expiration_date}"
    if model.alias_target is not None:
        yield f"alias of {model.alias_target.slug}"
