"""Volumes and hosts on record: what is restated is a correction, and the past can still be asked for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError

from history import queries
from history import tables as t
from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Host, Notice, Outcome, Provider, Reading, Source, Volume
from history.queries import AskedVolumes
from history.recorder import AlreadyRecorded, Recorded, record
from history.rederive import correct
from history.register import newest_day
from tests.history.pages import simple

GATEWAY = Provider("gate", "Gate", "gateway")
SOURCE = Source("gate_volumes", GATEWAY, "https://gate.example/daily", frozenset({"USD"}), range(2, 50), 3600)
MONDAY = datetime(2026, 5, 11, 3, tzinfo=UTC)
SUNDAY = date(2026, 5, 10)
A, B = Volume("lab/a", "day", SUNDAY, 100), Volume("lab/a:free", "day", SUNDAY, 10**15)
HOSTS = Host("acme", "Acme", "US", None), Host("beta", "Beta", None, ("SG",))
Runs = Callable[..., Recorded]


def at(day: float) -> datetime:
    return MONDAY + timedelta(days=day)


def stated(day: float, *said: Volume | Host, **more: Any) -> Reading:
    volumes = tuple(one for one in said if isinstance(one, Volume))
    hosts = tuple(one for one in said if isinstance(one, Host))
    notices = (Notice(at(day), f"as of day {day}", "CC-BY-4.0", "{}"),) if volumes else ()
    return Reading(SOURCE, "one", at(day), volumes=volumes, hosts=hosts, notices=notices, **more)


@pytest.fixture
def run(engine: Engine) -> Runs:
    """One run of the gateway's source that stated this on that day."""

    def run_it(day: float, *said: Volume | Host, **more: Any) -> Recorded:
        with recording(engine) as connection:
            return record(connection, stated(day, *said, **more), at(day))

    return run_it


def known(engine: Engine, day: float = 99, **asked: Any) -> list[tuple[str, int | None]]:
    with reading_from(engine) as connection:
        found = queries.volumes(connection, AskedVolumes(**asked), at(day))
    return [(one.model, one.tokens) for one in found]


