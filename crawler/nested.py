"""Nested: models whose prices are objects, and tiers by the length of the prompt: {"prompt": {"price_per_m": 1500}}."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, ValidationError, convert, field

from crawler import embedded
from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.grid import tidy
from crawler.lengths import follows
from history.model import ALWAYS, Conditions, PriceComponent

_PLAIN = {
    "input_token_price_per_m": "input_tokens", "output_token_price_per_m": "output_tokens",
    "cached_input_token_price_per_m": "cache_read_tokens",
}  # fmt: skip
_REQUIRED = {"input_token_price_per_m", "output_token_price_per_m"}
_UNITS = {
    "prompt": "input_tokens", "completion": "output_tokens",
    "input_cache_read": "cache_read_tokens", "input_cache_write": "cache_write_tokens",
}  # fmt: skip
_SHOWN = {
    "input_pricing": "input_tokens", "output_pricing": "output_tokens",
    "cache_read_input_pricing": "cache_read_tokens", "cache_creation_input_pricing": "cache_write_tokens",
    "cache_creation_1_hour_input_pricing": "cache_write_1h_tokens",
}  # fmt: skip
_BOUNDS = {"min_tokens", "max_tokens", "output_min_tokens", "output_max_tokens"}
_KNOWN = {*_PLAIN, "pricing", "is_tiered_billing", "tiered_billing_configs"}
_PRICED = re.compile("pric|tier|billing")
_LEAST = Decimal("1e-4")


class _Price(Struct):
    price_per_m: int | Decimal | None = None
    price_per_m_decimal: str | None = None


class _Tier(Struct):
    min_tokens: int
    pricing: dict[str, _Price]
    max_tokens: int | None = None


class _Model(Struct):
    id: str
    pricing: dict[str, _Price] | None = None
    is_tiered_billing: bool | None = None
    tiered_billing_configs: list[_Tier] | None = None


def prices(
    model: Mapping[str, Any], unread: Counter[str], *, in_objects: bool
) -> tuple[list[PriceComponent], tuple[str, ...]]:
    """What a model of the list costs in dollars, and the terms that stand in place of prices.

    Where the list has its prices in objects, 0 beside none of them is no price: tiered models have it too (2026-10).
    """
    if not isinstance(name := model.get("id"), str) or not model.keys() >= _REQUIRED:
        raise PageChanged(f"a model has the id {name!r} and lacks {sorted(_REQUIRED - model.keys())}")
    unread.update(f"price key {key}" for key in model if _PRICED.search(key) and key not in _KNOWN)
    try:
        billed = convert(model, _Model)
    except ValidationError as error:
        raise PageChanged(f"the prices of {name} cannot be read: {error}") from error
    if billed.tiered_billing_configs:
        # The prices beside the tiers are those of the first one, or 0.
        found = _understood(name, _tiers(billed.tiered_billing_configs, unread), unread)
        return found, () if found else ("tiered pricing",)
    if billed.is_tiered_billing:
        unread["tiered prices"] += 1
        return [], ("tiered pricing",)
    plain = {unit: _scaled(model[key]) for key, unit in _PLAIN.items() if model.get(key)}
    found = _agreed(name, plain, list(_prices(billed.pricing or {}, unread)))
    if in_objects and not (found or billed.pricing):
        unread["models without pricing"] += 1
        return [], ("no price is stated",)
    if not found and (billed.pricing or {}).keys() - _UNITS.keys():
        return [], ("no price of tokens is stated",)
    return found, () if found else ("free",)


def _scaled(number: object) -> Decimal:
    """Ten-thousandths of a dollar: 2690 is $0.269, as the page says and price_per_m_decimal beside it."""
    return decimal(number).scaleb(-4)


def _agreed(name: str, plain: Mapping[str, Decimal], exact: list[PriceComponent]) -> list[PriceComponent]:
    """The prices that a model states once or twice; a whole number may be the other one rounded."""
    known = {price.unit: price.amount for price in exact}
    if any(abs(known.get(unit, amount) - amount) >= _LEAST for unit, amount in plain.items()):
        raise PageChanged(f"{name} has two prices: {dict(plain)} and {known}")
    return [PriceComponent(unit, plain[unit], "USD", 1_000_000) for unit in plain if unit not in known] + exact


def _prices(
    pricing: Mapping[str, _Price], unread: Counter[str], when: Conditions = ALWAYS
) -> Iterator[PriceComponent]:  # fmt: skip
    for key, stated in pricing.items():
        if key not in _UNITS:
            unread[f"price key {key}"] += 1
        elif amount := _amount(key, stated):
            yield PriceComponent(_UNITS[key], amount, "USD", 1_000_000, when)


def _amount(key: str, stated: _Price) -> Decimal:
    whole = None if stated.price_per_m is None else _scaled(stated.price_per_m)
    exact = whole if stated.price_per_m_decimal is None else decimal(stated.price_per_m_decimal)
    if exact is None or (whole is not None and abs(exact - whole) >= _LEAST):
        raise PageChanged(f"the price of {key} is not one amount: {stated}")
    return exact


def _tiers(configs: Iterable[_Tier], unread: Counter[str]) -> Iterator[PriceComponent]:
    above: Conditions | None = None
    for tier in configs:
        above = _length(tier.min_tokens, tier.max_tokens, above)
        yield from _prices(tier.pricing, unread, above)


def _understood(name: str, tiers: Iterator[PriceComponent], unread: Counter[str]) -> list[PriceComponent]:
    """The prices of a model's tiers, all or none: what is not understood of one model is no reason to read no other."""
    try:
        return list(tiers)
    except PageChanged as error:
        unread[f"tiered prices of {name}: {error}"] += 1
        return []


