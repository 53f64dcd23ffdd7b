"""Volumes that jump from one period to the next, against a brute force over all of them; on both databases."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Failure, Provider, Reading, Source, Volume
from history.queries import Jump, jumps_after
from history.recorder import record
from tests.history.pages import day
from tests.postgres import forget

ROUTER = Provider("openrouter", "OpenRouter", "gateway")
SOURCE = Source("openrouter_volumes", ROUTER, "https://router.example/", frozenset({"USD"}), range(1, 100), 3600)
EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def at(number: int) -> date:
    return day(number).date()


def tokens(model: str, number: int, count: int | None, period: Any = "day") -> Volume:
    return Volume(model, period, at(number), count, requests=1)


class Run:
    """One run a day that reads these volumes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, number: float, *volumes: Volume, source: Source = SOURCE, **stated: Any) -> int:
        with recording(self.engine) as connection:
            whole = Reading(source, "hand", day(number), volumes=volumes, **stated)
            return record(connection, whole, day(number)).run_id

    def jumps(self, after: int = 0) -> list[Jump]:
        with reading_from(self.engine) as connection:
            return jumps_after(connection, after)

    def told(self, after: int = 0) -> list[tuple[str, int, int, int]]:
        return [(one.model, one.old_tokens, one.new_tokens, one.change_bp) for one in self.jumps(after)]


@pytest.fixture
def run(engine: Engine) -> Run:
    return Run(engine)


def test_a_model_that_halves_or_grows_by_half_jumps_and_what_moves_less_does_not(run: Run) -> None:
    run(1, *(tokens(model, 0, 1000) for model in "abcd"))
    grown = run(2, tokens("a", 1, 1500), tokens("b", 1, 500), tokens("c", 1, 1499), tokens("d", 1, 501))
    assert run.told() == [("a", 1000, 1500, 5000), ("b", 1000, 500, -5000)]
    whole = Jump(grown, "openrouter_volumes", "openrouter", "a", "day", at(1), 1000, 1500, 5000, day(2), "OpenRouter")
    assert run.jumps()[0] == whole
    assert type(whole.day) is date


def test_a_change_is_exact_and_cut_towards_zero(run: Run) -> None:
    run(1, tokens("a", 0, 3 * 10**14), tokens("b", 0, 3))
    run(2, tokens("a", 1, 10**15), tokens("b", 1, 1))
    assert run.told() == [("a", 3 * 10**14, 10**15, 23333), ("b", 3, 1, -6666)]


def test_only_what_came_after_that_run_is_told(run: Run) -> None:
    run(1, tokens("a", 0, 100))
    second = run(2, tokens("a", 1, 200))
    third = run(3, tokens("a", 2, 400), tokens("b", 2, 5))
    assert run.told(second) == [("a", 200, 400, 10000)]
    assert run.told(third) == []


def test_what_a_source_tells_at_first_had_not_just_happened(run: Run) -> None:
    run(0.5, failure=Failure("PageChanged", "no table"))
    run(1, tokens("a", -2, 10), tokens("a", -1, 100), tokens("a", 0, 1000))
    assert run.told() == []
    run(3, tokens("a", 1, 10_000), tokens("a", 2, 10))
    assert run.told() == [("a", 1000, 10_000, 90_000), ("a", 10_000, 10, -9990)]


def test_a_day_that_is_restated_is_a_correction_and_no_jump(run: Run) -> None:
    run(1, tokens("a", 0, 100))
    second = run(2, tokens("a", 1, 110))
    run(3, tokens("a", 1, 900), tokens("a", 2, 1000))
    assert run.told() == []
    assert run.told(second) == []


def test_a_jump_is_measured_by_what_was_believed_when_it_was_told(run: Run) -> None:
    run(1, tokens("a", 0, 100))
    run(2, tokens("a", 0, 150), tokens("a", 1, 200))
    run(3, tokens("a", 0, 1000), tokens("a", 2, 500))
    assert run.told() == [("a", 200, 500, 15_000)]


def test_a_day_without_a_day_before_it_is_no_jump_nor_is_a_rise_from_nothing(run: Run) -> None:
    run(1, tokens("a", 0, 100), tokens("b", 0, 0), tokens("c", 0, None))
    run(3, tokens("a", 2, 900), tokens("b", 1, 50), tokens("c", 1, 50), tokens("d", 2, 7))
    assert run.told() == []
    run(4, tokens("a", 3, 0))
    assert run.told() == [("a", 900, 0, -10_000)]


def test_trailing_days_are_compared_and_months_are_not(run: Run) -> None:
    run(1, tokens("a", 1, 100, "trailing_day"), tokens("a", 1, 1000, "trailing_month"))
    run(2, tokens("a", 2, 300, "trailing_day"), tokens("a", 2, 9000, "trailing_month"), tokens("a", 1, 9))
    assert [(one.period, one.change_bp) for one in run.jumps()] == [("trailing_day", 20_000)]


def test_a_week_is_compared_with_the_week_before_it_and_told_once(run: Run) -> None:
    """From the eighth day on there is a week before; it stays doubled for some days, and falls back later."""
    weeks = [100, 100, 100, 100, 100, 100, 100, 120, 150, 180, 200, 200, 200, 200, 200, 200, 190, 90, 80]
    for number, count in enumerate(weeks):
        run(number, tokens("a", number, count, "trailing_week"))
    assert [(one.day, one.old_tokens, one.new_tokens) for one in run.jumps()] == [
        (at(8), 100, 150),
        (at(17), 200, 90),
    ]


def test_two_sources_of_one_model_are_two_series(run: Run) -> None:
    other = Source("rankings", ROUTER, "https://router.example/r", frozenset({"USD"}), range(1, 100), 3600)
    run(1, tokens("a", 0, 100))
    run(1.1, tokens("a", 0, 1000), source=other)
    run(2, tokens("a", 1, 1000))
    run(2.1, tokens("a", 1, 1100), source=other)
    assert [(one.source, one.old_tokens) for one in run.jumps()] == [("openrouter_volumes", 100)]


def brute_force(runs: list[dict[tuple[str, int], int]]) -> Iterator[tuple[str, date, int, int, datetime]]:
    """Replayed in memory: what is new in a run, against what is believed of the day before at its end."""
    believed: dict[tuple[str, int], int] = {}
    for number, stated in enumerate(runs):
        before, believed = believed, {**believed, **stated}
        for model, on in sorted(stated.keys() - before.keys()):
            old, new = believed.get((model, on - 1)), stated[model, on]
            if number and old and 2 * abs(new - old) >= old:
                yield model, at(on), old, new, day(number + 9)


RUNS = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 8)), st.sampled_from([0, 2, 3, 4, 6, 9]), min_size=1
    ),
    min_size=1,
    max_size=5,
)


@EXAMPLES
@given(runs=RUNS, after=st.integers(0, 4))
def test_the_jumps_are_those_that_brute_force_finds(
    engine: Engine, runs: list[dict[tuple[str, int], int]], after: int
) -> None:
    with writing(engine) as connection:
        forget(connection)
    run = Run(engine)
    ids = [
        run(number + 9, *(tokens(model, on, count) for (model, on), count in stated.items()))
        for number, stated in enumerate(runs)
    ]
    later = day(9 + after)
    told = [(one.model, one.day, one.old_tokens, one.new_tokens, one.recorded_at) for one in run.jumps()]
    assert told == list(brute_force(runs))
    asked = run.jumps(ids[after] if after < len(ids) else ids[-1])
    assert asked == [one for one in run.jumps() if one.recorded_at > later]
