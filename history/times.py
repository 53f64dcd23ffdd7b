"""Time is aware UTC, to the microsecond: how it is checked, read and written."""

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The offset may be missing here, so that `aware` can say what is wrong.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)


class NaiveTime(ValueError):
    """A time without an offset: 05:00 where?"""


def aware(moment: datetime) -> datetime:
    """The same moment in UTC; NaiveTime where it has no offset."""
    if moment.tzinfo is None:
        raise NaiveTime(f"{moment.isoformat()} has no offset from UTC; write {moment.isoformat()}Z if it is UTC")
    return moment.astimezone(UTC)


def midnight(moment: datetime) -> datetime:
    """When the day of UTC began that the moment is in."""
    return aware(moment).replace(hour=0, minute=0, second=0, microsecond=0)


def from_rfc3339(text: str) -> datetime:
    """RFC 3339 with an offset → aware UTC; ValueError says what is wrong."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2026-05-22T16:00:00Z")
    return aware(datetime.fromisoformat(text))


def to_rfc3339(moment: datetime) -> str:
    """2026-05-22T16:00:00Z, with microseconds only where there are some."""
    return aware(moment).isoformat().replace("+00:00", "Z")


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (aware(moment) - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