def versions(engine: Engine, table: Any = t.volume) -> int:
    with reading_from(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_volumes_are_recorded_with_their_notice_and_are_no_price_events(engine: Engine, run: Runs) -> None:
    recorded = run(0, A, B)
    assert (recorded.outcome, recorded.failure) == (Outcome.COMPLETE, None)
    assert (recorded.offers, recorded.volumes, recorded.restated, recorded.events) == (0, 2, 0, 0)
    assert known(engine) == [("lab/a", 100), ("lab/a:free", 10**15)]
    with reading_from(engine) as connection:
        [notice] = queries.notices(connection, {recorded.run_id})
        [row] = queries.runs(connection)
    assert (notice.source, notice.as_of, notice.citation) == ("gate_volumes", MONDAY, "as of day 0")
    assert row.offers == 2, "a run counts what it states"
    assert versions(engine, t.change_event) == 0


def test_the_same_figures_again_cost_nothing(engine: Engine, run: Runs) -> None:
    run(0, A, B)
    assert run(1, A, B).restated == 0
    assert versions(engine) == 2


def test_a_restated_figure_is_a_correction_that_known_at_tells(engine: Engine, run: Runs) -> None:
    run(0, A, B)
    assert run(1, replace(A, tokens=101), B).restated == 1
    assert known(engine) == [("lab/a", 101), ("lab/a:free", 10**15)]
    assert known(engine, 0.5) == [("lab/a", 100), ("lab/a:free", 10**15)]
    assert known(engine, -1) == []
    assert versions(engine) == 3


def test_a_figure_may_go_there_and_back(engine: Engine, run: Runs) -> None:
    for day, tokens in enumerate((100, 101, 100)):
        run(day, replace(A, tokens=tokens), B)
    assert [known(engine, day + 0.5, model="lab/a")[0][1] for day in range(3)] == [100, 101, 100]


def test_absence_says_nothing(engine: Engine, run: Runs) -> None:
    """Zero rows are omitted, and the fifty-first model is in "other"."""
    other = Volume("other", "day", SUNDAY, 5)
    run(0, A, B, other)
    run(1, A, other)
    assert ("lab/a:free", 10**15) in known(engine)


def test_the_same_day_in_another_period_is_another_figure(engine: Engine, run: Runs) -> None:
    run(0, A, replace(A, period="trailing_day", tokens=90), replace(A, period="trailing_week", tokens=700))
    assert known(engine, periods=["day"]) == [("lab/a", 100)]
    assert known(engine, periods=["trailing_week", "trailing_day"]) == [("lab/a", 90), ("lab/a", 700)]
    assert known(engine, first_day=SUNDAY + timedelta(days=1)) == known(engine, source="another") == []


def test_far_fewer_than_declared_fail_the_run_and_nothing_is_recorded(engine: Engine, run: Runs) -> None:
    run(0, A, B)
    failed = run(1, replace(A, tokens=1))
    assert failed.outcome is Outcome.FAILED
    assert failed.failure is not None
    assert failed.failure.name == "TooFewVolumes"
    assert known(engine, model="lab/a") == [("lab/a", 100)]
    few = run(2, HOSTS[0]).failure
    assert few is not None
    assert few.name == "TooFewHosts"
    assert versions(engine, t.host) == 0


def test_no_row_at_all_fails_the_run(run: Runs) -> None:
    failure = run(0).failure
    assert failure is not None
    assert failure.name == "PageChanged"


def test_a_row_that_cannot_be_is_left_out_and_told(engine: Engine, run: Runs) -> None:
    recorded = run(0, A, B, Volume("lab/bad", "day", SUNDAY, -1))
    assert (recorded.outcome, recorded.rejected, recorded.volumes) == (Outcome.PARTIAL, 1, 2)
    assert recorded.failure is not None
    assert recorded.failure.name == "Rejection(negative_volume)"
    assert "lab/bad: day 2026-05-10: tokens is -1" in recorded.failure.message
    assert len(known(engine)) == 2
    assert run(1, replace(A, tokens=-1), replace(B, tokens=-1)).outcome is Outcome.FAILED


def test_more_than_declared_are_recorded_and_told(engine: Engine, run: Runs) -> None:
    many = [Volume(f"lab/{number}", "day", SUNDAY, number) for number in range(60)]
    recorded = run(0, *many)
    assert recorded.failure is not None
    assert recorded.failure.name == "TooManyVolumes"
    assert len(known(engine)) == 60


def test_a_run_is_recorded_once(engine: Engine, run: Runs) -> None:
    run(0, A, B)
    with pytest.raises(AlreadyRecorded):
        run(0, replace(A, tokens=5), B)
    assert versions(engine) == 2


def test_a_run_that_breaks_off_leaves_nothing(engine: Engine, run: Runs) -> None:
    run(0, A, B)
    uncited: Any = None
    notice = Notice(at(1), uncited, "", "{}")
    broken = replace(stated(1, replace(A, tokens=7), B), notices=(notice,))
    with pytest.raises(DatabaseError), recording(engine) as connection:
        record(connection, broken, at(1))
    assert known(engine, model="lab/a") == [("lab/a", 100)]
    with reading_from(engine) as connection:
        assert len(queries.runs(connection)) == 1


def test_the_pages_of_one_run_are_cited_as_of_the_oldest(engine: Engine, run: Runs) -> None:
    notices = tuple(Notice(at(day), f"as of {day}", "", f'{{"n":{day}}}') for day in (3, 1, 2))
    with recording(engine) as connection:
        recorded = record(connection, replace(stated(5, A, B), notices=notices), at(5))
        [notice] = queries.notices(connection, {recorded.run_id})
        meta = connection.execute(select(t.volume_notice.c.meta)).scalar()
    assert (notice.as_of, notice.citation, notice.licence) == (at(1), "as of 1", "")
    assert meta == '[{"n":3},{"n":1},{"n":2}]'


def test_a_long_backfill_goes_in_at_once(engine: Engine) -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(400)]
    volumes = [Volume(f"lab/{model}", "day", day, model) for day in days for model in range(10)]
    source = replace(SOURCE, offers_expected=range(2, 10_000))
    with recording(engine) as connection:
        recorded = record(connection, replace(stated(0, *volumes), source=source), at(0))
        assert newest_day(connection, SOURCE.name) == days[-1]
        assert newest_day(connection, "another") is None
    assert (recorded.volumes, versions(engine)) == (4000, 4000)


