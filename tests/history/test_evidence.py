"""Snapshots are kept once, unchanged, and found again by their hash."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from history import evidence
from history import tables as t
from history.db import reading as reading_from
from history.db import recording, writing
from history.model import Failure, Fetched
from history.recorder import record
from tests.history.pages import SOURCE, day, reading, simple


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(body=st.binary(max_size=2000))
def test_a_body_comes_back_byte_for_byte(engine: Engine, body: bytes) -> None:
    with writing(engine) as connection:
        digest = evidence.keep(connection, body, "text/html", day(0))
        kept = evidence.read(connection, digest)
    assert digest == sha256(body).hexdigest()
    assert kept is not None
    assert kept.body == body


def test_the_same_body_is_stored_once(engine: Engine) -> None:
    with writing(engine) as connection:
        for number in range(3):
            evidence.keep(connection, b"the same page", "text/html", day(number))
        assert connection.execute(select(func.count()).select_from(t.snapshot)).scalar() == 1


def test_an_unknown_hash_has_no_snapshot(engine: Engine) -> None:
    with reading_from(engine) as connection:
        assert evidence.read(connection, "0" * 64) is None


@pytest.fixture
def fetched_twice(engine: Engine) -> Engine:
    """A good run on day 0 and a failed one, with an error page kept, on day 1."""
    with recording(engine) as connection:
        good = Fetched(SOURCE.url, evidence.keep(connection, b"page", "text/html", day(0)), day(0), 200, '"v1"', "Mon")
        bad = Fetched(SOURCE.url, evidence.keep(connection, b"busy", "text/html", day(1)), day(1), 503)
        record(connection, reading(day(0), simple("a", "3"), pages=(good,)), day(0))
        record(connection, reading(day(1), pages=(bad,), failure=Failure("FetchFailed", "503")), day(1))
    return engine


def test_a_conditional_request_uses_the_newest_good_answer(fetched_twice: Engine) -> None:
    with reading_from(fetched_twice) as connection:
        found = evidence.validators(connection, SOURCE.name, SOURCE.url)
        assert found == evidence.Validators('"v1"', "Mon", sha256(b"page").hexdigest())
        assert evidence.validators(connection, SOURCE.name, "https://elsewhere.example") is None


def test_stored_runs_are_those_with_a_good_answer(fetched_twice: Engine) -> None:
    with reading_from(fetched_twice) as connection:
        runs = evidence.stored_runs(connection, SOURCE.name)
        assert [(run.observed_at, len(run.pages)) for run in runs] == [(day(0), 1)]
        assert evidence.last_extractor(connection, SOURCE.name) == "one"
        assert evidence.last_extractor(connection, "nobody") is None


def crawl(engine: Engine, number: int, body: bytes) -> str:
    """One run that fetched this body."""
    with recording(engine) as connection:
        digest = evidence.keep(connection, body, "text/html", day(number), SOURCE.url)
        page = Fetched(SOURCE.url, digest, day(number))
        record(connection, reading(day(number), simple("a", "3"), pages=(page,)), day(number))
    return digest


def page_of(moved: int) -> bytes:
    """300 rows that zstd alone cannot make small; `moved` of them are not what they were."""
    rows = (sha256(f"{number}{'b' * (number < moved)}".encode()).hexdigest() for number in range(300))
    return "\n".join(rows).encode()


def test_a_page_that_changes_a_little_costs_little_and_comes_back_byte_for_byte(engine: Engine) -> None:
    bodies = {crawl(engine, number, page_of(number)): page_of(number) for number in range(50)}
    with reading_from(engine) as connection:
        assert {digest: kept.body for digest in bodies if (kept := evidence.read(connection, digest))} == bodies
        sizes = select(t.snapshot.c.base.is_(None), func.count(), func.avg(func.length(t.snapshot.c.body_zstd)))
        (_, whole, large), (_, differences, small) = sorted(
            connection.execute(sizes.group_by(t.snapshot.c.base.is_(None))), reverse=True
        )
    assert (whole, differences) == (1, 49)
    assert small * 10 < large


def test_what_is_kept_as_a_difference_is_read_through_few_others(engine: Engine) -> None:
    digests = [crawl(engine, number, page_of(number)) for number in range(50)]
    with reading_from(engine) as connection:
        bases = {row.sha256: row.base for row in connection.execute(select(t.snapshot.c.sha256, t.snapshot.c.base))}
    depths = []
    for digest in digests:
        steps: list[str | None] = [digest]
        while (last := steps[-1]) is not None:
            steps.append(bases[last])
        depths.append(len(steps) - 1)
    assert max(depths) == evidence.CHAIN


def test_another_page_at_the_same_address_is_kept_whole(engine: Engine) -> None:
    crawl(engine, 0, page_of(0))
    digest = crawl(engine, 1, bytes(reversed(page_of(0))))
    with reading_from(engine) as connection:
        assert connection.execute(select(t.snapshot.c.base).where(t.snapshot.c.sha256 == digest)).scalar() is None
