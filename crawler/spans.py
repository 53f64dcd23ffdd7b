"""Which days to ask a dataset of days for: all of them once, then again those that may have been restated."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from history.statistics import FIRST_DAY

# What the Data API gives at once (https://openrouter.ai/docs/data-api).
LONGEST_SPAN = timedelta(days=366)
# How far back a figure is looked at again.
RESTATED = timedelta(days=35)


def days_to_ask(now: datetime, newest: date | None) -> tuple[date, date]:
    """The first and the last day; the last is the one before today, which is not over. `newest` is on record."""
    last = now.astimezone(UTC).date() - timedelta(days=1)
    return (FIRST_DAY if newest is None else max(FIRST_DAY, min(newest, last) - RESTATED)), last


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days in pieces that may be asked for, both ends inclusive."""
    while first <= last:
        end = min(last, first + LONGEST_SPAN - timedelta(days=1))
        yield first, end
        first = end + timedelta(days=1)
