"""OpenRouter's endpoints of each model: what each route charges, with its discount and its list price."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.openrouter import components, is_variable, listed
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider, plain

# "openai/flex" and "google-vertex/global/priority" (2026-07-12) are service tiers of a route.
_TIERS = frozenset({"batch", "flex", "priority", "fast"})


class _Endpoint(msgspec.Struct):
    tag: str
    pricing: dict[str, Any]


class _Model(msgspec.Struct):
    id: str
    endpoints: list[_Endpoint] | None = None


class _Answer(msgspec.Struct):
    data: _Model | list[_Model]


class OpenRouterEndpoints(PricingSpider):
    name = "openrouter_endpoints"
    provider = Provider("openrouter", "OpenRouter", "gateway")
    # The list leads to one answer for each of some 350 models, so it is read once a day.
    start_urls = ["https://openrouter.ai/api/v1/models"]
    currency = "USD"
    offers_expected = range(300, 6000)
    interval, longest = timedelta(days=1), timedelta(minutes=40)
    daily_budget = 1500
    verified = "2026-07-12"

    def extract(self, page: Page) -> Iterator[Offer]:
        for model in (models := _models(page)):
            tags = Counter[str]()
            for endpoint in sorted(model.endpoints or (), key=_cheapest):
                tags[endpoint.tag] += 1
                # together has two endpoints of google/gemma-4-31b-it with one tag (2026-06-18): cheapest first.
                number = "" if tags[endpoint.tag] == 1 else f"#{tags[endpoint.tag]}"
                yield _offer(model.id, endpoint.tag + number, endpoint.pricing)
        unrouted = [model.id for model in models if model.endpoints is None]
        page.unread.update("no endpoints" for _ in unrouted if len(unrouted) < len(models))

    def next_urls(self, page: Page) -> Iterator[str]:
        # An alias (~openai/gpt-latest) has no routes of its own.
        routed = (model.id for model in _models(page) if model.endpoints is None and not model.id.startswith("~"))
        yield from (f"https://openrouter.ai/api/v1/models/{model}/endpoints" for model in routed)


def _models(page: Page) -> list[_Model]:
    answer = page.json_as(_Answer).data
    if not answer or (isinstance(answer, _Model) and answer.endpoints is None):
        raise PageChanged("the answer is empty: neither models nor the endpoints of one; no price was found")
    return answer if isinstance(answer, list) else [answer]


def _cheapest(endpoint: _Endpoint) -> list[Decimal]:
    prices = (endpoint.pricing.get(key) for key in ("prompt", "completion"))
    return [decimal(price) for price in prices if price not in (None, -1, "-1")]


def _offer(model: str, tag: str, pricing: dict[str, Any]) -> Offer:
    try:
        if (discount := decimal(pricing.get("discount"))) >= 1:
            raise PageChanged(f"a discount of {discount}")
        prices = tuple(listed(price, discount) for price in components(pricing))
    except PageChanged as error:
        raise PageChanged(f"{model} at {tag}: {error}") from error
    said = {
        "variable price": (varies := is_variable(pricing)),
        "free": {"prompt", "completion"} <= pricing.keys() and not (any(price.amount for price in prices) or varies),
        f"discount {plain(discount)}": discount and not any(price.list_amount for price in prices),
    }
    tier = next((word for word in tag.partition("#")[0].split("/")[1:] if word in _TIERS), "standard")
    terms = tuple(term for term in said if said[term])
    return Offer(OpenRouterEndpoints.provider.slug, model, prices, tier, tag, terms)
