"""OpenRouter's `pricing` objects: what each key bills, and overrides as regions of which the narrowest is right."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from crawler.amounts import decimal
from crawler.failures import PageChanged
from history.conditions import hours_of
from history.model import ALWAYS, Conditions, PriceComponent
from history.units import UNITS as UNITS_BY_NAME

# https://openrouter.ai/docs/api-reference/list-available-models: USD per token, request or image; "0" is free.
UNITS = {
    "prompt": "input_tokens",
    "completion": "output_tokens",
    "request": "requests",
    "image": "input_images",
    "image_token": "input_image_tokens",
    "image_output": "output_image_tokens",
    "audio": "input_audio_tokens",
    "audio_output": "output_audio_tokens",
    "web_search": "web_searches",
    "internal_reasoning": "output_reasoning_tokens",
    "input_cache_read": "cache_read_tokens",
    "input_cache_write": "cache_write_tokens",
    "input_cache_write_1h": "cache_write_1h_tokens",
    "input_audio_cache": "cache_read_audio_tokens",
}
# `image` is of an image (google/gemini-2.5-pro until 2026-01-22: 0.00516) or of a token of one (since the day after:
# 0.00000125, what a token of text costs). On 97 days it was as much as a token of text or 258 times and more.
_FEWEST_TOKENS_OF_AN_IMAGE = 20
_NOT_PRICES = frozenset({"overrides", "discount"})
# The router decides which model answers and what it costs (openrouter/auto).
_VARIABLE = ("-1", -1)
# A quotient with more digits is not the list price that was set: what is charged was rounded.
_EXACT = 9

_PRICING = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

_DAY = 24 * 60
_ALL_DAY = ((0, _DAY),)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY_DAY = frozenset(range(1, 8))
_ALL_WEEK = hours_of(ALWAYS).minutes


class Priced(NamedTuple):
    """What one `pricing` object comes to."""

    components: tuple[PriceComponent, ...]
    is_variable: bool
    is_free: bool


@lru_cache(maxsize=4096)
def priced(pricing: bytes) -> Priced:
    """One `pricing` object as it stands in the answer; most stand there, byte for byte, as they did the last time."""
    try:
        stated = _PRICING.decode(pricing)
    except msgspec.DecodeError as error:
        raise PageChanged(f"its pricing is {pricing[:80]!r}: {error}") from error
    is_free = all(stated.get(key) in ("0", 0) for key in ("prompt", "completion"))
    return Priced(tuple(components(stated)), is_variable(stated), is_free)


def components(pricing: Mapping[str, Any]) -> Iterator[PriceComponent]:
    """Every price of a `pricing` object, zeros too: OpenRouter's "0" is free. "-1" is no price (is_variable)."""
    overridden = regions(pricing.get("overrides") or ())
    for key, price in pricing.items():
        if key not in _NOT_PRICES:
            unit = _unit(key, price, pricing)
            if price not in _VARIABLE:
                amount = decimal(price)
                yield PriceComponent(unit, _usual(amount, overridden[key]) if key in overridden else amount, "USD")
    for key, prices in overridden.items():
        for region, price in prices.items():
            yield PriceComponent(_unit(key, price, pricing), decimal(price), "USD", 1, region.conditions())


def is_variable(pricing: Mapping[str, Any]) -> bool:
    return any(price in _VARIABLE for price in pricing.values())


def listed(price: PriceComponent, discount: Decimal) -> PriceComponent:
    """With the list price of a route, of which the amount is what its `discount` leaves.

    Recorded 2026-07-12: novita's z-ai/glm-5.2 at a discount of 0.7 is 0.42 USD per million, Z.AI's own is 1.40.
    """
    if not discount or price.conditions != ALWAYS or UNITS_BY_NAME[price.unit].quantity != "tokens":
        return price
    regular = (price.amount / (1 - discount)).normalize()
    exact = regular and len(regular.as_tuple().digits) <= _EXACT
    return replace(price, list_amount=regular) if exact else price


def _unit(key: str, price: Any, pricing: Mapping[str, Any]) -> str:
    if (unit := UNITS.get(key)) is None:
        raise PageChanged(f"unknown price key {key!r}")
    return "input_image_tokens" if key == "image" and _is_of_a_token(price, pricing) else unit


def _is_of_a_token(image: Any, pricing: Mapping[str, Any]) -> bool:
    text = pricing.get("prompt")
    if image in _VARIABLE or text in _VARIABLE or "image_token" in pricing:
        return False
    if text is None:
        raise PageChanged(f"image {image!r} without a price of text: of an image, or of a token of one?")
    return 0 < decimal(image) < _FEWEST_TOKENS_OF_AN_IMAGE * decimal(text)


