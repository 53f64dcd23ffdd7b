"""`tokentape import`: which files, in which order, each whole or not at all, and what is refused by name."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

import migrations
from crawler.importing import Unreadable, Version, import_all, versions
from history import tables as t
from history.db import connect, recording
from history.db import reading as reading_from
from history.model import Outcome
from history.queries import Scope, as_of
from history.recorder import AlreadyRecorded, Recorded, record
from tests.conftest import ROOT
from tests.history.pages import day as day_of_pages
from tests.history.pages import reading, simple
from tests.test_replay import rows_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def entries(many: int = 60, **changed: Any) -> dict[str, Any]:
    usual = {f"m{n}": {"litellm_provider": "openai", "input_cost_per_token": 1e-06} for n in range(many)}
    return usual | {key: usual["m0"] | fields for key, fields in changed.items()}


def written(folder: Path, number: int, stated: Any) -> Path:
    """The map of the day so many days after the first of January."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{FIRST + timedelta(days=number):%Y-%m-%d}_map.json.gz"
    file.write_bytes(gzip.compress(stated if isinstance(stated, bytes) else json.dumps(stated).encode()))
    return file


def taken(engine: Engine, *files: Path) -> list[Recorded]:
    done = list(import_all(engine, "litellm", versions(files, None, NOW), NOW))
    return [one for one in done if isinstance(one, Recorded)]


def believed(engine: Engine, model: str, at: datetime = NOW) -> list[str]:
    with reading_from(engine) as connection:
        return [f"{one.amount:f}" for one in as_of(connection, Scope(model=model), at, datetime.now(UTC))]


def test_versions_are_taken_in_time_order_whatever_their_order_on_the_line(tmp_path: Path) -> None:
    files = [written(tmp_path, number, {}) for number in (3, 1, 2)]
    (tmp_path / "notes.txt").write_text("not a map")
    expected = [Version(files[n], FIRST + timedelta(days=d)) for n, d in ((1, 1), (2, 2), (0, 3))]
    assert versions(files, None, NOW) == versions([tmp_path], None, NOW) == expected


def test_one_file_may_be_dated_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "map.json"
    file.write_text("{}")
    assert versions([file], FIRST, NOW) == [Version(file, FIRST)]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["map.json"], "no day in its name"),
        (["2026-02-30.json"], "2026-02-30 is no day"),
        (["0001-01-01.json"], "before any price"),
        (["9999-12-31.json"], "in the future"),
        (["a-2026-05-01.json", "b-2026-05-01.json"], "both dated"),
        (["gone/2026-05-01.json"], "does not exist"),
    ],
)
def test_a_file_that_has_no_place_in_time_is_refused_before_anything_is_read(
    tmp_path: Path, names: list[str], said: str
) -> None:
    for name in names:
        if "/" not in name:
            (tmp_path / name).write_text("{}")
    with pytest.raises(Unreadable, match=said):
        versions([tmp_path / name for name in names], None, NOW)


def test_a_folder_without_maps_and_one_date_for_two_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="holds no"):
        versions([tmp_path], None, NOW)
    with pytest.raises(Unreadable, match="--captured dates one file, and there are 2"):
        versions([written(tmp_path, 1, {}), written(tmp_path, 2, {})], FIRST, NOW)


def test_each_version_is_a_run_and_what_it_says_holds_from_its_day(engine: Engine, tmp_path: Path) -> None:
    files = [
        written(tmp_path, 0, entries(m0={"input_cost_per_token": 2e-06})),
        written(tmp_path, 14, entries(m0={"input_cost_per_token": 3e-06})),
    ]
    assert [(one.outcome, one.offers, one.events) for one in taken(engine, *files)] == [
        (Outcome.COMPLETE, 60, 0),
        (Outcome.COMPLETE, 60, 1),
    ]
    assert believed(engine, "m0", FIRST + timedelta(days=13)) == ["0.000002"]
    assert believed(engine, "m0", FIRST + timedelta(days=14)) == ["0.000003"]


