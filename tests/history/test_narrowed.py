"""A question about a range of time looks at the stories of that time, and answers as if it had looked at all."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from history import queries
from history.db import reading, writing
from history.queries import Wanted
from tests.feed.rows import DAY, NOW, Rows, moved

CUT = moved("input_tokens", "2", "1")


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement from now on, with what it is given."""
    seen: list[tuple[str, Any]] = []

    def see(_connection: object, _cursor: object, statement: str, given: Any, *_more: object) -> None:
        seen.append((statement, given))

    event.listen(engine, "before_cursor_execute", see)
    yield seen
    event.remove(engine, "before_cursor_execute", see)


@pytest.fixture
def told(rows: Rows) -> list[int]:
    """One story a day, but the fourth, which was recorded as of the first day: captures come at their own times."""
    return [rows.story(None, CUT, CUT, at=NOW + day * DAY, model=f"m{day}") for day in (0, 1, 2, 0, 4)]


def among(engine: Engine, wanted: Wanted) -> tuple[int, int] | None:
    with reading(engine) as connection:
        narrowed = queries.narrowed(connection, wanted)
    return narrowed.among if narrowed else None


def test_from_the_first_to_the_last_story_of_that_time(engine: Engine, told: list[int]) -> None:
    assert among(engine, Wanted(since=NOW + DAY, until=NOW + 3 * DAY)) == (told[1], told[2])
    assert among(engine, Wanted(since=NOW, until=NOW + DAY)) == (told[0], told[3])
    assert among(engine, Wanted(since=NOW + 4 * DAY)) == (told[4], told[4])
    assert among(engine, Wanted()) == (told[0], told[4])


def test_the_end_is_excluded_and_nothing_is_none(engine: Engine, told: list[int]) -> None:
    assert told
    assert among(engine, Wanted(since=NOW + 3 * DAY, until=NOW + 4 * DAY)) is None
    assert among(engine, Wanted(until=NOW)) is None


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("since", "until"), [(0, 1), (0, 5), (1, 3), (2, 3), (4, 5)])
def test_it_answers_as_if_it_had_looked_at_all(engine: Engine, since: int, until: int) -> None:
    wide = Wanted(since=NOW + since * DAY, until=NOW + until * DAY)
    with reading(engine) as connection:
        narrow = queries.narrowed(connection, wide)
        assert narrow is not None
        assert queries.stories(connection, narrow, None, 9) == queries.stories(connection, wide, None, 9)
        assert queries.stories_after(connection, narrow, 0, 9) == queries.stories_after(connection, wide, 0, 9)


@pytest.mark.usefixtures("told")
def test_an_index_tells_which_stories_those_are(engine: Engine, statements: list[tuple[str, Any]]) -> None:
    with reading(engine) as connection:
        queries.narrowed(connection, Wanted(since=NOW, until=NOW + DAY))
    asked, given = statements[-1]
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            # Of a handful of rows it would read all.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        words = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = connection.exec_driver_sql(f"{words} {asked}", given).all()
    assert "change_event_recorded" in str(plan)
