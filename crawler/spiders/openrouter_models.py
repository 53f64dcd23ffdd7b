"""OpenRouter's model list: every price key of every model, with its conditional overrides."""

from collections.abc import Iterator

import msgspec

from crawler.failures import PageChanged
from crawler.openrouter import Priced, priced
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider


class _Alias(msgspec.Struct):
    slug: str


class _Model(msgspec.Struct):
    id: str
    pricing: msgspec.Raw
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
                prices = priced(bytes(model.pricing))
            except PageChanged as error:
                raise PageChanged(f"{model.id}: {error}") from error
            tier = "batch" if model.id.endswith(":batch") else "standard"
            yield Offer(self.provider.slug, model.id, prices.components, tier, terms=tuple(_terms(model, prices)))


def _terms(model: _Model, prices: Priced) -> Iterator[str]:
    if prices.is_variable:
        yield "variable price"
    if prices.is_free and model.id.endswith(":free"):
        yield "free"
    if model.expiration_date is not None:
        yield f"expires {model.expiration_date}"
    if model.alias_target is not None:
        yield f"alias of {model.alias_target.slug}"