def test_what_an_import_says_was_not_known_before_it(engine: Engine, tmp_path: Path) -> None:
    taken(engine, written(tmp_path, 0, entries()))
    with reading_from(engine) as connection:
        assert list(as_of(connection, Scope(model="m0"), NOW, NOW - timedelta(days=1))) == []
        assert len(list(as_of(connection, Scope(model="m0"), NOW, NOW))) == 1


def test_the_same_file_twice_and_an_older_one_are_left_alone(engine: Engine, tmp_path: Path) -> None:
    older, newer = written(tmp_path, 0, entries()), written(tmp_path, 14, entries())
    taken(engine, newer)
    before = rows_of(engine)
    done = list(import_all(engine, "litellm", versions([older, newer], None, NOW), NOW))
    assert all(isinstance(one, AlreadyRecorded) for one in done)
    assert "is on record up to 2026-01-15" in str(done[0])
    assert rows_of(engine) == before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b'{"m0": {"litellm_provider": "openai", "input_cost', "is not JSON"),
        (b"", "is not JSON"),
        (b'[{"id": "openai", "models": []}]', "Expected `object`"),
        (b'{"prices": [{"id": "m0", "vendor": "openai", "input": 1}]}', "not LiteLLM's map"),
        (b"<!doctype html><title>Just a moment...</title>", "challenge page"),
    ],
)
def test_a_broken_version_stops_the_import_and_leaves_nothing_of_itself(
    engine: Engine, tmp_path: Path, broken: bytes, said: str
) -> None:
    files = [written(tmp_path, 0, entries()), written(tmp_path, 7, broken), written(tmp_path, 14, entries())]
    importing = import_all(engine, "litellm", versions(files, None, NOW), NOW)
    next(importing)
    before = rows_of(engine)
    with pytest.raises(Unreadable, match=said):
        next(importing)
    assert rows_of(engine) == before
    files[1] = written(tmp_path, 7, entries())
    assert len(taken(engine, *files)) == 2


def test_a_file_that_is_no_gzip_is_refused_by_name(engine: Engine, tmp_path: Path) -> None:
    file = written(tmp_path, 0, entries())
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(Unreadable, match="is not a gzip file"):
        taken(engine, file)


def test_a_map_that_shrank_by_half_is_partial_and_takes_nothing_away(engine: Engine, tmp_path: Path) -> None:
    whole = [written(tmp_path, number, entries(200)) for number in range(2)]
    halves = [written(tmp_path, number, entries(100)) for number in range(2, 8)]
    runs = taken(engine, *whole, *halves)[2:]
    assert {(one.outcome, one.failure and one.failure.name) for one in runs} == {(Outcome.PARTIAL, "TooFewOffers")}
    assert "100 offers where at least 101 are expected" in str(runs[0].failure)
    assert believed(engine, "m199") == ["0.000001"]


def test_a_string_where_a_number_belongs_leaves_the_offer_out_without_missing_it(
    engine: Engine, tmp_path: Path
) -> None:
    files = [written(tmp_path, 0, entries())]
    files += [written(tmp_path, number, entries(m1={"input_cost_per_token": "1e-06"})) for number in range(1, 6)]
    runs = taken(engine, *files)
    assert [one.rejected for one in runs] == [0, 1, 1, 1, 1, 1]
    assert runs[-1].failure is not None
    assert runs[-1].failure.message.startswith("1 of 60 offers left out: m1: input_tokens at NaN")
    assert believed(engine, "m1") == ["0.000001"]
    with reading_from(engine) as connection:
        unread = connection.execute(select(t.run.c.unread).order_by(t.run.c.id.desc())).scalars().first()
    assert unread is not None
    assert "m1: input_cost_per_token is '1e-06', not a number" in unread


