"""A short storm on both databases; the long one is in `make bench`."""

import os
from pathlib import Path

import psutil
import pytest

import migrations
from feed.alerts import stakes
from history.db import connect
from tests.chaos import Aftermath, Storm, weather
from tests.postgres import NAMED, Postgres, restart, running

GOOD, BAD = 70, 33


def check(after: Aftermath) -> None:
    """Each well-behaved endpoint got every message, in order, and each message is the same wherever it arrived."""
    assert len(after.expected) >= 30
    assert after.told == dict.fromkeys(range(GOOD), after.expected)
    assert after.bodies.keys() == set(after.expected)
    assert {len(bodies) for bodies in after.bodies.values()} == {1}
    # Of so few messages one killed dispatcher's may be more than the hundredth that `make bench` asserts.
    assert after.duplicates <= (after.kills + 1) * stakes.MOST


def test_dispatchers_that_are_killed_and_a_database_that_restarts_lose_nothing(tmp_path: Path) -> None:
    if os.environ.get(NAMED):
        pytest.skip("the server that was named is not ours to restart")
    with running() as server:
        storm = Storm(GOOD, BAD, 30, 3, 2.5, 0.2, 240, restart=lambda: restart(server))
        after = weather(_migrated(server), tmp_path, storm)
    check(after)
    assert after.kills > 0


def test_one_dispatcher_on_sqlite_that_is_killed_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    after = weather(sqlite_url, tmp_path, Storm(GOOD, BAD, 30, 1, 4, 0.2, 240))
    check(after)
    assert after.kills > 0


def test_nobody_is_left_behind_by_a_storm() -> None:
    ours = psutil.Process().children(recursive=True)
    assert [child for child in ours if "dispatch" in " ".join(child.cmdline())] == []


def _migrated(server: Postgres) -> str:
    url = server.create_database()
    engine = connect(url)
    migrations.upgrade(engine)
    engine.dispose()
    return url
