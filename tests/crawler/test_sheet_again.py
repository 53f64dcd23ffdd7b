"""A page that repeats itself: the same price is one price, another one is a contradiction."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from crawler.sheet import PriceSheet
from history.model import ALWAYS, Conditions, PriceComponent, Provider

SHORT, LONG = Conditions(max_input_tokens=272_000), Conditions(min_input_tokens=272_001)


def price(amount: int, when: Conditions = ALWAYS) -> PriceComponent:
    return PriceComponent("input_tokens", Decimal(amount), "USD", 1_000_000, when)


def test_what_was_said_for_all_cases_is_not_said_again_for_one() -> None:
    sheet = PriceSheet()
    sheet.add("gpt", price(5))
    sheet.add_new("gpt", price(5, SHORT), price(10, LONG), price(5), terms=())
    [offer] = sheet.offers(Provider("openai", "OpenAI", "lab"))
    assert offer.components == (price(5), price(10, LONG))


@pytest.mark.parametrize("again", [price(6), price(6, SHORT)])
def test_another_price_is_a_contradiction(again: PriceComponent) -> None:
    sheet = PriceSheet()
    sheet.add("gpt", price(5))
    with pytest.raises(PageChanged, match="two prices"):
        sheet.add_new("gpt", again, terms=())
