"""What is not believable in itself is left out, and the rule that says so has a name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.model import Offer, PriceComponent
from history.validation import validate
from tests.history.pages import SOURCE, day, offer, price, simple


def rule_for(*offers: Offer) -> str:
    """The one rule that leaves out the first of these offers."""
    seen, rejections = validate(offers, SOURCE)
    assert offers[0].key not in seen.offers
    return {rejection.rule for rejection in rejections}.pop()


@pytest.mark.parametrize(
    ("component", "rule"),
    [
        (price("input_tokens", "-3"), "not_a_price"),
        (price("input_tokens", "NaN"), "not_a_price"),
        (price("input_tokens", "Infinity"), "not_a_price"),
        (price("input_tokens", "3", per=0), "not_a_price"),
        (price("tokens_in", "3"), "unknown_unit"),
        (price("input_tokens", "3", currency="CNY"), "undeclared_currency"),
        (price("input_tokens", "3000000"), "absurd_price"),
        (price("input_tokens", "3", per=1), "absurd_price"),
        (price("input_tokens", "0." + "1" * 31), "too_many_digits"),
        (price("input_tokens", "3", list_amount=Decimal(2)), "absurd_list_price"),
        (price("input_tokens", "3", list_amount=Decimal("NaN")), "absurd_list_price"),
        (price("input_tokens", "3", valid_from=day(2), valid_to=day(1)), "backwards_interval"),
    ],
)
def test_a_component_that_cannot_be_leaves_its_offer_out(component: PriceComponent, rule: str) -> None:
    assert rule_for(offer("a", component)) == rule


@pytest.mark.parametrize("model", ["", "  ", "a\nb", "a\x00", "m" * 201, "1,048,576", "-"])
def test_a_model_needs_a_name_that_a_caller_could_type(model: str) -> None:
    assert rule_for(simple(model, "3")) == "bad_model_name"


def test_a_model_that_stands_twice_is_left_out_twice() -> None:
    assert rule_for(simple("a", "3"), simple("a", "4")) == "duplicate_offer"


def test_a_price_that_stands_twice_under_the_same_conditions_is_left_out() -> None:
    assert rule_for(offer("a", price("input_tokens", "3"), price("input_tokens", "4"))) == "duplicate_component"


def test_an_offer_without_price_or_term_states_nothing() -> None:
    assert rule_for(offer("a")) == "nothing_stated"
    seen, rejections = validate([offer("a", terms=("contact us",))], SOURCE)
    assert (list(seen.offers.values()), rejections) == ([("contact us",)], [])


def test_an_offer_of_another_provider_is_left_out() -> None:
    assert rule_for(Offer("other", "a", (price("input_tokens", "3"),))) == "other_provider"


def test_one_bad_offer_does_not_take_the_good_ones_with_it() -> None:
    seen, rejections = validate([simple("a", "3"), simple("b", "-3")], SOURCE)
    assert [key.model for key in seen.offers] == ["a"]
    assert [(rejection.rule, rejection.model) for rejection in rejections] == [("not_a_price", "b")]


@given(st.decimals(min_value=0, max_value=1400, allow_nan=False, places=9))
def test_every_amount_below_the_ceiling_is_kept_exactly(amount: Decimal) -> None:
    seen, _ = validate([offer("a", PriceComponent("input_tokens", amount, "USD", 1_000_000))], SOURCE)
    assert Decimal(seen.observations[0].quote.split(" ")[0]) == amount
