"""PricingSpider: what it asks for, what it makes of an answer, and where that leads."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from sqlalchemy import Engine

from crawler.answers import Answer
from crawler.failures import FetchFailed, PageChanged
from crawler.page import Page
from history import evidence
from history.db import recording, writing
from history.model import Fetched
from history.recorder import record
from history.settings import settings
from tests.crawler.test_reading import URL, Acme
from tests.history.pages import offer, price
from tests.history.pages import reading as page_read

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Paged(Acme):
    """Page 1 leads to 2, and 2 to 1 and 3; "?" leads nowhere."""

    def next_urls(self, page: Page) -> Iterator[str]:
        yield from (word for word in page.text.split() if word.startswith("https:"))
        if "?" in page.text:
            raise PageChanged("no link to the next page")


def starts(spider: Acme) -> list[Request]:
    async def gather() -> list[Request]:
        return [request async for request in spider.start()]

    return asyncio.run(gather())


class Drawn(Acme):
    rendered = True
    drawn = "table"


def test_a_page_that_only_a_browser_draws_is_not_asked_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "chromium", "no-such-browser")
    spider = Drawn()
    assert starts(spider) == []
    assert isinstance(spider.failure, FetchFailed)
    assert "drawn by scripts, which needs a browser: TOKENTAPE_CHROMIUM names no-such-browser" in str(spider.failure)


def test_a_page_that_scripts_draw_is_marked_for_the_browser_and_always_asked_for(engine: Engine) -> None:
    known(engine, '"one"')
    request = Drawn(database=engine).request(URL)
    assert (request.meta["playwright"], request.meta["drawn"], dict(request.headers)) == (True, "table", {})
    assert not Acme(database=engine).request(URL).meta["playwright"]


def parsed(
    spider: Acme, status: int = 200, body: str = "", request: Request | None = None, **headers: str
) -> list[Any]:
    request = request or spider.request(URL)
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Response(request.url, status, stated, body.encode(), request=request)
    return list(spider.parse(response))


def known(engine: Engine, etag: str | None, last_modified: str | None = None, body: bytes = b"small") -> None:
    """A good fetch on record."""
    with writing(engine) as connection:
        digest = evidence.keep(connection, body, "text/plain", MONDAY)
    page = Fetched(URL, digest, MONDAY, 200, etag, last_modified)
    seen = offer("small", price("input_tokens", "1"))
    with recording(engine) as connection:
        record(connection, page_read(MONDAY, seen, source=Acme.source(), pages=(page,)), MONDAY)


def test_it_starts_with_the_declared_pages_or_with_the_one_it_is_told() -> None:
    assert [request.url for request in starts(Acme())] == [URL]
    assert [request.url for request in starts(Acme(url="http://127.0.0.1:9/x"))] == ["http://127.0.0.1:9/x"]
    assert Acme.start_urls == [URL]


def test_its_declaration_is_historys_source() -> None:
    source = Acme.source()
    assert (source.name, source.url, source.currencies, source.interval_s) == ("acme", URL, frozenset({"USD"}), 3600)


def test_an_answer_is_an_item_and_what_it_leads_to_is_asked_for_once() -> None:
    spider = Paged(captured=MONDAY)
    answer, *onward = parsed(spider, body=f"small {URL}/2 {URL}/3 {URL}/2 {URL}")
    assert isinstance(answer, Answer)
    assert (answer.page.url, answer.page.fetched_at, answer.status) == (URL, MONDAY, 200)
    assert [request.url for request in onward] == [f"{URL}/2", f"{URL}/3"]
    assert parsed(spider, body=f"{URL}/3")[1:] == []


def test_a_page_that_leads_nowhere_any_more_is_a_changed_page() -> None:
    spider = Paged()
    assert len(parsed(spider, body="?")) == 1, "it is evidence"
    assert isinstance(spider.failure, PageChanged)


def test_an_error_answer_is_evidence_and_leads_nowhere() -> None:
    spider = Paged()
    (answer,) = parsed(spider, 503, f"sorry {URL}/2", Retry_After="30")
    assert answer.status == 503
    assert isinstance(spider.failure, FetchFailed)
    assert spider.failure.retry_after_s == 30


def test_the_first_failure_counts() -> None:
    spider = Acme()
    parsed(spider, 503)
    parsed(spider, 404)
    assert str(spider.failure).startswith("503")


def test_the_present_is_now_unless_it_is_given() -> None:
    before = datetime.now(UTC)
    assert before <= Acme().now() <= datetime.now(UTC)
    assert Acme(captured=MONDAY).now() == MONDAY


@pytest.mark.parametrize(
    ("etag", "last_modified", "headers"),
    [
        ('"one"', None, {"If-None-Match": '"one"'}),
        (None, "Mon, 02 Mar 2026 11:00:00 GMT", {"If-Modified-Since": "Mon, 02 Mar 2026 11:00:00 GMT"}),
        ('"one"', "Mon, 02 Mar 2026 11:00:00 GMT",
         {"If-None-Match": '"one"', "If-Modified-Since": "Mon, 02 Mar 2026 11:00:00 GMT"}),
        (None, None, {}),
    ],
)  # fmt: skip
def test_it_asks_only_for_what_is_newer(
    engine: Engine, etag: str | None, last_modified: str | None, headers: dict[str, str]
) -> None:
    known(engine, etag, last_modified)
    request = Acme(database=engine).request(URL)
    assert {name: request.headers[name] for name in headers} == {name: headers[name].encode() for name in headers}
    assert len(request.headers) == len(headers)


def test_without_a_database_it_asks_unconditionally() -> None:
    assert not Acme().request(URL).headers


def test_304_stands_for_the_body_that_is_known(engine: Engine) -> None:
    known(engine, '"one"', body=b"small large")
    spider = Acme(database=engine, captured=MONDAY)
    (answer,) = parsed(spider, 304)
    assert (answer.page.body, answer.page.media_type) == (b"small large", "text/plain")
    assert (answer.status, answer.etag, spider.failure) == (304, '"one"', None)


def test_a_new_body_without_validators_does_not_inherit_the_old_ones(engine: Engine) -> None:
    known(engine, '"one"')
    (answer,) = parsed(Acme(database=engine), 200, "large")
    assert (answer.etag, answer.last_modified) == (None, None)


def test_304_without_a_condition_is_a_failure() -> None:
    spider = Acme()
    assert parsed(spider, 304) == []
    assert str(spider.failure) == f"304 Not Modified from {URL}"
