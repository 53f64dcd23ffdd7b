"""Vercel AI Gateway's model list: USD per token, with tiers by input length, service tiers and regions."""

from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import keyed, vercel
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider

# `input` and `output` are documented as tokens of language and embedding models. Of the others tts-1 has its price per
# character there, and whisper-1 0.0000000001 beside its price per second (2026-07-12).
_OF_TOKENS = frozenset({"input", "output"})
_NOT_OF_TOKENS = frozenset({"image", "video", "speech", "transcription"})
_BESIDE = frozenset({"speech_input_character_cost", "transcription_duration_cost_per_second"})


class _Model(msgspec.Struct):
    id: str
    type: str = "language"
    pricing: dict[str, Any] | None = None


class _Answer(msgspec.Struct):
    data: list[_Model]


class Vercel(PricingSpider):
    name = "vercel"
    provider = Provider("vercel", "Vercel AI Gateway", "gateway")
    start_urls = ["https://ai-gateway.vercel.sh/v1/models"]
    currency = vercel.CURRENCY
    offers_expected = range(50, 2000)

    def extract(self, page: Page) -> Iterator[Offer]:
        models = page.json_as(_Answer).data
        if not any(model.pricing for model in models):
            raise PageChanged("the list of models is empty, or no price was found in it")
        for model in models:
            page.unread.update([] if model.pricing else ["models without pricing"])
            try:
                yield from self._offers(model, dict(model.pricing or {}), page)
            except (PageChanged, msgspec.ValidationError) as error:
                raise PageChanged(f"{model.id}: {error}") from error

    def _offers(self, model: _Model, pricing: dict[str, Any], page: Page) -> Iterator[Offer]:
        said = {
            "varies by provider": pricing.pop("varies_by_provider", False),
            # {"multiplier": 2, "windows": […], "holiday_calendar": "cn"} (2026-10): the prices that it comes to stand
            # nowhere, so it is reported as unread.
            "other prices at peak hours": pricing.get("peak_pricing"),
        }
        if model.type in _NOT_OF_TOKENS or pricing.keys() & _BESIDE:
            other = [key for key in sorted(_OF_TOKENS) if pricing.pop(key, None) is not None]
            page.unread.update(f"price key {key} of {model.type} models" for key in other)
        terms = tuple(term for term, holds in said.items() if holds)
        own, *others = vercel.variants(pricing, page.unread)
        if not (terms or own.components):
            terms = (keyed.instead(model.pricing or {}, pricing.keys() & _OF_TOKENS),)
        yield Offer(self.provider.slug, model.id, own.components, terms=terms)
        for tier, region, prices in others:
            if prices:
                yield Offer(self.provider.slug, model.id, prices, tier, region, terms)
