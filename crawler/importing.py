"""Files of other people's price maps, in time order, each recorded as one run of its own with its bytes kept."""

import gc
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine

from crawler import placing
from crawler.formats import FORMATS
from crawler.maps import entries
from crawler.page import Page
from crawler.reading import read
from crawler.replay import unpacked
from crawler.spider import PricingSpider
from crawler.spiders.litellm import LiteLLM
from history import evidence
from history.db import reading as reading_from
from history.db import recording
from history.model import Fetched, Reading
from history.places import Locate
from history.recorder import AlreadyRecorded, Recorded, newest_run_at, record
from history.shelf import Shelves

_DAY = re.compile(r"(?<![0-9])([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])")
# The first price of a language model per token was published in 2020 (OpenAI's API, private beta).
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """A file that cannot be imported, and why; nothing of it was recorded."""


@dataclass(frozen=True, slots=True)
class Version:
    """One file, and the time at which it was the map."""

    file: Path
    at: datetime


def versions(files: Iterable[Path], captured: datetime | None, now: datetime) -> list[Version]:
    """The files, and those in folders, oldest first, each dated by the day in its name (00:00 UTC) or `captured`."""
    found = [inner for file in files for inner in _inside(file)]
    if captured is not None and len(found) != 1:
        raise Unreadable(f"--captured dates one file, and there are {len(found)}; put each one's day into its name")
    dated = sorted((Version(file, captured or _day_of(file)) for file in found), key=lambda one: (one.at, one.file))
    for version in dated:
        if not EARLIEST <= version.at <= now:
            raise Unreadable(f"{version.file} is dated {version.at}: before any price of a model, or in the future")
    for at, same in groupby(dated, key=lambda one: one.at):
        if len(several := list(same)) > 1:
            raise Unreadable(f"{several[0].file} and {several[1].file} are both dated {at}; which one came first?")
    return dated


def _inside(file: Path) -> Sequence[Path]:
    if not file.exists():
        raise Unreadable(f"{file} does not exist")
    if not file.is_dir():
        return [file]
    if found := [inner for inner in sorted(file.iterdir()) if inner.name.endswith((".json", ".json.gz"))]:
        return found
    raise Unreadable(f"{file} holds no .json and no .json.gz")


def _day_of(file: Path) -> datetime:
    match = _DAY.search(file.name)
    if match is None:
        raise Unreadable(f"{file} has no day in its name (2026-05-01.json); or say --captured 2026-05-01T00:00:00Z")
    try:
        return datetime.strptime(match[1], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as wrong:
        raise Unreadable(f"{file}: {match[1]} is no day") from wrong


def import_all(
    engine: Engine, name: str, dated: Iterable[Version], now: datetime
) -> Iterator[Recorded | AlreadyRecorded]:
    """Record them one by one, each whole or not at all; what is on record already stays as it is."""
    spider, shelves = FORMATS[name](), Shelves()
    with _no_collections():
        for version in dated:
            try:
                yield _import_one(engine, spider, version, now, shelves)
            except AlreadyRecorded as already:
                yield already


@contextmanager
def _no_collections() -> Iterator[None]:
    """A map is some 100,000 tuples, most of which live on to the next version: looking through them for cycles, of
    which they have none, took a fifth of the time (make bench, 2026-11-22)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _import_one(
    engine: Engine, spider: PricingSpider, version: Version, now: datetime, shelves: Shelves
) -> Recorded:  # fmt: skip
    with reading_from(engine) as connection:
        newest = newest_run_at(connection, spider.name)
    if newest is not None and newest >= version.at:
        raise AlreadyRecorded(f"{version.file} is of {version.at}; {spider.name} is on record up to {newest}")
    page = _page(spider, version)
    with recording(engine) as connection:
        digest = evidence.keep(connection, page.body, page.media_type, now)
        return record(connection, _read(spider, page, digest, version), now, _locator(spider), shelves)


def _locator(spider: PricingSpider) -> Locate:
    return entries.locator(spider) if isinstance(spider, LiteLLM) else placing.locator(spider)


def _page(spider: PricingSpider, version: Version) -> Page:
    try:
        body = unpacked(version.file)
    except (OSError, ValueError) as broken:
        raise Unreadable(str(broken)) from broken
    return Page(f"{spider.start_urls[0]}#{version.file.name}", body, "application/json", version.at)


def _read(spider: PricingSpider, page: Page, digest: str, version: Version) -> Reading:
    # A file of the past has no server that could change it under us: nobody asks how far it has drifted.
    found = read(spider, [(page, Fetched(page.url, digest, version.at))], version.at, outlined=False)
    if found.failure is not None:
        why = f"{found.failure.name}: {found.failure.message}"
        raise Unreadable(
            f"{version.file}: {why}; what was imported before it stays, and the same command goes on there"
        )
    return found
