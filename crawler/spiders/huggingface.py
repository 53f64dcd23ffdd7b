"""Hugging Face's router: the models it serves, with the price of each inference provider behind it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import keyed
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

# https://huggingface.co/docs/inference-providers/hub-api (list models): USD per million tokens.
_UNITS = {"input": "input_tokens", "output": "output_tokens"}


class _Route(msgspec.Struct):
    provider: str
    status: str = "live"
    pricing: dict[str, Any] | None = None
    is_free: bool = False


class _Model(msgspec.Struct):
    id: str
    providers: list[_Route]


class _Answer(msgspec.Struct):
    data: list[_Model]


class HuggingFace(PricingSpider):
    name = "huggingface"
    provider = Provider("huggingface", "Hugging Face", "gateway")
    start_urls = ["https://router.huggingface.co/v1/models"]
    currency = "USD"
    offers_expected = range(50, 3000)

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not any(route.pricing for model in models for route in model.providers):
            raise PageChanged("the list of models is empty, or no price was found in it")
        for model in models:
            for route in model.providers:
                page.unread.update([] if route.pricing or route.is_free else ["routes without pricing"])
                try:
                    prices = keyed.prices(route.pricing or {}, _UNITS, self.currency, 1_000_000, page.unread)
                except PageChanged as error:
                    raise PageChanged(f"{model.id} at {route.provider}: {error}") from error
                terms = tuple(_terms(route, prices))
                yield Offer(self.provider.slug, model.id, prices, region=route.provider, terms=terms)


def _terms(route: _Route, prices: tuple[PriceComponent, ...]) -> Iterator[str]:
    if route.status != "live":
        yield f"status {route.status}"
    if route.is_free:
        yield "free"
    elif not prices:
        # together's Ternary-Bonsai-27B is 0 in and out, not "is_free", and "Free" on Together's page (2026-08).
        yield keyed.instead(route.pricing or {}, _UNITS.keys())
