"""OpenRouter's pricing objects: the narrowest region is always the price that OpenRouter would charge."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.failures import PageChanged
from crawler.openrouter import UNITS, components, is_variable, listed, regions
from history.model import ALWAYS, Conditions, PriceComponent
from history.units import UNITS as BILLABLE

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def test_every_key_bills_a_unit_of_the_closed_list() -> None:
    assert set(UNITS.values()) <= set(BILLABLE)
    assert len(set(UNITS.values())) == len(UNITS)


def test_zeros_are_prices_and_minus_one_is_none() -> None:
    pricing = {"prompt": "0", "completion": "-1", "request": -1, "image": 0, "discount": 0.2}
    assert list(components(pricing)) == [
        PriceComponent("input_tokens", Decimal(0), "USD"),
        PriceComponent("input_images", Decimal(0), "USD"),
    ]
    assert is_variable(pricing)
    assert not is_variable({"prompt": "0", "overrides": []})


@pytest.mark.parametrize(
    ("pricing", "unit"),
    [
        ({"prompt": "0.00000125", "image": "0.00516"}, "input_images"),
        ({"prompt": "0.00000125", "image": "0.00000125"}, "input_image_tokens"),
        ({"prompt": "0.000005", "image": "0.00001"}, "input_image_tokens"),
        ({"prompt": "0.0000001", "image": "0.0000258"}, "input_images"),
        ({"prompt": "0", "image": "0"}, "input_images"),
        ({"prompt": "-1", "image": "0.1"}, "input_images"),
        ({"prompt": "0.1", "image": "0.1", "image_token": "0.2"}, "input_images"),
    ],
)
def test_an_image_at_the_price_of_a_few_tokens_is_a_token_of_one(pricing: dict[str, Any], unit: str) -> None:
    long = {"min_prompt_tokens": 1000, "image": pricing["image"]}
    found = [price.unit for price in components({**pricing, "overrides": [long]}) if price.unit.startswith("input_im")]
    assert (found[0], found[-1]) == (unit, unit)


@pytest.mark.parametrize(
    ("amount", "discount", "regular"),
    [
        ("0.00000042", "0.7", "0.0000014"),
        ("0.00000074529", "0.559", "0.00000169"),
        ("0.47", "0.67", None),
        ("1", "0", None),
    ],
)
def test_a_discount_leaves_what_is_charged_of_the_list_price(amount: str, discount: str, regular: str | None) -> None:
    price = listed(PriceComponent("input_tokens", Decimal(amount), "USD"), Decimal(discount))
    assert (price.amount, price.list_amount) == (Decimal(amount), regular and Decimal(regular))


def test_a_price_of_images_beside_no_price_of_text_is_refused() -> None:
    with pytest.raises(PageChanged, match="of an image, or of a token of one"):
        list(components({"image": "0.1"}))


def test_a_search_and_a_conditional_price_have_no_list_price() -> None:
    search = PriceComponent("web_searches", Decimal("0.005"), "USD")
    long = PriceComponent("input_tokens", Decimal("0.005"), "USD", 1, Conditions(200_001))
    assert [listed(price, Decimal("0.5")) for price in (search, long)] == [search, long]


def test_more_than_n_tokens_is_at_least_one_more() -> None:
    found = list(components({"overrides": [{"min_prompt_tokens": 200_000, "prompt": "0.1"}]}))
    assert found == [PriceComponent("input_tokens", Decimal("0.1"), "USD", 1, Conditions(min_input_tokens=200_001))]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (1000, 100, "10:00-01:00"),
        (100, 400, "01:00-04:00"),
        (2330, 0, "23:30-00:00"),
        (0, 30, "00:00-00:30"),
        (30, 2400, "00:30-00:00"),
    ],
)
def test_hours_are_windows_that_may_wrap_midnight(start: int, end: int, hours: str) -> None:
    [found] = components({"overrides": [{"utc_start": start, "utc_end": end, "prompt": "1"}]})
    assert found.conditions == Conditions(hours_utc=(hours,))


def test_days_are_those_of_the_week_in_utc() -> None:
    override = {"utc_days": ["sunday", "saturday"], "prompt": "1"}
    assert [price.conditions for price in components({"overrides": [override]})] == [Conditions(weekdays=(6, 7))]
    peak = {**override, "utc_days": ["monday"], "utc_start": 2330, "utc_end": 30, "min_prompt_tokens": 1000}
    [found] = components({"overrides": [peak]})
    assert found.conditions == Conditions(min_input_tokens=1001, hours_utc=("23:30-00:30",), weekdays=(1,))


WORKDAYS = WEEK[:5]
# As of deepseek/deepseek-v4.1-flash since 2026-08: windows that leave no minute of the week out.
PEAK = [
    {"utc_days": ["saturday", "sunday"], "prompt": "1"},
    {"utc_days": [*WORKDAYS], "utc_start": 0, "utc_end": 100, "prompt": "1"},
    {"utc_days": [*WORKDAYS], "utc_start": 100, "utc_end": 1000, "prompt": "2"},
    {"utc_days": [*WORKDAYS], "utc_start": 1000, "utc_end": 0, "prompt": "1"},
]


@pytest.mark.parametrize("at_the_moment", ["1", "2"])
def test_the_price_without_windows_is_the_usual_one_at_each_hour_of_the_week(at_the_moment: str) -> None:
    found = {price.conditions: price.amount for price in components({"prompt": at_the_moment, "overrides": PEAK})}
    assert found[ALWAYS] == 1
    assert [*found.values()] == [1, 1, 1, 2, 1]


def test_what_windows_leave_out_costs_what_stands_beside_them() -> None:
    for overrides in (
        PEAK[1:],
        [{**window, "min_prompt_tokens": 1} for window in PEAK],
        [*PEAK[:3], {**PEAK[3], "utc_end": 2359}],
    ):
        assert next(iter(components({"prompt": "2", "overrides": overrides}))).amount == 2
    [completion, *_] = components({"completion": "2", "prompt": "2", "overrides": PEAK})
    assert completion == PriceComponent("output_tokens", Decimal(2), "USD")


def test_a_price_that_no_window_has_is_not_that_of_a_window() -> None:
    assert next(iter(components({"prompt": "3", "overrides": PEAK}))).amount == 3


def test_of_windows_within_each_other_the_narrowest_counts_for_what_is_usual() -> None:
    overrides = [{"utc_days": [*WEEK[:6]], "prompt": "2"}, {"utc_days": ["sunday"], "prompt": "2"}, *PEAK]
    assert next(iter(components({"prompt": "2", "overrides": overrides}))).amount == 1


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"prompt": "1"}, "without a condition"),
        ({"min_prompt_tokens": -1, "prompt": "1"}, "without a condition"),
        ({"min_prompt_tokens": "200000", "prompt": "1"}, "not a number of tokens"),
        ({"min_prompt_tokens": True, "prompt": "1"}, "not a number of tokens"),
        ({"min_prompt_tokens": -5, "prompt": "1"}, "not a number of tokens"),
        ({"max_prompt_tokens": 5, "min_prompt_tokens": 1}, "unknown price key 'max_prompt_tokens'"),
        ({"min_prompt_tokens": 1, "weekdays": [1]}, "unknown price key 'weekdays'"),
        ({"utc_days": [], "prompt": "1"}, "no days of the week"),
        ({"utc_days": "monday", "prompt": "1"}, "no days of the week"),
        ({"utc_days": ["Monday", 1], "prompt": "1"}, "no days of the week"),
        ({"utc_days": list(WEEK), "prompt": "1"}, "without a condition"),
        ({"utc_start": 1000, "prompt": "1"}, "HHMM"),
        ({"utc_start": 1060, "utc_end": 5, "prompt": "1"}, "HHMM"),
        ({"utc_start": "1000", "utc_end": 5, "prompt": "1"}, "HHMM"),
        ({"utc_start": 1000, "utc_end": 1000, "prompt": "1"}, "all day or never"),
        ({"min_prompt_tokens": 1, "prompt": "-1"}, "not a decimal price"),
        ("override", "not an object"),
    ],
)
def test_an_override_that_is_not_understood_is_refused(override: Any, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        list(components({"prompt": "1", "overrides": [override]}))


HOURS = st.sampled_from([0, 100, 400, 600, 1000, 1630, 2000, 2330])
OVERRIDE = st.one_of(
    st.fixed_dictionaries({"min_prompt_tokens": st.sampled_from([0, 1000, 2000])}),
    st.fixed_dictionaries({"utc_start": HOURS, "utc_end": HOURS}).filter(
        lambda window: window["utc_start"] != window["utc_end"]
    ),
    st.fixed_dictionaries(
        {"min_prompt_tokens": st.sampled_from([0, 1000]), "utc_start": HOURS, "utc_end": HOURS}
    ).filter(lambda window: window["utc_start"] != window["utc_end"]),
    st.fixed_dictionaries({"utc_days": st.sampled_from([["monday", "friday"], ["sunday"]])}),
    st.fixed_dictionaries({"utc_start": HOURS, "utc_end": HOURS, "utc_days": st.just(["friday", "sunday"])}).filter(
        lambda window: window["utc_start"] != window["utc_end"]
    ),
)


def holds(override: dict[str, Any], tokens: int, clock: int, day: str) -> bool:
    """OpenRouter's rule, said again without the project's code."""
    if day not in override.get("utc_days", WEEK):
        return False
    if "min_prompt_tokens" in override and tokens <= override["min_prompt_tokens"]:
        return False
    if "utc_start" in override:
        start, end = int(override["utc_start"]), int(override["utc_end"])
        return start <= clock < end if start < end else clock >= start or clock < end
    return True


def applies(conditions: Conditions, tokens: int, clock: int, day: str) -> bool:
    least = conditions.min_input_tokens
    window = conditions.hours_utc
    if least is not None and tokens < least:
        return False
    if conditions.weekdays and WEEK.index(day) + 1 not in conditions.weekdays:
        return False
    return not window or any(
        holds({"utc_start": start, "utc_end": end}, tokens, clock, day) for start, end in map(hhmm, window)
    )


def hhmm(window: str) -> tuple[int, int]:
    start, end = (int(part.replace(":", "")) for part in window.split("-"))
    return start, end


POINTS = list(
    product(
        [0, 1, 1000, 1001, 2001],
        [0, 30, 100, 359, 400, 559, 600, 1000, 1200, 1630, 1959, 2000, 2330, 2359],
        ["monday", "tuesday", "friday", "sunday"],
    )
)


def reach(conditions: Conditions) -> set[tuple[int, int, str]]:
    return {point for point in POINTS if applies(conditions, *point)}


@given(st.lists(OVERRIDE, max_size=4))
def test_the_narrowest_price_that_applies_is_the_last_override_that_holds(overrides: list[dict[str, Any]]) -> None:
    priced = [{**override, "prompt": str(number + 1)} for number, override in enumerate(overrides)]
    found = list(components({"prompt": "0", "overrides": priced}))
    assert len({price.conditions for price in found}) == len(found)
    for point in POINTS:
        expected = next((override["prompt"] for override in reversed(priced) if holds(override, *point)), "0")
        matching = [price for price in found if applies(price.conditions, *point)]
        narrowest = min(matching, key=lambda price: len(reach(price.conditions)))
        assert all(reach(narrowest.conditions) <= reach(price.conditions) for price in matching)
        same = {price.amount for price in matching if reach(price.conditions) == reach(narrowest.conditions)}
        assert Decimal(expected) in same


def test_a_key_that_an_override_does_not_name_is_inherited() -> None:
    found = regions([{"min_prompt_tokens": 1, "prompt": "1"}, {"min_prompt_tokens": 2, "completion": "2"}])
    assert {key: len(prices) for key, prices in found.items()} == {"prompt": 1, "completion": 1}
