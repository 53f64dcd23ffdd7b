"""Extracting every recorded page against only parsing the same bytes: lxml, json and markdown-it in the same run.

A page is parsed as what it is: HTML by lxml, JSON by json (lines of JSON one by one), Markdown by markdown-it with its
tables. Alibaba's answer is JSON that holds a document of HTML: both are parsed. Each repetition begins with bytes and
ends when the result is gone, and what the extractors remember of texts is forgotten before: a crawl is a new process.

HTML that somebody cut to its prices leaves its parser next to nothing to pass over. Such an excerpt is held to the
bound of all pages, and compared with parsel reading the words of its cells besides (docs/decisions/018).
"""

import gc
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import Any, TypedDict, cast

from lxml import html
from markdown_it import MarkdownIt
from scrapy import Selector

from bench.figures import Figure
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.reading import spider_class
from crawler.replay import Capture, captures_in

RECORDED = Path(__file__).parents[2] / "shared" / "recorded"
WORST = 5
PROCESSES = 3
# As many repetitions as fit into this time, within these bounds; the medians are compared.
SECONDS, FEWEST, MOST = 0.2, 7, 201
_MARKDOWN = MarkdownIt("commonmark").enable("table")
# How captures say that a person chose what to keep, or wrote it down anew.
_CUT = re.compile("partial|excerpt|minimal|retyped")


class Timed(TypedDict):
    """One capture: milliseconds to extract its offers, and only to parse it; of an excerpt, to read its words."""

    name: str
    kind: str
    size: int
    ours: float
    bare: float
    words: float | None


def figures() -> list[Figure]:
    """All pages, the two sides in turn, by CPU time; each page's median of fresh processes, which lie in memory each in
    its own way: that alone makes a small page's ratio a twentieth more or less."""
    if not RECORDED.is_dir():
        print(f"corpus: skipped, there are no captures at {RECORDED}")
        return []
    told = [_told() for _ in range(PROCESSES)]
    pages = [sorted(each, key=_ratio)[PROCESSES // 2] for each in zip(*(one["pages"] for one in told), strict=True)]
    peak = max(one["peak_mb"] for one in told)
    return [*compared(pages), Figure("corpus, peak memory in MB", peak, 400, "both sides")]


def _told() -> dict[str, Any]:
    # Our own interpreter and module; there is no shell.
    done = subprocess.run([sys.executable, "-m", "bench.corpus"], check=True, capture_output=True)
    return cast(dict[str, Any], json.loads(done.stdout))


def compared(pages: list[Timed]) -> list[Figure]:
    """All together, the slowest page, and the slowest excerpt; the five slowest of each are named."""
    kinds = (f"{kind} {_together(found):.2f}" for kind in ("HTML", "JSON", "Markdown") if (found := _of(pages, kind)))
    slowest = sorted(pages, key=_ratio, reverse=True)
    cut = sorted((page for page in pages if page["words"]), key=_of_words, reverse=True)
    figures = [
        Figure(f"extract {len(pages)} recorded pages / only parse", _together(pages), 4, ", ".join(kinds)),
        Figure("the slowest page / only parse", _ratio(slowest[0]), 6, ", ".join(map(_named, slowest[:WORST]))),
    ]
    if cut:
        told = ", ".join(f"{_named(page)} of its parse" for page in cut[:WORST])
        figures.append(Figure("the slowest excerpt / parsel reads its cells", _of_words(cut[0]), 1, told))
    return figures


def _named(page: Timed) -> str:
    return f"{page['name']} {_ratio(page):.2f} ({page['size'] / 1000:,.1f} KB)"


def _of(pages: list[Timed], kind: str) -> list[Timed]:
    return [page for page in pages if page["kind"] == kind]


def _ratio(page: Timed) -> float:
    return page["ours"] / page["bare"]


def _of_words(page: Timed) -> float:
    return page["ours"] / (page["words"] or page["ours"])


def _together(pages: list[Timed]) -> float:
    return sum(page["ours"] for page in pages) / sum(page["bare"] for page in pages)


def parser_of(page: Page) -> tuple[str, Callable[[], object]]:
    """What the page is, and what only parses its bytes."""
    media_type, body = page.media_type.partition(";")[0], page.body
    if media_type == "application/x-ndjson":
        return "JSON", lambda: [json.loads(line) for line in body.splitlines() if line]
    if media_type == "application/json":
        return "JSON", lambda: _parse_held(json.loads(body))
    if media_type == "text/html":
        return "HTML", lambda: html.document_fromstring(body)
    return "Markdown", lambda: _MARKDOWN.parse(body.decode())


def _parse_held(answer: Any) -> object:
    match answer:
        case {"data": {"content": str(document)}}:
            return html.document_fromstring(document)
    return answer


def time_pages() -> Iterator[Timed]:
    """Every capture that its spider reads. The others end in PageChanged, so there is no work to compare."""
    for capture in captures_in(RECORDED):
        page, spider = capture.page(), spider_class(capture.spider)()
        kind, parse = parser_of(page)

        def extract(page: Page = page, read: Callable[[Page], Iterator[object]] = spider.extract) -> object:
            return list(read(Page(page.url, page.body, page.media_type, page.fetched_at)))

        try:
            extract()
        except PageChanged:
            continue
        ours, bare = _in_turn(extract, parse)
        read = partial(words_of, page.text)
        words = _in_turn(extract, read)[1] if kind == "HTML" and is_cut(capture) and read() else None
        name = f"{capture.spider} {capture.folder.name}"
        yield Timed(name=name, kind=kind, size=len(page.body), ours=ours, bare=bare, words=words)


def is_cut(capture: Capture) -> bool:
    """Whether a capture says of itself that it is no page as it was served."""
    stated = json.loads((capture.folder / "capture.json").read_text(encoding="utf-8"))
    return _CUT.search(f"{stated.get('completeness')} {stated.get('origin')}") is not None


def words_of(source: str) -> list[list[str | None]]:
    """What each cell of each row says, by Scrapy's selectors."""
    return [[cell.xpath("string()").get() for cell in row.css("td, th")] for row in Selector(text=source).css("tr")]


def _in_turn(extract: Callable[[], object], parse: Callable[[], object]) -> tuple[float, float]:
    remembered = caches()
    once = _ms(extract) + _ms(parse)
    pairs = list[tuple[float, float]]()
    for _ in range(max(FEWEST, min(MOST, int(SECONDS * 1000 / once)))):
        for cache in remembered:
            cache.cache_clear()
        pairs.append((_ms(extract), _ms(parse)))
    return median(ours for ours, _ in pairs), median(bare for _, bare in pairs)


def caches() -> list[Any]:
    """Every lru_cache of the rooms that read."""
    kind = type(lru_cache(len))
    found = (each for each in gc.get_objects() if isinstance(each, kind))
    return [each for each in found if getattr(each, "__module__", "").startswith(("crawler.", "history."))]


def _ms(work: Callable[[], object]) -> float:
    """Milliseconds of CPU, to the end of what the work has made."""
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1e6


if __name__ == "__main__":
    timed = list(time_pages())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"pages": timed, "peak_mb": peak}))
