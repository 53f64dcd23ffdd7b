"""How figures are written for a person."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.figures import change, conditions_in_words, money, per_million, percent, rate
from history.model import Conditions, Quote, conditions_text
from tests.feed.rows import usd


@pytest.mark.parametrize(
    ("amount", "per", "unit", "expected"),
    [
        ("0.14", 1_000_000, "input_tokens", "0.14"),
        ("0.00000014", 1, "input_tokens", "0.14"),
        ("1.5E-7", 1, "output_tokens", "0.15"),
        ("0.8", 1000, "input_tokens", "800"),
        ("0", 1, "input_tokens", "0"),
        ("1", 3, "input_tokens", None),
        ("0.04", 1, "images", None),
        ("1", 1_000_000, "cache_storage_token_hours", None),
    ],
)
def test_a_million_tokens_cost_exactly_or_not_at_all(amount: str, per: int, unit: str, expected: str | None) -> None:
    assert per_million(Decimal(amount), per, unit) == expected


@given(st.decimals(min_value=0, max_value=10**6, places=12, allow_nan=False), st.sampled_from([1, 1000, 10**6]))
def test_the_price_of_a_million_is_never_rounded(amount: Decimal, per: int) -> None:
    text = per_million(amount, per, "input_tokens")
    assert text is not None
    assert "E" not in text
    assert Fraction(text) == Fraction(amount) * 10**6 / per


@pytest.mark.parametrize(
    ("exact", "told"),
    [
        ("-56", "−56 %"), ("-55.56", "−56 %"), ("-98.2", "−98.2 %"), ("-98", "−98 %"), ("-95.04", "−95 %"),
        ("83.333", "+83 %"), ("-1.52", "−1.5 %"), ("0.3", "+0.3 %"), ("0.004", "+0.004 %"), ("100", "+100 %"),
        ("-0.00000005", "≈0 %"),
        ("483.25", "+483.2 %"), ("1100.4", "+1100 %"), ("-100", "−100 %"),
    ],
)  # fmt: skip
def test_percentages_are_rounded_as_a_person_would(exact: str, told: str) -> None:
    assert percent(Fraction(exact)) == told


@pytest.mark.parametrize(("exact", "told"), [("-99.99", "−99.99 %"), ("-99.996", "−99.996 %"), ("-99.95", "−99.95 %")])
def test_a_cut_that_leaves_a_price_is_never_told_as_a_hundred_percent(exact: str, told: str) -> None:
    assert percent(Fraction(exact)) == told


def test_a_change_is_exact_across_quantities() -> None:
    assert change(usd("6", 1_000_000), usd("0.011", 1000)) == Fraction(500, 6)


def test_from_zero_or_across_currencies_there_is_no_percentage() -> None:
    assert change(usd("0"), usd("1")) is None
    assert change(usd("1", currency="CNY"), usd("1")) is None


@pytest.mark.parametrize(
    ("quote", "unit", "told"),
    [
        (usd("0.0028"), "cache_read_tokens", ("$0.0028", "1M tokens")),
        (usd("1.5"), "input_tokens", ("$1.50", "1M tokens")),
        (usd("11", currency="CNY"), "input_tokens", ("11 CNY", "1M tokens")),
        (usd("0.04", 1), "images", ("$0.04", "image")),
        (usd("10", 1000), "web_searches", ("$10", "1,000 requests")),
        (usd("15"), "characters", ("$15", "1M characters")),
        (usd("4.5"), "cache_storage_token_hours", ("$4.50", "1M token-hours")),
        (usd("1", 3), "input_tokens", ("$1", "3 tokens")),
    ],
)
def test_a_rate_says_what_it_buys(quote: Quote, unit: str, told: tuple[str, str]) -> None:
    assert rate(quote, unit) == told


def test_money_without_a_sign_of_its_own_has_its_currency() -> None:
    assert money("0.5", "CNY") == "0.50 CNY"


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (Conditions(min_input_tokens=256_001), ">256K"),
        (Conditions(min_input_tokens=262_145), ">256K"),
        (Conditions(min_input_tokens=200_000), "≥200K"),
        (Conditions(max_input_tokens=1_048_576), "≤1M"),
        (Conditions(max_input_tokens=199_999), "<200K"),
        (Conditions(max_input_tokens=1234), "≤1,234"),
        (Conditions(min_input_tokens=128_001, max_input_tokens=256_000), "128K–256K"),
        (Conditions(min_output_tokens=201), ">200 output"),
        (Conditions(period="off_peak", hours_utc=("16:30-00:30",)), "off-peak, 16:30-00:30 UTC"),
        (Conditions(weekdays=(1, 5), holidays="CN"), "Mon/Fri, not on CN holidays"),
        (Conditions(thinking=False), "non-thinking"),
        (Conditions(), ""),
    ],
)
def test_conditions_read_as_words(conditions: Conditions, words: str) -> None:
    assert conditions_in_words(conditions_text(conditions)) == words
