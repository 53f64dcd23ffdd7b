"""genai-prices: USD per million tokens by the day from which they hold, the hour of the day and the tokens of input."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.maps.billers import biller_named
from crawler.maps.periods import begun, start_of
from crawler.page import Page
from history.model import ALWAYS, Conditions, Offer, PriceComponent

MILLION = 1_000_000
# genai_prices.data_units: mtok is a million tokens, kcount a thousand.
_UNITS = {
    "input_mtok": ("input_tokens", MILLION),
    "output_mtok": ("output_tokens", MILLION),
    "cache_read_mtok": ("cache_read_tokens", MILLION),
    "cache_write_mtok": ("cache_write_tokens", MILLION),
    "input_audio_mtok": ("input_audio_tokens", MILLION),
    "output_audio_mtok": ("output_audio_tokens", MILLION),
    "cache_audio_read_mtok": ("cache_read_audio_tokens", MILLION),
    "requests_kcount": ("requests", 1000),
}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):00Z")


class _Model(msgspec.Struct):
    id: str
    prices: dict[str, Any] | list[dict[str, Any]]
    price_variants: list[Any] | None = None


class _Provider(msgspec.Struct):
    id: str
    models: list[_Model]


def offers(page: Page) -> Iterator[Offer]:
    """Every model with all its prices, each under the day from which it holds."""
    providers = page.json_as(list[_Provider])
    if not providers:
        raise PageChanged(f"{page.url} names no provider")
    for provider in providers:
        biller = biller_named(provider.id)
        if biller is None:
            page.unread[f"provider {provider.id[:80]!r}"] += 1
            continue
        for model in provider.models:
            page.unread.update(["price_variants"] if model.price_variants else [])
            if components := begun(_components(page, model), page.fetched_at):
                yield Offer(biller, model.id, components)


def _components(page: Page, model: _Model) -> Iterator[PriceComponent]:
    """A list is in order, and the last entry that applies is the price: whole, so that what an entry does not name is
    not sold from then on. Days and hours in one list would need both at once: such a model is left out by name."""
    stated = model.prices if isinstance(model.prices, list) else [{"prices": model.prices}]
    entries = [(entry.get("constraint") or {}, entry.get("prices") or {}) for entry in stated]
    names = {name for constraint, _ in entries for name in constraint}
    if names == {"start_date"}:
        yield from _by_day(page, model, entries)
    elif names <= {"start_time", "end_time"}:
        for constraint, prices in entries:
            when = Conditions(hours_utc=(_hours(constraint, model.id),)) if constraint else ALWAYS
            yield from _of(page, prices, when)
    else:
        page.unread[f"{model.id[:80]}: constraint {' and '.join(sorted(names))[:80]}"] += 1


def _by_day(page: Page, model: _Model, entries: list[tuple[Any, Any]]) -> Iterator[PriceComponent]:
    dated = [(start_of(rule["start_date"], model.id), prices) for rule, prices in entries if rule]
    sold = next((set(prices) for start, prices in reversed(dated) if start <= page.fetched_at), set())
    if len(dated) < len(entries):
        page.unread["a price without start_date, before another"] += len(entries) - len(dated)
    for start, prices in dated:
        yield from _of(page, {name: price for name, price in prices.items() if name in sold}, ALWAYS, start)


def _of(
    page: Page, prices: Mapping[str, Any], when: Conditions, start: datetime | None = None
) -> Iterator[PriceComponent]:
    for name, price in prices.items():
        if name not in _UNITS:
            page.unread[name] += 1
            continue
        unit, per = _UNITS[name]
        tiers = price.get("tiers", []) if isinstance(price, dict) else []
        base = price.get("base") if isinstance(price, dict) else price
        yield PriceComponent(unit, decimal(base), "USD", per, when, valid_from=start)
        for tier in tiers:
            if when != ALWAYS or not isinstance(tier.get("start"), int):
                raise PageChanged(f"a tier of {name} is {tier}: from which token on, and at any hour?")
            above = Conditions(min_input_tokens=tier["start"] + 1)
            yield PriceComponent(unit, decimal(tier.get("price")), "USD", per, above, valid_from=start)


def _hours(constraint: Mapping[str, Any], model: str) -> str:
    ends = [_CLOCK.fullmatch(str(constraint.get(name))) for name in ("start_time", "end_time")]
    if not all(ends):
        raise PageChanged(f"{model}: {dict(constraint)} are no hours of the form 00:30:00Z")
    return "-".join(f"{end[1]}:{end[2]}" for end in ends if end)
