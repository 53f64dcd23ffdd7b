"""Many crawls in one process, one after the other: what crawler.child does, without a new interpreter for each.

Reads [{"spider", "url", "captured", "timeout"}, …] from standard input; prints one JSON line for each.
"""

import asyncio
import json
import sys
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawler import settings
from crawler.child import quiet
from crawler.reading import spider_class
from history.db import connect
from history.settings import settings as house
from history.times import from_rfc3339


async def crawl_each(process: AsyncCrawlerProcess, crawls: list[dict[str, Any]]) -> None:
    from twisted.internet import reactor

    database = connect(house().database)
    try:
        for wanted in crawls:
            process.settings.set("DOWNLOAD_TIMEOUT", wanted["timeout"])
            crawler = process.create_crawler(spider_class(wanted["spider"]))
            url, captured = wanted["url"], from_rfc3339(wanted["captured"])
            await process.crawl(crawler, database=database, url=url, captured=captured)
            crash = getattr(crawler.spider, "crash", None)
            print(json.dumps({"url": url, "crash": crash and repr(crash)}), flush=True)
    finally:
        database.dispose()
        # Twisted's reactor is a module to mypy.
        reactor.stop()  # type: ignore[misc]


def main() -> None:
    crawls = json.load(sys.stdin)
    process = AsyncCrawlerProcess(settings.for_crawl("tests@example.org", 10, "http://127.0.0.1/"))
    quiet()
    asyncio.get_event_loop().create_task(crawl_each(process, crawls))
    process.start(stop_after_crawl=False)


if __name__ == "__main__":
    main()