def _length(low: int, high: int | None, above: Conditions | None) -> Conditions:
    """Of which prompts a tier is; where it begins with the number with which the last has ended, that is the last's."""
    begins = low + (above is not None and low == above.max_input_tokens)
    when = Conditions(min_input_tokens=begins if begins > 1 else None, max_input_tokens=high or None)
    if not follows(when, above) or (high and high < begins):
        raise PageChanged(f"the tier from {low} to {high} does not follow {above}")
    return when


class _Shown(Struct, rename="camel"):
    price_per_m_decimal: str
    origin_price_per_m_decimal: str | None = None


class _Bounds(Struct):
    min_tokens: int
    max_tokens: int | None = None
    output_min_tokens: int | None = None
    output_max_tokens: int | None = None


class _ShownModel(Struct):
    name: str = field(name="displayName")
    tiers: list[dict[str, Any]] | None = field(name="tiered_billing_configs", default=None)


def shown(stream: str, unread: Counter[str]) -> dict[str, list[PriceComponent]]:
    """Each model that a page keeps in its stream, by its name, with the tiers that it shows behind "Tiered pricing"."""
    found = dict[str, list[PriceComponent]]()
    for model in embedded.members(stream, "initialFullLLMModels", _ShownModel):
        name = tidy(model.name)
        prices = _understood(name, _shown_tiers(model.tiers or [], unread), unread)
        if found.setdefault(name, prices) != prices:
            raise PageChanged(f"two models are called {name!r}, and differ in their tiers")
    return found


def _shown_tiers(tiers: Iterable[dict[str, Any]], unread: Counter[str]) -> Iterator[PriceComponent]:
    above: Conditions | None = None
    for tier in tiers:
        try:
            bounds = convert(tier, _Bounds)
            # A price that is not for tokens of text (multimodal_pricing) is null, where there is none.
            stated = {key: convert(tier[key], _Shown) for key in _SHOWN if tier.get(key)}
        except ValidationError as error:
            raise PageChanged(f"a tier of prices cannot be read: {error}; {tier}") from error
        if bounds.output_min_tokens or bounds.output_max_tokens:
            raise PageChanged(f"a tier is also of the length of the answer: {tier}")
        above = _length(bounds.min_tokens, bounds.max_tokens, above)
        unread.update(f"price key {key}" for key in tier.keys() - _SHOWN.keys() - _BOUNDS if _is_price(tier[key]))
        for key, price in stated.items():
            amount, regular = decimal(price.price_per_m_decimal), price.origin_price_per_m_decimal
            if amount:
                listed = decimal(regular) if regular and decimal(regular) > amount else None
                yield PriceComponent(_SHOWN[key], amount, "USD", 1_000_000, above, listed)


def _is_price(stated: Any) -> bool:
    return bool(stated.get("pricePerM", True)) if isinstance(stated, dict) else stated is not None
