"""One child process per crawl, with a hard limit on its time and memory; a run is recorded whatever happens to it."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from crawler import browser
from crawler.reading import extractor_of, failed, spider_class
from crawler.spider import PricingSpider
from history import evidence
from history.db import connect, recording
from history.db import reading as reading_from
from history.model import Failure, Outcome, Reading
from history.recorder import AlreadyRecorded, Recorded, record
from history.times import to_rfc3339

log = logging.getLogger(__name__)

HOUSE = Path(__file__).parent.parent
# What the child exits with where it could not even record that it ran out of memory.
OUT_OF_MEMORY = 3
LOOKS_PER_S = 5
# A year of hourly pages of the largest source, at 30 ms each (make bench), fits ten times.
REREAD_TIME_S = 3600.0


class Unrecorded(NamedTuple):
    """A child that ended before it could record its run: why, and how many requests it had told of."""

    failure: Failure
    requests: int


class Stopped(Exception):
    """The crawl was ended because its parent is ending; nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one crawl may take. `fetch_timeout_s` is for one request, `time_s` and `memory_mb` for the process."""

    time_s: float = 300
    memory_mb: int = 512
    fetch_timeout_s: float = 60


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """What became of one crawl; `failure` is the failure's name, `message` its sentence."""

    source: str
    run_id: int
    outcome: Outcome
    failure: str | None
    message: str | None
    offers: int
    rejected: int
    held: int
    events: int
    seconds: float = 0.0
    volumes: int = 0
    hosts: int = 0
    restated: int = 0

    @classmethod
    def of(cls, recorded: Recorded) -> "CrawlResult":
        failure = recorded.failure
        return cls(
            recorded.source, recorded.run_id, recorded.outcome, failure.name if failure else None,
            failure.message if failure else None, recorded.offers, recorded.rejected, recorded.held, recorded.events,
            volumes=recorded.volumes, hosts=recorded.hosts, restated=recorded.restated,
        )  # fmt: skip

    def __str__(self) -> str:
        took = f" ({self.seconds:.1f} s)" if self.seconds else ""
        why = f". {self.failure}: {self.message}" if self.failure else ""
        if self.outcome is Outcome.FAILED:
            return f"{self.source}: failed{took}{why}"
        held = f", {self.held} held until seen again" if self.held else ""
        return f"{self.source}: {self.outcome}, {self._found()}{held}{took}{why}"

    def _found(self) -> str:
        if self.volumes or self.hosts:
            noun = f"{self.volumes} volumes" if self.volumes else f"{self.hosts} hosts"
            return f"{noun}, {self.restated} restated"
        return f"{self.offers} offers, {self.events} change{'' if self.events == 1 else 's'}"


def crawl(
    name: str, *, database_url: str, url: str | None = None, captured: datetime | None = None,
    limits: Limits | None = None, stopping: threading.Event | None = None,
) -> CrawlResult:  # fmt: skip
    """Run one spider in a child process and tell what was recorded.

    `url` is read instead of the declared pages; `captured` stands for the present. Raises LookupError for an
    unknown spider, AlreadyRecorded where the source has a run at that time or later, and Stopped when `stopping`
    is set meanwhile.
    """
    spider = spider_class(name)
    began, started_at = time.monotonic(), captured or datetime.now(UTC)
    limits = limits or replace(USUAL, time_s=spider.longest.total_seconds())
    options = [name, f"--fetch-timeout-s={limits.fetch_timeout_s}", f"--memory-mb={limits.memory_mb}"]
    options += [f"--url={url}"] if url else []
    options += [f"--captured={to_rfc3339(captured)}"] if captured else []
    if needs_rereading(database_url, spider):
        limits = replace(limits, time_s=max(limits.time_s, REREAD_TIME_S))
    with browser.own_folder() if spider.rendered else nullcontext() as folder:
        told = _run(options, database_url, limits, stopping or threading.Event(), folder)
    if isinstance(told, Unrecorded):
        reading = replace(failed(spider, told.failure, started_at), requests=told.requests)
        told = _record(reading, database_url, captured or datetime.now(UTC))
    return replace(told, seconds=round(time.monotonic() - began, 3))