class Region(NamedTuple):
    """From `more_than` prompt tokens (exclusive; -1 for all), in these minutes of these UTC days of the week."""

    more_than: int = -1
    minutes: tuple[tuple[int, int], ...] = _ALL_DAY
    days: frozenset[int] = _EVERY_DAY

    def meet(self, other: "Region") -> "Region | None":
        """Where both hold."""
        minutes = tuple(
            (max(start, begin), min(stop, end))
            for start, stop in self.minutes
            for begin, end in other.minutes
            if max(start, begin) < min(stop, end)
        )
        days = self.days & other.days
        return Region(max(self.more_than, other.more_than), minutes, days) if minutes and days else None

    def conditions(self) -> Conditions:
        tokens = self.more_than + 1 if self.more_than >= 0 else None
        hours = () if self.minutes == _ALL_DAY else tuple(self._windows())
        return Conditions(tokens, hours_utc=hours, weekdays=() if self.days == _EVERY_DAY else tuple(sorted(self.days)))

    def _windows(self) -> Iterator[str]:
        """The minutes as windows, the two halves of one over midnight joined."""
        windows, first, last = self.minutes, self.minutes[0], self.minutes[-1]
        if first[0] == 0 and last[1] == _DAY:
            windows = (*windows[1:-1], (last[0], first[1]))
        for start, end in windows:
            yield f"{_clock(start)}-{_clock(end)}"


EVERYWHERE = Region()


def regions(overrides: Iterable[Any]) -> dict[str, dict[Region, Any]]:
    """For each price key its prices by region, closed under intersection; a later override wins.

    Source: https://openrouter.ai/docs/api-reference/list-available-models, `pricing.overrides`: `min_prompt_tokens` is
    strictly greater, `utc_start` and `utc_end` are HHMM, half-open, and may wrap midnight; `utc_days` (later than
    2026-08) are the English names of the days of the week, in UTC, on each of which such a window wraps.
    """
    prices: dict[str, dict[Region, Any]] = {}
    for override in overrides:
        if not isinstance(override, dict):
            raise PageChanged(f"an override is {override!r}, not an object")
        values = dict(override)
        region = Region(_tokens(values.pop("min_prompt_tokens", -1)), _minutes(values), _days(values))
        if region == EVERYWHERE:
            raise PageChanged(f"an override without a condition: {dict(override)}")
        for key, price in values.items():
            known = prices.setdefault(key, {})
            met = [both for other in (EVERYWHERE, *known) if (both := other.meet(region)) is not None]
            known.update(dict.fromkeys(met, price))
    return prices


def _usual(stated: Decimal, prices: Mapping[Region, Any]) -> Decimal:
    """What holds in most of the week, where windows leave no minute of it to the price that stands beside them.

    That one is what holds at the moment: of deepseek/deepseek-v4.1-flash 0.15 USD per million in one answer and 0.30 in
    another, beside the same windows (2026-09). It is no change of a price that an hour of it begins.
    """
    held, taken = Counter[Decimal](), 0
    hours = ((region, hours_of(region.conditions()).minutes) for region in prices if region.more_than < 0)
    # The narrowest first, since it is the one that is charged.
    for region, minutes in sorted(hours, key=lambda timed: timed[1].bit_count()):
        held[decimal(prices[region])] += (minutes & ~taken).bit_count()
        taken |= minutes
    if taken != _ALL_WEEK or stated not in held:
        return stated
    return max(held, key=lambda price: (held[price], -price))


def _tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < -1:
        raise PageChanged(f"min_prompt_tokens {value!r} is not a number of tokens")
    return value


def _days(values: dict[str, Any]) -> frozenset[int]:
    if "utc_days" not in values:
        return _EVERY_DAY
    names = values.pop("utc_days")
    if not isinstance(names, list) or not names or any(name not in _WEEK for name in names):
        raise PageChanged(f"utc_days {names!r} are no days of the week")
    return frozenset(_WEEK.index(name) + 1 for name in names)


def _minutes(values: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    if "utc_start" not in values and "utc_end" not in values:
        return _ALL_DAY
    start, end = (_minute(values.pop(name, None)) for name in ("utc_start", "utc_end"))
    if start == end:
        raise PageChanged(f"an override from {_clock(start)} to {_clock(end)} UTC: all day or never?")
    parts = ((start, end),) if start < end else ((0, end), (start, _DAY))
    return tuple((begin, stop) for begin, stop in parts if begin < stop)


def _minute(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not (0 <= value <= 2400) or value % 100 > 59:
        raise PageChanged(f"{value!r} is not an hour of the form HHMM")
    return value // 100 * 60 + value % 100


def _clock(minute: int) -> str:
    return f"{minute % _DAY // 60:02}:{minute % 60:02}"
