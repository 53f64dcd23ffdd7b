"""What one crawl read: its pages, through the spider's own extract, into the Reading that history records."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TypeVar, cast

from msgspec.structs import replace

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.shape import shape_of
from crawler.spider import PricingSpider
from history.drift import BLANK
from history.model import Failure, Fetched, Host, Notice, Offer, OfferKey, Reading, Statement, Volume

Kind = TypeVar("Kind")
CRAWLER = Path(__file__).parent
# A message quotes what a page said, which may be anything.
LONGEST_MESSAGE = 2000
_IMPORT = re.compile(r"^[ \t]*(?:from ([\w.]+) import (\([^)]*\)|[^#\n]*)|import ([^#\n]*))", re.MULTILINE)
_NAME = re.compile(r"(?<!as )\b(?!as\b)[A-Za-z_][\w.]*")
# What decides which of the statements are believed.
DECIDERS = {CRAWLER.parent / "history" / name for name in ("validation.py", "statistics.py")}


def spider_names() -> list[str]:
    """Every source that can be read: the names of the files in crawler/spiders."""
    return sorted(path.stem for path in (CRAWLER / "spiders").glob("*.py") if not path.stem.startswith("_"))


def scheduled_names(key_of: Callable[[str], str]) -> list[str]:
    """The sources to read on schedule, where `key_of` tells the key in a setting, "" without one: a source that
    needs a key rests without it, and what stands in for such a source rests with it."""
    kinds = [spider_class(name) for name in spider_names()]
    asked = {kind.name for kind in kinds if not kind.key_setting or key_of(kind.key_setting)}
    return [kind.name for kind in kinds if kind.name in asked and kind.stands_in_for not in asked]


def spider_class(name: str) -> type[PricingSpider]:
    """The spider in the file of that name. LookupError names the nearest ones."""
    names = spider_names()
    if name not in names:
        near = get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise LookupError(f"there is no spider {name!r}; {hint}")
    for found in vars(import_module(f"crawler.spiders.{name}")).values():
        if isinstance(found, type) and issubclass(found, PricingSpider) and getattr(found, "name", None) == name:
            return found
    raise LookupError(f"crawler/spiders/{name}.py has no PricingSpider named {name!r}")


def extractor_of(spider: type[PricingSpider]) -> str:
    """The version of a spider's way to read: it changes when the text of anything that reads for it does."""
    own = [kind for kind in spider.__mro__ if issubclass(kind, PricingSpider) and kind is not PricingSpider]
    return _version_of(tuple(str(sys.modules[kind.__module__].__file__) for kind in own))


def read(
    spider: PricingSpider, fetched: Sequence[tuple[Page, Fetched]], observed_at: datetime, *, outlined: bool = True
) -> Reading:
    """All that the pages of one run state. A page that is not understood fails the run, and nothing is believed.
    Without an outline, nobody can tell later how far the source has drifted."""
    pages: list[list[Statement]] = []
    unread: Counter[str] = Counter()
    answers = tuple(answer for _, answer in fetched)
    for page, _ in fetched:
        try:
            pages.append(list(spider.extract(page)))
        except PageChanged as changed:
            return failed(type(spider), Failure("PageChanged", str(changed)), observed_at, answers)
        unread.update(page.unread)
    said = [statement for page in pages for statement in page]
    return Reading(
        spider.source(), extractor_of(type(spider)), observed_at, answers,
        offers=tuple(_joined([_of(Offer, page) for page in pages])), volumes=tuple(_of(Volume, said)),
        hosts=tuple(_of(Host, said)), notices=tuple(_of(Notice, said)), unread=unread,
        shape=shape_of((page for page, _ in fetched), spider.ignored_columns) if outlined else BLANK,
    )  # fmt: skip


def _of(kind: type[Kind], said: Sequence[Statement]) -> list[Kind]:
    kinds = set(map(type, said))
    if kinds == {kind}:
        return cast(list[Kind], list(said))
    return [statement for statement in said if isinstance(statement, kind)] if kind in kinds else []


def _joined(pages: Sequence[Sequence[Offer]]) -> Iterable[Offer]:
    """An offer may go on on a later page: Azure cuts its answer after 1,000 items. Twice on one page stays twice."""
    if len(pages) == 1:
        return pages[0]
    offers: list[Offer] = []
    earlier: dict[OfferKey, int] = {}
    for found in pages:
        new: dict[OfferKey, int] = {}
        for offer in found:
            if (at := earlier.get(offer.key)) is None:
                new.setdefault(offer.key, len(offers))
                offers.append(offer)
            else:
                components = (*offers[at].components, *offer.components)
                terms = tuple(dict.fromkeys((*offers[at].terms, *offer.terms)))
                offers[at] = replace(offers[at], components=components, terms=terms)
        earlier.update(new)
    return offers


def failed(
    spider: type[PricingSpider], failure: Failure, observed_at: datetime, fetched: Iterable[Fetched] = ()
) -> Reading:
    """A run that ended before there was anything to believe."""
    said = Failure(failure.name, failure.message.replace("\0", "\N{SYMBOL FOR NULL}")[:LONGEST_MESSAGE])
    return Reading(spider.source(), extractor_of(spider), observed_at, tuple(fetched), failure=said)


@lru_cache(maxsize=256)
def _version_of(files: tuple[str, ...]) -> str:
    readers = set(DECIDERS)
    for file in files:
        _add_with_imports(Path(file), readers)
    return sha256(b"".join(path.read_bytes() for path in sorted(readers))).hexdigest()[:12]


def _add_with_imports(path: Path, readers: set[Path]) -> None:
    """A file of this room, and those that it imports; not the engine that fetches."""
    if path in readers or path == CRAWLER / "spider.py" or not path.is_file():
        return
    readers.add(path)
    for module in _imported(path):
        if module.startswith("crawler."):
            _add_with_imports(CRAWLER.parent / f"{module.replace('.', '/')}.py", readers)


def _imported(path: Path) -> Iterator[str]:
    """The modules and what is taken from them. A pattern, since ast takes a quarter of a second for a spider's files;
    what it may find too much, in a text, is no file of this room."""
    for module, names, plain in _IMPORT.findall(path.read_text(encoding="utf-8")):
        if module:
            yield module
            yield from (f"{module}.{name}" for name in _NAME.findall(names))
        else:
            yield from _NAME.findall(plain)
