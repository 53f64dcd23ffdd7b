"""What happens to the answers of one crawl, one duty each: keep the evidence, hand over the finished run."""

import traceback
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from sqlalchemy import Engine
from twisted.python.failure import Failure as Failed

from crawler.answers import Answer
from crawler.failures import FetchFailed
from crawler.page import Page
from crawler.placing import locator
from crawler.reading import failed, read
from crawler.spider import PricingSpider
from history import evidence
from history.db import recording, writing
from history.model import Failure, Fetched, Reading
from history.recorder import AlreadyRecorded, pause, record

HOUSE = Path(__file__).parent.parent


class KeepEvidence:
    """Stores every body as it arrives, in a transaction of its own."""

    def __init__(self, database: Engine) -> None:
        self.database = database

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(_spider_and_database(crawler)[1])

    def process_item(self, answer: Answer) -> tuple[Page, Fetched]:
        page = answer.page
        with writing(self.database) as connection:
            digest = evidence.keep(connection, page.body, page.media_type, page.fetched_at, page.url)
        fetched = Fetched(page.url, digest, page.fetched_at, answer.status, answer.etag, answer.last_modified)
        return page, fetched


class RecordRun:
    """Hands the finished run over to history, whatever became of it.

    Scrapy logs the exceptions of its components and goes on; here they end up in `spider.crash`, which ends the
    process after the run is recorded as failed.
    """

    def __init__(self, spider: PricingSpider, database: Engine) -> None:
        self.spider, self.database = spider, database
        self.pages: list[tuple[Page, Fetched]] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(*_spider_and_database(crawler))
        crawler.signals.connect(pipeline.crashed, signals.spider_error)
        crawler.signals.connect(pipeline.crashed, signals.item_error)
        return pipeline

    def crashed(self, failure: Failed) -> None:
        self.spider.crashed(failure.value)

    def process_item(self, page: tuple[Page, Fetched]) -> tuple[Page, Fetched]:
        self.pages.append(page)
        return page

    def close_spider(self) -> None:
        try:
            self._record(self._reading())
        except (AlreadyRecorded, MemoryError) as unrecorded:
            self.spider.crash = unrecorded
        # The boundary to Scrapy, which would only log it; crawler.child raises it again.
        except Exception as crash:
            self.spider.crash = crash
            self._record(self._failed("Crashed", where(crash)))

    def _reading(self) -> Reading:
        spider = self.spider
        if spider.crash is not None:
            raise spider.crash
        if spider.failure is not None:
            return self._failed(type(spider.failure).__name__, str(spider.failure))
        if not self.pages:
            return self._failed("FetchFailed", f"nothing was fetched from {', '.join(spider.urls)}")
        return read(spider, self.pages, self.pages[0][1].fetched_at)

    def _failed(self, name: str, message: str) -> Reading:
        fetched = [fetched for _, fetched in self.pages]
        observed_at = fetched[0].fetched_at if fetched else self.spider.started_at
        return failed(type(self.spider), Failure(name, message), observed_at, fetched)

    def _record(self, reading: Reading) -> None:
        wish_s = self.spider.failure.retry_after_s if isinstance(self.spider.failure, FetchFailed) else None
        until = self.spider.now() + timedelta(seconds=wish_s) if wish_s else None
        reading = replace(reading, requests=self.spider.requests)
        with recording(self.database) as connection:
            self.spider.recorded = record(connection, reading, self.spider.now(), locator(self.spider))
            pause(connection, reading.source.name, until)


def where(crash: BaseException) -> str:
    """ZeroDivisionError at crawler/spiders/deepseek.py:41: division by zero"""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(crash.__traceback__)]
    ours = [(path, line) for path, line in frames if path.is_relative_to(HOUSE) and "site-packages" not in path.parts]
    place = f" at {ours[-1][0].relative_to(HOUSE)}:{ours[-1][1]}" if ours else ""
    return f"{type(crash).__name__}{place}: {crash}"


def _spider_and_database(crawler: Crawler) -> tuple[PricingSpider, Engine]:
    if not isinstance(crawler.spider, PricingSpider) or crawler.spider.database is None:
        raise NotConfigured
    return crawler.spider, crawler.spider.database
