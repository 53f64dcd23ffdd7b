"""kill -9 at random points of a replay: the next start goes on, and the history is the same as without."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

import migrations
from crawler.replay import captures_in, replay
from history import tables as t
from history.db import connect
from history.db import reading as reading_from
from tests.conftest import ROOT
from tests.test_replay import Rows, rows_of

KILLS = 20
# The points are random, and the same in every run of the test.
SEED = 20261122


@pytest.fixture
def uninterrupted(recorded: Path, tmp_path: Path) -> Rows:
    engine = connect(f"sqlite:///{tmp_path}/uninterrupted.sqlite3")
    migrations.upgrade(engine)
    assert len(list(replay(engine, captures_in(recorded / "openrouter_models")))) == 97
    rows = rows_of(engine)
    engine.dispose()
    return rows


def test_twenty_kills_leave_the_same_history(
    recorded: Path, engine: Engine, database_url: str, uninterrupted: Rows
) -> None:
    chance = random.Random(SEED)
    for _ in range(KILLS):
        _replay_and_kill(recorded, database_url, after_captures=chance.randint(1, 5), then_ms=chance.uniform(0, 60))
    runs_when_killed = _runs(engine)
    finished = _start(recorded, database_url)
    _, said = finished.communicate(timeout=120)
    assert finished.returncode == 0, said
    assert KILLS <= runs_when_killed < 97
    after = rows_of(engine)
    for name, rows in uninterrupted.items():
        assert after[name] == rows, name


def _replay_and_kill(recorded: Path, database_url: str, after_captures: int, then_ms: float) -> None:
    child = _start(recorded, database_url)
    assert child.stdout is not None
    for _ in range(after_captures):
        assert child.stdout.readline().startswith("{")
    try:
        child.wait(timeout=then_ms / 1000)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    assert child.wait(timeout=10) == -signal.SIGKILL
    child.communicate()


def _start(recorded: Path, database_url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tokentape", "replay", str(recorded / "openrouter_models"), "--json"]
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": database_url}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _runs(engine: Engine) -> int:
    with reading_from(engine) as connection:
        return len(connection.execute(select(t.run.c.id)).all())
