"""The vocabulary: canonical texts that compare as the things do."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.model import ALWAYS, Conditions, Quote, conditions_text, plain
from history.units import UNITS
from tests.history.pages import day, offer, price

MONEY = st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=23)


@given(MONEY)
def test_plain_text_says_the_exact_amount(amount: Decimal) -> None:
    assert Decimal(plain(amount)) == amount
    assert "E" not in plain(amount)


@pytest.mark.parametrize(
    ("amount", "text"), [("1.50E-7", "0.00000015"), ("3.00", "3"), ("100", "100"), ("0.0", "0"), ("1E+3", "1000")]
)
def test_equal_amounts_have_one_text(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@given(MONEY, st.sampled_from(["USD", "CNY"]), st.integers(1, 10**6), st.none() | MONEY, st.none() | st.just(day(3)))
def test_a_quote_survives_its_text(
    amount: Decimal, currency: str, per: int, listed: Decimal | None, ends: datetime | None
) -> None:
    quote = Quote(amount, currency, per, listed, ends)
    assert Quote.parse(quote.text) == quote


def test_no_conditions_have_no_text() -> None:
    assert conditions_text(ALWAYS) == ""
    assert conditions_text(Conditions(thinking=False)) == '{"thinking":false}'


def test_an_offer_prints_without_what_is_absent() -> None:
    ends = datetime(2026, 5, 31, 15, 59, tzinfo=UTC)
    stated = price(
        "input_tokens",
        "0.4350",
        list_amount=Decimal("1.74"),
        valid_to=ends,
        conditions=Conditions(max_input_tokens=32000),
    )
    assert offer("a", stated, terms=("beta",)).as_dict() == {
        "provider": "acme",
        "model": "a",
        "tier": "standard",
        "region": "",
        "terms": ["beta"],
        "components": [
            {
                "unit": "input_tokens",
                "amount": "0.435",
                "currency": "USD",
                "per": 1000000,
                "conditions": {"max_input_tokens": 32000, "list_amount": "1.74", "valid_to": "2026-05-31T15:59:00Z"},
            }
        ],
    }


def test_every_unit_is_listed_under_its_own_name() -> None:
    assert all(name == unit.name and unit.label and unit.ceiling > 0 for name, unit in UNITS.items())
