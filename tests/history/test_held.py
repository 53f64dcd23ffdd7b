"""What was held before it was believed says so, and since when; on both databases."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from history import tables as t
from history.db import reading as reading_from
from history.db import recording
from history.model import Conditions, Offer
from history.queries import Wanted, changes_after
from history.recorder import Recorded, record
from tests.history.pages import day, models, offer, price, reading, simple

Runs = Callable[..., Recorded]
LONG, OFF_PEAK = Conditions(min_input_tokens=200_001), Conditions(period="off_peak")


@pytest.fixture
def run(engine: Engine) -> Runs:
    def run_it(number: float, *offers: Offer, **stated: Any) -> Recorded:
        with recording(engine) as connection:
            return record(connection, reading(day(number), *offers, **stated), day(number))

    return run_it


def held(engine: Engine) -> list[tuple[str, str, datetime | None]]:
    """(kind, unit, held since) of every change that was told."""
    with reading_from(engine) as connection:
        told = changes_after(connection, Wanted(), 0, 100)
    return [(one.kind.value, one.unit or "", one.held_since) for one in told]


def test_what_is_believed_at_sight_was_never_held(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "2"), simple("b", "1"))
    assert {since for *_, since in held(engine)} == {None}


def test_a_cut_that_a_second_fetch_confirmed_says_when_it_was_seen_first(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    run(2, simple("a", "0.03"))
    assert held(engine) == [("price_lowered", "input_tokens", day(1))]


def test_a_held_price_that_moved_on_was_held_since_it_was_what_it_is(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    run(2, simple("a", "0.3"))
    run(3, simple("a", "0.3"))
    assert held(engine) == [("price_lowered", "input_tokens", day(2))]


def test_what_waited_with_it_was_held_as_long(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "2")))
    moved = offer("a", price("input_tokens", "11"), price("cache_read_tokens", "0.02"))
    run(1, moved)
    run(2, moved)
    assert held(engine) == [
        ("price_raised", "input_tokens", day(1)),
        ("price_lowered", "cache_read_tokens", day(1)),
    ]


def test_what_came_only_with_the_second_fetch_was_not_held(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "2")))
    run(1, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "0.02")))
    run(2, offer("a", price("input_tokens", "11"), price("cache_read_tokens", "0.02"), terms=("new",)))
    assert held(engine) == [
        ("price_raised", "input_tokens", None),
        ("price_lowered", "cache_read_tokens", day(1)),
        ("terms_changed", "", None),
    ]


def test_a_true_raise_that_waited_for_a_slip_to_go_was_held(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "2")))
    run(1, offer("a", price("input_tokens", "11"), price("cache_read_tokens", "200")))
    run(2, offer("a", price("input_tokens", "11"), price("cache_read_tokens", "2")))
    assert held(engine) == [("price_raised", "input_tokens", day(1))]


def test_a_held_price_with_a_stated_start_says_when_it_was_seen_not_when_it_began(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    cut = offer("a", price("input_tokens", "0.03", valid_from=day(0.5)), price("output_tokens", "9"))
    run(1, cut)
    run(2, cut)
    with reading_from(engine) as connection:
        (told,) = changes_after(connection, Wanted(), 0, 100)
    assert (told.effective_at, told.held_since, told.recorded_at) == (day(0.5), day(1), day(2))


def test_a_price_that_leaves_many_models_was_held_and_one_that_leaves_one_was_not(engine: Engine, run: Runs) -> None:
    run(0, *models("abcdefgh"), offer("z", price("input_tokens", "3"), price("input_tokens", "6", conditions=LONG)))
    without = [offer("z", price("input_tokens", "3"))]
    run(1, *models("abcdefgh"), *without)
    assert held(engine) == [("price_removed", "input_tokens", None)]
    for number in (2, 3):
        run(number, *(offer(name, price("input_tokens", "3")) for name in "abcdefgh"), *without)
    assert set(held(engine)[1:]) == {("price_removed", "output_tokens", day(2))}


def test_a_withdrawal_is_no_hold(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"), simple("b", "2"))
    for number in (1, 2, 3):
        run(number, simple("a", "3"))
    assert {since for *_, since in held(engine)} == {None}


def test_a_removal_that_is_told_as_new_terms_keeps_what_it_was_held_for(engine: Engine, run: Runs) -> None:
    """A price that moves to other conditions while another of its model is held waits with it, on both sides."""
    peak, night = Conditions(period="peak"), Conditions(period="off_peak")
    run(0, offer("a", price("input_tokens", "3"), price("output_tokens", "6", conditions=peak)))
    moved = offer("a", price("input_tokens", "0.03"), price("output_tokens", "6", conditions=night))
    run(1, moved)
    run(2, moved)
    assert sorted(held(engine)) == [
        ("price_lowered", "input_tokens", day(1)),
        ("terms_changed", "output_tokens", day(1)),
    ]


def test_the_row_is_kept_like_all_of_an_event(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    run(2, simple("a", "0.03"))
    with reading_from(engine) as connection:
        assert connection.execute(select(t.change_event.c.held_since)).scalars().all() == [day(1)]


@pytest.mark.parametrize("amount", ["0.003", "1000", "0", "15.01", "0.59"])
def test_a_price_under_new_conditions_far_from_the_one_without_them_waits_for_a_second_look(
    engine: Engine, run: Runs, amount: str
) -> None:
    run(0, simple("a", "3"))
    with_long = offer("a", *simple("a", "3").components, price("input_tokens", amount, conditions=LONG))
    assert (run(1, with_long).held, held(engine)) == (1, [])
    run(2, with_long)
    assert held(engine) == [("price_added", "input_tokens", day(1))]


@pytest.mark.parametrize("amount", ["0.6", "3", "15"])
def test_a_price_under_new_conditions_near_the_one_without_them_is_told_at_once(
    engine: Engine, run: Runs, amount: str
) -> None:
    run(0, simple("a", "3"))
    run(1, offer("a", *simple("a", "3").components, price("input_tokens", amount, conditions=LONG)))
    assert held(engine) == [("price_added", "input_tokens", None)]


def test_a_far_price_under_new_conditions_that_is_gone_again_was_a_slip(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, offer("a", *simple("a", "3").components, price("input_tokens", "1000", conditions=LONG)))
    run(2, simple("a", "3"))
    assert held(engine) == []
    with reading_from(engine) as connection:
        assert connection.execute(select(t.held)).all() == []


def test_a_price_under_conditions_waits_only_for_one_of_its_own_unit_offer_and_currency(
    engine: Engine, run: Runs
) -> None:
    run(0, simple("a", "0.1", "9"), offer("a", price("input_tokens", "50", conditions=LONG), tier="batch"))
    more = [
        price("output_tokens", "20", conditions=LONG),
        price("input_tokens", "0.7", conditions=LONG, currency="USD", per=2_000_000),
    ]
    batch = offer(
        "a",
        price("input_tokens", "50", conditions=LONG),
        price("input_tokens", "10", conditions=OFF_PEAK),
        tier="batch",
    )
    run(1, offer("a", *simple("a", "0.1", "9").components, *more), batch)
    assert [(kind, since) for kind, _, since in held(engine)] == [("price_added", None)] * 3


def test_a_new_offer_has_no_price_to_be_far_from(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "3"), offer("b", price("input_tokens", "1"), price("input_tokens", "100", conditions=LONG)))
    assert {kind for kind, *_ in held(engine)} == {"offer_added", "price_added"}
