"""Subscriptions: quotas as terms, what validation refuses, and what was on sale at any time, as known at any time."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Engine

from history import queries
from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Offer
from history.queries import PlanKey, Scope
from history.quotas import Quota, is_quota, quotas
from history.recorder import Recorded, record
from history.units import PLAN_UNITS, UNITS
from history.validation import validate
from tests.history.pages import SOURCE, day, offer, price, reading, simple
from tests.history.test_recorder import told
from tests.postgres import forget

Runs = Callable[..., Recorded]
Stated = tuple[str, tuple[str, ...]]


@pytest.mark.parametrize(
    ("quota", "text"),
    [
        (Quota(Decimal(1500), "requests", "5 hours"), "quota: 1500 requests per 5 hours"),
        (Quota(Decimal(120), "prompts", "5 hours", about=True), "quota: about 120 prompts per 5 hours"),
        (Quota(Decimal(300), "requests", "5 hours", Decimal(1200)), "quota: 300–1200 requests per 5 hours"),
        (Quota(None, "web searches", "month"), "quota: unlimited web searches per month"),
        (Quota(Decimal("4.1E9"), "credits", "month"), "quota: 4100000000 credits per month"),
        (Quota(Decimal("0.5"), "GB"), "quota: 0.5 GB"),
    ],
)
def test_a_quota_has_one_text_and_is_read_back_from_it(quota: Quota, text: str) -> None:
    assert quota.text == text
    assert Quota.parse(text).text == text
    assert quotas(["deprecated", text]) == [quota]


@pytest.mark.parametrize(
    "text",
    [
        "quota: 1,500 requests per 5 hours", "quota: 01500 requests", "quota: 1500", "quota: many requests",
        "quota: 1.5.0 requests", "quota: 1.50 requests", "quota: 300–300 requests", "quota: -1 requests",
        "1500 requests",
    ],
)  # fmt: skip
def test_what_is_not_written_as_a_quota_is_is_not_read_as_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"quota|canonical|how much|range"):
        Quota.parse(text)


@pytest.mark.parametrize(
    "stated",
    [
        {"amount": Decimal(-1), "unit": "requests"},
        {"amount": Decimal("NaN"), "unit": "requests"},
        {"amount": Decimal(1), "unit": " "},
        {"amount": Decimal(1), "unit": "requests per day"},
        {"amount": None, "unit": "requests", "most": Decimal(2)},
    ],
)
def test_a_quota_that_cannot_be_is_not_made(stated: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"quota|range"):
        Quota(**stated)


@given(
    st.one_of(st.none(), st.decimals(0, 10**12, places=2)), st.text("abc 12", min_size=1).map(str.strip).filter(bool),
    st.sampled_from(["", "5 hours", "week", "month"]), st.booleans(),
)  # fmt: skip
def test_any_quota_survives_its_text(amount: Decimal | None, unit: str, per: str, about: bool) -> None:
    quota = Quota(amount, unit, per, None if amount is None else amount + 1, about)
    assert Quota.parse(quota.text) == quota
    assert is_quota(quota.text)


def plan(name: str, amount: str = "10", *terms: str, unit: str = "plan_months", **stated: Any) -> Offer:
    return offer(name, price(unit, amount, per=1), tier="plan", terms=terms, **stated)


def rules(stated: Offer) -> set[str]:
    return {rejection.rule for rejection in validate([stated], SOURCE)[1]}


def test_every_unit_of_a_plan_says_for_how_many_months_it_is() -> None:
    assert set(PLAN_UNITS) == {name for name in UNITS if name.startswith("plan_")}
    assert all(billed % months == 0 for months, billed in PLAN_UNITS.values())


def test_a_plan_is_accepted_in_its_own_tier_only() -> None:
    assert rules(plan("Plus")) == set()
    assert rules(replace(plan("Plus"), tier="standard")) == {"not_a_plan"}
    assert rules(replace(simple("a", "3"), tier="plan")) == {"not_a_plan"}
    assert rules(offer("Enterprise", tier="plan", terms=("contact us",))) == set()


def test_a_quota_that_cannot_be_read_back_leaves_the_plan_out() -> None:
    assert rules(plan("Plus", "10", "quota: lots")) == {"bad_quota"}


@pytest.mark.parametrize(
    ("unit", "amount"), [("plan_months", "5001"), ("plan_quarters", "15001"), ("plan_years", "60001")]
)
def test_no_subscription_costs_more_than_any_ever_did(unit: str, amount: str) -> None:
    assert rules(plan("Plus", amount, unit=unit)) == {"absurd_price"}


@pytest.fixture
def run(engine: Engine) -> Runs:
    def run_it(number: float, *offers: Offer) -> Recorded:
        with recording(engine) as connection:
            return record(connection, reading(day(number), *offers), day(number))

    return run_it


def on_sale(engine: Engine, at: datetime, known_at: datetime, **asked: Any) -> dict[str, Stated]:
    """Plan → (monthly price, terms)."""
    with reading_from(engine) as connection:
        found = queries.plans(connection, Scope(**asked), at, known_at)
    return {one.key.model: (str(one.prices[0].amount), one.terms) for one in found}


FEW, MANY = "quota: 1500 requests per 5 hours", "quota: 3000 requests per 5 hours"


def test_another_quota_is_a_change_of_terms_and_another_price_one_of_price(engine: Engine, run: Runs) -> None:
    run(0, plan("Plus", "10", FEW), plan("Max", "50"))
    run(1, plan("Plus", "8", FEW), plan("Max", "50"))
    run(2, plan("Plus", "8", MANY), plan("Max", "60"))
    assert told(engine) == [
        ("price_lowered", "Plus", "plan_months", "10", "8", day(1)),
        ("price_raised", "Max", "plan_months", "50", "60", day(2)),
        ("terms_changed", "Plus", None, None, None, day(2)),
    ]


def test_a_plan_is_withdrawn_after_three_complete_runs_and_a_new_one_is_told(engine: Engine, run: Runs) -> None:
    run(0, plan("Plus"), plan("Starter"))
    for number in (1, 2, 3):
        run(number, plan("Plus"), plan("Ultra", "100", MANY))
    assert told(engine) == [
        ("offer_added", "Ultra", None, None, None, day(1)),
        ("price_added", "Ultra", "plan_months", None, "100", day(1)),
        ("offer_withdrawn", "Starter", None, None, None, day(1)),
        ("price_removed", "Starter", "plan_months", "10", None, day(1)),
    ]
    assert set(on_sale(engine, day(2), day(2))) == {"Plus", "Starter", "Ultra"}
    assert set(on_sale(engine, day(2), day(3))) == {"Plus", "Ultra"}
    assert set(on_sale(engine, day(0.5), day(3))) == {"Plus", "Starter"}


def test_the_quota_of_any_day_is_known_from_what_was_told(engine: Engine, run: Runs) -> None:
    for number, quota in enumerate([FEW, FEW, MANY, FEW]):
        run(number, plan("Plus", "10", quota))
    days = [on_sale(engine, day(number), day(9))["Plus"][1] for number in (0, 1.9, 2, 2.5, 3)]
    assert days == [(FEW,), (FEW,), (MANY,), (MANY,), (FEW,)]
    assert on_sale(engine, day(3), day(2.5))["Plus"][1] == (MANY,)


def test_since_when_the_terms_are_these_is_told_where_it_is_known(engine: Engine, run: Runs) -> None:
    run(0, plan("Plus", "10", FEW))
    run(1, plan("Plus", "10", MANY), plan("Max"))
    with reading_from(engine) as connection:
        now = queries.plans(connection, Scope(), day(1), day(1))
        before = queries.plans(connection, Scope(), day(0), day(1))
    assert [(one.key.model, one.terms_since) for one in now] == [("Max", day(1)), ("Plus", day(1))]
    assert [(one.key.model, one.terms_since) for one in before] == [("Plus", None)]


def test_prices_by_month_and_by_year_are_one_plan_and_regions_are_two(engine: Engine, run: Runs) -> None:
    both = (price("plan_months", "10", per=1), price("plan_years", "100", per=1))
    run(0, offer("Plus", *both, tier="plan", region="eu"), offer("Plus", *both, tier="plan"), simple("a", "3"))
    with reading_from(engine) as connection:
        found = queries.plans(connection, Scope(), day(0), day(0))
        [eu] = queries.plans(connection, Scope(region="eu"), day(0), day(0))
        following = queries.plans(connection, Scope(), day(0), day(0), after=found[0].key)
    assert [one.key for one in found] == [PlanKey("acme", "Plus", region, "acme_page") for region in ("", "eu")]
    assert {one.unit for one in found[0].prices} == {"plan_months", "plan_years"}
    assert [eu] == following == found[1:]
    assert found[0].url == "https://acme.example/pricing"


def test_plans_stay_out_of_a_scope_that_leaves_their_tier_out(engine: Engine, run: Runs) -> None:
    run(0, plan("Plus"), simple("a", "3"))
    with reading_from(engine) as connection:
        without = queries.as_of(connection, Scope(not_tier="plan"), day(0), day(0))
        some = queries.models(connection)
        only = queries.models(connection, tier="plan")
    assert {one.model for one in without} == {"a"}
    assert [one.model for one in some] == ["a"]
    assert [one.model for one in only] == ["Plus"]


# A plan on a day: its price and terms, or None where the page does not show it.
STATE = st.one_of(
    st.none(), st.tuples(st.sampled_from(["10", "20", "30"]), st.sampled_from([(), (FEW,), (MANY, "beta")]))
)
HISTORY = st.lists(st.tuples(STATE, STATE), min_size=1, max_size=9)


def shown(history: list[tuple[Stated | None, ...]], which: int, at: int, known: int) -> Stated | None:
    """By brute force over the pages up to `known`: what this plan was on the day `at`."""
    days = [page[which] for page in history[: known + 1]]
    at = min(at, known)
    last: Stated | None = None
    for number, state in enumerate(days):
        gone = number + 3 <= len(days) and not any(days[number : number + 3])
        if number <= at:
            last = state if state is not None else None if gone else last
    return last


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORY)
def test_any_history_is_answered_as_by_brute_force(
    engine: Engine, run: Runs, history: list[tuple[Stated | None, ...]]
) -> None:
    names = ("Plus", "Max")
    with writing(engine) as connection:
        forget(connection)
    # A third plan is always there: an empty page would be no complete run.
    for number, page in enumerate(history):
        stated = [plan(name, state[0], *state[1]) for name, state in zip(names, page, strict=True) if state]
        run(number, plan("Always"), *stated)
    for at, known in product(range(len(history)), repeat=2):
        expected = {name: state for which, name in enumerate(names) if (state := shown(history, which, at, known))}
        found = on_sale(engine, day(at), day(known))
        assert found.pop("Always") == ("10", ())
        assert found == expected, (at, known)
