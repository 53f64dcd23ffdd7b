"""PriceSheet: one offer for each model and tier, and no price twice."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from crawler.failures import PageChanged
from crawler.sheet import PriceSheet
from history.model import Conditions, PriceComponent, Provider

LAB = Provider("lab", "Lab", "lab")
INPUT = PriceComponent("input_tokens", Decimal(3), "USD", 1_000_000)
LONG = replace(INPUT, amount=Decimal(6), conditions=Conditions(min_input_tokens=200_001))
LATER = replace(INPUT, amount=Decimal(4), valid_from=datetime(2026, 9, 1, tzinfo=UTC))


def test_what_several_tables_say_of_a_model_is_one_offer() -> None:
    sheet = PriceSheet()
    sheet.add("a", INPUT, terms=("deprecated",))
    sheet.add("b", INPUT)
    sheet.add("a", LONG, LATER, terms=("deprecated", "retired"))
    sheet.add("a", replace(INPUT, amount=Decimal(1)), tier="batch")
    one, two, batch = sheet.offers(LAB)
    assert (one.provider, one.model, one.tier, one.terms) == ("lab", "a", "standard", ("deprecated", "retired"))
    assert one.components == (INPUT, LONG, LATER)
    assert (two.model, batch.tier, batch.components[0].amount) == ("b", "batch", Decimal(1))


@pytest.mark.parametrize("price", [INPUT, LONG, LATER])
def test_a_price_that_stands_twice_is_refused_even_if_it_is_the_same(price: PriceComponent) -> None:
    sheet = PriceSheet()
    sheet.add("a", INPUT, LONG, LATER)
    with pytest.raises(PageChanged, match=r"a \(standard\) has two prices for input_tokens"):
        sheet.add("a", price)


def test_the_base_price_is_the_one_without_conditions() -> None:
    sheet = PriceSheet()
    sheet.add("a", LONG, INPUT)
    assert sheet.price("a", "input_tokens") == INPUT
    assert sheet.price("a", "output_tokens") is None
    assert sheet.price("b", "input_tokens") is None
    assert sheet.price("a", "input_tokens", "batch") is None


def test_a_sheet_without_a_price_is_refused() -> None:
    with pytest.raises(PageChanged, match="no price was found"):
        list(PriceSheet().offers(LAB))


def test_a_region_is_an_offer_of_its_own() -> None:
    sheet = PriceSheet()
    sheet.add("a", INPUT, region="Singapore")
    sheet.add("a", INPUT, region="Guangzhou")
    assert [(offer.model, offer.region) for offer in sheet.offers(LAB)] == [("a", "Singapore"), ("a", "Guangzhou")]
