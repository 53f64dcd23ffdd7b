"""Bad input over the network: the real spiders against a server that misbehaves, a good fetch before and after each."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, RowMapping, func, select

import migrations
from history import tables as t
from history.db import connect, reading
from history.times import to_rfc3339
from tests.crawler.bad_answers import EVERY, GOOD, Bad
from tests.misbehaving_server import MisbehavingServer, status

ROOT = Path(__file__).parent.parent.parent
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
EACH = pytest.mark.parametrize("bad", EVERY, ids=lambda bad: bad.name)


def when(bad: Bad | None) -> datetime:
    """Every bad answer has an hour of its own; the good one comes half an hour later, the first before them all."""
    return MONDAY + timedelta(hours=EVERY.index(bad) + 1) if bad else MONDAY


@dataclass(frozen=True, slots=True)
class Told:
    """What the database holds after all the crawls."""

    engine: Engine

    def run(self, spider: str, observed_at: datetime) -> RowMapping:
        query = select(t.run).join(t.source).where(t.source.c.name == spider, t.run.c.observed_at == observed_at)
        with reading(self.engine) as connection:
            return connection.execute(query).mappings().one()

    def of_run(self, table: Any, run_id: int) -> list[RowMapping]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(table).where(table.c.run_id == run_id)).mappings())


@pytest.fixture(scope="module")
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        server.behaviours = {bad.url_path: bad.behaviour for bad in EVERY} | {f"/{name}": GOOD[name] for name in GOOD}
        server.behaviours["/robots.txt"] = status(200, b"User-agent: *\nDisallow: /private\n")
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: MisbehavingServer
) -> Iterator[Told]:
    """All crawls, in one process, on a database of their own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('told') / 'tokentape.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    engine = connect(url)
    migrations.upgrade(engine)
    crawl_all(url, list(crawls(server)))
    yield Told(engine)
    engine.dispose()


def crawls(server: MisbehavingServer) -> Iterator[dict[str, Any]]:
    def one(spider: str, path: str, moment: datetime) -> dict[str, Any]:
        return {"spider": spider, "url": server.url(path), "captured": to_rfc3339(moment), "timeout": 1}

    yield from (one(spider, f"/{spider}", MONDAY) for spider in GOOD)
    for bad in EVERY:
        yield one(bad.spider, bad.url_path, when(bad))
        yield one(bad.spider, f"/{bad.spider}", when(bad) + timedelta(minutes=30))


def crawl_all(database_url: str, wanted: list[dict[str, Any]]) -> None:
    command = [sys.executable, "-m", "tests.crawler.many_crawls"]
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": database_url}
    done = subprocess.run(
        command, input=json.dumps(wanted), env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["crash"] for line in done.stdout.splitlines()] == [None] * len(wanted), done.stderr


@EACH
def test_a_bad_answer_ends_in_its_named_failure_and_says_why(told: Told, bad: Bad) -> None:
    run = told.run(bad.spider, when(bad))
    assert (run["outcome"], run["failure"]) == (bad.outcome, bad.failure), run["message"]
    assert bad.says in (run["message"] or "")
    assert "Traceback" not in (run["message"] or "")
    assert "<twisted" not in (run["message"] or "")


@EACH
def test_what_arrived_is_kept_as_evidence(told: Told, bad: Bad) -> None:
    fetches = told.of_run(t.fetch, told.run(bad.spider, when(bad))["id"])
    assert len(fetches) == bad.kept
    with reading(told.engine) as connection:
        kept = select(func.count()).where(t.snapshot.c.sha256.in_([fetch["sha256"] for fetch in fetches]))
        assert connection.execute(kept).scalar() == bad.kept


@EACH
def test_a_bad_answer_changes_no_price_and_tells_no_event(told: Told, bad: Bad) -> None:
    run = told.run(bad.spider, when(bad))
    assert told.of_run(t.price, run["id"]) == []
    assert told.of_run(t.change_event, run["id"]) == []


@EACH
def test_the_next_good_fetch_heals_it(told: Told, bad: Bad) -> None:
    good = told.run(bad.spider, when(bad) + timedelta(minutes=30))
    first = told.run(bad.spider, MONDAY)
    assert (good["outcome"], good["offers"], good["held"]) == ("complete", first["offers"], 0)
    assert told.of_run(t.change_event, good["id"]) == []


def test_nothing_was_withdrawn_and_no_price_is_wrong(told: Told) -> None:
    with reading(told.engine) as connection:
        assert connection.execute(select(func.count()).where(t.offer.c.withdrawn)).scalar() == 0
        writers = connection.execute(select(t.run.c.observed_at).join(t.price).distinct()).scalars().all()
        assert connection.execute(select(func.count()).select_from(t.held)).scalar() == 0
    assert writers == [MONDAY], "only the first fetch had anything to say"


def test_a_move_that_is_too_large_is_held(told: Told) -> None:
    slip = next(bad for bad in EVERY if bad.outcome == "complete")
    assert told.run(slip.spider, when(slip))["held"] == 1


def test_a_server_that_asks_to_wait_is_not_asked_again_in_the_same_run(told: Told, server: MisbehavingServer) -> None:
    times = len([asked for asked in server.pages_asked() if asked == "/503-with-a-wish"])
    runs = len([asked for asked in server.pages_asked() if asked == "/429-with-seconds"])
    assert times == runs


def test_a_server_error_is_tried_again(told: Told, server: MisbehavingServer) -> None:
    once = server.pages_asked().count("/403")
    assert server.pages_asked().count("/500") == 3 * once


def test_what_robots_txt_forbids_is_not_asked_for(told: Told, server: MisbehavingServer) -> None:
    assert "/private/models" not in server.pages_asked()


def test_every_request_says_who_asks_and_carries_no_cookie(told: Told, server: MisbehavingServer) -> None:
    agents = {asked.headers["user-agent"] for asked in server.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("tokentape/")
    assert not any({"cookie", "referer"} & {*asked.headers} for asked in server.asked)
