"""Azure's Retail Prices API: the token meters of every model, region and deployment zone, with their start dates."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.meters import Meter, meter
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_PER = {"1K": 1_000, "1M": 1_000_000}


class _Item(msgspec.Struct, rename="camel"):
    currency_code: str
    retail_price: Any
    arm_region_name: str
    effective_start_date: datetime
    meter_name: str
    product_name: str
    unit_of_measure: str
    type: str
    tier_minimum_units: Any


class _Answer(msgspec.Struct):
    items: list[_Item] = msgspec.field(name="Items")
    next: str | None = msgspec.field(name="NextPageLink", default=None)


class Azure(PricingSpider):
    name = "azure"
    provider = Provider("azure", "Microsoft Azure", "cloud")
    # Until autumn 2025 the service was called 'Cognitive Services'.
    start_urls = ["https://prices.azure.com/api/retail/prices?$filter=serviceName%20eq%20%27Foundry%20Models%27"]
    currency = "USD"
    offers_expected = range(500, 20_000)
    interval = timedelta(days=1)
    verified = "2025-11-20"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, seen = PriceSheet(), set[tuple[Meter, str, PriceComponent]]()
        if not (items := _answer(page).items):
            raise PageChanged("the answer holds no items: no price was found")
        for item in items:
            found = None if (reason := _unread(item)) else meter(_named(item)[0], item.product_name)
            if found is None:
                page.unread[f"{item.product_name}: {reason or 'no direction'}"] += 1
                continue
            region = "/".join(filter(None, (item.arm_region_name, found.zone)))
            quoted = decimal(item.retail_price), self.currency, _PER[item.unit_of_measure]
            price = PriceComponent(found.unit, *quoted, valid_from=item.effective_start_date)
            if (found, region, price) not in seen:
                sheet.add(found.model, price, tier=found.tier, region=region)
            seen.add((found, region, price))
        yield from sheet.offers(self.provider) if seen else ()

    def next_urls(self, page: Page) -> Iterator[str]:
        yield from filter(None, [_answer(page).next])


def _answer(page: Page) -> _Answer:
    """One page of the API, or its items, one a line."""
    if page.media_type.partition(";")[0].strip() != "application/x-ndjson":
        return page.json_as(_Answer)
    body = b'{"Items":[%b]}' % b",".join(filter(None, page.body.splitlines()))
    return Page(page.url, body, "application/json", page.fetched_at).json_as(_Answer)


def _named(item: _Item) -> tuple[str, str]:
    """The meter's name without the count of tokens that some state in it, and that count."""
    name = item.meter_name.removesuffix(" Tokens")
    return (name[:-3], name[-2:]) if name.endswith((" 1M", " 1K")) else (name, "")


def _unread(item: _Item) -> str | None:
    """Why a meter is no price of a token."""
    if item.type != "Consumption" or not item.meter_name.endswith(" Tokens"):
        return f"{item.type} per {item.unit_of_measure}"
    if item.unit_of_measure not in _PER or _named(item)[1] not in ("", item.unit_of_measure):
        return f"tokens per {item.unit_of_measure}"
    if item.currency_code != Azure.currency:
        raise PageChanged(f"{item.meter_name} is in {item.currency_code}")
    return "a graduated price" if decimal(item.tier_minimum_units) else None if decimal(item.retail_price) else "at 0"
