"""Whose turn it is: slots, and leases that one scheduler holds while it lives."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import Connection, Engine, select

from history import leases
from history import tables as t
from history.db import reading, recording, writing
from history.model import Failure
from history.recorder import declare_sources, pause, record
from tests.history.pages import SOURCE, models
from tests.history.pages import reading as page_read

NAME = SOURCE.name
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMES = some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC))


@pytest.fixture
def declared(engine: Engine) -> Engine:
    with recording(engine) as connection:
        declare_sources(connection, [SOURCE])
    return engine


def claim(engine: Engine, holder: str, now: datetime = MONDAY, slot: datetime = MONDAY, lease_s: float = 360) -> bool:
    with writing(engine) as connection:
        return leases.claim(connection, NAME, slot, holder, now, lease_s)


def is_free(engine: Engine, now: datetime = MONDAY, slot: datetime = MONDAY) -> bool:
    with reading(engine) as connection:
        return leases.is_free(connection, NAME, slot, now)


def last_done(connection: Connection) -> datetime | None:
    """The start of the newest slot that is done."""
    done = select(t.slot.c.starts_at).where(t.slot.c.done_at.is_not(None)).order_by(t.slot.c.starts_at.desc())
    return connection.execute(done.limit(1)).scalar()


@given(TIMES, some.integers(1, 7 * 86_400), some.integers(0, 86_400))
def test_every_moment_falls_in_the_slot_that_began_last(now: datetime, interval_s: int, offset_s: int) -> None:
    slot = leases.due_slot(now, interval_s, offset_s)
    assert slot <= now < slot + timedelta(seconds=interval_s)
    assert leases.due_slot(slot, interval_s, offset_s) == slot
    assert leases.due_slot(slot + timedelta(seconds=interval_s), interval_s, offset_s) > slot


def test_slots_begin_at_the_offset_into_the_interval() -> None:
    assert leases.due_slot(MONDAY, 3600, 600) == MONDAY - timedelta(minutes=50)
    assert leases.due_slot(MONDAY + timedelta(minutes=10), 3600, 600) == MONDAY + timedelta(minutes=10)


def test_sources_are_spread_over_the_interval_and_stay_where_they_are() -> None:
    offsets = [leases.offset_of(f"source_{number}", 3600) for number in range(400)]
    quarters = Counter(offset // 900 for offset in offsets)
    assert sorted(quarters) == [0, 1, 2, 3]
    assert min(quarters.values()) > 60
    assert leases.offset_of("deepseek", 3600) == leases.offset_of("deepseek", 3600) == 2270


def test_a_slot_is_claimed_once(declared: Engine) -> None:
    assert is_free(declared)
    assert claim(declared, "one")
    assert not is_free(declared)
    assert not claim(declared, "two")
    assert not claim(declared, "one"), "not even by its holder"


def test_a_slot_that_is_done_stays_done(declared: Engine) -> None:
    assert claim(declared, "one")
    with writing(declared) as connection:
        assert leases.finish(connection, NAME, MONDAY, "one", MONDAY + timedelta(minutes=1))
        assert last_done(connection) == MONDAY
    assert not is_free(declared, MONDAY + HOUR)
    assert not claim(declared, "two", MONDAY + HOUR)


def test_the_next_slot_is_free_again(declared: Engine) -> None:
    assert claim(declared, "one")
    assert claim(declared, "two", MONDAY + HOUR, MONDAY + HOUR)


def test_a_lease_that_ran_out_is_taken_over(declared: Engine) -> None:
    assert claim(declared, "killed", lease_s=360)
    assert not claim(declared, "two", MONDAY + timedelta(seconds=359))
    assert is_free(declared, MONDAY + timedelta(seconds=360))
    assert claim(declared, "two", MONDAY + timedelta(seconds=360))


def test_who_lost_its_lease_cannot_finish_or_release_the_slot(declared: Engine) -> None:
    assert claim(declared, "slow", lease_s=1)
    assert claim(declared, "two", MONDAY + timedelta(seconds=2))
    with writing(declared) as connection:
        assert not leases.finish(connection, NAME, MONDAY, "slow", MONDAY + timedelta(seconds=3))
        leases.release(connection, NAME, MONDAY, "slow")
    assert not is_free(declared, MONDAY + timedelta(seconds=3))


def test_a_released_slot_can_be_had_at_once(declared: Engine) -> None:
    assert claim(declared, "one")
    with writing(declared) as connection:
        leases.release(connection, NAME, MONDAY, "one")
    assert claim(declared, "two")


def test_a_slot_whose_holder_died_after_recording_is_not_crawled_again(declared: Engine) -> None:
    assert claim(declared, "killed", lease_s=360)
    with recording(declared) as connection:
        record(connection, page_read(MONDAY + timedelta(minutes=1)), MONDAY + timedelta(minutes=1))
    assert not claim(declared, "two", MONDAY + timedelta(minutes=10))
    with reading(declared) as connection:
        assert last_done(connection) == MONDAY


def test_a_paused_source_is_nobodys_until_the_pause_is_over(declared: Engine) -> None:
    with writing(declared) as connection:
        pause(connection, NAME, MONDAY + timedelta(minutes=5))
        assert leases.paused_until(connection, NAME) == MONDAY + timedelta(minutes=5)
    assert not is_free(declared)
    assert not claim(declared, "one")
    assert claim(declared, "one", MONDAY + timedelta(minutes=5))


def test_an_unknown_source_cannot_be_claimed(engine: Engine) -> None:
    assert not is_free(engine)
    assert not claim(engine, "one")


def test_of_schedulers_that_ask_at_once_one_gets_each_slot(declared: Engine) -> None:
    schedulers, slots = 6, [MONDAY + HOUR * number for number in range(8)]
    ready = Barrier(schedulers)

    def race(holder: int) -> list[datetime]:
        ready.wait()
        return [slot for slot in slots if claim(declared, str(holder), slot, slot)]

    with ThreadPoolExecutor(schedulers) as pool:
        won = [slot for slots_won in pool.map(race, range(schedulers)) for slot in slots_won]
    assert sorted(won) == slots


def test_failures_in_a_row_are_counted_from_the_newest_run(declared: Engine) -> None:
    broken = Failure("FetchFailed", "500 Internal Server Error")

    def failures_after(hours: int, failure: Failure | None) -> int:
        with recording(declared) as connection:
            moment = MONDAY + HOUR * hours
            offers = () if failure else tuple(models(["acme-large"]))
            record(connection, page_read(moment, *offers, failure=failure), moment)
            return leases.failures_in_a_row(connection, NAME)

    counts = [failures_after(hour, failure) for hour, failure in enumerate([broken, broken, None, broken])]
    assert counts == [1, 2, 0, 1]
