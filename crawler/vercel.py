"""Vercel's `pricing` objects: USD per token, by service tier, by region, and by the length of the prompt."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from crawler import keyed
from crawler.amounts import decimal
from crawler.failures import PageChanged
from history.model import Conditions, PriceComponent

CURRENCY = "USD"
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
_REGION = re.compile(r"[a-z]{2}")


class _Tier(msgspec.Struct):
    cost: str
    min: int = 0
    max: int | None = None


class _Long(msgspec.Struct):
    threshold: int


class Variant(NamedTuple):
    """What one service tier in one region costs."""

    tier: str
    region: str
    components: tuple[PriceComponent, ...]


def variants(
    pricing: Mapping[str, Any], unread: Counter[str], tier: str = "standard", region: str = "",
    model: Mapping[str, Any] | None = None,
) -> Iterator[Variant]:  # fmt: skip
    """The object's own prices first, then those that it states for other service tiers and for regions.

    `fast`, `service_tiers` and `regional` are objects of the same keys within it (2026-08), which leave out what is
    the same; a region may have a fast tier of its own. `model` is the outermost one.
    """
    own, model = dict(pricing), pricing if model is None else model
    services = [*_objects(own.pop("service_tiers", None)), *_objects({"fast": own.pop("fast", None)})]
    regional = _objects(own.pop("regional", None))
    yield Variant(tier, region, tuple(_prices(own, unread, model)))
    for name, stated in services:
        if name not in _SERVICES or tier != "standard":
            unread[f"service tier {name}"] += 1
        else:
            yield from variants(stated, unread, name, region, model)
    for place, stated in regional:
        if _REGION.fullmatch(place) is None or region:
            unread[f"region {place}"] += 1
        else:
            yield from variants(stated, unread, tier, place, model)


def _objects(stated: Any) -> list[tuple[str, dict[str, Any]]]:
    named = msgspec.convert(stated or {}, dict[str, dict[str, Any] | None])
    return [(name, prices) for name, prices in named.items() if prices]


def _prices(pricing: dict[str, Any], unread: Counter[str], model: Mapping[str, Any]) -> Iterator[PriceComponent]:
    tiers = {key: pricing.pop(name) or [] for name, key in _TIERS.items() if name in pricing}
    over = pricing.pop("long_context", None)
    base = keyed.prices(pricing, _UNITS, CURRENCY, 1, unread)
    yield from base
    for key, stated in tiers.items():
        yield from _by_length(_UNITS[key], stated, base)
    if over:
        threshold = msgspec.convert(over, _Long).threshold
        if (first := _first_above(threshold, model)) is None:
            unread[f"long context from {threshold} on"] += 1
            return
        said = {key: price for key, price in over.items() if key != "threshold"}
        above = Conditions(first)
        yield from (replace(price, conditions=above) for price in keyed.prices(said, _UNITS, CURRENCY, 1, unread))


def _first_above(threshold: int, model: Mapping[str, Any]) -> int | None:
    """The length from which on the model's own tiers are dearer: 200001.

    The threshold beside them was 200000, the last length below, and is that first one itself since autumn 2026.
    """
    stated = (msgspec.convert(model.get(name) or [], list[_Tier]) for name in _TIERS)
    edges = {tier.min for tiers in stated for tier in tiers}
    return next((first for first in (threshold, threshold + 1) if first in edges), None)


def _by_length(unit: str, stated: list[Any], base: tuple[PriceComponent, ...]) -> Iterator[PriceComponent]:
    """The tiers above the first, which must be the base price where there is one: [min, max) of input tokens."""
    known, edge = next((price.amount for price in base if price.unit == unit), None), 0 if stated else None
    for tier in msgspec.convert(stated, list[_Tier]):
        if tier.min != edge:
            raise PageChanged(f"the tiers of {unit} do not follow each other: {stated}")
        bounds = Conditions(tier.min or None, tier.max - 1 if tier.max is not None else None)
        if tier.min or known is None:
            yield PriceComponent(unit, decimal(tier.cost), CURRENCY, 1, bounds)
        elif decimal(tier.cost) != known:
            raise PageChanged(f"the first tier of {unit} is {tier.cost}, its base price {known}")
        edge = tier.max
    if edge is not None:
        raise PageChanged(f"the tiers of {unit} end at {edge}: {stated}")
