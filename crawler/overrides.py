"""OpenRouter's conditional prices: overrides folded into regions of which the narrowest is always the right one."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from crawler.failures import PageChanged
from history.model import Conditions

_DAY = 24 * 60
_ALL_DAY = ((0, _DAY),)


class Region(NamedTuple):
    """From `more_than` prompt tokens (exclusive; -1 for all), in these minutes of the UTC day."""

    more_than: int = -1
    minutes: tuple[tuple[int, int], ...] = _ALL_DAY

    def meet(self, other: "Region") -> "Region | None":
        """Where both hold."""
        minutes = tuple(
            (max(start, begin), min(stop, end))
            for start, stop in self.minutes
            for begin, end in other.minutes
            if max(start, begin) < min(stop, end)
        )
        return Region(max(self.more_than, other.more_than), minutes) if minutes else None

    def conditions(self) -> Conditions:
        hours = () if self.minutes == _ALL_DAY else tuple(f"{_clock(start)}-{_clock(end)}" for start, end in self._windows())
        return Conditions(min_input_tokens=self.more_than + 1 if self.more_than >= 0 else None, hours_utc=hours)

    def _windows(self) -> Iterable[tuple[int, int]]:
        """The minutes with the two halves of a window over midnight joined."""
        first, last = self.minutes[0], self.minutes[-1]
        if first[0] == 0 and last[1] == _DAY and len(self.minutes) > 1:
            return (*self.minutes[1:-1], (last[0], first[1]))
        return self.minutes


EVERYWHERE = Region()


def regions(overrides: Iterable[Mapping[str, Any]]) -> dict[str, dict[Region, Any]]:
    """For each price key its prices by region, closed under intersection; a later override wins.

    Source: https://openrouter.ai/docs/api-reference/list-available-models, `pricing.overrides`: `min_prompt_tokens` is
    strictly greater, `utc_start` and `utc_end` are HHMM, half-open, and may wrap midnight.
    """
    prices: dict[str, dict[Region, Any]] = {}
    for override in overrides:
        values = dict(override)
        region = Region(_tokens(values.pop("min_prompt_tokens", -1)), _minutes(values))
        if region == EVERYWHERE:
            raise PageChanged(f"an override without a condition: {dict(override)}")
        for key, price in values.items():
            known = prices.setdefault(key, {})
            met = [both for other in (EVERYWHERE, *known) if (both := other.meet(region)) is not None]
            known.update(dict.fromkeys(met, price))
    return prices


def _tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < -1:
        raise PageChanged(f"min_prompt_tokens {value!r} is not a number of tokens")
    return value


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
