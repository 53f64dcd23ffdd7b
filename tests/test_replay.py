"""The 97 real captures of OpenRouter, through the whole pipeline: the changes are exactly those of brute force."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

import migrations
from crawler.replay import captures_in, replay
from history import evidence
from history import tables as t
from history.db import connect
from history.db import reading as reading_from
from history.queries import Scope, as_of, timeline
from history.recorder import AlreadyRecorded
from tests.brute_force import Told, changes
from tests.conftest import RECORDED

KEYS = {
    "input_tokens": "prompt",
    "output_tokens": "completion",
    "requests": "request",
    "input_images": "image",
    "input_image_tokens": "image_token",
    "web_searches": "web_search",
    "output_reasoning_tokens": "internal_reasoning",
    "cache_read_tokens": "input_cache_read",
    "cache_write_tokens": "input_cache_write",
    "cache_write_1h_tokens": "input_cache_write_1h",
    "input_audio_tokens": "audio",
    "output_audio_tokens": "audio_output",
    "output_image_tokens": "image_output",
    "cache_read_audio_tokens": "input_audio_cache",
}
Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def captures() -> Path:
    folder = RECORDED / "openrouter_models"
    if not folder.is_dir():
        pytest.skip("no real captures here: ../shared/recorded is absent")
    return folder


@pytest.fixture(scope="module")
def on_sqlite(captures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('replayed')}/tokentape.sqlite3")
    migrations.upgrade(engine)
    assert len(list(replay(engine, captures_in(captures), places=False))) == 97
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def on_postgresql(captures: Path, postgres: Any) -> Iterator[Engine]:
    url = postgres.create_database()
    engine = connect(url)
    migrations.upgrade(engine)
    assert len(list(replay(engine, captures_in(captures), places=False))) == 97
    yield engine
    engine.dispose()
    postgres.drop_database(url)


def test_the_history_tells_exactly_the_changes_of_brute_force(captures: Path, on_sqlite: Engine) -> None:
    expected = Counter(changes(captures))
    told = Counter(_told(str(on_sqlite.url.database), captures))
    assert told - expected == Counter()
    assert expected - told == Counter()
    assert len(expected) > 4000


def test_both_databases_hold_the_same_history_row_by_row(on_sqlite: Engine, on_postgresql: Engine) -> None:
    ours, theirs = rows_of(on_sqlite), rows_of(on_postgresql)
    for name, rows in ours.items():
        assert rows == theirs[name], name
    assert len(ours["run"]) == 97


def test_event_ids_have_no_gap_and_stories_begin_with_their_first_event(on_sqlite: Engine) -> None:
    with reading_from(on_sqlite) as connection:
        events = connection.execute(
            select(t.change_event.c.id, t.change_event.c.story_id).order_by(t.change_event.c.id)
        ).all()
    assert [event_id for event_id, _ in events] == list(range(1, len(events) + 1))
    assert all(story_id <= event_id for event_id, story_id in events)


def test_replaying_the_same_captures_again_changes_nothing(captures: Path, on_sqlite: Engine) -> None:
    before = rows_of(on_sqlite)
    assert all(isinstance(result, AlreadyRecorded) for result in replay(on_sqlite, captures_in(captures)))
    assert rows_of(on_sqlite) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_tables_before_and_after_hold_the_same_rows_and_answers(kind: str, request: pytest.FixtureRequest) -> None:
    """0003 made offers, sources and prices anew: back to 0002, which knew no places, and forth again, with the whole
    history in it."""
    engine: Engine = request.getfixturevalue(f"on_{kind}")
    rows, answers, pages = rows_of(engine, is_packed_once), answers_of(engine), bodies_of(engine)
    migrations.downgrade(engine, "0002")
    assert counted(engine) == {"snapshot": len(pages), **{name: len(of) for name, of in rows.items()}}
    migrations.upgrade(engine)
    assert rows_of(engine, is_packed_once) == rows
    assert answers_of(engine) == answers
    assert bodies_of(engine) == pages
    assert len(answers[0]) > 1000


def is_packed_once(table: str) -> bool:
    """A page that was kept as a difference is whole after going down, and stays so."""
    return table != "snapshot"


def is_historys(table: str) -> bool:
    """Alerts have come later."""
    return hasattr(t, table)


def bodies_of(engine: Engine) -> dict[str, evidence.Snapshot | None]:
    with reading_from(engine) as connection:
        kept = connection.execute(select(t.snapshot.c.sha256)).scalars().all()
        return {digest: evidence.read(connection, digest) for digest in kept}


def counted(engine: Engine) -> dict[str, int]:
    with reading_from(engine) as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in t.metadata.tables.items()
            if is_historys(name)
        }


def answers_of(engine: Engine) -> list[list[Any]]:
    """All prices as of the middle and the end, as known then and now; and every version."""
    with reading_from(engine) as connection:
        times = sorted(connection.execute(select(t.run.c.observed_at)).scalars())
        middle, end = times[48], times[-1]
        moments = [(middle, middle), (middle, end), (end, end)]
        return [
            *(as_of(connection, Scope(), at, known_at, limit=100_000) for at, known_at in moments),
            timeline(connection, Scope(), limit=100_000),
        ]


def rows_of(engine: Engine, only: Callable[[str], bool] = lambda _: True) -> Rows:
    """Every row of every table, in the order of its primary key."""
    with reading_from(engine) as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in t.metadata.sorted_tables
            if is_historys(table.name) and only(table.name)
        }


def _told(database: str, captures: Path) -> Iterator[Told]:
    """The change events, read with nothing but sqlite3, in brute force's words."""
    times = {
        round(datetime.fromisoformat(captured).timestamp() * 1_000_000): captured
        for captured in (json.loads(path.read_text())["captured"] for path in captures.glob("*/capture.json"))
    }
    query = """
        SELECT e.effective_at, e.kind, o.model, s.unit, s.conditions, e.old_amount, e.new_amount
        FROM change_event e JOIN offer o ON o.id = e.offer_id LEFT JOIN series s ON s.id = e.series_id
    """
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(query).fetchall()
    for at, kind, model, unit, conditions, old, new in rows:
        if kind != "terms_changed":
            # Brute force knows no price without conditions that stands in for one under them.
            old, new = None if kind == "price_added" else old, None if kind == "price_removed" else new
            tokens = json.loads(conditions)["min_input_tokens"] - 1 if conditions else 0
            yield times[at], kind, model, KEYS[unit] if unit else "", tokens, _plain(old), _plain(new)


def _plain(text: str | None) -> str:
    return "" if text is None else format(Decimal(text).normalize(), "f")
