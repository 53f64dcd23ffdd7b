"""The sources that are really declared, at their real intervals, on a clock that a test moves."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from crawler.reading import spider_class, spider_names
from crawler.schedule import Schedule
from history.model import Source
from tests.crawler.test_schedule import MONDAY, Killed, World, slots_between

DECLARED = [spider_class(name).source() for name in spider_names()]
DAY_S = 86_400
# Every source that is asked daily, and one that is asked hourly. `make bench` lives through a month of them all.
OF_A_MONTH = [source for source in DECLARED if source.interval_s == DAY_S] + DECLARED[:1]
OUTAGE = timedelta(hours=12)


def live(world: World, schedules: list[Schedule], until: datetime, chance: random.Random) -> None:
    """Both schedulers look at the same time, again and again, at no regular times, until then."""
    with ThreadPoolExecutor(2) as pool:
        while world.now < until:
            list(pool.map(lambda schedule: schedule.run_due(world.now), schedules))
            world.pass_time(seconds=chance.randint(1200, 2700))


def kill_at_the_next_slot(world: World, schedules: list[Schedule], source: Source) -> None:
    """One of the two takes a slot, and dies with it; the lease is all that is left."""
    doomed = schedules.pop()
    doomed.sources = [source]
    world.now = Schedule.slot_of(source, world.now) + timedelta(seconds=source.interval_s)
    world.doomed = True
    with pytest.raises(Killed):
        doomed.run_due(world.now)
    world.doomed = False


def faults(
    world: World, sources: list[Source], dark: tuple[datetime, datetime], ended: datetime
) -> Iterator[tuple[str, datetime]]:
    """Slots that were fetched twice, and those that were not: but for what begins and ends while nobody looks, which
    is not made up for."""
    every = Counter(world.fetched)
    yield from (slot for slot, times in every.items() if times > 1)
    for source in sources:
        length = timedelta(seconds=source.interval_s)
        due = slots_between(source, MONDAY, ended)
        missed = [slot for slot in due if (source.name, slot) not in every]
        excused = [slot for slot in missed if slot >= dark[0] - length and slot + length <= dark[1]]
        yield from ((source.name, slot) for slot in missed if slot not in excused)
        yield from ((source.name, slot) for slot in excused[int(OUTAGE / length) + 1 :])


def lives_through(engine: Engine, sources: list[Source], days: float) -> tuple[World, list[tuple[str, datetime]]]:
    """Two schedulers, an outage of twelve hours in the middle, and afterwards the death of one of them; what was
    fetched, and the slots that should have been fetched otherwise."""
    world, chance = World(), random.Random(7)
    schedules = [world.schedule(engine, sources), world.schedule(engine, sources)]
    middle = MONDAY + timedelta(days=days) / 2 - OUTAGE / 2
    live(world, schedules, middle, chance)
    dark = world.now - timedelta(seconds=2700), world.now + OUTAGE
    world.pass_time(hours=12)
    back = len(world.fetched)
    # After an outage everything whose slot has not been fetched is fetched at the first look.
    schedules[0].run_due(world.now)
    assert {name for name, _ in world.fetched[back:]} >= {
        source.name for source in sources if source.interval_s < DAY_S
    }
    kill_at_the_next_slot(world, schedules, sources[-1])
    live(world, schedules, MONDAY + timedelta(days=days), chance)
    return world, list(faults(world, sources, dark, world.now - timedelta(seconds=2700)))


def test_a_month_of_the_declared_daily_sources_and_an_hourly_one(engine: Engine) -> None:
    world, wrong = lives_through(engine, OF_A_MONTH, 30)
    assert wrong == []
    counts = Counter(name for name, _ in world.fetched)
    assert {29 <= counts[source.name] <= 32 for source in OF_A_MONTH[:-1]} == {True}
    assert 700 <= counts[OF_A_MONTH[-1].name] <= 721


def test_a_day_of_all_declared_sources_with_half_a_day_of_darkness(engine: Engine) -> None:
    world, wrong = lives_through(engine, DECLARED, 1)
    assert wrong == []
    assert {name for name, _ in world.fetched} == set(spider_names())


def test_sources_of_one_interval_are_spread_over_it() -> None:
    hourly = [source for source in DECLARED if source.interval_s == 3600]
    minutes = {Schedule.slot_of(source, MONDAY).minute for source in hourly}
    assert len(minutes) > len(hourly) / 2


def test_a_slot_that_is_fetched_twice_or_forgotten_is_found() -> None:
    [source] = DECLARED[:1]
    dark = MONDAY + 30 * OUTAGE, MONDAY + 31 * OUTAGE
    slots = slots_between(source, MONDAY, MONDAY + timedelta(days=2))
    world = World(fetched=[(source.name, slot) for slot in (*slots[:5], *slots[6:], slots[9])])
    assert list(faults(world, [source], dark, slots[-1])) == [(source.name, slots[9]), (source.name, slots[5])]
