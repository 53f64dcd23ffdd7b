"""A scheduler of one source as a process of its own, which a test may signal or kill: SPIDER DATABASE_URL PAGE_URL."""

import logging
import sys
from dataclasses import replace
from datetime import datetime
from threading import Event

from crawler.process import CrawlResult, crawl
from crawler.reading import spider_class
from crawler.schedule import Schedule
from history.db import connect
from history.model import Source


def main(name: str, database_url: str, page_url: str) -> None:
    def launch(source: Source, _now: datetime, stopping: Event) -> CrawlResult:
        return crawl(source.name, database_url=database_url, url=page_url, stopping=stopping)

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    source = replace(spider_class(name).source(), interval_s=86_400)
    Schedule(connect(database_url), [source], launch).run_until_signalled()


if __name__ == "__main__":
    main(*sys.argv[1:])
