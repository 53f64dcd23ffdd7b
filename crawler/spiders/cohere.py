"""Cohere's pricing page: the models with prices that Next.js streams to the browser."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import amounts, embedded
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_TOKENS = {
    "input": "input_tokens", "output": "output_tokens", "cost": "input_tokens", "image cost": "input_image_tokens",
}  # fmt: skip
# Instances, seats and subscriptions are no tokens.
_BY_TIME = re.compile(r"(?i)\b(?:hour|day|month|year|instance|seat|user)s?\b")


class _Pricing(msgspec.Struct, rename="camel"):
    input_label: str | None = None
    input_price: Any = None
    output_label: str | None = None
    output_price: Any = None


class _Model(msgspec.Struct, rename="camel"):
    model_name: str
    per: str
    pricings: list[_Pricing]


class Cohere(PricingSpider):
    name = "cohere"
    provider = Provider("cohere", "Cohere", "lab")
    start_urls = ["https://cohere.com/pricing"]
    currency = "USD"
    offers_expected = range(2, 60)
    # The one capture is an excerpt of a model and its prices; the shape is documented in design/SOURCES.md.
    verified = ""

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            if table.has_money:
                table.leave()
        stream = page.next_stream
        models = list(embedded.objects(stream, '{"modelName":', '"pricings":[{', _Model))
        if unpriced := stream.count('"modelName":') - len(models):
            page.unread["models without pricings"] += unpriced
        for model in models:
            if model.per == "Free":
                # A trial is free, and its zeros are no prices.
                if any(price for one in model.pricings for price in (one.input_price, one.output_price)):
                    raise PageChanged(f"{model.model_name} is free, and has prices: {model.pricings}")
                sheet.add_new(model.model_name, terms=("free",))
            elif _BY_TIME.search(model.per):
                page.unread[f"{model.model_name}: per {model.per}"] += 1
            else:
                sheet.add_new(model.model_name, *_prices(model), terms=())
        yield from sheet.offers(self.provider)


def _prices(model: _Model) -> Iterator[PriceComponent]:
    basis = amounts.basis(f"per {model.per}", "USD")
    for pricing in model.pricings:
        sides = ((pricing.input_label, pricing.input_price), (pricing.output_label, pricing.output_price))
        for label, price in sides:
            if not label and price in (None, 0):
                continue
            unit = _TOKENS.get((label or "").casefold()) if basis.unit == "tokens" else "requests"
            if unit is None or basis.unit not in ("tokens", "requests") or not price:
                raise PageChanged(f"{model.model_name}: {label!r} at {price!r} per {model.per} is not a price")
            yield PriceComponent(unit, amounts.decimal(price), "USD", basis.per)
