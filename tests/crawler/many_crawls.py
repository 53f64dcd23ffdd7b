"""Many crawls in one process, one after the other: what crawler.child does, without a new interpreter for each.

Reads [{"spider", "url", "captured", "timeout"}, …] from standard input; prints one JSON line for each. With "least",
the spider is content with that many offers: a small page has fewer than its source. Where the argument is a number, so
many spiders crawl side by side, each its own crawls one after the other.
"""

import asyncio
import json
import sys
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from sqlalchemy import Engine

from crawler import settings
from crawler.child import quiet
from crawler.reading import spider_class
from history.db import connect
from history.settings import settings as house
from history.times import from_rfc3339


async def crawl_each(process: AsyncCrawlerProcess, crawls: list[dict[str, Any]], at_once: int) -> None:
    from twisted.internet import reactor

    database, turn = connect(house().database), asyncio.Semaphore(at_once)
    of_each = [
        [wanted for wanted in crawls if wanted["spider"] == name] for name in {one["spider"]: 0 for one in crawls}
    ]

    async def crawl_in_turn(wanted: list[dict[str, Any]]) -> None:
        async with turn:
            for one in wanted:
                await crawl(process, database, one)

    try:
        await asyncio.gather(*map(crawl_in_turn, of_each if at_once > 1 else [crawls]))
    finally:
        database.dispose()
        # Twisted's reactor is a module to mypy.
        reactor.stop()  # type: ignore[misc]


async def crawl(process: AsyncCrawlerProcess, database: Engine, wanted: dict[str, Any]) -> None:
    process.settings.set("DOWNLOAD_TIMEOUT", wanted["timeout"])
    kind = spider_class(wanted["spider"])
    if "least" in wanted:
        kind.offers_expected = range(wanted["least"], kind.offers_expected.stop)
    crawler = process.create_crawler(kind)
    url, captured = wanted["url"], from_rfc3339(wanted["captured"])
    await process.crawl(crawler, database=database, url=url, captured=captured)
    crash = getattr(crawler.spider, "crash", None)
    print(json.dumps({"url": url, "crash": crash and repr(crash)}), flush=True)


def main() -> None:
    crawls = json.load(sys.stdin)
    process = AsyncCrawlerProcess(settings.for_crawl("tests@example.org", 10, "http://127.0.0.1/"))
    quiet()
    asyncio.get_event_loop().create_task(crawl_each(process, crawls, int(sys.argv[1]) if len(sys.argv) > 1 else 1))
    process.start(stop_after_crawl=False)


if __name__ == "__main__":
    main()
