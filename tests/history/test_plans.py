"""How the databases find things: by seeks. A scan of a table that grows would be found here, not by a reader."""

import re
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, select

from history import queries
from history import tables as t
from history.db import reading, writing
from history.queries import Scope, Wanted, prepared
from history.queries.prepared import Prepared
from tests.feed.rows import DAY, HOUR, NOW, Rows, moved

# The plans of PostgreSQL depend on sizes; what they return is tested everywhere else.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MODELS = [chr(ord("a") + number) for number in range(26)]
# What grows with time; sources, providers and runs of one page do not.
GROWING = ("price", "change_event", "series", "offer", "fetch", "snapshot")


@pytest.fixture
def crowd(engine: Engine) -> Rows:
    """Enough rows that a planner has a choice."""
    rows = Rows(engine)
    rows.source("openrouter", kind="gateway")
    for number in range(4):
        at = NOW + number * HOUR
        run = rows.run(at)
        for model in MODELS:
            for unit in ("input_tokens", "output_tokens"):
                rows.price(str(number), at, run=run, model=model, unit=unit)
            rows.story(run, moved("input_tokens", "1", "2"), at=at, model=model)
    with writing(engine) as connection:
        connection.exec_driver_sql("ANALYZE")
    return rows


def plan(engine: Engine, question: Any, *given: Any, **named: Any) -> list[str]:
    """SQLite's plan of every statement that the question runs."""
    seen: list[tuple[str, Any]] = []
    with reading(engine) as connection:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(lambda statement: seen.append((statement, ())))
        question(connection, *given, **named)
        raw.set_trace_callback(None)
        asked = [statement for statement, _ in seen if statement.startswith("SELECT")]
        return [str(row[3]) for statement in asked for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]


def scans(lines: list[str]) -> list[str]:
    """Scans of what grows; the newest row by id is read from the end of a table, which SQLite calls a scan too."""
    aliases = {"found": "price", "in_force": "price", "following": "price"}
    scanned = [match[1] for line in lines if (match := re.match(r"SCAN (\w+)", line))]
    return [name for name in scanned if aliases.get(name, name) in GROWING]


QUESTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "prices of a model": (queries.as_of, (Scope(provider="deepseek", model="a"), NOW, NOW)),
    "history of a model": (queries.timeline, (Scope(provider="deepseek", model="a"),)),
    "changes of a model": (queries.changes_before, (Wanted(Scope(model="a")), None, 50)),
    "a story": (queries.story, (1,)),
    "evidence of runs": (queries.evidence_of, ({1, 2, 3},)),
    "a snapshot": (queries.snapshot, ("0" * 64,)),
    "whether there is a model": (queries.has_model, ("deepseek", "a")),
}


@on_sqlite
@pytest.mark.parametrize("asked", QUESTIONS)
def test_a_narrow_question_is_answered_by_seeks(crowd: Rows, asked: str) -> None:
    question, given = QUESTIONS[asked]
    lines = plan(crowd.engine, question, *given)
    assert lines
    assert scans(lines) == []


@on_sqlite
def test_a_better_witness_is_found_by_seeks(crowd: Rows) -> None:
    crowd.source("map", kind="map", witness="imported")
    biller = crowd.known["provider", "deepseek"]
    told = crowd.price("9", NOW, model="a", source="map", provider_id=biller)
    crowd.price("9", NOW, model="a", source="map", provider_id=biller, unit="images")
    with reading(crowd.engine) as connection:
        found = queries.best_as_of(connection, Scope(model="a"), NOW, NOW)
    assert told not in {one.series_id for one in found}
    lines = plan(crowd.engine, queries.best_as_of, Scope(model="a"), NOW, NOW)
    assert sum("SEARCH found" in line for line in lines) == 2
    assert not {"price", "series"} & set(scans(lines))


@on_sqlite
def test_the_offers_of_a_canonical_model_are_found_before_their_prices(crowd: Rows) -> None:
    lines = plan(crowd.engine, queries.as_of, Scope(canonical="deepseek/deepseek-v4-flash"), NOW, NOW)
    assert any("SEARCH found" in line for line in lines)
    assert not {"price", "change_event", "series"} & set(scans(lines))


