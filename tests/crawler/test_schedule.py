"""The schedule: every source once in its slot, whoever else schedules, and whatever happens in between."""

import logging
import random
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock

import psutil
import pytest
from sqlalchemy import Engine, func, select

from crawler.process import CrawlResult, Stopped, crawl
from crawler.reading import spider_class
from crawler.schedule import Schedule, pause_after
from history import tables as t
from history.db import reading, recording, writing
from history.leases import paused_until
from history.model import Failure, Outcome, Provider, Source
from history.recorder import pause, record
from tests.crawler.bad_answers import OPENROUTER
from tests.crawler.patience import wait_until
from tests.history.pages import reading as page_read
from tests.misbehaving_server import MisbehavingServer, hang

ROOT = Path(__file__).parent.parent.parent
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = 3600
LAB = Provider("acme", "Acme", "lab")


def source_named(name: str, interval_s: int) -> Source:
    return Source(name, LAB, f"https://acme.example/{name}", frozenset({"USD"}), range(1, 100), interval_s)


SOURCES = [source_named("six_hours", 6 * HOUR), source_named("half_a_day", 12 * HOUR), source_named("a_day", 24 * HOUR)]


class Killed(BaseException):
    """kill -9 in the middle of a crawl: nothing is tidied up."""


@dataclass
class World:
    """A clock that a test moves, and a network that takes no time."""

    now: datetime = MONDAY
    fetched: list[tuple[str, datetime]] = field(default_factory=list)
    doomed: bool = False
    lock: Lock = field(default_factory=Lock)

    def clock(self) -> datetime:
        return self.now

    def launch(self, source: Source, now: datetime, _stopping: Event) -> CrawlResult:
        if self.doomed:
            raise Killed
        with self.lock:
            self.fetched.append((source.name, Schedule.slot_of(source, now)))
        return CrawlResult(source.name, 1, Outcome.COMPLETE, None, None, 1, 0, 0, 0)

    def schedule(self, engine: Engine, sources: list[Source] = SOURCES) -> Schedule:
        return Schedule(engine, sources, self.launch, clock=self.clock, lease_s=360)

    def pass_time(self, **of: float) -> None:
        self.now += timedelta(**of)


def slots_between(source: Source, start: datetime, end: datetime) -> list[datetime]:
    first = Schedule.slot_of(source, start)
    count = (Schedule.slot_of(source, end) - first) // timedelta(seconds=source.interval_s)
    return [first + timedelta(seconds=source.interval_s * number) for number in range(count + 1)]


def test_in_a_month_two_schedulers_fetch_every_source_once_a_slot_though_one_is_killed(engine: Engine) -> None:
    world, chance = World(), random.Random(2)
    schedules = [world.schedule(engine), world.schedule(engine)]
    with ThreadPoolExecutor(2) as pool:
        while world.now < MONDAY + timedelta(days=30):
            list(pool.map(lambda schedule: schedule.run_due(world.now), schedules))
            if len(schedules) == 2 and world.now > MONDAY + timedelta(days=15):
                kill_in_the_middle(world, schedules.pop())
            world.pass_time(minutes=chance.randint(20, 150))
    ended = world.now - timedelta(minutes=150)
    for source in SOURCES:
        fetched = Counter(slot for name, slot in world.fetched if name == source.name)
        assert set(fetched.values()) == {1}
        assert [slot for slot in slots_between(source, MONDAY, ended) if slot not in fetched] == []


def kill_in_the_middle(world: World, schedule: Schedule) -> None:
    world.now = Schedule.slot_of(SOURCES[0], world.now) + timedelta(seconds=SOURCES[0].interval_s)
    world.doomed = True
    with pytest.raises(Killed):
        schedule.run_due(world.now)
    world.doomed = False


def test_a_slot_of_a_killed_scheduler_is_taken_over_when_its_lease_has_run_out(engine: Engine) -> None:
    world = World(doomed=True)
    with pytest.raises(Killed):
        world.schedule(engine).run_due(world.now)
    world.doomed = False
    other = world.schedule(engine)
    world.pass_time(minutes=5)
    assert other.run_due(world.now) == ["half_a_day", "a_day"]
    world.pass_time(minutes=2)
    assert other.run_due(world.now) == ["six_hours"]


def test_at_the_first_start_every_source_is_due(engine: Engine) -> None:
    world = World()
    schedule = world.schedule(engine)
    assert [schedule.is_due(source, MONDAY) for source in SOURCES] == [True] * 3
    assert schedule.run_due(MONDAY) == [source.name for source in SOURCES]
    assert schedule.run_due(MONDAY) == []


def test_after_an_outage_only_the_present_slot_is_crawled(engine: Engine) -> None:
    world = World()
    world.schedule(engine).run_due(world.now)
    world.pass_time(hours=25)
    restarted = world.schedule(engine)
    assert restarted.run_due(world.now) == [source.name for source in SOURCES]
    assert Counter(name for name, _ in world.fetched) == {source.name: 2 for source in SOURCES}


def test_a_restart_within_the_slot_crawls_nothing_again(engine: Engine) -> None:
    world = World(now=Schedule.slot_of(SOURCES[0], MONDAY))
    world.schedule(engine, SOURCES[:1]).run_due(world.now)
    world.pass_time(minutes=30)
    assert world.schedule(engine, SOURCES[:1]).run_due(world.now) == []


def test_a_paused_source_is_left_alone_and_then_crawled(engine: Engine) -> None:
    world = World()
    schedule = world.schedule(engine)
    with writing(engine) as connection:
        pause(connection, "a_day", MONDAY + timedelta(minutes=2))
    assert schedule.run_due(world.now) == ["six_hours", "half_a_day"]
    world.pass_time(minutes=2)
    assert schedule.run_due(world.now) == ["a_day"]


