"""PricingSpider: what a spider declares; it fetches its pages and has one pure way to read them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, ClassVar

import scrapy
from scrapy.http import Response
from sqlalchemy import Engine
from twisted.python.failure import Failure as Failed

from crawler import browser
from crawler.answers import Answer, failure_of_exception, failure_of_response, header
from crawler.apikey import ApiKey
from crawler.failures import BudgetSpent, FetchFailed, KeyRefused, PageChanged
from crawler.page import Page
from history import evidence
from history.db import reading
from history.model import Provider, Source, Statement
from history.recorder import Recorded
from history.shapes import requests_on_day
from history.times import midnight, to_rfc3339


class PricingSpider(scrapy.Spider, ABC):
    """One price source. A subclass declares the class variables and has one pure `extract`."""

    provider: ClassVar[Provider]
    currency: ClassVar[str]
    offers_expected: ClassVar[range]
    interval: ClassVar[timedelta] = timedelta(hours=1)
    # How long one crawl may take: more than five minutes only for sources of hundreds of pages.
    longest: ClassVar[timedelta] = timedelta(minutes=5)
    # Requests a day (UTC) that it may cost its host, robots.txt, redirects and second tries included: a page an hour,
    # four times over. A spider whose pages lead to further pages says what it needs.
    daily_budget: ClassVar[int] = 200
    ignored_columns: ClassVar[frozenset[str]] = frozenset()
    # Whether its prices are drawn by scripts, so that only a browser sees them.
    rendered: ClassVar[bool] = False
    # The setting with the key that its host wants; "": it wants none.
    key_setting: ClassVar[str] = ""
    # The source that needs a key, in whose place this one is read where there is none.
    stands_in_for: ClassVar[str] = ""
    # How long to wait between two requests.
    delay_s: ClassVar[float] = 1
    # A CSS selector of what carries its prices: once that is there and steady, a rendered page is drawn.
    drawn: ClassVar[str] = "table td"
    # The day of the newest real capture that this spider has read; "" until there is one.
    verified: ClassVar[str] = ""

    @classmethod
    def source(cls) -> Source:
        """The spider's declaration, in history's words."""
        return Source(
            cls.name,
            cls.provider,
            cls.start_urls[0],
            frozenset({cls.currency}),
            cls.offers_expected,
            int(cls.interval.total_seconds()),
            cls.verified,
            int(cls.longest.total_seconds()),
            cls.daily_budget,
            "gateway" if cls.provider.kind == "gateway" else "first_party",
        )

    @abstractmethod
    def extract(self, page: Page) -> Iterator[Statement]:
        """What the page states: offers, or volumes with their notice, or hosts; pure. PageChanged: not understood."""

    def first_urls(self, url: str | None) -> list[str]:
        """Where to begin: at `url` if one was named, else at the declared addresses."""
        return [url] if url else list(self.start_urls)

    def next_urls(self, page: Page) -> Iterator[str]:
        """Further pages of the same source that this page leads to; none, unless a spider says otherwise."""
        return iter(())

    def __init__(
        self, database: Engine | None = None, url: str | None = None, captured: datetime | None = None, key: str = ""
    ) -> None:
        """`url` is read instead of the declared ones; `captured` stands for the present; `key` is the secret in
        `key_setting`. Without a database nothing is kept, and the pages are asked for unconditionally."""
        super().__init__()
        self.database, self.captured = database, captured
        self.key = ApiKey(self.key_setting, key)
        self.urls = self.first_urls(url)
        self.started_at = self.now()
        self.failure: FetchFailed | PageChanged | None = None
        self.crash: BaseException | None = None
        self.recorded: Recorded | None = None
        self.requests = 0
        self._spent_before: int | None = None

    def now(self) -> datetime:
        return self.captured or datetime.now(UTC)

    def spend(self) -> None:
        """One more request is about to be sent, of whatever kind. Raises BudgetSpent where it would be one too many."""
        if self.database is not None:
            if self._spent_before is None:
                with reading(self.database) as connection:
                    self._spent_before = requests_on_day(connection, self.now()).get(self.name, 0)
            if self._spent_before + self.requests >= self.daily_budget:
                raise self._budget_spent(self._spent_before + self.requests)
        self.requests += 1

    def _budget_spent(self, sent: int) -> BudgetSpent:
        now = self.now()
        tomorrow = midnight(now) + timedelta(days=1)
        return BudgetSpent(
            f"{self.name} has sent {sent} of the {self.daily_budget} requests that it may send on a day of UTC; it may "
            f"ask again from {to_rfc3339(tomorrow)} on, or now if its daily_budget in crawler/spiders is raised",
            ceil((tomorrow - now).total_seconds()),
        )

    async def start(self) -> AsyncIterator[scrapy.Request]:
        if self.rendered and (missing := _no_browser()):
            self._fail(missing)
            return
        try:
            for url in self.urls:
                yield self.request(url)
        except FetchFailed as unasked:
            self._fail(unasked)

    def request(self, url: str) -> scrapy.Request:
        """Asks only for what is newer than the last good answer. A page that scripts draw is always asked for: that
        its frame is the same does not say that its prices are."""
        known = None
        if self.database is not None and not self.rendered:
            with reading(self.database) as connection:
                known = evidence.validators(connection, self.name, url)
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        meta: dict[str, Any] = {"asked": url, "known": known if headers else None}
        meta |= {"playwright": self.rendered, "drawn": self.drawn}
        if self.key_setting:
            # Nobody but the host that gave the key gets to see it.
            meta["dont_redirect"] = True
            headers |= self.key.headers(url, self.start_urls)
        return scrapy.Request(url, self.parse, headers=headers, meta=meta, errback=self.unfetched, dont_filter=True)

    def parse(self, response: Response, **_: Any) -> Iterator[Answer | scrapy.Request]:
        """Every answer is an item, so that its body is kept; a good one may lead to further pages."""
        answer = self._answer(response)
        if answer.page.body:
            yield answer
        if failure := failure_of_response(response, answer):
            if self.key_setting and response.status in (401, 403):
                failure = KeyRefused(f"{failure}; is {self.key.variable} right?")
            self._fail(failure)
            return
        try:
            for url in self.next_urls(answer.page):
                if url not in self.urls:
                    self.urls.append(url)
                    yield self.request(url)
        except PageChanged as changed:
            self._fail(changed)

    def unfetched(self, failed: Failed) -> None:
        """No answer at all: a named failure, or a crash of ours."""
        # Scrapy puts the request there; Twisted, whose class it is, does not know.
        request: scrapy.Request = failed.request  # type: ignore[attr-defined]
        if failure := failure_of_exception(failed.value, request):
            self._fail(failure)
        else:
            self.crashed(failed.value)

    def _answer(self, response: Response) -> Answer:
        """The answer as it is kept: under the URL that was asked for, a 304 with the body that it stands for."""
        asked, known = response.meta["asked"], response.meta["known"]
        etag, last_modified = header(response, "ETag"), header(response, "Last-Modified")
        snapshot = self._snapshot(known) if response.status == 304 and known else None
        if snapshot is not None:
            page = Page(asked, snapshot.body, snapshot.media_type, self.now())
            return Answer(page, 304, etag or known.etag, last_modified or known.last_modified)
        page = Page(asked, self.key.hidden(response.body), header(response, "Content-Type") or "", self.now())
        return Answer(page, response.status, etag, last_modified)

    def _snapshot(self, known: evidence.Validators) -> evidence.Snapshot | None:
        if self.database is None:
            return None
        with reading(self.database) as connection:
            return evidence.read(connection, known.sha256)

    def crashed(self, exception: BaseException | None) -> None:
        """An exception that is nobody's failure but ours; the first one counts."""
        self.crash = self.crash or exception

    def _fail(self, failure: FetchFailed | PageChanged) -> None:
        self.failure = self.failure or failure


def _no_browser() -> FetchFailed | None:
    try:
        browser.find()
    except FetchFailed as missing:
        return FetchFailed(f"its prices are drawn by scripts, which needs a browser: {missing}")
    return None
