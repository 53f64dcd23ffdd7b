"""What happens to the answers of one crawl: evidence as it arrives, then one finished run, whatever became of it."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler
from sqlalchemy import Engine, func, select

from crawler.answers import Answer
from crawler.failures import FetchFailed, PageChanged
from crawler.page import Page
from crawler.pipelines import KeepEvidence, RecordRun, where
from history import tables as t
from history.db import reading
from history.leases import paused_until
from history.model import Offer
from history.recorder import AlreadyRecorded
from tests.crawler.test_reading import URL, Acme

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def answer(body: str, number: int = 0, at: datetime = MONDAY) -> Answer:
    return Answer(Page(f"{URL}/{number}", body.encode(), "text/plain", at), 200, '"etag"')


def crawled(engine: Engine, *bodies: str, at: datetime = MONDAY, spider: Acme | None = None) -> Acme:
    """What Scrapy does with the answers of a spider."""
    spider = spider or Acme(database=engine, captured=at)
    keep, record = KeepEvidence(engine), RecordRun(spider, engine)
    for number, body in enumerate(bodies):
        record.process_item(keep.process_item(answer(body, number, at)))
    record.close_spider()
    return spider


def stored(engine: Engine, table: str) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()


def told(spider: Acme) -> tuple[str, str, str]:
    assert spider.recorded is not None
    failure = spider.recorded.failure
    return spider.recorded.outcome.value, failure.name if failure else "", failure.message if failure else ""


def test_a_body_is_stored_before_anything_is_made_of_it(engine: Engine) -> None:
    page, fetched = KeepEvidence(engine).process_item(answer("small"))
    assert stored(engine, "snapshot") == 1
    assert (fetched.url, fetched.fetched_at, fetched.etag) == (page.url, MONDAY, '"etag"')


def test_all_pages_of_a_crawl_are_one_run(engine: Engine) -> None:
    spider = crawled(engine, "small", "large")
    assert told(spider) == ("complete", "", "")
    assert (stored(engine, "run"), stored(engine, "fetch"), stored(engine, "offer")) == (1, 2, 2)


def test_a_failure_of_the_fetch_is_recorded_with_the_pages_that_did_arrive(engine: Engine) -> None:
    spider = Acme(database=engine, captured=MONDAY)
    spider.failure = FetchFailed("503 Service Unavailable")
    assert told(crawled(engine, "small", spider=spider)) == ("failed", "FetchFailed", "503 Service Unavailable")
    assert (stored(engine, "fetch"), stored(engine, "offer")) == (1, 0)


def test_a_crawl_without_any_answer_is_recorded_too(engine: Engine) -> None:
    assert told(crawled(engine)) == ("failed", "FetchFailed", f"nothing was fetched from {URL}")


def test_a_changed_page_found_while_following_links_fails_the_run(engine: Engine) -> None:
    spider = Acme(database=engine, captured=MONDAY)
    spider.failure = PageChanged("no link to the next page")
    assert told(crawled(engine, "small", spider=spider)) == ("failed", "PageChanged", "no link to the next page")


def test_a_wish_to_wait_pauses_the_source_and_a_good_run_ends_the_pause(engine: Engine) -> None:
    spider = Acme(database=engine, captured=MONDAY)
    spider.failure = FetchFailed("429 Too Many Requests", retry_after_s=90)
    crawled(engine, spider=spider)
    with reading(engine) as connection:
        assert paused_until(connection, "acme") == MONDAY + timedelta(seconds=90)
    crawled(engine, "small", at=MONDAY + timedelta(hours=1))
    with reading(engine) as connection:
        assert paused_until(connection, "acme") is None


def test_a_crash_is_recorded_and_kept_for_the_process_to_end_with(engine: Engine) -> None:
    class Broken(Acme):
        def extract(self, page: Page) -> Iterator[Offer]:
            raise ZeroDivisionError("division by zero")

    spider = crawled(engine, "small", spider=Broken(database=engine, captured=MONDAY))
    outcome, failure, message = told(spider)
    assert (outcome, failure) == ("failed", "Crashed")
    assert message.startswith("ZeroDivisionError at tests/crawler/test_pipelines.py:")
    assert message.endswith(": division by zero")
    assert isinstance(spider.crash, ZeroDivisionError)


def test_a_crash_in_scrapys_hands_is_recorded_as_well(engine: Engine) -> None:
    spider = Acme(database=engine, captured=MONDAY)
    spider.crashed(KeyError("callback"))
    outcome, failure, message = told(crawled(engine, "small", spider=spider))
    assert (outcome, failure, message.split()[0]) == ("failed", "Crashed", "KeyError")


def test_running_out_of_memory_is_left_for_the_parent_to_record(engine: Engine) -> None:
    spider = Acme(database=engine, captured=MONDAY)
    spider.crashed(MemoryError())
    assert crawled(engine, "small", spider=spider).recorded is None
    assert stored(engine, "run") == 0


def test_a_run_of_the_past_is_refused_and_nothing_is_recorded(engine: Engine) -> None:
    crawled(engine, "small")
    late = crawled(engine, "small", at=MONDAY - timedelta(hours=1))
    assert isinstance(late.crash, AlreadyRecorded)
    assert stored(engine, "run") == 1


def test_without_a_database_there_is_nothing_to_do() -> None:
    crawler = get_crawler(Acme)
    crawler.spider = Acme()
    for pipeline in (KeepEvidence, RecordRun):
        with pytest.raises(NotConfigured):
            pipeline.from_crawler(crawler)


def test_the_place_of_a_crash_is_the_last_line_of_ours() -> None:
    with pytest.raises(FileNotFoundError) as crash:
        subprocess.run(["/there/is/no/such/program"], check=True)
    message = where(crash.value)
    line = (
        Path(__file__)
        .read_text()
        .splitlines()
        .index('        subprocess.run(["/there/is/no/such/program"], check=True)')
    )
    assert message.startswith(f"FileNotFoundError at tests/crawler/test_pipelines.py:{line + 1}: ")