def test_a_crawl_that_was_stopped_gives_its_slot_back(engine: Engine) -> None:
    def stopped(source: Source, _now: datetime, _stopping: Event) -> CrawlResult:
        raise Stopped(source.name)

    assert Schedule(engine, SOURCES[:1], stopped, clock=lambda: MONDAY).run_due(MONDAY) == []
    assert World().schedule(engine, SOURCES[:1]).run_due(MONDAY) == ["six_hours"]


def test_a_source_that_keeps_failing_is_left_alone_for_longer_and_longer(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    world, source = World(), source_named("broken", HOUR)
    failure = Failure("FetchFailed", "404 Not Found")

    def launch(source: Source, now: datetime, _stopping: Event) -> CrawlResult:
        with recording(engine) as connection:
            return CrawlResult.of(record(connection, page_read(now, source=source, failure=failure), now))

    schedule = Schedule(engine, [source], launch, clock=world.clock)
    pauses = []
    while world.now < MONDAY + timedelta(days=4):
        if schedule.run_due(world.now):
            with reading(engine) as connection:
                until = paused_until(connection, source.name)
            pauses.append((until - world.now) // timedelta(hours=1) if until else 0)
        world.pass_time(minutes=30)
    assert pauses == [0, 2, 4, 8, 16, 24, 24, 24]
    assert "broken: failed. FetchFailed: 404 Not Found; paused until 2026-03-" in caplog.text


def test_a_pause_that_the_server_asked_for_is_not_shortened(engine: Engine) -> None:
    wished = MONDAY + timedelta(hours=20)

    def launch(source: Source, now: datetime, _stopping: Event) -> CrawlResult:
        failure = Failure("FetchFailed", "429 Too Many Requests; the server asks to wait 72000 s")
        with recording(engine) as connection:
            recorded = record(connection, page_read(now, source=source, failure=failure), now)
            pause(connection, source.name, wished)
            return CrawlResult.of(recorded)

    source = source_named("busy", HOUR)
    Schedule(engine, [source], launch, clock=lambda: MONDAY).run_due(MONDAY)
    with reading(engine) as connection:
        assert paused_until(connection, source.name) == wished


@pytest.mark.parametrize(("failures", "hours"), [(0, None), (1, None), (2, 2), (3, 4), (5, 16), (6, 24), (500, 24)])
def test_pauses_double_up_to_a_day(failures: int, hours: int | None) -> None:
    assert pause_after(failures, HOUR) == (timedelta(hours=hours) if hours else None)


def test_it_looks_again_and_again_and_crawls_in_children(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer, caplog: pytest.LogCaptureFixture
) -> None:
    def launch(source: Source, _now: datetime, stopping: Event) -> CrawlResult:
        return crawl(source.name, database_url=sqlite_url, url=server.url("/good"), stopping=stopping)

    caplog.set_level(logging.INFO)
    source = replace(spider_class(OPENROUTER).source(), interval_s=1)
    schedule = Schedule(sqlite_engine, [source], launch)
    schedule.start()
    try:
        wait_until(lambda: runs(sqlite_engine) >= 2)
    finally:
        schedule.stop()
    with reading(sqlite_engine) as connection:
        assert set(connection.execute(select(t.run.c.outcome)).scalars()) == {"complete"}
    assert "watching 1 sources; due now: openrouter_models" in caplog.text
    assert "openrouter_models: complete, 210 offers, 0 changes" in caplog.text


def test_no_more_crawls_than_four_run_at_once(sqlite_engine: Engine) -> None:
    running: list[str] = []
    most, done = [0], Event()

    def launch(source: Source, _now: datetime, stopping: Event) -> None:
        running.append(source.name)
        most[0] = max(most[0], len(running))
        stopping.wait(0.05)
        running.remove(source.name)
        if source.name == "last":
            done.set()

    sources = [source_named(f"source_{number}", HOUR) for number in range(8)]
    schedule = Schedule(sqlite_engine, [*sources, source_named("last", HOUR)], launch)
    schedule.start()
    assert done.wait(20)
    schedule.stop()
    assert most == [4]


def test_sigterm_ends_the_crawl_and_gives_the_slot_back(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    scheduler = start_scheduler(sqlite_url, server)
    children = psutil.Process(scheduler.pid).children()
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(20) == 0
    assert [child for child in children if child.is_running()] == []
    with reading(sqlite_engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.slot)).scalar() == 0
    assert runs(sqlite_engine) == 0


def test_after_kill_9_another_scheduler_takes_over(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer
) -> None:
    scheduler = start_scheduler(sqlite_url, server)
    scheduler.kill()
    scheduler.wait()
    source = replace(spider_class(OPENROUTER).source(), interval_s=86_400)
    world = World(now=datetime.now(UTC))
    other = world.schedule(sqlite_engine, [source])
    assert other.run_due(world.now) == []
    world.pass_time(minutes=7)
    assert other.run_due(world.now) == [OPENROUTER]


def start_scheduler(database_url: str, server: MisbehavingServer) -> "subprocess.Popen[bytes]":
    """A process that is in the middle of a crawl."""
    server.behaviours["/hang"] = hang
    command = [sys.executable, "-m", "tests.crawler.scheduler", OPENROUTER, database_url, server.url("/hang")]
    scheduler = subprocess.Popen(command, cwd=ROOT)
    wait_until(server.pages_asked)
    return scheduler


def runs(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(t.run)).scalar_one()


def test_a_long_crawl_has_a_lease_that_lasts_as_long(engine: Engine) -> None:
    slow = spider_class("openrouter_endpoints").source()
    schedule = Schedule(engine, [slow], lambda *_: None)
    assert schedule.lease_of(slow) > slow.longest_s > 300