@on_sqlite
def test_the_revision_looks_only_at_announced_prices(crowd: Rows) -> None:
    crowd.price("9", NOW + 30 * DAY, recorded_at=NOW + 20 * HOUR, model="a")
    lines = plan(crowd.engine, queries.revision, NOW)
    assert any("price_announced_for" in line for line in lines)
    assert not any(line.startswith("SCAN price") for line in lines)


@on_sqlite
def test_a_page_of_all_prices_seeks_each_series(crowd: Rows) -> None:
    lines = plan(crowd.engine, queries.as_of, Scope(), NOW, NOW, limit=3)
    assert any(re.match(r"SEARCH found USING PRIMARY KEY \(series_id=\? AND valid_from<\?\)", line) for line in lines)
    assert "price" not in {match[1] for line in lines if (match := re.match(r"SCAN (\w+)", line))}


def test_a_statement_is_prepared_once_for_each_shape_of_question(crowd: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    init = Prepared.__init__

    def counted(self: Prepared, *given: Any) -> None:
        made.append("once")
        init(self, *given)

    monkeypatch.setattr(Prepared, "__init__", counted)
    with reading(crowd.engine) as connection:
        for model in ("a", "b", "c", "none"):
            found = queries.as_of(connection, Scope(model=model, tier="standard"), NOW, NOW)
            assert [price.model for price in found] == [model] * (2 if model != "none" else 0)
    assert len(made) <= 1


def test_the_short_way_agrees_with_sqlalchemys_own(crowd: Rows) -> None:
    """The same values of the same types, whichever way a statement is run."""
    statement = (
        select(t.price.c.amount, t.price.c.valid_from, t.price.c.superseded_at, t.price.c.per, t.series.c.unit)
        .join(t.series)
        .where(t.price.c.valid_from >= bindparam("since"))
        .order_by(t.price.c.series_id, t.price.c.valid_from)
    )
    with reading(crowd.engine) as connection:
        own = [tuple(row) for row in connection.execute(statement, {"since": NOW + HOUR})]
        short_way = Prepared(statement, connection.dialect)
        for _ in range(2):
            short = [tuple(row) for row in short_way.rows(connection, {"since": NOW + HOUR})]
            assert short == own
            assert [[type(value) for value in row] for row in short] == [[type(value) for value in row] for row in own]
    assert len(own) == 26 * 2 * 3


def test_what_is_fetched_some_rows_at_a_time_is_whole_and_in_order(
    crowd: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(crowd.engine) as connection:
        whole = queries.as_of(connection, Scope(), NOW, NOW)
        for some in (1, 7, len(whole), len(whole) + 1):
            monkeypatch.setattr(prepared, "AT_ONCE", some)
            assert queries.as_of(connection, Scope(), NOW, NOW) == whole
    assert len(whole) == 26 * 2


def test_times_are_in_utc_whatever_the_transaction_before_them_did(engine: Engine, crowd: Rows) -> None:
    with engine.connect() as connection:
        connection.execute(select(t.price.c.valid_from).limit(1))
        connection.rollback()
        found = connection.execute(select(t.price.c.valid_from, t.price.c.recorded_at)).all()
        if engine.dialect.name == "postgresql":
            assert connection.exec_driver_sql("SHOW TIME ZONE").scalar() == "UTC"
    assert {moment.tzinfo for row in found for moment in row} == {UTC}


@on_sqlite
@pytest.mark.parametrize("asked", [{}, {"model": "a"}, {"first_day": NOW.date(), "last_day": NOW.date()}])
def test_volumes_are_found_by_model_and_by_day(engine: Engine, crowd: Rows, asked: dict[str, Any]) -> None:
    """The newest day is where an index begins, read backwards; a page of it ends the look."""
    for number in range(8):
        for model in MODELS:
            crowd.volume(model, NOW.date() - number * DAY)
    with writing(engine) as connection:
        connection.exec_driver_sql("ANALYZE")
    steps = plan(engine, queries.volumes, queries.AskedVolumes(**asked), NOW)
    assert [step for step in steps if "volume_of_" in step or ("PRIMARY KEY" in step and "volume" in step)]
    assert [step for step in steps if re.fullmatch(r"SCAN volume", step)] == []
