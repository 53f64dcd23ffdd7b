"""llm-prices: USD per million tokens, each with the days from which (inclusive) and to which (exclusive) it holds."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.maps.billers import biller_named
from crawler.maps.periods import NO_PRICE, begun, start_of
from crawler.page import Page
from history.model import Offer, PriceComponent

# https://github.com/simonw/llm-prices: null is not known, of a price as of a day.
_UNITS = {"input": "input_tokens", "output": "output_tokens", "input_cached": "cache_read_tokens"}


class _Price(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    vendor: str
    name: str
    input: Any = None
    output: Any = None
    input_cached: Any = None
    from_date: str | None = None
    to_date: str | None = None


class _File(msgspec.Struct):
    prices: list[_Price]


def offers(page: Page) -> Iterator[Offer]:
    """Every model with all its prices, each under the day from which it holds."""
    models: dict[tuple[str, str], list[_Price]] = defaultdict(list)
    for price in page.json_as(_File).prices:
        biller = biller_named(price.vendor)
        if biller is None:
            page.unread[f"vendor {price.vendor[:80]!r}"] += 1
        else:
            models[biller, price.id].append(price)
    for (biller, model), prices in models.items():
        components = begun(_components(page, model, prices), page.fetched_at)
        if components:
            yield Offer(biller, model, components)


def _components(page: Page, model: str, prices: list[_Price]) -> Iterator[PriceComponent]:
    """An older price of which nobody says since when it held has no place in time, and is left out by name."""
    dated = sorted(prices, key=lambda price: price.from_date or "")
    overlap = any(before.to_date != after.from_date for before, after in pairwise(dated))
    for price in dated:
        start = start_of(price.from_date, model) if price.from_date else None
        end = start_of(price.to_date, model) if price.to_date else None
        if end is not None and price is dated[-1]:
            page.unread[f"{model[:80]}: nobody says what it costs from {price.to_date} on"] += 1
        elif start is None and price is not dated[-1]:
            page.unread["a price without from_date, before another"] += 1
        else:
            yield from _of(page, model, price, start, believable=not overlap)
    if overlap:
        page.unread[f"{model[:80]}: its periods overlap or leave a gap"] += 1


def _of(page: Page, model: str, price: _Price, start: datetime | None, *, believable: bool) -> Iterator[PriceComponent]:
    """NaN where the file contradicts itself or has no number: validation rejects the model by name."""
    for name, unit in _UNITS.items():
        value = getattr(price, name)
        if value is None:
            continue
        if isinstance(value, str | bool | list | dict):
            page.unread[f"{model[:80]}: {name} is {str(value)[:40]!r}, not a number"] += 1
        amount = decimal(value) if believable and not isinstance(value, str | bool | list | dict) else NO_PRICE
        yield PriceComponent(unit, amount, "USD", 1_000_000, valid_from=start)
