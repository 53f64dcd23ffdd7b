"""By which run a run is measured, how long a drift is told, and what a source has cost its host today."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from history import tables as t
from history.db import reading as reading_from
from history.db import recording
from history.drift import DriftKind, Shape, TableShape
from history.model import Failure
from history.recorder import Recorded, record
from history.shapes import Drifting, drifting, requests_on_day
from tests.history.pages import MONDAY, SOURCE, day, models, reading

PRICES = TableShape(("Model", "Input", "Output"), 8, "Text")
USUAL, NARROW = Shape((PRICES,)), Shape((PRICES._replace(header=("Model", "Input")),))
OTHER = Shape((TableShape(("Day", "Event")),))
NAMES = [f"model-{number}" for number in range(20)]
BROKEN = Failure("PageChanged", "no table")


class Runs:
    """Records one run after the other, and tells what drifted."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, at: float, shape: Shape = USUAL, offers: int = 20, **stated: Any) -> Recorded:
        page = reading(day(at), *models(NAMES[:offers]), shape=shape, **stated)
        with recording(self.engine) as connection:
            return record(connection, page, day(at))

    def drifted(self, run: Recorded) -> Drifting | None:
        with reading_from(self.engine) as connection:
            return drifting(connection, [run.run_id]).get(run.run_id)

    def kinds(self, run: Recorded) -> list[str]:
        found = self.drifted(run)
        return [drift.kind.value for drift in found.drifts] if found else []


@pytest.fixture
def runs(engine: Engine) -> Runs:
    return Runs(engine)


def baselines(connection: Connection) -> list[int | None]:
    return list(connection.execute(select(t.run_shape.c.baseline_id).order_by(t.run_shape.c.run_id)).scalars())


def test_the_shape_and_the_cost_are_written_with_the_run(engine: Engine, runs: Runs) -> None:
    run = runs(0, requests=3)
    with reading_from(engine) as connection:
        row = connection.execute(select(t.run_shape)).one()
    assert (row.run_id, row.requests, Shape.parse(row.shape), row.baseline_id) == (run.run_id, 3, USUAL, run.run_id)


def test_a_run_like_the_one_before_has_not_drifted_and_is_the_next_ones_measure(engine: Engine, runs: Runs) -> None:
    found = [runs(number) for number in range(3)]
    assert [runs.drifted(run) for run in found] == [None] * 3
    with reading_from(engine) as connection:
        assert baselines(connection) == [run.run_id for run in found]


def test_a_drift_is_told_with_the_run_it_is_measured_by_and_its_beginning(runs: Runs) -> None:
    good, drifted = runs(0), runs(1, NARROW)
    found = runs.drifted(drifted)
    assert found is not None
    assert (found.baseline, found.baseline_at, found.since) == (good.run_id, day(0), day(1))
    [drift] = found.drifts
    assert (drift.kind, drift.number, drift.lost) == (DriftKind.TABLE_CHANGED, 1, ("Output",))


def test_a_drift_that_stays_is_measured_by_the_run_before_it_began(runs: Runs) -> None:
    good = runs(0)
    for hours in range(1, 30):
        found = runs.drifted(runs(hours / 24, NARROW))
        assert found is not None
        assert (found.baseline, found.since) == (good.run_id, day(1 / 24))


def test_a_page_that_is_as_it_was_has_drifted_no_more(runs: Runs) -> None:
    assert [runs.kinds(runs(at, shape)) for at, shape in enumerate([USUAL, NARROW, USUAL, NARROW])] == [
        [], ["table_changed"], [], ["table_changed"],
    ]  # fmt: skip


def test_what_a_source_has_looked_like_for_a_week_is_what_it_looks_like(runs: Runs) -> None:
    runs(0)
    assert [bool(runs.drifted(runs(at, NARROW))) for at in (1, 2, 5, 7.9, 8, 9)] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    assert runs.kinds(runs(10)) == ["table_changed"], "what was usual is now the drift"


def test_a_week_alone_is_not_enough_where_runs_are_rare(runs: Runs) -> None:
    runs(0)
    assert [bool(runs.drifted(runs(at, NARROW))) for at in (30, 60, 90)] == [True, True, False]


def test_what_has_drifted_further_has_its_own_week(runs: Runs) -> None:
    runs(0)
    both = {"offers": 8}
    drifted = [
        runs(1, NARROW),
        runs(6, NARROW),
        runs(7, NARROW, **both),
        runs(9, NARROW, **both),
        runs(13, NARROW, **both),
    ]
    assert [runs.kinds(run) for run in drifted] == [["table_changed"]] * 2 + [["offers", "table_changed"]] * 3
    assert runs.drifted(runs(14, NARROW, **both)) is None


def test_partial_and_failed_runs_measure_nothing_and_accept_nothing(engine: Engine, runs: Runs) -> None:
    good = runs(0)
    failed, partial = runs(1, failure=BROKEN, offers=0, shape=Shape()), runs(2, USUAL, offers=0, failure=BROKEN)
    assert [runs.drifted(run) for run in (failed, partial)] == [None, None]
    found = runs.drifted(runs(3, NARROW))
    assert found is not None
    assert (found.baseline, found.since) == (good.run_id, day(3))
    with reading_from(engine) as connection:
        assert baselines(connection) == [good.run_id, None, None, good.run_id]


def test_a_partial_run_is_measured_but_is_no_measure(runs: Runs) -> None:
    few = models(NAMES) + models(["bad"], "-1")
    good = runs(0)
    with recording(runs.engine) as connection:
        partial = record(connection, reading(day(1), *few, shape=NARROW), day(1))
        same = record(connection, reading(day(2), *few, shape=USUAL), day(2))
    assert [run.outcome.value for run in (partial, same)] == ["partial", "partial"]
    assert (runs.kinds(partial), runs.kinds(same)) == (["table_changed"], [])
    found = runs.drifted(runs(3, NARROW))
    assert found is not None
    assert found.baseline == good.run_id


def test_a_changed_parser_begins_anew_because_a_person_has_looked(runs: Runs) -> None:
    runs(0)
    assert runs.kinds(runs(1, NARROW)) == ["table_changed"]
    assert runs.kinds(runs(2, NARROW, extractor="two")) == []
    assert runs.kinds(runs(3, OTHER, extractor="two")) == ["table_gone", "table_added"]


def test_a_source_that_grows_slowly_does_not_drift(runs: Runs) -> None:
    assert [runs.kinds(runs(at, offers=at)) for at in range(5, 20)] == [[]] * 15


def test_leftovers_and_offers_drift_too(runs: Runs) -> None:
    runs(0, unread={"Context": 20})
    drifted = runs(1, offers=9, unread={"Audio": 1})
    assert runs.kinds(drifted) == ["offers", "leftovers"]


def test_another_source_is_another_measure(runs: Runs) -> None:
    runs(0)
    assert runs.kinds(runs(1, OTHER, source=replace(SOURCE, name="other"))) == []


def test_requests_are_counted_by_the_day_of_utc_whatever_became_of_the_runs(runs: Runs) -> None:
    assert MONDAY.hour == 12
    runs(0, requests=5)
    runs(0.25, requests=2, failure=BROKEN, offers=0)
    runs(0.5, requests=40)

    def spent(at: datetime) -> dict[str, int]:
        with reading_from(runs.engine) as connection:
            return requests_on_day(connection, at)

    assert spent(day(-0.5)) == spent(day(0.499)) == {"acme_page": 7}
    assert spent(day(0.5)) == spent(day(1.4)) == {"acme_page": 40}
    assert spent(MONDAY - timedelta(days=1)) == {}
