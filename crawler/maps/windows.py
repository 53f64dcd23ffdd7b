"""LiteLLM's off-peak windows → the conditions under which a price applies."""

from typing import Any

from history.model import Conditions

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ALL_DAY = "00:00-00:00"
_FLAT = {"hours_utc"}


def windows(stated: Any) -> tuple[Conditions, ...] | None:
    """One set of conditions for each stated window; None where something in it is not understood.

    Weekdays are those of UTC, as the hours are: with another `weekday_timezone` a window means other hours.
    """
    if not isinstance(stated, dict):
        return None
    named = {name for name in stated if "cost" not in name}
    if named == _FLAT:
        return _joined([stated])
    return _joined(stated["windows"]) if named == {"windows"} and isinstance(stated["windows"], list) else None


def _joined(stated: list[Any]) -> tuple[Conditions, ...] | None:
    """Windows of the same weekdays are one condition with several hours."""
    hours: dict[tuple[int, ...], tuple[str, ...]] = {}
    for window in stated:
        if not isinstance(window, dict):
            return None
        days, times = _weekdays(window), _hours(window)
        if days is None or times is None:
            return None
        hours[days] = (*hours.get(days, ()), *times)
    return tuple(Conditions(hours_utc=_unless_all_day(times), weekdays=days) for days, times in hours.items())


def _unless_all_day(times: tuple[str, ...]) -> tuple[str, ...]:
    return () if _ALL_DAY in times else times


def _weekdays(window: dict[str, Any]) -> tuple[int, ...] | None:
    """ISO numbers, or English names."""
    stated = window.get("weekdays", [])
    if not isinstance(stated, list):
        return None
    days = [_DAYS.index(day) + 1 if day in _DAYS else day for day in stated]
    return tuple(sorted(days)) if all(day in range(1, 8) for day in days) else None


def _hours(window: dict[str, Any]) -> tuple[str, ...] | None:
    stated = window.get("hours_utc")
    times = [stated] if isinstance(stated, str) else stated
    if not isinstance(times, list) or not times or not all(map(_is_window, times)):
        return None
    return tuple(times)


def _is_window(text: object) -> bool:
    start, dash, end = str(text).partition("-")
    return bool(dash) and _is_clock(start) and _is_clock(end) and (start != end or text == _ALL_DAY)


def _is_clock(text: str) -> bool:
    hour, colon, minute = text.partition(":")
    both = len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    return bool(colon) and both and int(hour) < 24 and int(minute) < 60
