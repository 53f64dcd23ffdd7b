"""Keyed: every known key is a price, every other is reported, and 0 is never a price."""

from collections import Counter
from decimal import Decimal

import pytest

from crawler import keyed
from crawler.failures import PageChanged
from history.model import PriceComponent

UNITS = {"input": "input_tokens", "output": "output_tokens"}


def test_known_keys_are_prices_and_others_are_reported() -> None:
    unread = Counter[str]()
    pricing = {"input": "0.5", "output": Decimal("1.5"), "image": "0.01", "tiers": [], "video": None}
    assert keyed.prices(pricing, UNITS, "USD", 1_000_000, unread) == (
        PriceComponent("input_tokens", Decimal("0.5"), "USD", 1_000_000),
        PriceComponent("output_tokens", Decimal("1.5"), "USD", 1_000_000),
    )
    assert unread == {"price key image": 1}


@pytest.mark.parametrize("nothing", [0, "0.00", None])
def test_null_and_zero_are_no_price(nothing: object) -> None:
    assert keyed.prices({"input": nothing}, UNITS, "USD", 1, Counter()) == ()


@pytest.mark.parametrize("value", ["-1", "free", True, {}, "1,5"])
def test_what_is_not_a_decimal_is_refused(value: object) -> None:
    with pytest.raises(PageChanged, match="not a decimal price"):
        keyed.prices({"input": value}, UNITS, "USD", 1, Counter())
