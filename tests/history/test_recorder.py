"""The recording rules, run by run, on both databases: what is believed, what is held, what is told."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from history import tables as t
from history.db import reading as reading_from
from history.db import recording
from history.model import Conditions, Failure, Offer, Outcome, Source
from history.recorder import AlreadyRecorded, Recorded, declare_sources, pause, record
from tests.history.pages import LAB, SOURCE, day, models, offer, price, reading, simple

Runs = Callable[..., Recorded]
LONG = Conditions(min_input_tokens=200_001)


@pytest.fixture
def run(engine: Engine) -> Runs:
    """One run of the made-up source that saw these offers on that day."""

    def run_it(number: float, *offers: Offer, **stated: Any) -> Recorded:
        with recording(engine) as connection:
            return record(connection, reading(day(number), *offers, **stated), day(number))

    return run_it


def told(engine: Engine, since: float = 0) -> list[tuple[Any, ...]]:
    """(kind, model, unit, old, new, effective at) of every change event recorded since that day."""
    events = (
        select(
            t.change_event.c.kind,
            t.offer.c.model,
            t.series.c.unit,
            t.change_event.c.old_amount,
            t.change_event.c.new_amount,
            t.change_event.c.effective_at,
        )
        .join(t.offer, t.offer.c.id == t.change_event.c.offer_id)
        .outerjoin(t.series, t.series.c.id == t.change_event.c.series_id)
        .where(t.change_event.c.recorded_at >= day(since))
        .order_by(t.change_event.c.id)
    )
    with reading_from(engine) as connection:
        rows = connection.execute(events).all()
    return [(kind, model, unit, old and str(old), new and str(new), at) for kind, model, unit, old, new, at in rows]


def believed(engine: Engine, model: str, unit: str, at: datetime, known: datetime | None = None) -> str | None:
    """The amount in force at `at`, as known at `known`: brute force over all versions."""
    versions = (
        select(t.price)
        .join(t.series, t.series.c.id == t.price.c.series_id)
        .join(t.offer, t.offer.c.id == t.series.c.offer_id)
        .where(t.offer.c.model == model, t.series.c.unit == unit, t.series.c.conditions == "")
    )
    known = known or day(10_000)
    with reading_from(engine) as connection:
        rows = connection.execute(versions).all()
    live = [
        row
        for row in rows
        if row.valid_from <= at
        and row.recorded_at <= known
        and (row.superseded_at is None or row.superseded_at > known)
    ]
    newest = max(live, key=lambda row: (row.valid_from, row.recorded_at), default=None)
    return None if newest is None or newest.amount is None else str(newest.amount)


def test_the_first_complete_run_is_the_baseline_and_tells_nothing(engine: Engine, run: Runs) -> None:
    first = run(0, simple("a", "3"))
    assert (first.outcome, first.events) == (Outcome.COMPLETE, 0)
    assert believed(engine, "a", "input_tokens", day(0)) == "3"
    assert believed(engine, "a", "input_tokens", day(-1)) is None


def test_before_the_first_complete_run_moves_are_told_and_additions_are_not(engine: Engine, run: Runs) -> None:
    source = Source(SOURCE.name, LAB, SOURCE.url, SOURCE.currencies, range(3, 100), 3600)
    assert run(0, simple("a", "3"), source=source).outcome is Outcome.PARTIAL
    run(1, simple("a", "2"), simple("b", "7"), source=source)
    assert told(engine) == [("price_lowered", "a", "input_tokens", "3", "2", day(1))]


def test_a_cut_and_a_raise_of_one_run_are_one_story(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("output_tokens", "10")))
    run(1, offer("a", price("input_tokens", "11"), price("output_tokens", "9")))
    assert told(engine) == [
        ("price_raised", "a", "input_tokens", "6", "11", day(1)),
        ("price_lowered", "a", "output_tokens", "10", "9", day(1)),
    ]
    with reading_from(engine) as connection:
        stories = connection.execute(
            select(t.change_event.c.id, t.change_event.c.story_id, t.change_event.c.change_bp)
        ).all()
    assert stories == [(1, 1, 8333), (2, 1, -1000)]


def test_a_price_that_did_not_move_writes_no_row(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "3"))
    with reading_from(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.price)).scalar() == 2


def test_another_way_to_write_the_same_price_is_no_change(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, offer("a", price("input_tokens", "0.003", per=1000), price("output_tokens", "9.000")))
    assert told(engine) == []
    assert believed(engine, "a", "input_tokens", day(1)) == "3"


def test_a_thousandfold_slip_is_held_and_forgotten_when_the_page_is_right_again(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    slipped = run(1, simple("a", "0.003"))
    assert (slipped.held, slipped.events) == (1, 0)
    assert run(2, simple("a", "3")).held == 0
    assert told(engine) == []
    assert believed(engine, "a", "input_tokens", day(1)) == "3"
    with reading_from(engine) as connection:
        assert connection.execute(select(t.held)).all() == []


def test_a_true_99_percent_cut_is_told_after_the_second_fetch_and_dated_by_the_first(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    assert told(engine) == []
    assert run(2, simple("a", "0.03")).events == 1
    assert told(engine) == [("price_lowered", "a", "input_tokens", "3", "0.03", day(1))]
    assert believed(engine, "a", "input_tokens", day(1.5)) == "0.03"
    assert believed(engine, "a", "input_tokens", day(1.5), known=day(1.5)) == "3"


def test_a_second_fetch_within_minutes_does_not_confirm(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    assert run(1 + 9 / 1440, simple("a", "0.03")).events == 0
    assert run(1 + 11 / 1440, simple("a", "0.03")).events == 1


def test_a_held_price_that_moves_on_is_held_anew(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "0.03"))
    assert run(2, simple("a", "0.3")).held == 1
    run(3, simple("a", "0.3"))
    assert told(engine) == [("price_lowered", "a", "input_tokens", "3", "0.3", day(2))]


def test_what_moves_beside_a_held_price_waits_with_it_and_both_are_one_story(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "2")), simple("b", "3"))
    both = offer("a", price("input_tokens", "11"), price("cache_read_tokens", "0.02"))
    assert run(1, both, simple("b", "4")).held == 2
    assert [event[1] for event in told(engine)] == ["b"]
    run(2, both, simple("b", "4"))
    assert told(engine, since=2) == [
        ("price_raised", "a", "input_tokens", "6", "11", day(1)),
        ("price_lowered", "a", "cache_read_tokens", "2", "0.02", day(1)),
    ]


def test_a_true_raise_beside_a_slip_is_told_when_the_slip_is_gone(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("cache_read_tokens", "2")))
    run(1, offer("a", price("input_tokens", "11"), price("cache_read_tokens", "200")))
    run(2, offer("a", price("input_tokens", "11"), price("cache_read_tokens", "2")))
    assert told(engine) == [("price_raised", "a", "input_tokens", "6", "11", day(1))]


def test_a_tier_that_goes_with_a_held_cut_goes_in_the_same_story(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "6"), price("input_tokens", "12", conditions=LONG)))
    run(1, offer("a", price("input_tokens", "0.06")))
    assert told(engine) == []
    run(2, offer("a", price("input_tokens", "0.06")))
    assert {event[0] for event in told(engine)} == {"price_lowered", "price_removed"}
    assert {event[-1] for event in told(engine)} == {day(1)}


def test_free_to_paid_is_held_then_told_without_a_percentage(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "0"))
    assert run(1, simple("a", "0.09")).held == 1
    run(2, simple("a", "0.09"))
    with reading_from(engine) as connection:
        assert connection.execute(select(t.change_event.c.kind, t.change_event.c.change_bp)).all() == [
            ("price_raised", None)
        ]


def test_a_new_model_is_added_with_its_prices(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, simple("a", "3"), simple("b", "2"))
    assert told(engine) == [
        ("offer_added", "b", None, None, None, day(1)),
        ("price_added", "b", "input_tokens", None, "2", day(1)),
        ("price_added", "b", "output_tokens", None, "9", day(1)),
    ]


def test_a_unit_that_the_source_never_had_waits_for_a_second_look(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    with_search = offer(
        "a", price("input_tokens", "3"), price("output_tokens", "9"), price("web_searches", "10", per=1000)
    )
    assert run(1, with_search).held == 1
    run(2, with_search)
    assert told(engine) == [("price_added", "a", "web_searches", None, "10", day(1))]


def test_an_offer_is_withdrawn_after_three_complete_runs_without_it(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"), simple("b", "2"))
    run(1, simple("a", "3"))
    run(2, simple("a", "3"))
    assert told(engine) == []
    run(3, simple("a", "3"))
    assert told(engine) == [
        ("offer_withdrawn", "b", None, None, None, day(1)),
        ("price_removed", "b", "input_tokens", "2", None, day(1)),
        ("price_removed", "b", "output_tokens", "9", None, day(1)),
    ]
    assert believed(engine, "b", "input_tokens", day(1)) is None
    assert believed(engine, "b", "input_tokens", day(2), known=day(2)) == "2"


def test_an_offer_that_comes_back_in_time_was_never_gone(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"), simple("b", "2"))
    run(1, simple("a", "3"))
    run(2, simple("a", "3"))
    run(3, simple("a", "3"), simple("b", "2"))
    run(4, simple("a", "3"))
    run(5, simple("a", "3"))
    assert told(engine) == []


def test_a_withdrawn_offer_that_returns_is_added_again(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"), simple("b", "2"))
    for number in (1, 2, 3):
        run(number, simple("a", "3"))
    run(4, simple("a", "3"), simple("b", "2.5"))
    assert told(engine, since=4)[:2] == [
        ("offer_added", "b", None, None, None, day(4)),
        ("price_added", "b", "input_tokens", None, "2.5", day(4)),
    ]


def test_a_partial_run_withdraws_nothing_and_a_failed_one_changes_nothing(engine: Engine, run: Runs) -> None:
    source = Source(SOURCE.name, LAB, SOURCE.url, SOURCE.currencies, range(2, 100), 3600)
    run(0, simple("a", "3"), simple("b", "2"), source=source)
    for number in (1, 2, 3, 4):
        partial = run(number, offer("a", price("input_tokens", "3.3")), source=source)
        assert (partial.outcome, partial.failure and partial.failure.name) == (Outcome.PARTIAL, "TooFewOffers")
    failed = run(5, failure=Failure("PageChanged", "no table"), source=source)
    assert failed.outcome is Outcome.FAILED
    assert told(engine) == [("price_raised", "a", "input_tokens", "3", "3.3", day(1))]


def test_many_withdrawals_at_once_wait_for_one_more_run(engine: Engine, run: Runs) -> None:
    run(0, *models("abcdefghij"))
    for number in (1, 2, 3):
        assert run(number, *models("abc")).events == 0
    assert run(4, *models("abc")).events == 7 * 3


def test_a_price_that_leaves_a_model_is_removed_at_once(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "3"), price("input_tokens", "6", conditions=LONG)))
    run(1, offer("a", price("input_tokens", "3")))
    assert told(engine) == [("price_removed", "a", "input_tokens", "6", "3", day(1))]


def test_a_column_that_leaves_many_models_at_once_is_held_first(engine: Engine, run: Runs) -> None:
    names = "abcdefgh"
    run(0, *models(names))
    only_input = [offer(name, price("input_tokens", "3")) for name in names]
    assert (run(1, *only_input).held, told(engine)) == (8, [])
    run(2, *only_input)
    assert {event[0] for event in told(engine)} == {"price_removed"}
    assert [event[-1] for event in told(engine)] == [day(1)] * 8


def test_the_same_price_under_other_conditions_is_a_change_of_terms(engine: Engine, run: Runs) -> None:
    peak = Conditions(period="peak", hours_utc=("01:00-04:00",))
    weekdays = Conditions(period="peak", hours_utc=("01:00-04:00",), weekdays=(1, 2, 3, 4, 5))
    run(0, offer("a", price("input_tokens", "3"), price("input_tokens", "6", conditions=peak)))
    run(1, offer("a", price("input_tokens", "3"), price("input_tokens", "6", conditions=weekdays)))
    assert told(engine) == [("terms_changed", "a", "input_tokens", "6", "6", day(1))]


def test_a_promotion_made_permanent_is_a_change_of_terms(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "0.435", list_amount=price("x", "1.74").amount, valid_to=day(30))))
    run(1, offer("a", price("input_tokens", "0.435")))
    assert told(engine) == [("terms_changed", "a", "input_tokens", "0.435", "0.435", day(1))]


def test_new_words_about_an_offer_are_a_change_of_terms(engine: Engine, run: Runs) -> None:
    run(0, simple("a", "3"))
    run(1, offer("a", price("input_tokens", "3"), price("output_tokens", "9"), terms=("deprecated",)))
    with reading_from(engine) as connection:
        row = connection.execute(
            select(t.change_event.c.kind, t.change_event.c.old_terms, t.change_event.c.new_terms)
        ).one()
    assert tuple(row) == ("terms_changed", "[]", '["deprecated"]')


def test_an_announced_price_is_scheduled_and_told_again_when_it_takes_effect(engine: Engine, run: Runs) -> None:
    now_and_then = (price("input_tokens", "2", valid_to=day(5)), price("input_tokens", "3", valid_from=day(5)))
    run(0, offer("a", price("input_tokens", "2", valid_to=day(5))))
    run(1, offer("a", *now_and_then))
    assert told(engine) == [("price_scheduled", "a", "input_tokens", "2", "3", day(5))]
    run(2, offer("a", *now_and_then))
    assert len(told(engine)) == 1
    assert (believed(engine, "a", "input_tokens", day(4)), believed(engine, "a", "input_tokens", day(6))) == ("2", "3")
    run(6, offer("a", price("input_tokens", "3")))
    assert told(engine, since=2) == [("price_raised", "a", "input_tokens", "2", "3", day(5))]


def test_a_page_that_still_shows_the_old_price_beside_the_new_one_is_read_by_its_dates(
    engine: Engine, run: Runs
) -> None:
    both = (price("input_tokens", "2", valid_to=day(5)), price("input_tokens", "3", valid_from=day(5)))
    run(0, offer("a", *both))
    run(6, offer("a", *both))
    run(7, offer("a", *both))
    assert told(engine) == [("price_raised", "a", "input_tokens", "2", "3", day(5))]
    assert believed(engine, "a", "input_tokens", day(6)) == "3"


def test_an_announcement_that_leaves_the_page_is_cancelled_not_forgotten(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "2"), price("input_tokens", "3", valid_from=day(5))))
    run(1, offer("a", price("input_tokens", "2")))
    assert told(engine) == [("price_cancelled", "a", "input_tokens", "3", "2", day(5))]
    assert believed(engine, "a", "input_tokens", day(6)) == "2"
    assert believed(engine, "a", "input_tokens", day(6), known=day(0.5)) == "3"


def test_an_announcement_that_never_came_is_cancelled_after_its_day(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "2"), price("input_tokens", "3", valid_from=day(5))))
    run(6, offer("a", price("input_tokens", "2")))
    assert [event[0] for event in told(engine)] == ["price_cancelled"]
    assert believed(engine, "a", "input_tokens", day(6)) == "2"


def test_an_announcement_postponed_is_cancelled_and_scheduled_anew(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "2"), price("input_tokens", "3", valid_from=day(5))))
    run(1, offer("a", price("input_tokens", "2"), price("input_tokens", "3", valid_from=day(9))))
    assert sorted(event[0] for event in told(engine)) == ["price_cancelled", "price_scheduled"]
    assert [believed(engine, "a", "input_tokens", day(n)) for n in (6, 10)] == ["2", "3"]


def test_a_stated_start_dates_the_price_instead_of_the_first_sighting(engine: Engine, run: Runs) -> None:
    run(0, offer("a", price("input_tokens", "3")))
    run(4, offer("a", price("input_tokens", "2", valid_from=day(2))))
    assert told(engine) == [("price_lowered", "a", "input_tokens", "3", "2", day(2))]
    run(8, offer("a", price("input_tokens", "2.5", valid_from=day(2))))
    assert told(engine, since=8) == [("price_raised", "a", "input_tokens", "2", "2.5", day(8))]


def test_the_past_is_not_run_again(engine: Engine, run: Runs) -> None:
    run(1, simple("a", "3"))
    with pytest.raises(AlreadyRecorded, match="acme_page"):
        run(1, simple("a", "4"))
    with pytest.raises(AlreadyRecorded):
        run(0.5, simple("a", "4"))


def test_a_page_without_offers_fails_and_says_so(run: Runs) -> None:
    recorded = run(0)
    assert recorded.outcome is Outcome.FAILED
    assert recorded.failure == Failure("PageChanged", "the page was read, but it states no offer")


def test_a_rejected_offer_makes_the_run_partial_and_is_on_record(engine: Engine, run: Runs) -> None:
    recorded = run(0, simple("a", "3"), simple("b", "-1"))
    assert (recorded.outcome, recorded.rejected) == (Outcome.PARTIAL, 1)
    assert recorded.failure is not None
    assert recorded.failure.name == "Rejection(not_a_price)"
    with reading_from(engine) as connection:
        assert connection.execute(select(t.rejection.c.rule, t.rejection.c.model)).all() == [("not_a_price", "b")]


def test_more_offers_than_declared_make_the_run_partial(run: Runs) -> None:
    few = Source(SOURCE.name, LAB, SOURCE.url, SOURCE.currencies, range(1, 3), 3600)
    recorded = run(0, *models("abc"), source=few)
    assert recorded.failure is not None
    assert recorded.failure.name == "TooManyOffers"


def test_declaring_a_source_twice_keeps_one_row_and_the_newest_words(engine: Engine) -> None:
    moved = Source(SOURCE.name, LAB, "https://acme.example/new", SOURCE.currencies, range(1, 3), 60, "2026-03-01")
    with recording(engine) as connection:
        declare_sources(connection, [SOURCE])
        declare_sources(connection, [moved])
        pause(connection, SOURCE.name, day(1))
    with reading_from(engine) as connection:
        row = connection.execute(
            select(t.source.c.url, t.source.c.interval_s, t.source.c.verified, t.source.c.paused_until)
        ).one()
    assert tuple(row) == ("https://acme.example/new", 60, "2026-03-01", day(1))
