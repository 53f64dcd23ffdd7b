"""A page of 300 KB through Scrapy: a spider that reads our Page, and the same spider on parsel's CSS selectors.

Both get the same pages from the loopback, under the crawler's own settings without its politeness, and end with the
three texts of each row; only the way there differs. Pages a second of the process's CPU time, the first pages and all
that comes before them not counted.
"""

import asyncio
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from statistics import median
from typing import Any

import scrapy
from scrapy.http import Response

from bench.figures import Figure, pin
from crawler.child import crawl_here
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Offer, Provider

ROWS, PRICES, PAGES, WARM, IN_FLIGHT, ROUNDS = 1_370, 500, 60, 10, 16, 5

# Model, input price, output price.
Row = tuple[str, str, str]


def figures() -> list[Figure]:
    """The server is on core 1; the two crawls take turns on core 0, each in a fresh process."""
    with _server() as port:
        pairs = [(_crawl("ours", port), _crawl("parsel", port)) for _ in range(ROUNDS)]
    if any(mine["read"] != peer["read"] for mine, peer in pairs):
        raise AssertionError("the two spiders do not read the same")
    ours, parsel = [median(pair[side]["rate"] for pair in pairs) for side in (0, 1)]
    ratio = median(mine["rate"] / peer["rate"] for mine, peer in pairs)
    peak = max(mine["peak_mb"] for mine, _ in pairs)
    size = len(page_of(0)) // 1000
    return [
        Figure(f"{size} KB through Scrapy / parsel CSS", ratio, 2.5, f"{ours:.0f}/s, parsel {parsel:.0f}/s", False),
        Figure("crawl of such pages, peak memory in MB", peak, 400, ""),
    ]


def page_of(number: int) -> bytes:
    """A table of 1,370 models, with prices that differ from page to page and repeat themselves as those of lists do."""
    chance = random.Random(number)
    prices = [f"${chance.randrange(1, 5_000) / 100:.2f} / 1M tokens" for _ in range(PRICES)]
    rows = "\n".join(_row(row, chance.choice(prices), chance.choice(prices)) for row in range(ROWS))
    head = '<tr><th scope="col">Model</th><th scope="col">Input</th><th scope="col">Output</th></tr>'
    return (
        "<!doctype html><html><head><title>Pricing</title></head><body><h1>Pricing</h1>\n<table class='prices'>"
        f"<thead>{head}</thead><tbody>\n{rows}\n</tbody></table></body></html>"
    ).encode()


def _row(number: int, charged: str, answered: str) -> str:
    return (
        f'<tr class="price-row" data-row="{number}"><td class="price-cell model">author/model-{number:05d}</td>'
        f'<td class="price-cell input">{charged}</td><td class="price-cell output">{answered}</td></tr>'
    )


class Paged(PricingSpider):
    """Reads each page by its headers, as our spiders do."""

    name = "paged"
    provider = Provider("bench", "Bench", "lab")
    # Scrapy wants both on the class; they are never changed.
    start_urls = ["http://127.0.0.1/"]  # noqa: RUF012
    currency = "USD"
    offers_expected = range(1, 10_000)
    # As above.
    custom_settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": IN_FLIGHT}  # noqa: RUF012

    async def start(self) -> AsyncIterator[scrapy.Request]:
        self.times, self.digest = list[float](), ""
        for number in range(WARM + PAGES):
            yield self.request(f"{self.urls[0]}{number}")

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        rows = list(self.read(response))
        self.times.append(time.process_time())
        if response.url.endswith("/0"):
            self.digest = sha256(repr(rows).encode()).hexdigest()
        yield {"rows": rows}

    def read(self, response: Response) -> Iterator[Row]:
        for table in self._answer(response).page.tables:
            for row in table.rows({"model": ("Model",), "input": ("Input",), "output": ("Output",)}):
                yield row.pop("model").text, row.pop("input").text, row.pop("output").text

    def extract(self, page: Page) -> Iterator[Offer]:
        return iter(())


class Selected(Paged):
    """Reads each page as Scrapy's tutorial does: a selector for every row and every cell."""

    name = "selected"

    def read(self, response: Response) -> Iterator[Row]:
        for row in response.css("table.prices tbody tr"):
            model, charged, answered = (row.css(f"td.{name}::text").get("") for name in ("model", "input", "output"))
            yield model, charged, answered


def crawl(which: str, port: str) -> None:
    """One side, in a process of its own."""
    pin({0})
    spider = crawl_here({"ours": Paged, "parsel": Selected}[which], None, f"http://127.0.0.1:{port}/")
    assert isinstance(spider, Paged)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = (len(spider.times) - WARM) / (spider.times[-1] - spider.times[WARM - 1])
    print(json.dumps({"rate": rate, "read": spider.digest, "peak_mb": peak}))


def _crawl(which: str, port: int) -> dict[str, Any]:
    # Our own interpreter and module; there is no shell.
    command = [sys.executable, "-m", "bench.crawl", which, str(port)]
    done = subprocess.run(command, check=True, capture_output=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def _server() -> Iterator[int]:
    # Our own interpreter and module; there is no shell.
    child = subprocess.Popen([sys.executable, "-m", "bench.crawl", "serve", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait(timeout=15)


async def serve() -> None:
    """/17 is page 17, over keep-alive connections; what else is asked for is not here."""
    pin({1})
    pages = [page_of(number) for number in range(WARM + PAGES)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1][1:]
                status, body = ("200 OK", pages[int(asked)]) if asked.isdigit() else ("404 Not Found", b"not here")
                head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}\r\n".encode() + body)
                await writer.drain()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        crawl(sys.argv[1], sys.argv[2])
