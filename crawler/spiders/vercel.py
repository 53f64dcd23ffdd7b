"""Vercel AI Gateway's model list: USD per token, with tiers by input length and service tiers."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import keyed
from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, PriceComponent, Provider

# https://vercel.com/docs/ai-gateway/models-and-providers: decimal strings, USD per token.
_UNITS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "input_cache_read": "cache_read_tokens",
    "input_cache_write": "cache_write_tokens",
    "audio_input_token_cost": "input_audio_tokens",
    "audio_output_token_cost": "output_audio_tokens",
}
_TIERS = {f"{key}_tiers": key for key in _UNITS}
_SERVICES = frozenset({"flex", "priority", "batch", "fast"})


class _Tier(msgspec.Struct):
    cost: str
    min: int = 0
    max: int | None = None


class _Model(msgspec.Struct):
    id: str
    pricing: dict[str, Any] | None = None


class _Answer(msgspec.Struct):
    data: list[_Model]


class Vercel(PricingSpider):
    name = "vercel"
    provider = Provider("vercel", "Vercel AI Gateway", "gateway")
    start_urls = ["https://ai-gateway.vercel.sh/v1/models"]
    currency = "USD"
    offers_expected = range(50, 2000)

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not any(model.pricing for model in models):
            raise PageChanged("the list of models is empty, or no price was found in it")
        for model in models:
            page.unread.update([] if model.pricing else ["models without pricing"])
            try:
                yield from self._offers(model.id, dict(model.pricing or {}), page)
            except (PageChanged, msgspec.ValidationError) as error:
                raise PageChanged(f"{model.id}: {error}") from error

    def _offers(self, model: str, pricing: dict[str, Any], page: Page) -> Iterator[Offer]:
        services = pricing.pop("service_tiers", None) or {}
        terms = ("varies by provider",) if pricing.pop("varies_by_provider", False) else ()
        tiers = {key: pricing.pop(name) or [] for name, key in _TIERS.items() if name in pricing}
        base = keyed.prices(pricing, _UNITS, self.currency, 1, page.unread)
        long = [price for key, stated in tiers.items() for price in _by_length(_UNITS[key], stated, base)]
        if not (terms or base or long):
            terms = ("free" if pricing.get("input") is not None else "no price is stated",)
        yield Offer(self.provider.slug, model, (*base, *long), terms=terms)
        for service, stated in services.items():
            if service not in _SERVICES:
                page.unread[f"service tier {service}"] += 1
            elif found := keyed.prices(stated, _UNITS, self.currency, 1, page.unread):
                yield Offer(self.provider.slug, model, found, service, terms=terms)


def _by_length(unit: str, stated: list[Any], base: tuple[PriceComponent, ...]) -> Iterator[PriceComponent]:
    """The tiers above the first, which must be the base price where there is one: [min, max) of input tokens."""
    known, edge = next((price.amount for price in base if price.unit == unit), None), 0 if stated else None
    for tier in msgspec.convert(stated, list[_Tier]):
        if tier.min != edge:
            raise PageChanged(f"the tiers of {unit} do not follow each other: {stated}")
        bounds = Conditions(tier.min or None, tier.max - 1 if tier.max is not None else None)
        if tier.min or known is None:
            yield PriceComponent(unit, decimal(tier.cost), Vercel.currency, 1, bounds)
        elif decimal(tier.cost) != known:
            raise PageChanged(f"the first tier of {unit} is {tier.cost}, its base price {known}")
        edge = tier.max
    if edge is not None:
        raise PageChanged(f"the tiers of {unit} end at {edge}: {stated}")