def needs_rereading(database_url: str, spider: type[PricingSpider]) -> bool:
    """Whether the parser has changed since it read the source last: then the crawl reads the past again first."""
    engine = connect(database_url)
    try:
        with reading_from(engine) as connection:
            return evidence.last_extractor(connection, spider.name) not in (None, extractor_of(spider))
    finally:
        engine.dispose()


def line_of(result: CrawlResult) -> str:
    """What the child prints, and `_read` reads."""
    return json.dumps(asdict(result))


def requests_line(requests: int) -> str:
    """What the child prints at each request, for `_requests_in`."""
    return json.dumps({"requests": requests})


def _run(
    options: list[str], database_url: str, limits: Limits, stopping: threading.Event, folder: Path | None = None
) -> CrawlResult | Unrecorded:
    """What the child recorded; where it recorded nothing, what to record in its place."""
    with _child(options, database_url, folder) as child:
        in_time = _wait(child, time.monotonic() + limits.time_s, stopping)
        if in_time is None:
            _kill_group(child)
        out, err = in_time or child.communicate()
    for line in err.splitlines():
        log.warning("%s: %s", options[0], line)
    if found := _read(out):
        return found
    if stopping.is_set():
        raise Stopped(options[0])
    return Unrecorded(_why(child.returncode, err, limits, in_time=in_time is not None), _requests_in(out))


def _why(returncode: int, err: str, limits: Limits, *, in_time: bool) -> Failure:
    """What ended a child that has recorded nothing."""
    if not in_time:
        return Failure("Killed", f"it was not done after {limits.time_s:g} s and was ended; its server may hang")
    if returncode == OUT_OF_MEMORY:
        return Failure("Killed", f"it needed more than {limits.memory_mb} MB of memory and was ended")
    if returncode in (-signal.SIGKILL, -signal.SIGTERM):
        return Failure("Killed", f"the crawl's process was ended from outside ({signal.Signals(-returncode).name})")
    last = next(reversed(err.strip().splitlines()), "it said nothing")
    return Failure("Crashed", f"the crawl's process ended with code {returncode}: {last}")


def _record(reading: Reading, database_url: str, now: datetime) -> CrawlResult:
    engine = connect(database_url)
    try:
        with recording(engine) as connection:
            return CrawlResult.of(record(connection, reading, now))
    finally:
        engine.dispose()


@contextmanager
def _child(options: list[str], database_url: str, folder: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    """A process group of its own, which ends when the pipe that is its standard input does: whatever ends us."""
    theirs, ours = os.pipe()
    # -P: nothing in the working folder takes the place of a module.
    command = [sys.executable, "-P", "-m", "crawler.child", "--end-with-stdin", *options]
    path = os.pathsep.join(filter(None, (str(HOUSE), os.environ.get("PYTHONPATH"))))
    # The URL may hold a password: it goes where `ps` does not show it.
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": database_url, "PYTHONPATH": path}
    if folder is not None:
        # What the browser leaves behind, and how it is told from other browsers.
        environment["TMPDIR"] = str(folder)
    try:
        # The command is our own interpreter and module; there is no shell.
        with subprocess.Popen(  # noqa: S603
            command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace", env=environment, start_new_session=True,
        ) as child:  # fmt: skip
            try:
                yield child
            finally:
                _kill_group(child)
    finally:
        os.close(theirs)
        os.close(ours)


def _wait(child: "subprocess.Popen[str]", deadline: float, stopping: threading.Event) -> tuple[str, str] | None:
    """What the child said, if it ended by itself: before the deadline, and before we were told to stop."""
    while time.monotonic() < deadline and not stopping.is_set():
        with suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=1 / LOOKS_PER_S)
    return None


def _kill_group(child: "subprocess.Popen[str]") -> None:
    """The driver that the child started for a browser ends with it; the browser itself is in no group of ours."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _read(out: str) -> CrawlResult | None:
    for line in out.splitlines():
        told = json.loads(line)
        if "already_recorded" in told:
            raise AlreadyRecorded(told["already_recorded"])
        if told.keys() == {"requests"}:
            continue
        return CrawlResult(**{**told, "outcome": Outcome(told["outcome"])})
    return None


def _requests_in(out: str) -> int:
    """The last count that the child told."""
    return max((json.loads(line).get("requests", 0) for line in out.splitlines()), default=0)
