"""Which sources are due, and one crawl for each: APScheduler keeps the time, a lease in the database keeps order."""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

# APScheduler 3 has no types.
from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]
from sqlalchemy import Engine

from crawler.process import USUAL, CrawlResult, Limits, Stopped, crawl
from history import leases
from history.crosscheck import crosscheck
from history.db import reading, recording, writing
from history.model import Outcome, Source
from history.recorder import AlreadyRecorded, declare_sources, pause
from history.times import to_rfc3339

log = logging.getLogger(__name__)

# How often a source is looked at: often enough that the slot of a scheduler that died is taken over.
LOOK_EVERY_S = 60
LONGEST_PAUSE = timedelta(hours=24)
# The hard time limit ends the child; the lease outlives it, so it needs no renewal.
LEASE_MARGIN_S = 60

# One crawl: of which source, at which present; the event says that it should end early, by raising Stopped.
Launch = Callable[[Source, datetime, threading.Event], CrawlResult | None]


def present() -> datetime:
    return datetime.now(UTC)


def pause_after(failures: int, interval_s: int) -> timedelta | None:
    """How long a source is left alone after so many failures in a row: nothing after the first, then ever longer."""
    if failures < 2:
        return None
    return min(timedelta(seconds=interval_s << min(failures - 1, 20)), LONGEST_PAUSE)


class Schedule:
    """Crawls each source once a slot of its interval. Any number of schedules may share a database.

    `launch` does one crawl; `clock` is the present. Slots that were missed are not made up for: one fetch tells
    the present, and the slot that now falls in is due.
    """

    def __init__(
        self, engine: Engine, sources: Sequence[Source], launch: Launch, *, clock: Callable[[], datetime] = present,
        at_once: int = 4, lease_s: float = USUAL.time_s + LEASE_MARGIN_S,
    ) -> None:  # fmt: skip
        self.engine, self.sources, self.launch, self.clock, self.lease_s = engine, sources, launch, clock, lease_s
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.stopping = threading.Event()
        pool = {"default": ThreadPoolExecutor(at_once)}
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._ticks = BackgroundScheduler(executors=pool, job_defaults=defaults, timezone=UTC)
        with recording(engine) as connection:
            declare_sources(connection, sources)

    def start(self) -> None:
        """Look at every source now, and then again and again; returns at once."""
        # It reports each look at a source whose crawl still waits for its turn.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        due = [source.name for source in self.sources if self.is_due(source, self.clock())]
        log.info("watching %d sources; due now: %s", len(self.sources), ", ".join(due) or "none")
        for source in self.sources:
            every_s = min(source.interval_s, LOOK_EVERY_S)
            trigger = IntervalTrigger(seconds=every_s, jitter=every_s // 4 or None, timezone=UTC)
            self._ticks.add_job(self.run_source, trigger, (source,), id=source.name, next_run_time=present())
        self._ticks.add_job(self.crosscheck, IntervalTrigger(hours=1, jitter=300, timezone=UTC), id="crosscheck")
        self._ticks.start()

    def stop(self) -> None:
        """End the crawls that are running, give their slots back, and return when that is done."""
        self.stopping.set()
        if self._ticks.running:
            self._ticks.shutdown(wait=True)

    def run_until_signalled(self) -> None:
        """Start, wait for SIGINT or SIGTERM, stop: for a process that does nothing else."""
        signalled = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: signalled.set())
        self.start()
        signalled.wait()
        self.stop()

    def crosscheck(self) -> None:
        """What gateways and maps say of the providers' prices, as of now; any number of schedules may ask."""
        with recording(self.engine) as connection:
            found = crosscheck(connection, self.clock())
        log.info("%d disagreements between providers and witnesses", len(found))

    def run_due(self, now: datetime) -> list[str]:
        """Crawl every source that is due at `now`, one after the other; return their names."""
        return [source.name for source in self.sources if self.run_source(source, now)]

    def is_due(self, source: Source, now: datetime) -> bool:
        with reading(self.engine) as connection:
            return leases.is_free(connection, source.name, self.slot_of(source, now), now)

    def run_source(self, source: Source, now: datetime | None = None) -> bool:
        """Crawl the source if its slot can be had; whether it was crawled."""
        now = now or self.clock()
        slot = self.slot_of(source, now)
        if self.stopping.is_set() or not self.is_due(source, now):
            return False
        with writing(self.engine) as connection:
            if not leases.claim(connection, source.name, slot, self.holder, now, self.lease_of(source)):
                return False
        try:
            result = self.launch(source, now, self.stopping)
        except (Stopped, KeyboardInterrupt) as stopped:
            with writing(self.engine) as connection:
                leases.release(connection, source.name, slot, self.holder)
            if isinstance(stopped, KeyboardInterrupt):
                raise
            return False
        self._finish(source, slot, result)
        return True

    def lease_of(self, source: Source) -> float:
        """Longer than the crawl may take, so that it needs no renewal."""
        return max(self.lease_s, source.longest_s + LEASE_MARGIN_S)

    @staticmethod
    def slot_of(source: Source, now: datetime) -> datetime:
        return leases.due_slot(now, source.interval_s, leases.offset_of(source.name, source.interval_s))

    def _finish(self, source: Source, slot: datetime, result: CrawlResult | None) -> None:
        """The slot is done; a source that keeps failing is left alone for longer and longer."""
        now, until = self.clock(), None
        with writing(self.engine) as connection:
            leases.finish(connection, source.name, slot, self.holder, now)
            until = leases.paused_until(connection, source.name)
            if result and result.outcome is Outcome.FAILED:
                wait = pause_after(leases.failures_in_a_row(connection, source.name), source.interval_s)
                if wait and (until is None or until < now + wait):
                    until = now + wait
                    pause(connection, source.name, until)
        if result:
            next_look = f"; paused until {to_rfc3339(until)}" if until and until > now else ""
            log.log(logging.WARNING if result.failure else logging.INFO, "%s%s", result, next_look)


def in_children(database_url: str, limits: Limits | None = None) -> Launch:
    """A launch that crawls in a child process of its own."""

    def launch(source: Source, _now: datetime, stopping: threading.Event) -> CrawlResult | None:
        try:
            return crawl(source.name, database_url=database_url, limits=limits, stopping=stopping)
        except AlreadyRecorded as already:
            log.info("%s", already)
            return None

    return launch
