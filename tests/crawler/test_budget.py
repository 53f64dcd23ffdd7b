"""What a source may cost its host on a day: every request counts, and the one too many is not sent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import Engine, select

from crawler.failures import BudgetSpent
from crawler.process import CrawlResult, Limits, crawl
from crawler.reading import spider_class, spider_names
from crawler.schedule import Schedule
from crawler.spider import PricingSpider
from history import tables as t
from history.db import reading, recording
from history.leases import paused_until
from history.model import Outcome, Source
from history.recorder import record
from history.shapes import requests_on_day
from tests.crawler.bad_answers import OPENROUTER
from tests.history.pages import models
from tests.history.pages import reading as page_read
from tests.misbehaving_server import MisbehavingServer, hang, redirect, status

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
BUDGET = 200
# How many pages one crawl asks for, where pages lead to further ones: models of a gateway (openrouter_endpoints
# 2026-07-12 has 340), regions (the AWS price list had 33 in 2026-08), models (Kimi's index of 2026-05-08 names 8).
PAGES = {"azure": 20, "bedrock": 2 + 2 * 40, "moonshot": 12, "moonshot_cn": 12, "openrouter_endpoints": 450}


def spend(engine: Engine, requests: int, at: datetime = MONDAY - timedelta(hours=2), name: str = OPENROUTER) -> None:
    """A run that has cost so much."""
    source = spider_class(name).source()
    with recording(engine) as connection:
        record(connection, page_read(at, *models(["a"]), source=source, requests=requests), at)


def sent(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return list(connection.execute(select(t.run_shape.c.requests).order_by(t.run_shape.c.run_id)).scalars())


def crawled(database_url: str, server: MisbehavingServer, path: str, at: datetime = MONDAY) -> CrawlResult:
    return crawl(OPENROUTER, database_url=database_url, url=server.url(path), captured=at)


def test_robots_redirects_and_second_tries_are_requests(
    database_url: str, engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/moved"] = redirect("/good")
    server.behaviours["/broken"] = status(503, b"later")
    for hour, path in enumerate(["/good", "/moved", "/broken"]):
        crawled(database_url, server, path, MONDAY + timedelta(hours=hour))
    assert sent(engine) == [2, 3, 4]
    assert sum(sent(engine)) == len(server.asked)


def test_a_request_over_the_budget_is_not_sent_and_the_source_is_left_alone_until_the_next_day(
    database_url: str, engine: Engine, server: MisbehavingServer
) -> None:
    spend(engine, BUDGET)
    result = crawled(database_url, server, "/good")
    assert (result.outcome, result.failure) == (Outcome.FAILED, "BudgetSpent")
    assert result.message == (
        "openrouter_models has sent 200 of the 200 requests that it may send on a day of UTC; it may ask again from "
        "2026-03-03T00:00:00Z on, or now if its daily_budget in crawler/spiders is raised"
    )
    assert server.asked == []
    assert sent(engine) == [BUDGET, 0]
    with reading(engine) as connection:
        assert paused_until(connection, OPENROUTER) == datetime(2026, 3, 3, tzinfo=UTC)
    tomorrow = crawled(database_url, server, "/good", datetime(2026, 3, 3, tzinfo=UTC))
    assert tomorrow.failure != "BudgetSpent"
    assert len(server.asked) == 2


def test_a_crawl_stops_where_the_budget_ends(sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer) -> None:
    server.behaviours["/flaky"] = status(503, b"later")
    spend(sqlite_engine, BUDGET - 3)
    result = crawled(sqlite_url, server, "/flaky")
    assert (result.failure, len(server.asked)) == ("BudgetSpent", 3)
    assert sent(sqlite_engine) == [BUDGET - 3, 3]


def test_where_robots_txt_was_the_last_request_the_page_is_not_asked_for(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    spend(sqlite_engine, BUDGET - 1)
    assert crawled(sqlite_url, server, "/good").failure == "BudgetSpent"
    assert [asked.path for asked in server.asked] == ["/robots.txt"]


def test_yesterday_and_other_sources_cost_nothing_today(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    spend(sqlite_engine, BUDGET, MONDAY - timedelta(hours=12, microseconds=1))
    spend(sqlite_engine, BUDGET, name="deepseek")
    assert crawled(sqlite_url, server, "/good").failure != "BudgetSpent"
    with reading(sqlite_engine) as connection:
        assert requests_on_day(connection, MONDAY) == {"deepseek": BUDGET, OPENROUTER: 2}


def test_what_a_crawl_had_sent_before_it_was_ended_counts(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    server.behaviours["/hang"] = hang
    limits = Limits(time_s=6)
    result = crawl(OPENROUTER, database_url=sqlite_url, url=server.url("/hang"), captured=MONDAY, limits=limits)
    assert (result.failure, sent(sqlite_engine)) == ("Killed", [2])


def test_the_schedule_asks_a_source_whose_budget_is_spent_once_and_then_the_next_day(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    spend(sqlite_engine, BUDGET)
    now, crawls = [MONDAY], list[CrawlResult]()

    def launch(_source: Source, at: datetime, _stopping: Event) -> CrawlResult:
        crawls.append(crawled(sqlite_url, server, "/good", at))
        return crawls[-1]

    schedule = Schedule(sqlite_engine, [spider_class(OPENROUTER).source()], launch, clock=lambda: now[0])
    while now[0] < datetime(2026, 3, 3, 1, tzinfo=UTC):
        schedule.run_due(now[0])
        now[0] += timedelta(minutes=20)
    assert [result.failure == "BudgetSpent" for result in crawls][:2] == [True, False]
    assert len(crawls) <= 3


def test_without_a_database_a_person_captures_a_page_and_nothing_is_counted_up() -> None:
    spider = spider_class(OPENROUTER)()
    for _ in range(BUDGET + 1):
        spider.spend()
    assert spider.requests == BUDGET + 1


def test_a_spent_budget_says_when_to_come_back(sqlite_engine: Engine) -> None:
    spend(sqlite_engine, BUDGET)
    spider = spider_class(OPENROUTER)(database=sqlite_engine, captured=MONDAY + timedelta(hours=11, minutes=59.5))
    with pytest.raises(BudgetSpent) as refused:
        spider.spend()
    assert refused.value.retry_after_s == 30


def spiders() -> Iterator[type[PricingSpider]]:
    return (spider_class(name) for name in spider_names())


def test_every_budget_allows_the_schedule_of_a_day_and_not_much_more() -> None:
    for spider in spiders():
        crawls = -(-timedelta(days=1) // spider.interval)
        pages = PAGES.get(spider.name, len(spider.start_urls))
        # robots.txt, and one redirect or second try a crawl; and one crawl in which everything is tried three times.
        needed = crawls * (pages + 2) + 2 * pages
        assert needed <= spider.daily_budget <= 12 * needed, f"{spider.name} needs {needed} requests a day"
        assert spider.source().daily_budget == spider.daily_budget


def test_a_spider_whose_pages_lead_on_says_what_it_may_cost() -> None:
    leading_on = [spider for spider in spiders() if "next_urls" in vars(spider)]
    assert {spider.name for spider in leading_on} >= {*PAGES}
    assert [
        spider.name for spider in leading_on if spider.name not in PAGES and "daily_budget" not in vars(spider)
    ] == []
