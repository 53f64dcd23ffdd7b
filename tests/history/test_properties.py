"""Random histories on both databases: what must hold whatever a source does from one fetch to the next."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from history import tables as t
from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Conditions, Failure, Offer, Outcome, PriceComponent, Reading
from history.queries import Scope, as_of
from history.recorder import Recorded, record
from history.rederive import Derived, correct
from tests.history.pages import SOURCE, day, offer, price, reading
from tests.postgres import forget

LONG = Conditions(min_input_tokens=200_001)
# Small enough to meet again, far enough apart to be implausible now and then.
AMOUNTS = ("0", "0.02", "0.5", "1", "2", "3", "6", "11")
MODELS = ("a", "b", "c")

EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True, slots=True)
class Fetch:
    """One run: the offers that it saw, or None for a run that failed."""

    offers: tuple[Offer, ...] | None


@st.composite
def _components(draw: st.DrawFn) -> tuple[PriceComponent, ...]:
    input_price = price("input_tokens", draw(st.sampled_from(AMOUNTS)))
    others = [
        price("output_tokens", draw(st.sampled_from(AMOUNTS))),
        price("input_tokens", draw(st.sampled_from(AMOUNTS)), conditions=LONG),
        price("cache_read_tokens", draw(st.sampled_from(AMOUNTS)), valid_to=day(400)),
        price("cache_read_tokens", draw(st.sampled_from(AMOUNTS)), valid_from=day(draw(st.sampled_from((4, 400))))),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(others))), unique=True, max_size=3))
    stated = [input_price, *(others[number] for number in sorted(chosen))]
    starts = {(component.unit, component.conditions, component.valid_from) for component in stated}
    return tuple(stated) if len(starts) == len(stated) else (input_price,)


@st.composite
def _offer(draw: st.DrawFn, model: str) -> Offer:
    terms = draw(st.sampled_from(((), ("deprecated",))))
    return offer(model, *draw(_components()), terms=terms)


@st.composite
def _fetch(draw: st.DrawFn) -> Fetch:
    if draw(st.integers(0, 9)) == 0:
        return Fetch(None)
    models = draw(st.lists(st.sampled_from(MODELS), unique=True, min_size=1))
    return Fetch(tuple(draw(_offer(model)) for model in sorted(models)))


FETCHES = st.lists(_fetch(), min_size=2, max_size=9)


def as_reading(number: int, fetch: Fetch) -> Reading:
    if fetch.offers is None:
        return reading(day(number), failure=Failure("PageChanged", "no table"))
    return reading(day(number), *fetch.offers)


def record_all(engine: Engine, fetches: Sequence[Fetch]) -> list[Recorded]:
    """One run a day into an empty history."""
    with writing(engine) as connection:
        forget(connection)
    recorded = []
    for number, fetch in enumerate(fetches):
        with recording(engine) as connection:
            recorded.append(record(connection, as_reading(number, fetch), day(number)))
    return recorded


def versions(engine: Engine) -> list[Any]:
    named = (
        select(t.offer.c.model, t.series.c.unit, t.series.c.conditions, t.price)
        .join_from(t.price, t.series, t.series.c.id == t.price.c.series_id)
        .join(t.offer, t.offer.c.id == t.series.c.offer_id)
        .order_by(t.price.c.series_id, t.price.c.valid_from, t.price.c.recorded_at)
    )
    with reading_from(engine) as connection:
        return list(connection.execute(named))


def believed(rows: list[Any], at: datetime, known: datetime) -> dict[tuple[str, str, str], Decimal]:
    """Brute force: of every series the newest version that had begun by `at`, among those believed at `known`."""
    newest: dict[tuple[str, str, str], Any] = {}
    for row in rows:
        if (
            row.valid_from <= at
            and row.recorded_at <= known
            and (row.superseded_at is None or row.superseded_at > known)
        ):
            newest[row.model, row.unit, row.conditions] = row
    return {key: row.amount for key, row in newest.items() if row.amount is not None}


@EXAMPLES
@given(fetches=FETCHES)
def test_the_recorder_and_a_rederivation_in_memory_agree(engine: Engine, fetches: list[Fetch]) -> None:
    record_all(engine, fetches)
    derived = Derived()
    for number, fetch in enumerate(fetches):
        derived.take(number + 1, as_reading(number, fetch))
    live = {
        (row.model, row.unit, row.conditions, row.valid_from): row.amount
        for row in versions(engine)
        if row.superseded_at is None
    }
    again = {
        (key.model, key.unit, key.conditions, start): Decimal(version.quote.split(" ")[0]) if version.quote else None
        for key, starts in derived.timeline.items()
        for start, version in starts.items()
    }
    assert again == live


@EXAMPLES
@given(fetches=FETCHES)
def test_reading_the_same_pages_again_corrects_nothing(engine: Engine, fetches: list[Fetch]) -> None:
    record_all(engine, fetches)
    before = versions(engine)
    with recording(engine) as connection:
        readings = ((number + 1, as_reading(number, fetch)) for number, fetch in enumerate(fetches))
        assert correct(connection, SOURCE, readings, "two", day(1000)).events == 0
    assert versions(engine) == before


@EXAMPLES
@given(fetches=FETCHES, at=st.integers(-1, 12), known=st.integers(0, 12))
def test_what_is_asked_as_of_any_moment_is_what_brute_force_finds(
    engine: Engine, fetches: list[Fetch], at: int, known: int
) -> None:
    record_all(engine, fetches)
    with reading_from(engine) as connection:
        asked = as_of(connection, Scope(), day(at), day(known), limit=1000)
    answered = {(found.model, found.unit, found.conditions): found.amount for found in asked}
    assert answered == believed(versions(engine), day(at), day(known))


@EXAMPLES
@given(fetches=FETCHES)
def test_what_is_believed_now_is_what_the_last_good_page_said_or_is_held(engine: Engine, fetches: list[Fetch]) -> None:
    recorded = record_all(engine, fetches)
    last = max((n for n, run in enumerate(recorded) if run.outcome is Outcome.COMPLETE), default=None)
    if last is None:
        return
    # The same series may stand there twice; the one that began last is the price.
    stated = {
        (
            one.model,
            component.unit,
            "" if component.conditions != LONG else '{"min_input_tokens":200001}',
        ): component.amount
        for one in fetches[last].offers or ()
        for component in sorted(one.components, key=lambda component: component.valid_from or day(-1))
        if component.valid_from is None or component.valid_from <= day(last)
    }
    now = believed(versions(engine), day(last), day(last))
    with reading_from(engine) as connection:
        waiting = connection.execute(select(func.count()).select_from(t.held)).scalar_one()
    wrong = {key for key, amount in stated.items() if now.get(key) != amount}
    assert len(wrong) <= waiting


@EXAMPLES
@given(fetches=FETCHES)
def test_no_two_live_versions_begin_together_and_nothing_is_recorded_before_it_was_seen(
    engine: Engine, fetches: list[Fetch]
) -> None:
    record_all(engine, fetches)
    starts: dict[int, list[datetime]] = defaultdict(list)
    for row in versions(engine):
        if row.superseded_at is None:
            starts[row.series_id].append(row.valid_from)
        assert row.superseded_at is None or row.superseded_at >= row.recorded_at
        assert row.basis == "stated" or row.valid_from <= row.recorded_at
    assert all(len(set(begun)) == len(begun) for begun in starts.values())


@EXAMPLES
@given(fetches=FETCHES)
def test_events_are_numbered_without_a_gap_and_told_by_their_run(engine: Engine, fetches: list[Fetch]) -> None:
    recorded = record_all(engine, fetches)
    events = select(t.change_event.c.id, t.change_event.c.story_id, t.change_event.c.run_id, t.offer.c.model)
    with reading_from(engine) as connection:
        rows = connection.execute(events.join(t.offer).order_by(t.change_event.c.id)).all()
    assert [row.id for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) == sum(run.events for run in recorded)
    stories: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in rows:
        stories[row.run_id, row.model].add(row.story_id)
    assert all(len(ids) == 1 for ids in stories.values())


@EXAMPLES
@given(pairs=st.lists(st.tuples(_fetch(), _fetch()), min_size=2, max_size=7))
def test_a_correction_ends_where_the_right_reading_would_have_led(
    engine: Engine, pairs: list[tuple[Fetch, Fetch]]
) -> None:
    misread, right = [wrong for wrong, _ in pairs], [good for _, good in pairs]
    record_all(engine, misread)
    with recording(engine) as connection:
        readings = ((number + 1, as_reading(number, fetch)) for number, fetch in enumerate(right))
        correct(connection, SOURCE, readings, "two", day(1000))
    corrected = live(engine)
    record_all(engine, right)
    assert corrected == live(engine)


@EXAMPLES
@given(pairs=st.lists(st.tuples(_fetch(), _fetch()), min_size=2, max_size=7))
def test_a_correction_leaves_what_was_believed_before_it_as_it_was(
    engine: Engine, pairs: list[tuple[Fetch, Fetch]]
) -> None:
    record_all(engine, [wrong for wrong, _ in pairs])
    then = [believed(versions(engine), day(at), day(20)) for at in range(len(pairs))]
    with recording(engine) as connection:
        readings = ((number + 1, as_reading(number, fetch)) for number, (_, fetch) in enumerate(pairs))
        correct(connection, SOURCE, readings, "two", day(1000))
    assert [believed(versions(engine), day(at), day(20)) for at in range(len(pairs))] == then


def live(engine: Engine) -> set[tuple[Any, ...]]:
    """Every version that is believed now, by its names."""
    return {
        (row.model, row.unit, row.conditions, row.valid_from, row.amount, row.list_amount, row.ends_at)
        for row in versions(engine)
        if row.superseded_at is None
    }
