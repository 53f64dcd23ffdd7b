"""A newer extractor over the same bytes: corrections, never changes, and the past comes out right."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, select

from history import tables as t
from history.columns import OPEN
from history.db import reading as reading_from
from history.db import recording
from history.model import Offer, Reading
from history.recorder import Recorded, record
from history.rederive import correct
from tests.history.pages import SOURCE, day, offer, price, reading, simple

Page = tuple[Offer, ...]


@pytest.fixture
def recorded_as(engine: Engine) -> Callable[[Sequence[Page]], None]:
    """Record one run a day, as the old extractor read it."""

    def record_all(pages: Sequence[Page]) -> None:
        for number, page in enumerate(pages):
            with recording(engine) as connection:
                record(connection, reading(day(number), *page), day(number))

    return record_all


@pytest.fixture
def reread_as(engine: Engine) -> Callable[[Sequence[Page]], Recorded]:
    """Read the same days again, as the new extractor reads them."""

    def reread(pages: Sequence[Page]) -> Recorded:
        readings: list[tuple[int, Reading]] = [
            (number + 1, reading(day(number), *page, extractor="two")) for number, page in enumerate(pages)
        ]
        with recording(engine) as connection:
            return correct(connection, SOURCE, readings, "two", day(100))

    return reread


def timeline(engine: Engine, live: bool = True) -> list[tuple[Any, ...]]:
    versions = select(t.price.c.valid_from, t.price.c.amount).join(t.series).where(t.series.c.unit == "input_tokens")
    versions = versions.where(t.price.c.superseded_at == OPEN if live else t.price.c.superseded_at != OPEN)
    with reading_from(engine) as connection:
        return [
            (at, amount and str(amount)) for at, amount in connection.execute(versions.order_by(t.price.c.valid_from))
        ]


def told(engine: Engine) -> list[tuple[Any, ...]]:
    events = select(
        t.change_event.c.kind, t.change_event.c.old_amount, t.change_event.c.new_amount, t.change_event.c.effective_at
    )
    with reading_from(engine) as connection:
        rows = connection.execute(events.order_by(t.change_event.c.id)).all()
    return [(kind, old and str(old), new and str(new), at) for kind, old, new, at in rows]


def test_the_same_reading_again_corrects_nothing(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    pages = [(simple("a", "3"),), (simple("a", "2"),), (simple("a", "2"), simple("b", "1"))]
    recorded_as(pages)
    before = (timeline(engine), told(engine))
    assert reread_as(pages).events == 0
    assert (timeline(engine), told(engine)) == before
    assert timeline(engine, live=False) == []


def test_a_misread_price_is_corrected_at_its_own_time(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    recorded_as([(simple("a", "3"),), (simple("a", "6"),), (simple("a", "6"),), (simple("a", "2"),)])
    assert reread_as([(simple("a", "3"),), (simple("a", "4"),), (simple("a", "4"),), (simple("a", "2"),)]).events == 1
    assert timeline(engine) == [(day(0), "3"), (day(1), "4"), (day(3), "2")]
    assert timeline(engine, live=False) == [(day(1), "6")]
    assert told(engine)[-1] == ("price_corrected", "6", "4", day(1))


def test_a_change_that_never_was_is_taken_back(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    recorded_as([(simple("a", "3"),), (simple("a", "4"),)])
    reread_as([(simple("a", "3"),), (simple("a", "3"),)])
    assert timeline(engine) == [(day(0), "3")]
    assert told(engine)[-1] == ("price_corrected", "4", "3", day(1))


def test_a_price_that_the_old_extractor_missed_is_filled_in(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    missed = offer("a", price("output_tokens", "9"))
    recorded_as([(missed,), (missed,)])
    reread_as([(simple("a", "3"),), (simple("a", "3"),)])
    assert timeline(engine) == [(day(0), "3")]
    assert told(engine) == [("price_corrected", None, "3", day(0))]


def test_after_a_correction_the_next_run_compares_with_the_corrected_price(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    recorded_as([(simple("a", "30"),)])
    reread_as([(simple("a", "3"),)])
    with recording(engine) as connection:
        after = record(connection, reading(day(101), simple("a", "3"), extractor="two"), day(101))
    assert after.events == 0


def test_a_slip_stays_unbelieved_when_it_is_read_again(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    pages = [(simple("a", "3"),), (simple("a", "3000"),), (simple("a", "3"),)]
    recorded_as(pages)
    assert reread_as(pages).events == 0
    assert timeline(engine) == [(day(0), "3")]


def test_what_waits_for_a_second_look_goes_on_waiting_after_a_rereading(
    engine: Engine, recorded_as: Callable[..., None], reread_as: Callable[..., Recorded]
) -> None:
    pages = [(simple("a", "3"),), (simple("a", "0.03"),)]
    recorded_as(pages)
    reread_as(pages)
    with recording(engine) as connection:
        confirmed = record(connection, reading(day(101), simple("a", "0.03"), extractor="two"), day(101))
    assert confirmed.events == 1
    assert timeline(engine) == [(day(0), "3"), (day(1), "0.03")]
