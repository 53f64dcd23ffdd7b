"""Price lists in one cell: every entry with its tier, and a cell that holds two lists is not read."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from crawler.pricelists import pricelists


def test_a_list_has_a_price_for_each_tier_and_unit() -> None:
    stated = pricelists(["Input: $5.00 Batch Input: $2.50 1h Batch Cache Write: $5", "N/A"], [False, True])
    assert stated == {
        ("standard", "input_tokens"): {False: Decimal("5.00")},
        ("batch", "input_tokens"): {False: Decimal("2.50")},
        ("batch", "cache_write_1h_tokens"): {False: Decimal(5)},
    }


@pytest.mark.parametrize("text", ["Input: $3 Input: $6", "Input: $0.30 / million tokens (or $0.0003/page)"])
def test_two_lists_or_two_units_in_one_cell_are_none(text: str) -> None:
    assert pricelists([text], [] if "million" in text else [False, True]) is None


def test_a_list_may_say_the_unit_of_its_header_again() -> None:
    """Grok's, 2026-07-31."""
    stated = pricelists(["Input: $3 / million tokens", "Input: $6"], [False, True])
    assert stated == {("standard", "input_tokens"): {False: Decimal(3), True: Decimal(6)}}


def test_a_list_that_never_says_its_unit_is_refused() -> None:
    with pytest.raises(PageChanged, match="not a list of prices"):
        pricelists(["Input: $3"], [])


def test_the_header_says_which_list_is_for_long_prompts() -> None:
    stated = pricelists(["Input: $6", "Input: $3"], [True, False])
    assert stated == {("standard", "input_tokens"): {True: Decimal(6), False: Decimal(3)}}


def test_a_row_with_more_lists_than_columns_is_refused() -> None:
    with pytest.raises(PageChanged, match="more cells than the table has columns"):
        pricelists(["Input: $3", "Input: $6", "Input: $9"], [False, True])
