"""The child process of one crawl: fetches, records the run, and prints one line of JSON about it."""

import argparse
import gc
import json
import logging
import os
import resource
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from sqlalchemy import Engine

from crawler import browser, dialling, settings
from crawler.failures import FetchFailed
from crawler.process import OUT_OF_MEMORY, USUAL, CrawlResult, line_of, requests_line
from crawler.reading import spider_class
from crawler.replay import reread
from crawler.spider import PricingSpider
from history.db import connect
from history.recorder import AlreadyRecorded
from history.settings import settings as house
from history.times import from_rfc3339


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 0: a run is on record, however it ended. OUT_OF_MEMORY, or any other: the parent has to see to it."""
    wanted = _arguments(argv)
    if wanted.memory_mb:
        limit = wanted.memory_mb * 1024 * 1024
        # The soft limit only: a browser that is started from here gets one of its own.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    if wanted.end_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    database = connect(house().database)
    try:
        correct_first(database, wanted.spider, wanted.captured or datetime.now(UTC))
        spider = crawl_here(
            spider_class(wanted.spider), database, wanted.url, wanted.captured, wanted.fetch_timeout_s,
            on_request=tell_requests,
        )  # fmt: skip
    except MemoryError:
        return OUT_OF_MEMORY
    if isinstance(spider.crash, MemoryError):
        return OUT_OF_MEMORY
    if isinstance(spider.crash, AlreadyRecorded):
        print(json.dumps({"already_recorded": str(spider.crash)}))
        return 0
    if spider.recorded is not None:
        print(line_of(CrawlResult.of(spider.recorded)), flush=True)
    if spider.crash is not None:
        raise spider.crash
    return 0


def correct_first(database: Engine, name: str, now: datetime) -> None:
    """A parser that has changed reads the stored pages again before a new one: what differs there is a correction."""
    corrected = reread(database, name, now)
    if corrected is not None:
        corrections = corrected.events + corrected.restated
        sys.stderr.write(f"its parser has changed; the stored pages gave {corrections} corrections\n")


def crawl_here(
    kind: type[PricingSpider], database: Engine | None, url: str | None = None, captured: datetime | None = None,
    fetch_timeout_s: float = USUAL.fetch_timeout_s, on_item: Callable[..., None] | None = None,
    on_request: Callable[..., None] | None = None,
) -> PricingSpider:  # fmt: skip
    """One crawl in this process, which Scrapy allows but once; the spider knows what became of it."""
    chosen = settings.for_crawl(house().contact, fetch_timeout_s, url, kind.delay_s)
    guard = dialling.for_crawl(house().guard, url)
    if kind.rendered:
        # Where there is no browser, the spider says so.
        with suppress(FetchFailed):
            settings.draw_with(chosen, browser.launch_options(browser.find()), guard)
    process = AsyncCrawlerProcess(chosen)
    dialling.keep(guard)
    quiet()
    crawler = process.create_crawler(kind)
    if on_item is not None:
        crawler.signals.connect(on_item, signals.item_scraped)
    if on_request is not None:
        crawler.signals.connect(on_request, signals.request_reached_downloader)
    key = house().key(kind.key_setting)
    crawling = process.crawl(crawler, database=database, url=url, captured=captured, key=key)
    # What is imported stays: going over it again and again took a tenth of the time of a large page.
    gc.freeze()
    process.start()
    crawling.result()
    if not isinstance(crawler.spider, PricingSpider):
        raise TypeError(f"{kind} is not a PricingSpider")
    return crawler.spider


def tell_requests(spider: PricingSpider) -> None:
    """What has been sent so far: the parent records it where we are ended before we can."""
    print(requests_line(spider.requests), flush=True)


def quiet() -> None:
    """Scrapy tells of failures in its own words, with tracebacks; the run tells them in a sentence."""
    for name in ("downloadermiddlewares.robotstxt", "downloadermiddlewares.httpcompression", "core.downloader"):
        logging.getLogger(f"scrapy.{name}").setLevel(logging.CRITICAL)
    logging.getLogger("scrapy-playwright").setLevel(logging.CRITICAL)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crawler.child", description=__doc__)
    parser.add_argument("spider")
    parser.add_argument("--url", help="read this page instead of the declared ones")
    parser.add_argument("--captured", type=from_rfc3339, help="stands for the present: when the page was fetched")
    parser.add_argument("--fetch-timeout-s", type=float, default=USUAL.fetch_timeout_s)
    parser.add_argument("--memory-mb", type=int, help="end rather than use more")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input does")
    return parser.parse_args(argv)


def _end_with_stdin() -> None:
    """The parent holds the other end: if it dies in whatever way, its children do not go on by themselves."""
    os.read(sys.stdin.fileno(), 1)
    browser.end_here()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
