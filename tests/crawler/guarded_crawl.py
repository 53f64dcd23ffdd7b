"""A crawl whose spider declares these addresses itself; prints what became of each, one JSON line for all.

The first argument is a JSON object of names and the address that each has, in place of DNS."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.child import crawl_here
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Provider, Statement

NAMES: dict[str, str] = json.loads(sys.argv[1])
told: dict[str, str] = {}


class Declared(PricingSpider):
    name = "declared"
    provider = Provider("declared", "Declared", "lab")
    # Scrapy reads it from the class; it is never changed.
    start_urls = sys.argv[2:]
    currency = "USD"
    offers_expected = range(1, 2)
    delay_s = 0

    def extract(self, page: Page) -> Iterator[Statement]:
        return iter(())

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        told[response.meta["asked"]] = response.text
        return iter(())

    def unfetched(self, failed: Failure) -> None:
        super().unfetched(failed)
        # Scrapy puts the request there; Twisted, whose class it is, does not know.
        asked = failed.request.meta["asked"]  # type: ignore[attr-defined]
        told[asked] = f"{type(self.failure).__name__}: {self.failure}"
        self.failure = None


def found(name: str) -> str:
    """In place of DNS: numbers in all their spellings, and the names that were given."""
    if name in NAMES:
        return NAMES[name]
    return socket.inet_ntoa(socket.inet_aton("127.0.0.1" if name == "localhost" else name.rstrip(".")))


if __name__ == "__main__":
    socket.gethostbyname = found
    crash = crawl_here(Declared, None).crash
    print(json.dumps(told | ({"crash": repr(crash)} if crash else {})))
