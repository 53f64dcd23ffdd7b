"""Dates inside a map: the days from which its prices hold."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal

from crawler.failures import PageChanged
from history.model import PriceComponent

# Before it nobody sold tokens.
EARLIEST = date(2020, 1, 1)
NO_PRICE = Decimal("NaN")


def start_of(day: object, of: str) -> datetime:
    """The day's first moment in UTC; PageChanged names a day that is none, or before any price of a model."""
    try:
        stated = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        stated = None
    if stated is None or stated < EARLIEST:
        raise PageChanged(f"{of}: {day!r} is no day from which a price could hold (2026-05-01)")
    return datetime.combine(stated, time(), UTC)


def begun(components: Iterable[PriceComponent], at: datetime) -> tuple[PriceComponent, ...]:
    """Those that hold by then, or that nobody dates."""
    return tuple(one for one in components if one.valid_from is None or one.valid_from <= at)