def test_hosts_are_versions_too(engine: Engine, run: Runs) -> None:
    assert run(0, *HOSTS).hosts == 2
    assert run(1, *HOSTS).restated == 0
    assert run(2, replace(HOSTS[0], headquarters="DE"), HOSTS[1]).restated == 1
    with reading_from(engine) as connection:
        then, now = (queries.hosts(connection, at(day), slug="acme")[0] for day in (1.5, 3))
        german = queries.hosts(connection, at(3), headquarters="DE")
        [beta] = queries.hosts(connection, at(3), slug="beta")
    assert (then.headquarters, now.headquarters, now.datacenters) == ("US", "DE", None)
    assert [host.slug for host in german] == ["acme"]
    assert (beta.headquarters, beta.datacenters) == (None, ("SG",))


def test_a_page_may_state_offers_and_volumes_alike(engine: Engine, run: Runs) -> None:
    recorded = run(0, A, offers=(structs.replace(simple("m", "3"), provider="gate"),))
    assert (recorded.outcome, recorded.offers, recorded.volumes) == (Outcome.COMPLETE, 1, 1)
    assert known(engine) == [("lab/a", 100)]


def test_after_a_parser_fix_what_was_misread_is_superseded(engine: Engine, run: Runs) -> None:
    first = run(0, A, B, replace(A, model="lab/ghost"))
    run(1, A, B)
    readings = [(first.run_id, stated(0, A, replace(B, tokens=5))), (first.run_id + 1, stated(1, A, B, HOSTS[0]))]
    with recording(engine) as connection:
        corrected = correct(connection, SOURCE, readings, "two", at(2))
    assert (corrected.restated, corrected.events, corrected.volumes) == (1, 0, 2), "only the ghost: B was told again"
    assert known(engine) == [("lab/a", 100), ("lab/a:free", 10**15)]
    assert len(known(engine, 1.5)) == 3
    with recording(engine) as connection:
        again = correct(connection, SOURCE, readings, "two", at(3))
    assert again.restated == 0


def test_a_run_that_could_not_be_read_before_gets_its_volumes_and_its_notice(engine: Engine, run: Runs) -> None:
    failed = run(0, A)
    with recording(engine) as connection:
        correct(connection, SOURCE, [(failed.run_id, stated(0, A, B))], "two", at(1))
        [notice] = queries.notices(connection, {failed.run_id})
    assert notice.citation == "as of day 0"
    assert known(engine, 0.5) == []
    assert len(known(engine)) == 2


def test_a_correction_and_a_crawl_at_one_moment_do_not_collide(engine: Engine, run: Runs) -> None:
    first = run(0, A, B)
    with recording(engine) as connection:
        correct(connection, SOURCE, [(first.run_id, stated(0, replace(A, tokens=1), B))], "two", at(1))
    run(1, replace(A, tokens=2), B)
    assert known(engine, model="lab/a") == [("lab/a", 2)]
    assert known(engine, 0.5, model="lab/a") == [("lab/a", 100)]
    with writing(engine) as connection:
        assert connection.execute(select(func.count()).where(t.volume.c.superseded_at.is_(None))).scalar() == 2
