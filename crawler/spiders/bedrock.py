"""AWS's bulk price lists of Amazon Bedrock: every token meter of every region."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from crawler.usagetypes import Usage, agrees, per, usage
from history.model import Offer, PriceComponent, Provider

_LISTS = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
_INDEX = "/region_index.json"


class _Dimension(msgspec.Struct, rename="camel"):
    unit: str
    price_per_unit: dict[str, Any]
    begin_range: str
    description: str = ""


class _Term(msgspec.Struct, rename="camel"):
    price_dimensions: dict[str, _Dimension]


class _Product(msgspec.Struct):
    attributes: dict[str, str]


class _List(msgspec.Struct):
    products: dict[str, _Product]
    terms: dict[str, dict[str, dict[str, _Term]]]


class _Regions(msgspec.Struct):
    regions: dict[str, Any]


class Bedrock(PricingSpider):
    name = "bedrock"
    provider = Provider("aws-bedrock", "Amazon Bedrock", "cloud")
    # The second list has Claude and other makers' models, the third those versions of Claude that AWS bills itself.
    start_urls = [f"{_LISTS}/AmazonBedrock{which}/current{_INDEX}" for which in ("", "FoundationModels", "Service")]
    currency = "USD"
    offers_expected = range(100, 50_000)
    interval, longest = timedelta(days=1), timedelta(minutes=40)
    daily_budget = 300  # Three indexes, and a list for each of some 35 regions in each, once a day.

    def extract(self, page: Page) -> Iterator[Offer]:
        if page.url.endswith(_INDEX):
            return
        prices, sheet, seen = page.json_as(_List), PriceSheet(), set[tuple[Usage, str, PriceComponent]]()
        if not prices.products or not (on_demand := prices.terms.get("OnDemand")):
            raise PageChanged("the list holds no products or no terms on demand: no price was found")
        page.unread.update("a term or a product alone" for _ in prices.products.keys() ^ on_demand.keys())
        for sku, product in prices.products.items():
            said = product.attributes
            for term in on_demand.get(sku, {}).values():
                for dimension in term.price_dimensions.values():
                    if (found := _read(said, dimension, page)) is None:
                        continue
                    billed, price = found
                    if "regionCode" not in said:
                        raise PageChanged(f"{sku} ({billed.model}) does not say in which region its price applies")
                    region = "/".join(filter(None, (said["regionCode"], billed.zone)))
                    if (billed, region, price) not in seen:
                        sheet.add(billed.model, price, tier=billed.tier, region=region)
                    seen.add((billed, region, price))
        yield from sheet.offers(self.provider) if seen else ()

    def next_urls(self, page: Page) -> Iterator[str]:
        if page.url.endswith(_INDEX):
            folder = page.url.removesuffix(_INDEX)
            yield from (f"{folder}/{region}/index.json" for region in page.json_as(_Regions).regions)


def _read(said: dict[str, str], dimension: _Dimension, page: Page) -> tuple[Usage, PriceComponent] | None:
    billed = usage(kind := said.get("usagetype", ""), said.get("servicename", ""))
    count, quoted = per(dimension.unit, dimension.description), dimension.price_per_unit.get(Bedrock.currency)
    known = billed is not None and agrees(billed, said) and dimension.begin_range == "0"
    if not known or billed is None or count is None or quoted is None or not decimal(quoted):
        page.unread[f"{kind.partition('-')[2]} per {dimension.unit}"] += 1
        return None
    return billed, PriceComponent(billed.unit, decimal(quoted), Bedrock.currency, count)
