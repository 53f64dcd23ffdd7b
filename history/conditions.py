"""When a price applies: token bounds, hours of the day, weekdays, public holidays, and which of several is charged."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from history.model import ALWAYS, Conditions

_MINUTES = 24 * 60
_ALL_WEEK = (1 << 7 * _MINUTES) - 1
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
# In which zone the days of a holiday calendar begin. A Chinese holiday is a day of Beijing, which has no summer time.
_ZONES = {"CN": ZoneInfo("Asia/Shanghai")}
# Which days of a year are off is announced in the November before; until then the lunar days alone are known.
# holidays 0.109 (2026-11) holds the announcements of 2001 to 2026.
DAYS_OFF_KNOWN_UNTIL = {"CN": 2026}


class Undecidable(ValueError):
    """Nobody said what it takes to know whether a price applies."""


class Circumstances(NamedTuple):
    """What conditions may ask about one request. `thinking` None: nobody said."""

    at: datetime
    input_tokens: int = 0
    output_tokens: int = 0
    thinking: bool | None = None


class Hours(NamedTuple):
    """The minutes of the UTC week (Monday 00:00 is bit 0) in which a price applies, without a calendar's holidays."""

    minutes: int = _ALL_WEEK
    holidays: str | None = None

    def has(self, at: datetime) -> bool:
        """Whether `at` (UTC) is within; a weekday is a UTC day, like the hours, and a holiday a day of its country."""
        minute = (at.weekday() * 24 + at.hour) * 60 + at.minute
        return bool(self.minutes >> minute & 1) and (self.holidays is None or not is_holiday(self.holidays, at))

    def lie_within(self, other: "Hours") -> bool:
        return self.minutes & ~other.minutes == 0 and other.holidays in (None, self.holidays)


class Periods(NamedTuple):
    """What "off-peak" means in one offer: whenever none of these hours of its peak components is."""

    peaks: tuple[Hours, ...] = ()

    @classmethod
    def of(cls, offered: Iterable[Conditions]) -> "Periods":
        peaks = dict.fromkeys(hours_of(one) for one in offered if one.period == "peak" and _is_timed(one))
        return cls(tuple(peaks))

    def have(self, conditions: Conditions, at: datetime) -> bool:
        """Whether these conditions hold at that time, as far as it is about time."""
        if _is_the_rest(conditions):
            return not any(peak.has(at) for peak in self.peaks)
        if conditions.period == "peak" and not _is_timed(conditions):
            raise Undecidable("the source does not say when peak hours are")
        return hours_of(conditions).has(at)


def applies(conditions: Conditions, circumstances: Circumstances, periods: Periods) -> bool:
    """Whether a component with these conditions may be charged for such a request."""
    return _tokens_fit(conditions, circumstances) and periods.have(conditions, circumstances.at)


def narrowest(applying: Sequence[Conditions]) -> list[Conditions]:
    """Of conditions that all apply, those within which no other lies; one, unless the source left it open."""
    return [
        one for one in applying if not any(_lies_within(other, one) and not _lies_within(one, other)
                                           for other in applying if other is not one)
    ]  # fmt: skip


def is_holiday(calendar: str, at: datetime) -> bool:
    """Whether it is then a public holiday there, a weekday off in exchange for a worked weekend included."""
    if calendar not in _ZONES:
        raise Undecidable(f"there is no calendar of public holidays called {calendar!r}")
    # The last hours of the year 9999 are tomorrow in Beijing, and there is no such day.
    if at.year == 9999:
        return False
    return at.astimezone(_ZONES[calendar]).date() in _days_off(calendar, at.year)


def is_settled(calendar: str, at: datetime) -> bool:
    """Whether the days off of that year had been announced when this version was made."""
    return (at + timedelta(hours=8) if at.year < 9999 else at).year <= DAYS_OFF_KNOWN_UNTIL.get(calendar, 0)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Conditions:
    """The inverse of `conditions_text`."""
    if not text:
        return ALWAYS
    stated: dict[str, Any] = json.loads(text)
    for name in ("hours_utc", "weekdays"):
        stated[name] = tuple(stated.get(name, ()))
    return Conditions(**stated)


@lru_cache(maxsize=4096)
def hours_of(conditions: Conditions) -> Hours:
    """The hours that conditions state; all there are where they state none."""
    day = 0
    for window in conditions.hours_utc:
        for begin, end in _parts(window):
            day |= (1 << end) - (1 << begin)
    day = day or (1 << _MINUTES) - 1
    week = sum(day << (weekday - 1) * _MINUTES for weekday in set(conditions.weekdays) or range(1, 8))
    return Hours(week, conditions.holidays)


def _parts(window: str) -> Iterator[tuple[int, int]]:
    """A half-open window as ranges of minutes of a day: two where it wraps midnight; all day from a time to itself."""
    if (match := _WINDOW.fullmatch(window)) is None:
        raise Undecidable(f"{window!r} is not a window of hours such as 16:30-00:30")
    begin = int(match[1]) * 60 + int(match[2])
    end = int(match[3]) * 60 + int(match[4]) if match[3] else _MINUTES
    if begin < end:
        yield begin, end
        return
    yield begin, _MINUTES
    yield 0, end


def _is_timed(conditions: Conditions) -> bool:
    return bool(conditions.hours_utc or conditions.weekdays or conditions.holidays)


def _is_the_rest(conditions: Conditions) -> bool:
    """Off-peak without hours of its own."""
    return conditions.period == "off_peak" and not _is_timed(conditions)


def _tokens_fit(conditions: Conditions, given: Circumstances) -> bool:
    return (
        (conditions.min_input_tokens is None or given.input_tokens >= conditions.min_input_tokens)
        and (conditions.max_input_tokens is None or given.input_tokens <= conditions.max_input_tokens)
        and (conditions.min_output_tokens is None or given.output_tokens >= conditions.min_output_tokens)
        and (conditions.max_output_tokens is None or given.output_tokens <= conditions.max_output_tokens)
        and conditions.thinking in (None, given.thinking)
    )


def _lies_within(one: Conditions, other: Conditions) -> bool:
    """Whether whatever `one` allows, `other` allows too."""
    return (
        (other.min_input_tokens or 0) <= (one.min_input_tokens or 0)
        and _at_most(one.max_input_tokens, other.max_input_tokens)
        and (other.min_output_tokens or 0) <= (one.min_output_tokens or 0)
        and _at_most(one.max_output_tokens, other.max_output_tokens)
        and other.thinking in (None, one.thinking)
        and _in_time_within(one, other)
    )


def _at_most(one: int | None, other: int | None) -> bool:
    return other is None or (one is not None and one <= other)


def _in_time_within(one: Conditions, other: Conditions) -> bool:
    """The rest of the time is within all of it and within itself; of other hours nothing is known of it."""
    if _is_the_rest(other):
        return _is_the_rest(one)
    if _is_the_rest(one):
        return hours_of(other) == Hours()
    return hours_of(one).lie_within(hours_of(other))


@lru_cache(maxsize=64)
def _days_off(calendar: str, year: int) -> frozenset[date]:
    """Of that year and the two beside it: a UTC year ends in another one in Beijing."""
    return frozenset(holidays.country_holidays(calendar, years=(year - 1, year, year + 1)))
