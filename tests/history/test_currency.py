"""Money in another currency, by the European Central Bank's rates of the day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.currency import NoRate, currencies, rate


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_a_rate_is_of_the_day_and_exact() -> None:
    """The bank's reference rates of Friday 2026-05-22, and of the first day that it had any."""
    found = rate("USD", "EUR", on("1999-01-04"))
    assert (found.source_per_euro, found.target_per_euro, found.note) == (Decimal("1.1789"), Decimal(1), "")
    assert found.convert(Decimal("1.1789")) == 1


@pytest.mark.parametrize("day", ["2026-05-23", "2026-05-24"])
def test_a_weekend_has_the_rate_of_its_friday_and_says_so(day: str) -> None:
    found, friday = rate("CNY", "USD", on(day)), rate("CNY", "USD", on("2026-05-22"))
    assert (found.day.isoformat(), found.rate) == ("2026-05-22", friday.rate)
    assert found.note == f"no rate was published on {day}; this is the last one before"
    assert friday.note == ""


def test_a_day_after_the_newest_rate_has_the_newest_and_says_so() -> None:
    found = rate("CNY", "USD", on("2999-01-01"))
    assert "the newest rate of this installation; it has none of 2999-01-01" in found.note
    assert found == rate("CNY", "USD", on("2999-01-01") + timedelta(hours=23))


@pytest.mark.parametrize(
    ("source", "day", "said"),
    [
        ("USD", "1998-12-31", "rates begin on 1999-01-04"),
        ("XXX", "2026-01-01", "no rate of 'XXX'"),
        ("CNY", "2001-01-01", "no rate of CNY"),
        ("RUB", "2024-01-01", "no rate of RUB"),  # suspended on 2022-03-01
        ("EEK", "2026-01-01", "no rate of EEK"),  # became the euro in 2011
        ("RUB", "2999-01-01", "no rate of RUB"),
    ],
)
def test_where_there_is_no_rate_none_is_made_up(source: str, day: str, said: str) -> None:
    with pytest.raises(NoRate, match=said):
        rate(source, "EUR", on(day))


def test_the_currencies_are_those_that_ever_had_a_rate() -> None:
    assert {"EUR", "USD", "CNY", "EEK"} <= set(currencies())
    assert "" not in currencies()


@given(
    st.decimals(0, 10**9, places=10), st.sampled_from(["USD", "CNY", "EUR"]), st.sampled_from(["USD", "CNY", "GBP"]),
    st.datetimes(datetime(2006, 1, 1), datetime(2030, 1, 1)),
)  # fmt: skip
def test_a_conversion_is_rounded_once(amount: Decimal, source: str, target: str, moment: datetime) -> None:
    found = rate(source, target, moment.replace(tzinfo=UTC))
    assert found.day <= moment.date()
    exact = Fraction(amount) * Fraction(found.target_per_euro) / Fraction(found.source_per_euro)
    assert abs(Fraction(found.convert(amount)) - exact) <= abs(exact) * Fraction(1, 10**19)


def test_the_surrounding_precision_does_not_matter() -> None:
    with localcontext(prec=3):
        found = rate("CNY", "USD", on("2026-05-22")).convert(Decimal("123456.789"))
    assert found == rate("CNY", "USD", on("2026-05-22")).convert(Decimal("123456.789"))
    assert len(found.as_tuple().digits) == 20
