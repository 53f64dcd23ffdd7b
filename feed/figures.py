"""How figures are written for a person: prices, percentages, token bounds, conditions, moments."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache
from typing import Any

from history.model import Quote, plain
from history.units import UNITS

MILLION = 1_000_000
# Below it is how a source rounds, not what it charges: 0.0833333333334 for 0.083333333333333.
_A_HAIR = Fraction(1, 1000)
_EXACT = Context(prec=80, traps=[Inexact])
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def per_million(amount: Decimal, per: int, unit: str) -> str | None:
    """The price of a million tokens in the quoted currency; None where it is not exact or not a price of tokens."""
    if unit not in UNITS or UNITS[unit].quantity != "tokens":
        return None
    try:
        of_a_million = _EXACT.divide(_EXACT.multiply(amount, Decimal(MILLION)), Decimal(per))
    except Inexact:
        return None
    return plain(of_a_million)


def money(amount: str, currency: str) -> str:
    """$0.14, $1.50, or 6 CNY where the currency has no sign of its own."""
    amount += "0" if len(amount.partition(".")[2]) == 1 else ""
    return f"{_SIGNS[currency]}{amount}" if currency in _SIGNS else f"{amount} {currency}"


def rate(quote: Quote, unit: str) -> tuple[str, str]:
    """The price and what it buys: ("$0.14", "1M tokens"), ("$10", "1,000 requests"), ("$0.04", "image")."""
    amount = per_million(quote.amount, quote.per, unit)
    if amount is not None:
        return money(amount, quote.currency), "1M tokens"
    noun = UNITS[unit].quantity.replace("_", "-") if unit in UNITS else unit
    bought = noun.removesuffix("s") if quote.per == 1 else f"{_quantity(quote.per)} {noun}"
    return money(plain(quote.amount), quote.currency), bought


def change(old: Quote, new: Quote) -> Fraction | None:
    """The exact change in percent; None from zero or across currencies."""
    if old.currency != new.currency or not old.amount:
        return None
    return (_unit_price(new) / _unit_price(old) - 1) * 100


def percent(exact: Fraction) -> str:
    """−56 %, +83 %, −98.2 %, and −99.99 % rather than −100 % for what is not free."""
    size = abs(exact)
    if 0 < size < _A_HAIR:
        return "≈0 %"
    digits = 1 if size < 10 or 95 <= size < 1000 else 0
    while size and (round(size, digits) == 0 or (exact < 0 and size < 100 == round(size, digits))):
        digits += 1
    shown = Decimal(int(round(size, digits) * 10**digits)).scaleb(-digits)
    return f"{'−' if exact < 0 else '+'}{plain(shown)} %"


@lru_cache(maxsize=4096)
def conditions_of(text: str) -> dict[str, Any]:
    """The conditions of a series by name; {} for none."""
    return dict(json.loads(text)) if text else {}


@lru_cache(maxsize=4096)
def conditions_in_words(text: str) -> str:
    """'>256K, off-peak, 16:30-00:30 UTC'; '' for none."""
    return ", ".join(_words(conditions_of(text)))


def conditions_in_a_word(text: str) -> str:
    """'peak' for all that is said of the peak's hours; the other conditions in words."""
    stated = conditions_of(text)
    hours = {"hours_utc", "weekdays", "holidays"} if "period" in stated else set()
    return ", ".join(_words({name: value for name, value in stated.items() if name not in hours}))


def is_upper_tier(text: str) -> bool:
    """Whether the price is for long prompts or answers only."""
    return any(name.startswith("min_") for name in conditions_of(text))


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _words(stated: dict[str, Any]) -> Iterator[str]:
    for direction in ("input", "output"):
        low, high = stated.get(f"min_{direction}_tokens"), stated.get(f"max_{direction}_tokens")
        if low is not None or high is not None:
            yield _between(low, high) + (" output" if direction == "output" else "")
    if "thinking" in stated:
        yield "thinking" if stated["thinking"] else "non-thinking"
    if "period" in stated:
        yield str(stated["period"]).replace("_", "-")
    if "hours_utc" in stated:
        yield " and ".join(stated["hours_utc"]) + " UTC"
    if "weekdays" in stated:
        yield "/".join(_WEEKDAYS[day - 1] for day in stated["weekdays"])
    if "holidays" in stated:
        yield f"not on {stated['holidays']} holidays"


def _between(low: int | None, high: int | None) -> str:
    """Inclusive bounds: (256001, None) → '>256K'; (None, 256000) → '≤256K'; (128001, 256000) → '128K–256K'."""
    above = None if low is None else ("≥", low) if _is_round(low) or not _is_round(low - 1) else (">", low - 1)
    below = None if high is None else ("<", high + 1) if _is_round(high + 1) and not _is_round(high) else ("≤", high)
    if above is None or above[1] == 0:
        return "any length" if below is None else below[0] + _tokens(below[1])
    if below is None:
        return above[0] + _tokens(above[1])
    return f"{_tokens(above[1])}–{_tokens(below[1])}"


def _is_round(tokens: int) -> bool:
    return tokens % 100 == 0 or tokens % 1024 == 0


def _tokens(count: int) -> str:
    """256000 and 262144 → '256K', 1000000 and 1048576 → '1M', 1536 → '1,536'."""
    for size, letter in ((MILLION, "M"), (2**20, "M"), (1000, "K"), (1024, "K")):
        if count and count % size == 0:
            return f"{count // size}{letter}"
    return f"{count:,}"


def _quantity(count: int) -> str:
    return f"{count // MILLION:,}M" if count % MILLION == 0 else f"{count:,}"


def _unit_price(quote: Quote) -> Fraction:
    return Fraction(quote.amount) / quote.per
