"""PricingSpider: what a spider declares; it fetches its pages and has one pure way to read them."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import scrapy
from scrapy.http import Response
from sqlalchemy import Engine
from twisted.python.failure import Failure as Failed

from crawler.answers import Answer, failure_of_exception, failure_of_response, header
from crawler.failures import FetchFailed, PageChanged
from crawler.page import Page
from history import evidence
from history.db import reading
from history.model import Offer, Provider, Source, Witness
from history.recorder import Recorded

_WITNESSES: Mapping[str, Witness] = {"gateway": "gateway", "map": "imported"}


class PricingSpider(scrapy.Spider, ABC):
    """One price source. A subclass declares the class variables and has one pure `extract`."""

    provider: ClassVar[Provider]
    currency: ClassVar[str]
    offers_expected: ClassVar[range]
    interval: ClassVar[timedelta] = timedelta(hours=1)
    # The other providers whose prices it tells, by slug.
    billers: ClassVar[Mapping[str, Provider]] = {}
    # How long one crawl may take: more than five minutes only for sources of hundreds of pages.
    longest: ClassVar[timedelta] = timedelta(minutes=5)
    ignored_columns: ClassVar[frozenset[str]] = frozenset()
    # Whether its prices are drawn by scripts, so that only a browser sees them.
    rendered: ClassVar[bool] = False
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
            _WITNESSES.get(cls.provider.kind, "first_party"),
            cls.billers,
        )

    @abstractmethod
    def extract(self, page: Page) -> Iterator[Offer]:
        """The offers that the page states; pure. Raises PageChanged for what it does not understand."""

    def next_urls(self, page: Page) -> Iterator[str]:
        """Further pages of the same source that this page leads to; none, unless a spider says otherwise."""
        return iter(())

    def __init__(
        self, database: Engine | None = None, url: str | None = None, captured: datetime | None = None
    ) -> None:
        """`url` is read instead of the declared ones; `captured` stands for the present. Without a database
        nothing is kept, and the pages are asked for unconditionally."""
        super().__init__()
        self.database, self.captured = database, captured
        self.urls = [url] if url else list(self.start_urls)
        self.started_at = self.now()
        self.failure: FetchFailed | PageChanged | None = None
        self.crash: BaseException | None = None
        self.recorded: Recorded | None = None

    def now(self) -> datetime:
        return self.captured or datetime.now(UTC)

    async def start(self) -> AsyncIterator[scrapy.Request]:
        if self.rendered and self.urls == list(self.start_urls):
            self._fail(FetchFailed("its prices are drawn by scripts: this needs a browser, and there is none here yet"))
            return
        for url in self.urls:
            yield self.request(url)

    def request(self, url: str) -> scrapy.Request:
        """Asks only for what is newer than the last good answer."""
        known = None
        if self.database is not None:
            with reading(self.database) as connection:
                known = evidence.validators(connection, self.name, url)
        headers = {}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        meta = {"asked": url, "known": known if headers else None}
        return scrapy.Request(url, self.parse, headers=headers, meta=meta, errback=self.unfetched, dont_filter=True)

    def parse(self, response: Response, **_: Any) -> Iterator[Answer | scrapy.Request]:
        """Every answer is an item, so that its body is kept; a good one may lead to further pages."""
        answer = self._answer(response)
        if answer.page.body:
            yield answer
        if failure := failure_of_response(response, answer):
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
        page = Page(asked, response.body, header(response, "Content-Type") or "", self.now())
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
