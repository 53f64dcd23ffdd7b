"""One child process per crawl: what it records, its limits, and that a run is on record whatever ends it."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, func, select

from crawler.process import CrawlResult, Limits, Stopped, crawl
from history import tables as t
from history.db import reading, writing
from history.leases import paused_until
from history.model import Outcome
from history.recorder import AlreadyRecorded
from tests import misbehaving_server
from tests.crawler.bad_answers import GOOD, OPENROUTER, model_list, models
from tests.crawler.patience import wait_until
from tests.misbehaving_server import MisbehavingServer, page_with_etag, redirect, self_signed, status

ROOT = Path(__file__).parent.parent.parent
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def newest_run(engine: Engine) -> tuple[str, str | None, str | None] | None:
    with reading(engine) as connection:
        newest = select(t.run.c.outcome, t.run.c.failure, t.run.c.message).order_by(t.run.c.id.desc())
        row = connection.execute(newest).first()
    return (row.outcome, row.failure, row.message) if row else None


def test_a_child_records_the_run_and_tells_it(database_url: str, engine: Engine, server: MisbehavingServer) -> None:
    result = crawl(OPENROUTER, database_url=database_url, url=server.url("/good"), captured=MONDAY)
    assert (result.outcome, result.offers, result.events, result.failure) == (Outcome.COMPLETE, 210, 0, None)
    with reading(engine) as connection:
        row = connection.execute(select(t.run, t.fetch).join(t.fetch)).mappings().one()
    assert (row["id"], row["outcome"], row["offers"]) == (result.run_id, "complete", 210)
    assert row["observed_at"] == row["recorded_at"] == row["fetched_at"] == MONDAY
    assert (row["url"], row["status"]) == (server.url("/good"), 200)


def test_without_a_captured_time_the_present_is_recorded(sqlite_url: str, server: MisbehavingServer) -> None:
    before = datetime.now(UTC)
    assert crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/good")).outcome is Outcome.COMPLETE
    with pytest.raises(AlreadyRecorded):
        crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/good"), captured=before)


def test_an_unchanged_page_is_asked_for_with_its_etag_and_read_again_from_the_evidence(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    body = model_list(models())
    server.behaviours["/etag"] = page_with_etag(body, "application/json", '"one"')
    moments = [MONDAY + timedelta(hours=hour) for hour in range(3)]
    results = [
        crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/etag"), captured=moment) for moment in moments
    ]
    assert [(result.outcome, result.offers) for result in results] == [(Outcome.COMPLETE, 210)] * 3
    with reading(sqlite_engine) as connection:
        fetches = connection.execute(select(t.fetch.c.status, t.fetch.c.sha256, t.fetch.c.etag)).all()
        assert connection.execute(select(func.count()).select_from(t.snapshot)).scalar() == 1
    assert [fetch.status for fetch in fetches] == [200, 304, 304]
    assert {(fetch.sha256, fetch.etag) for fetch in fetches} == {(fetches[0].sha256, '"one"')}
    conditions = [asked.headers.get("if-none-match") for asked in server.asked if asked.path == "/etag"]
    assert conditions == [None, '"one"', '"one"']


def test_after_a_redirect_the_page_is_known_by_the_address_that_was_asked_for(
    sqlite_url: str, server: MisbehavingServer
) -> None:
    server.behaviours["/moved"] = redirect("/etag")
    server.behaviours["/etag"] = page_with_etag(model_list(models()), "application/json", '"one"')
    for hour in range(2):
        moment = MONDAY + timedelta(hours=hour)
        result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/moved"), captured=moment)
        assert result.outcome is Outcome.COMPLETE
    assert [asked.headers.get("if-none-match") for asked in server.asked if asked.path == "/etag"] == [None, '"one"']


def test_a_server_that_asks_to_wait_pauses_the_source_until_a_good_fetch(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/busy"] = status(429, b"slow down", Retry_After="120")
    result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/busy"), captured=MONDAY)
    assert result.failure == "FetchFailed"
    with reading(sqlite_engine) as connection:
        assert paused_until(connection, OPENROUTER) == MONDAY + timedelta(seconds=120)
    later = MONDAY + timedelta(hours=1)
    crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/good"), captured=later)
    with reading(sqlite_engine) as connection:
        assert paused_until(connection, OPENROUTER) is None


def test_a_certificate_that_nobody_vouches_for_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    with MisbehavingServer(self_signed(tmp_path)) as server:
        server.behaviours["/good"] = GOOD[OPENROUTER]
        result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/good"))
    assert (result.outcome, result.failure) == (Outcome.FAILED, "FetchFailed")
    assert "certificate verify failed" in (result.message or "")
    assert server.asked == []


def test_a_hanging_server_is_given_up_at_the_hard_limit(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/hang"] = misbehaving_server.hang
    began = time.monotonic()
    result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/hang"), limits=Limits(time_s=6))
    assert time.monotonic() - began < 12
    assert (result.outcome, result.failure) == (Outcome.FAILED, "Killed")
    assert newest_run(sqlite_engine) == (
        "failed",
        "Killed",
        "it was not done after 6 s and was ended; its server may hang",
    )


def test_a_page_that_would_fill_the_memory_ends_the_child(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    """20 MB of text that would be 400 MB of objects."""
    listed = [{"id": "lab/model", "pricing": {"prompt": "@"}}]
    body = model_list(listed).replace(b'"@"', b"[" + b"[]," * 7_000_000 + b"[]]")
    server.behaviours["/heavy"] = misbehaving_server.page(body, "application/json")
    limits = Limits(memory_mb=300)
    result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/heavy"), limits=limits)
    assert (result.outcome, result.failure) == (Outcome.FAILED, "Killed")
    assert newest_run(sqlite_engine) == ("failed", "Killed", "it needed more than 300 MB of memory and was ended")


def test_an_unexpected_exception_is_recorded_with_its_place(
    database_url: str, engine: Engine, server: MisbehavingServer, caplog: pytest.LogCaptureFixture
) -> None:
    with refusing_offers(engine):
        result = crawl(OPENROUTER, database_url=database_url, url=server.url("/good"), captured=MONDAY)
    assert (result.outcome, result.failure) == (Outcome.FAILED, "Crashed")
    outcome, failure, message = newest_run(engine) or ("", None, None)
    assert (outcome, failure) == ("failed", "Crashed")
    assert re.match(r"\w+Error at history/\w+\.py:\d+: .*no offers today", message or "", re.DOTALL)
    assert "Traceback" in caplog.text, "the log has the rest"


def test_a_killed_child_is_recorded_by_its_parent(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/hang"] = misbehaving_server.hang
    results: list[CrawlResult] = []
    crawling = threading.Thread(
        target=lambda: results.append(crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/hang")))
    )
    crawling.start()
    wait_until(lambda: server.pages_asked() == ["/hang"])
    child_of(psutil.Process()).kill()
    crawling.join(10)
    assert [result.failure for result in results] == ["Killed"]
    why = "the crawl's process was ended from outside (SIGKILL)"
    assert newest_run(sqlite_engine) == ("failed", "Killed", why)


def test_a_crawl_that_is_told_to_stop_ends_its_child_and_records_nothing(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/hang"] = misbehaving_server.hang
    stopping = threading.Event()

    def stop_in_the_middle() -> None:
        wait_until(server.pages_asked)
        stopping.set()

    threading.Thread(target=stop_in_the_middle).start()
    with pytest.raises(Stopped):
        crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/hang"), stopping=stopping)
    assert [child for child in psutil.Process().children() if is_crawl(child)] == []
    assert newest_run(sqlite_engine) is None


def test_a_child_does_not_outlive_a_parent_that_is_killed(sqlite_url: str, server: MisbehavingServer) -> None:
    server.behaviours["/hang"] = misbehaving_server.hang
    code = (
        "import sys; from crawler.process import crawl; crawl(sys.argv[1], database_url=sys.argv[2], url=sys.argv[3])"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, OPENROUTER, sqlite_url, server.url("/hang")], cwd=ROOT)
    wait_until(server.pages_asked)
    child = child_of(psutil.Process(parent.pid))
    parent.kill()
    parent.wait()
    wait_until(lambda: not child.is_running())


def test_an_unknown_spider_is_refused_with_the_nearest_name(sqlite_url: str) -> None:
    with pytest.raises(LookupError, match="did you mean openrouter_models"):
        crawl("openrouter_model", database_url=sqlite_url)


def test_the_password_of_the_database_is_in_no_command_line(sqlite_url: str, server: MisbehavingServer) -> None:
    server.behaviours["/hang"] = misbehaving_server.hang
    stopping = threading.Event()
    seen: list[str] = []

    def look() -> None:
        wait_until(server.pages_asked)
        seen.extend(child_of(psutil.Process()).cmdline())
        stopping.set()

    threading.Thread(target=look).start()
    with pytest.raises(Stopped):
        crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/hang"), stopping=stopping)
    assert OPENROUTER in seen
    assert not any("sqlite" in word for word in seen)


@contextmanager
def refusing_offers(engine: Engine) -> Iterator[None]:
    """A database that fails in the middle of recording."""
    begin, end = {
        "sqlite": (
            "CREATE TRIGGER refuse BEFORE INSERT ON offer BEGIN SELECT RAISE(ABORT, 'no offers today'); END",
            "DROP TRIGGER refuse",
        ),
        "postgresql": (
            "ALTER TABLE offer ADD CONSTRAINT \"no offers today\" CHECK (model = '')",
            'ALTER TABLE offer DROP CONSTRAINT "no offers today"',
        ),
    }[engine.dialect.name]
    with writing(engine) as connection:
        connection.exec_driver_sql(begin)
    yield
    with writing(engine) as connection:
        connection.exec_driver_sql(end)


def child_of(process: psutil.Process) -> psutil.Process:
    return next(child for child in process.children() if is_crawl(child))


def is_crawl(process: psutil.Process) -> bool:
    return "crawler.child" in process.cmdline()
