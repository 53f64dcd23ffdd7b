"""make capture: fetches one page as a crawl would, and saves it as a fixture with what its spider reads from it."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from crawler.answers import Answer
from crawler.child import crawl_here
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.reading import spider_class, spider_names
from crawler.spider import PricingSpider
from history.model import Statement, noun_of
from history.times import to_rfc3339

PAGES = Path(__file__).parent.parent / "tests" / "pages"
EXTENSIONS = {"text/html": "html", "application/json": "json", "text/markdown": "md", "text/plain": "txt"}
UNWRITTEN = """There is no crawler/spiders/{name}.py yet. Next:
  1. Cut {body} down to a few rows in the page's own shape, and write the prices anew: captures belong to others.
  2. Write crawler/spiders/{name}.py; tokentape extract {name} {folder} prints what it reads.
  3. Say in {folder}/offers.json what the page says.
  4. make check"""
NEXT = """Next:
  1. Cut {body} down to a few rows in the page's own shape, and write the prices anew: captures belong to others.
  2. Make {offers} what the page says, read from the page and not from the spider.
  3. make test"""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 0: a fixture with offers. 1: what was fetched is saved, but it was not the page, or not understood."""
    parser = argparse.ArgumentParser(prog="python -m crawler.capture", description=__doc__)
    parser.add_argument("spider")
    parser.add_argument("url", nargs="?", help="default: what the spider declares")
    parser.add_argument("--into", type=Path, default=PAGES, help="the folder that has one folder for each spider")
    wanted = parser.parse_args(argv)
    answers: list[Answer] = []
    kind = spider_class(wanted.spider) if wanted.spider in spider_names() else _Unwritten
    if kind is _Unwritten and not wanted.url:
        parser.error(f"there is no spider {wanted.spider!r} yet: say which URL it is to read")
    spider = crawl_here(kind, None, wanted.url, on_item=lambda item: answers.append(item))
    if spider.crash is not None:
        raise spider.crash
    if not answers:
        print(f"nothing was saved. FetchFailed: {spider.failure}")
        return 1
    page = answers[0].page
    folder = wanted.into / wanted.spider / page.fetched_at.date().isoformat()
    if folder.exists():
        print(f"{folder} exists; nothing was changed. Move it away first, if it is to be replaced")
        return 1
    body = save(page, folder)
    print(f"saved {len(page.body)} bytes from {page.url} in {body}")
    if kind is _Unwritten and spider.failure is None:
        print(UNWRITTEN.format(name=wanted.spider, body=body, folder=folder))
        return 0
    return _tell(spider, page, folder, body)


class _Unwritten(PricingSpider):
    """A provider's first capture comes before its spider: fetched like any other, read by nobody."""

    name = "unwritten"

    def extract(self, page: Page) -> Iterator[Statement]:
        return iter(())


def save(page: Page, folder: Path) -> Path:
    """The body as it is, and where and when it came from; the body's path."""
    folder.mkdir(parents=True)
    kind = page.media_type.partition(";")[0].strip().lower()
    body = folder / f"body.{EXTENSIONS.get(kind, 'bin')}"
    body.write_bytes(page.body)
    stated = {"url": page.url, "captured": to_rfc3339(page.fetched_at), "media_type": page.media_type}
    _write(folder / "capture.json", stated)
    return body


def _tell(spider: PricingSpider, page: Page, folder: Path, body: Path) -> int:
    if spider.failure is not None:
        print(f"{type(spider.failure).__name__}: {spider.failure}")
        return 1
    try:
        stated: list[Statement] = list(spider_class(spider.name)().extract(page))
    except PageChanged as changed:
        print(f"{spider.name} does not understand it. PageChanged: {changed}")
        return 1
    file = folder / f"{noun_of(stated)}.json"
    _write(file, [statement.as_dict() for statement in stated])
    print(f"{len(stated)} {file.stem}; not read: {', '.join(sorted(page.unread)) or 'nothing'}")
    print(NEXT.format(body=body, offers=file))
    return 0


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
