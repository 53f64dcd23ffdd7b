"""Time is aware UTC, exact to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.times import NaiveTime, aware, from_micros, from_rfc3339, to_micros, to_rfc3339

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(MOMENTS)
def test_a_moment_survives_its_text_and_its_number(moment: datetime) -> None:
    assert from_rfc3339(to_rfc3339(moment)) == moment
    assert from_micros(to_micros(moment)) == moment


def test_another_offset_is_the_same_moment() -> None:
    beijing = datetime(2026, 8, 17, tzinfo=timezone(timedelta(hours=8)))
    assert to_rfc3339(beijing) == "2026-08-16T16:00:00Z"


def test_a_naive_time_is_refused_with_advice() -> None:
    with pytest.raises(NaiveTime, match=r"2026-05-01T00:00:00 has no offset from UTC; write 2026-05-01T00:00:00Z"):
        aware(datetime(2026, 5, 1))


@pytest.mark.parametrize("text", ["2026-05-01", "yesterday", "2026-05-01T00:00:00", ""])
def test_what_is_not_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|offset"):
        from_rfc3339(text)
