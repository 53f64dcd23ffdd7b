"""Drift on real pages, months apart: what a person is told is what became different, and nothing else."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from crawler.replay import captures_in, replay
from feed.app import create_app
from feed.drifting import sentences
from history import queries
from history.db import connect, reading
from history.recorder import Recorded
from history.shapes import drifting


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


def drifts(engine: Engine, folder: Path, *names: str) -> dict[date, list[str]]:
    """What is told after each capture."""
    told: dict[date, list[str]] = {}
    for recorded in replay(engine, captures_in(folder, names)):
        assert isinstance(recorded, Recorded)
        with reading(engine) as connection:
            found = drifting(connection, [recorded.run_id]).get(recorded.run_id)
        told[recorded.observed_at.date()] = sentences(found.drifts) if found else []
    return told


def test_seven_months_of_a_gateway_tell_its_five_new_forms_and_nothing_else(recorded: Path, engine: Engine) -> None:
    """97 captures from 2025-12-29 on; what is told stays for a week and is told no more."""
    told = drifts(engine, recorded, "openrouter_models")
    assert len(told) > 90
    days = list(told)
    begun = {day: told[day] for before, day in pairwise(days) if told[day] and told[day] != told[before]}
    assert begun == {
        date(2026, 1, 16): ["new: the key 'data[].expiration_date'"],
        date(2026, 1, 27): [
            "gone or rare: the keys 'data[].pricing.image', 'data[].pricing.internal_reasoning' "
            "and 'data[].pricing.request'"
        ],
        date(2026, 6, 18): [
            "new: the keys 'data[].benchmarks', 'data[].default_parameters.presence_penalty', "
            "'data[].default_parameters.repetition_penalty', 'data[].default_parameters.top_k', "
            "'data[].knowledge_cutoff' and 4 more"
        ],
        date(2026, 7, 14): ["new: the key 'data[].pricing.overrides'"],
        date(2026, 7, 30): ["new: the keys 'data[].alias_target.name' and 'data[].alias_target.slug'"],
    }
    assert told[date(2026, 1, 22)], "six days on"
    assert told[date(2026, 1, 23)] == [], "a week on"


def test_half_a_year_of_a_price_page_names_its_tables_and_leftovers(recorded: Path, engine: Engine) -> None:
    told = drifts(engine, recorded, "anthropic")
    assert told[date(2026, 2, 6)] == [
        "table 3 '≤ 200K input tokens | > 200K input tokens' under 'Long context pricing' gained the column 'Model'",
        "gone: the leftover '$ per session-hour', new: the leftover '$ per hour'",
    ]
    august = told[date(2026, 8, 6)]
    assert august[0] == "32 offers where there were 20"
    assert "table 5 'Model | Input | Output' under 'Fast mode pricing' is new" in august
    assert "table 3 '≤ 200K input tokens | > 200K input tokens' under 'Long context pricing' is gone" in august


def test_the_drift_of_a_real_page_is_served_with_the_run_that_it_is_measured_by(recorded: Path, engine: Engine) -> None:
    drifts(engine, recorded, "anthropic")
    with reading(engine) as connection:
        oldest = queries.runs(connection, source_name="anthropic")[-1]
    [source] = TestClient(create_app(engine, "https://tape.example")).get("/v1/status").json()["sources"]
    assert (source["measured_by"], source["drifting_since"][:10]) == (oldest.id, "2026-02-06")
    assert source["drift"][0]["before"] == oldest.offers == 20
    assert {each["kind"] for each in source["drift"]} == {"offers", "table_gone", "table_added", "leftovers"}
