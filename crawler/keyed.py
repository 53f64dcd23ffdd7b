"""Keyed: the price objects of an API's answer, in which each key is a unit: {"prompt": "0.00000035"}."""

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any

import msgspec

from crawler.amounts import decimal
from history.model import PriceComponent

_NO_PRICE: tuple[object, ...] = (None, [], {})


class Models(msgspec.Struct):
    """The usual list of an API, each model as it stands: {"object": "list", "data": […]}."""

    data: list[dict[str, Any]]


def prices(
    pricing: Mapping[str, Any], units: Mapping[str, str], currency: str, per: int, unread: Counter[str]
) -> tuple[PriceComponent, ...]:
    """The price of each key that is known; the others are counted as unread.

    Null is no price, and neither is 0: an API writes it for what is free as well as for what it does not sell.
    """
    unread.update(f"price key {key}" for key, price in pricing.items() if key not in units and price not in _NO_PRICE)
    stated = ((units[key], decimal(price)) for key, price in pricing.items() if key in units and price is not None)
    return tuple(PriceComponent(unit, amount, currency, per) for unit, amount in stated if amount)


def instead(pricing: Mapping[str, Any], units: Set[str]) -> str:
    """The term of a model for which no price was found: free is what costs 0 and has no price that is unread."""
    stated = {key for key, price in pricing.items() if price not in _NO_PRICE}
    if not stated:
        return "no price is stated"
    other = any(pricing[key] not in (0, "0") for key in stated - units)
    return "free" if stated & units and not other else "no price of tokens is stated"