def test_what_a_map_drops_goes_although_something_else_in_it_is_left_out(engine: Engine, tmp_path: Path) -> None:
    slip = {"input_cost_per_token": 1.0}
    files = [written(tmp_path, 0, entries(61))] + [written(tmp_path, n, entries(60, m0=slip)) for n in range(1, 4)]
    taken(engine, *files)
    assert believed(engine, "m60") == []
    assert believed(engine, "m0") == ["0.000001"]


@pytest.mark.parametrize(("amount", "held"), [(9.9e-06, 0), (1e-05, 1), (1e-07, 1), (1.1e-07, 0)])
def test_a_tenfold_jump_is_held_and_repeating_it_does_not_help(
    engine: Engine, tmp_path: Path, amount: float, held: int
) -> None:
    files = [written(tmp_path, 0, entries())]
    files += [written(tmp_path, number, entries(m0={"input_cost_per_token": amount})) for number in range(1, 4)]
    taken(engine, *files)
    with reading_from(engine) as connection:
        rules = connection.execute(select(t.held.c.rule)).scalars().all()
    assert rules == ["implausible_factor"] * held
    assert believed(engine, "m0") == ["0.000001"] if held else [f"{amount:.7f}"]


def test_a_providers_own_source_is_untouched_by_what_a_map_says(engine: Engine, tmp_path: Path) -> None:
    with recording(engine) as connection:
        record(connection, reading(day_of_pages(0), simple("m0", "3")), day_of_pages(0))
    own = select(t.price).join(t.series).join(t.offer).join(t.source).where(t.source.c.witness == "first_party")
    with reading_from(engine) as connection:
        before = connection.execute(own).all()
    taken(engine, written(tmp_path, 0, entries()), written(tmp_path, 1, entries(m0={"input_cost_per_token": 2e-06})))
    with reading_from(engine) as connection:
        assert connection.execute(own).all() == before


@pytest.fixture
def series_of_maps(tmp_path: Path) -> Path:
    folder = tmp_path / "maps"
    for number in range(12):
        written(folder, number, entries(300 + number, m0={"input_cost_per_token": (10 + number) * 1e-07}))
    return folder


def start(folder: Path, url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tokentape", "import", "litellm", str(folder), "--json"]
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def history_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Everything on record but when it was recorded, which is the time of the import."""
    with reading_from(engine) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*(column for column in table.c if column.name not in ("recorded_at", "stored_at"))).order_by(
                        *table.primary_key.columns
                    )
                )
            ]
            for table in t.metadata.sorted_tables
        }


@pytest.fixture
def undisturbed(series_of_maps: Path, tmp_path: Path) -> dict[str, list[tuple[Any, ...]]]:
    engine = connect(f"sqlite:///{tmp_path}/undisturbed.sqlite3")
    migrations.upgrade(engine)
    assert len(taken(engine, series_of_maps)) == 12
    history = history_of(engine)
    engine.dispose()
    return history


def test_an_import_that_is_killed_goes_on_and_makes_the_same_history(
    series_of_maps: Path, engine: Engine, database_url: str, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    child = start(series_of_maps, database_url)
    assert child.stdout is not None
    for _ in range(4):
        assert child.stdout.readline().startswith("{")
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=30)
    with reading_from(engine) as connection:
        assert 4 <= len(connection.execute(select(t.run)).all()) < 12
    again = start(series_of_maps, database_url)
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0
    assert "left alone" in said
    assert history_of(engine) == undisturbed


def test_two_imports_at_once_make_the_history_of_one(
    series_of_maps: Path, engine: Engine, database_url: str, undisturbed: dict[str, list[tuple[Any, ...]]]
) -> None:
    both = [start(series_of_maps, database_url) for _ in range(2)]
    said = [child.communicate(timeout=120) for child in both]
    assert [child.returncode for child in both] == [0, 0], said
    assert sum(len(out.splitlines()) for out, _ in said) == 12
    assert history_of(engine) == undisturbed
