"""A usage record: one request to a model, when it was, and how much of which unit it took."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from history.conditions import Circumstances
from history.identity import close_to
from history.times import from_rfc3339
from history.units import UNITS

Count = int | Decimal

# A number as JSON and spreadsheets write it.
_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
# What people call the main units; every unit has its own name besides.
SHORT = {
    "input": "input_tokens",
    "output": "output_tokens",
    "reasoning": "output_reasoning_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "input_audio": "input_audio_tokens",
    "output_audio": "output_audio_tokens",
    "input_image": "input_image_tokens",
    "output_image": "output_image_tokens",
}
ABOUT = ("id", "provider", "model", "at", "tier", "region", "thinking", "source")
# The length of a prompt: all that went in, from a cache or not. What a search found is no part of it.
_PROMPT = frozenset(
    unit.name for unit in UNITS.values()
    if unit.quantity == "tokens" and unit.direction == "input" and unit.name != "citation_tokens"
)  # fmt: skip
_ANSWER = frozenset(unit.name for unit in UNITS.values() if unit.quantity == "tokens" and unit.direction == "output")
_IN_PARTS = {"seconds", "hours", "token_hours"}
_MOST = 10**15
_FINEST = 10**12
_LONGEST = 300


class BadUsage(ValueError):
    """A record that cannot be understood: which field, and what was expected."""


class Usage(NamedTuple):
    """One request. `counts` by unit; a token is in one count only: `input_tokens` are those that no cache was used for.

    `source` names the price source to bill by, where not the best one is wanted.
    """

    provider: str
    model: str
    at: datetime
    counts: Mapping[str, Count]
    tier: str = "standard"
    region: str = ""
    thinking: bool | None = None
    source: str | None = None
    id: str | int | None = None

    @property
    def prompt(self) -> int:
        """How long the prompt was, by which prices are tiered."""
        return int(sum([counted for unit, counted in self.counts.items() if unit in _PROMPT]))

    @property
    def answer(self) -> int:
        """How long the answer was, thoughts included."""
        return int(sum([counted for unit, counted in self.counts.items() if unit in _ANSWER]))

    @property
    def circumstances(self) -> Circumstances:
        """What the conditions of prices ask about it."""
        return Circumstances(self.at, self.prompt, self.answer, self.thinking)


def usage_of(record: Any, default_at: datetime | None = None) -> Usage:
    """A decoded JSON object, or a row of a CSV by its header → a usage; BadUsage says what is wrong with it."""
    if not isinstance(record, Mapping):
        raise BadUsage("a usage record is a JSON object with provider, model, at and counts such as input_tokens")
    about, counts = dict[str, Any](), dict[str, Count]()
    for name, value in record.items():
        if value is None or value == "":
            continue
        if name in _ABOUT_READ:
            about[name] = _ABOUT_READ[name](name, value)
        else:
            unit = _unit(name)
            if unit in counts:
                raise BadUsage(f"{unit} is counted twice: as {unit} and by its short name")
            counts[unit] = _count(unit, value)
    about.setdefault("at", default_at)
    for name in ("provider", "model", "at"):
        if about.get(name) is None:
            raise BadUsage(f"{name} is required" + ("; or say as_of for all records" if name == "at" else ""))
    if not counts:
        raise BadUsage("nothing is counted; counts are input_tokens, output_tokens, cache_read_tokens and so on")
    return Usage(counts=counts, **about)


def _unit(name: Any) -> str:
    unit = str(SHORT.get(name, name))
    if unit not in UNITS:
        near = close_to(str(name), [*ABOUT, *SHORT, *UNITS])
        hint = f"; did you mean {' or '.join(near[:2])}?" if near else f"; units are {', '.join(UNITS)}"
        raise BadUsage(f"{name!r} is neither a field of a usage record nor a unit{hint}")
    return unit


def _count(unit: str, value: Any) -> Count:
    """A whole number; of what is measured in time also a decimal, never a float."""
    if type(value) is int and 0 <= value <= _MOST:
        return value
    text = str(value) if isinstance(value, str | Decimal) else ""
    number = Decimal(text) if len(text) <= 30 and _NUMBER.fullmatch(text) else None
    if number is None or number > _MOST or (Fraction(number) * _FINEST).denominator != 1:
        raise BadUsage(f"{unit}={str(value)[:40]!r} is not a number from 0 to 10^15 with at most 12 decimals")
    if number == number.to_integral_value():
        return int(number)
    if UNITS[unit].quantity not in _IN_PARTS:
        raise BadUsage(f"{unit}={str(value)[:40]!r} is not a whole number")
    return number


def _text(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if not text or len(value) > _LONGEST or "\x00" in value:
        raise BadUsage(f"{name} is a text of at most {_LONGEST} characters")
    return text


def _moment(_name: str, value: Any) -> datetime:
    try:
        return from_rfc3339(value if isinstance(value, str) else str(value))
    except OverflowError:
        raise BadUsage(f"at={value!r} is not a time in the years 1 to 9999") from None
    except ValueError as wrong:
        raise BadUsage(f"at: {wrong}") from None


def _flag(name: str, value: Any) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    said = known.get(str(value).lower())
    if said is None:
        raise BadUsage(f"{name}={str(value)[:40]!r} is neither true nor false")
    return said


def _id(name: str, value: Any) -> str | int:
    return value if type(value) is int and abs(value) <= _MOST else _text(name, value)


_ABOUT_READ = {
    "id": _id, "provider": _text, "model": _text, "at": _moment, "tier": _text, "region": _text,
    "thinking": _flag, "source": _text,
}  # fmt: skip
