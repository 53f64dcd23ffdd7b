"""OpenRouter's model list: every price key of every model, with its conditional overrides."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler.failures import PageChanged
from crawler.openrouter import components, is_variable
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


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
    verified = "2026-08-05"

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not models:
            raise PageChanged("the list of models is empty")
        for model in models:
            try:
                prices = tuple(components(model.pricing))
            except PageChanged as error:
                raise PageChanged(f"{model.id}: {error}") from error
            tier = "batch" if model.id.endswith(":batch") else "standard"
            yield Offer(self.provider.slug, model.id, prices, tier, terms=tuple(_terms(model)))


def _terms(model: _Model) -> Iterator[str]:
    prices = model.pricing
    if is_variable(prices):
        yield "variable price"
    if model.id.endswith(":free") and all(prices.get(key) in ("0", 0) for key in ("prompt", "completion")):
        yield "free"
    if model.expiration_date is not None:
        yield f"expires {model.expiration_date}"
    if model.alias_target is not None:
        yield f"alias of {model.alias_target.slug}"
