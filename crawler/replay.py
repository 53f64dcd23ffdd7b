"""Captures and stored snapshots, in time order, through the whole pipeline at their own times."""

import gzip
import json
import mimetypes
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from crawler.page import Page
from crawler.placing import locator
from crawler.reading import extractor_of, read, spider_class, spider_names
from crawler.spider import PricingSpider
from history import evidence
from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Fetched, Reading
from history.places import nowhere
from history.recorder import AlreadyRecorded, Recorded, newest_run_at, record
from history.rederive import correct
from history.shelf import Shelves
from history.times import from_rfc3339


@dataclass(frozen=True, slots=True)
class Capture:
    """A saved page: a folder with body.* (perhaps .gz) and capture.json (url, captured, media_type)."""

    folder: Path
    spider: str
    url: str
    captured: datetime
    media_type: str

    @classmethod
    def load(cls, folder: Path) -> "Capture":
        """Raises ValueError naming the folder and what is missing in it."""
        try:
            stated = json.loads((folder / "capture.json").read_text(encoding="utf-8"))
            captured = from_rfc3339(stated["captured"])
            return cls(folder, folder.parent.name, stated["url"], captured, stated["media_type"])
        except (OSError, KeyError, ValueError) as broken:
            raise ValueError(f"{folder} is not a capture: {broken!r} in capture.json") from broken

    def page(self) -> Page:
        return Page(self.url, body_of(self.folder), self.media_type, self.captured)


def body_of(folder: Path) -> bytes:
    """The bytes of body.*, unpacked; ValueError where there is none or more than one."""
    bodies = sorted(folder.glob("body.*"))
    if len(bodies) != 1:
        raise ValueError(f"{folder} has {len(bodies)} files named body.*; one is needed")
    return unpacked(bodies[0])


def unpacked(file: Path) -> bytes:
    """The file's bytes, without gzip where its name ends in .gz; ValueError where that is not what it is."""
    raw = file.read_bytes()
    try:
        return gzip.decompress(raw) if file.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as broken:
        raise ValueError(f"{file} is not a gzip file: {broken}") from broken


def page_of(file: Path, declared: str, now: datetime) -> Page:
    """A saved page, or a capture's folder: with what capture.json beside it says, else as if fetched from `declared`
    at `now`. ValueError where it cannot be read."""
    folder = file if file.is_dir() else file.parent
    if not file.exists():
        raise ValueError(f"{file} does not exist")
    beside = Capture.load(folder) if (folder / "capture.json").exists() else None
    body = body_of(folder) if file.is_dir() else unpacked(file)
    if beside is not None:
        return Page(beside.url, body, beside.media_type, beside.captured)
    return Page(declared, body, mimetypes.guess_type(file.name)[0] or "text/plain", now)


def captures_in(folder: Path, names: Iterable[str] = ()) -> list[Capture]:
    """Every capture at or below `folder` that a spider can read (only those of `names`, if any), oldest first."""
    wanted = set(names) or set(spider_names())
    found = sorted(path.parent for path in folder.rglob("capture.json"))
    captures = [Capture.load(path) for path in found if path.parent.name in wanted]
    return sorted(captures, key=lambda capture: (capture.captured, capture.spider))


def runs_of(captures: Iterable[Capture]) -> list[tuple[Capture, ...]]:
    """Captures of one source at one moment, of different addresses, are the pages of one run; the order stays."""
    runs: dict[tuple[str, datetime, int], tuple[Capture, ...]] = {}
    times: Counter[tuple[str, datetime, str]] = Counter()
    for capture in captures:
        page = (capture.spider, capture.captured, capture.url)
        key = (capture.spider, capture.captured, times[page])
        times[page] += 1
        runs[key] = (*runs.get(key, ()), capture)
    return list(runs.values())


def replay(
    engine: Engine, captures: Iterable[Capture], *, places: bool = True
) -> Iterator[Recorded | AlreadyRecorded]:  # fmt: skip
    """Record each run of these captures as if they had been fetched at their time; what is on record already stays
    as it is. Without `places`, nobody looks for where on its page a price stands."""
    shelves = Shelves()
    for run in runs_of(captures):
        try:
            yield _replay_one(engine, run, places, shelves)
        except AlreadyRecorded as already:
            yield already


def _replay_one(engine: Engine, run: tuple[Capture, ...], places: bool, shelves: Shelves) -> Recorded:
    name, captured = run[0].spider, run[0].captured
    with reading_from(engine) as connection:
        newest = newest_run_at(connection, name)
    if newest is not None and newest >= captured:
        raise AlreadyRecorded(f"{name} was observed at {newest}, and this capture is of {captured}")
    fetched = []
    with writing(engine) as connection:
        for page in (capture.page() for capture in run):
            digest = evidence.keep(connection, page.body, page.media_type, captured, page.url)
            fetched.append((page, Fetched(page.url, digest, captured)))
    spider = spider_class(name)()
    reading = read(spider, fetched, captured)
    with recording(engine) as connection:
        return record(connection, reading, captured, locator(spider) if places else nowhere, shelves)


def reread(engine: Engine, name: str, now: datetime, *, force: bool = False) -> Recorded | None:
    """After a parser fix: read a source's stored snapshots again and record what differs as corrections.

    None where the extractor that read the source last is the one in force (unless `force`).
    """
    spider = spider_class(name)()
    extractor = extractor_of(type(spider))
    with reading_from(engine) as connection:
        last = evidence.last_extractor(connection, name)
    if last is None or (last == extractor and not force):
        return None
    with recording(engine) as connection:
        runs = evidence.stored_runs(connection, name)
        readings = ((run.run_id, _read_stored(connection, spider, run)) for run in runs)
        return correct(connection, spider.source(), readings, extractor, now, locator(spider))


def _read_stored(connection: Connection, spider: PricingSpider, run: evidence.StoredRun) -> Reading:
    pages = [(_stored_page(connection, fetched), fetched) for fetched in run.pages]
    return read(spider, pages, run.observed_at)


def _stored_page(connection: Connection, fetched: Fetched) -> Page:
    snapshot = evidence.read(connection, fetched.sha256)
    if snapshot is None:
        raise LookupError(f"snapshot {fetched.sha256} of {fetched.url} is on record but not in the database")
    return Page(fetched.url, snapshot.body, snapshot.media_type, fetched.fetched_at)
