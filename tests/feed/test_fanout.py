"""A story becomes one message, and one delivery for each subscription that wants it: no more, no less, in order."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from feed.alerts import fanout, queue
from feed.alerts import tables as t
from feed.alerts.fanout import fan_out, parsed, pending_news
from history import queries
from history.db import connect, reading, recording
from tests.feed.audience import Audience
from tests.feed.conftest import PUBLIC_URL
from tests.feed.rows import DAY, HOUR, NOW, TODAY, Rows, flash_cut, moved
from tests.postgres import forget

CUT = moved("input_tokens", "2", "1")


def tell(engine: Engine, now: datetime = NOW, most: int = 50) -> int:
    with queue.adding(engine) as connection:
        return fan_out(connection, PUBLIC_URL, now, most)


def is_pending(engine: Engine) -> bool:
    with reading(engine) as connection:
        return pending_news(connection)


@pytest.fixture
def begun(engine: Engine) -> None:
    """Alerts began before anything happened."""
    tell(engine)


@pytest.mark.usefixtures("begun")
def test_a_story_is_told_to_who_wants_it(engine: Engine, rows: Rows, audience: Audience) -> None:
    everything, wanted = audience.add(), audience.add(model="deepseek-v4-flash")
    audience.add(model="another")
    story = flash_cut(rows)
    assert tell(engine) == 1
    assert audience.told() == {(everything, f"story/{story}"), (wanted, f"story/{story}")}
    assert audience.queued() == {everything, wanted}
    (told,) = audience.messages()
    assert re.fullmatch("msg_[a-z2-7]{26}", told.uid)
    assert (told.type, told.event_at, told.created_at) == ("price.changed", NOW, NOW)
    assert json.loads(told.payload)["data"]["headline"].startswith("deepseek-v4-flash: cache hit −98 %")


@pytest.mark.usefixtures("begun")
def test_what_nobody_wants_is_no_message(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add(model="another")
    flash_cut(rows)
    assert tell(engine) == 0
    assert audience.messages() == []
    assert not is_pending(engine)


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize(
    ("cadence", "state"),
    [
        ("instant", "unproven"), ("instant", "paused"), ("instant", "disabled"), ("instant", "deleted"),
        ("daily", "active"), ("weekly", "active"),
    ],
)  # fmt: skip
def test_who_is_not_to_be_told_at_once_is_left_out(
    engine: Engine, rows: Rows, audience: Audience, cadence: str, state: str
) -> None:  # fmt: skip
    audience.add(cadence, state)
    flash_cut(rows)
    assert tell(engine) == 0
    active = audience.add()
    flash_cut(rows, NOW + HOUR)
    assert tell(engine) == 1
    assert {one for one, _ in audience.told()} == audience.queued() == {active}


def test_a_new_installation_tells_nothing_of_its_past(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add()
    flash_cut(rows)
    assert is_pending(engine)
    assert tell(engine) == 0
    assert not is_pending(engine)
    assert audience.messages() == []
    flash_cut(rows, NOW + HOUR)
    assert is_pending(engine)
    assert tell(engine) == 1


@pytest.mark.usefixtures("begun")
@pytest.mark.parametrize("witness", ["documented", "imported"])
def test_what_nobody_showed_us_is_no_news(
    engine: Engine, rows: Rows, audience: Audience, witness: str
) -> None:  # fmt: skip
    audience.add()
    rows.source("hearsay", witness=witness)
    rows.story(None, CUT, source="hearsay")
    assert tell(engine) == 0
    assert not is_pending(engine)


@pytest.mark.usefixtures("begun")
def test_what_is_only_rounded_otherwise_is_no_news(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add()
    rows.story(None, moved("input_tokens", "0.083333333333", "0.0833333333334"))
    assert tell(engine) == 0


@pytest.mark.usefixtures("begun")
def test_stories_are_told_in_their_order_however_few_at_a_time(
    engine: Engine, rows: Rows, audience: Audience
) -> None:  # fmt: skip
    audience.add()
    stories = [rows.story(None, CUT, at=NOW + HOUR * number, model=f"m{number}") for number in range(7)]
    rounds = []
    while is_pending(engine):
        rounds.append(tell(engine, most=3))
    assert rounds == [3, 3, 1]
    assert [one.about for one in audience.messages()] == [f"story/{story}" for story in stories]


def test_one_transaction_makes_only_so_many_deliveries(
    engine: Engine, rows: Rows, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """What is left is told by the next one, stories and jumps alike, in order and once."""
    volumes(rows, [100])
    volumes(rows, [100], model="z-ai/glm-5")
    tell(engine)
    monkeypatch.setattr(fanout, "DELIVERIES", 4)
    audience.many(3, volume_pct="1")
    audience.add(model="nobody")
    for number in range(3):
        rows.story(None, CUT, at=NOW + HOUR * number, model=f"m{number}")
    volumes(rows, [900], first=TODAY + DAY)
    volumes(rows, [900], model="z-ai/glm-5", first=TODAY + DAY)
    rounds = []
    while is_pending(engine):
        rounds.append(tell(engine))
    assert rounds[0] == 2
    assert len(rounds) > 2
    assert [one.about.split("/")[0] for one in audience.messages()] == ["story"] * 3 + ["volume"] * 2
    assert len(audience.told()) == 15
    assert len(audience.queued()) == 3


@pytest.mark.usefixtures("begun")
def test_nothing_is_told_twice(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add()
    flash_cut(rows)
    assert [tell(engine), tell(engine)] == [1, 0]
    with queue.adding(engine) as connection:
        connection.execute(t.position.update().values(at=0))
    tell(engine)
    assert len(audience.messages()) == len(audience.told()) == 1


@pytest.mark.usefixtures("begun")
def test_a_run_that_shows_no_change_is_no_news(engine: Engine, rows: Rows) -> None:
    rows.run()
    assert not is_pending(engine)


def volumes(rows: Rows, tokens: Sequence[int], model: str = "openai/gpt-5", first: date = TODAY) -> None:
    """A model's tokens of one day after the other, each told by a run of its own."""
    for number, count in enumerate(tokens):
        day = first + number * DAY
        rows.volume(model, day, count, recorded_at=NOW + (day - TODAY) + DAY)


def test_a_volume_that_jumps_is_told_to_who_wants_that(engine: Engine, rows: Rows, audience: Audience) -> None:
    volumes(rows, [100, 100, 110])
    tell(engine)
    wanted = audience.add(volume_pct="100")
    audience.add()
    audience.add(volume_pct="500")
    audience.add(volume_pct="100", model="another")
    volumes(rows, [330], first=TODAY + 3 * DAY)
    assert is_pending(engine)
    assert tell(engine) == 1
    assert not is_pending(engine)
    (message,) = audience.messages()
    assert audience.told() == {(wanted, message.about)}
    assert re.fullmatch(r"volume/\d+/day/openai/gpt-5", message.about)
    told = json.loads(message.payload)
    assert (told["type"], message.type) == ("volume.jumped", "volume.jumped")
    assert told["timestamp"] == "2026-05-26T16:10:00Z"
    assert told["data"]["headline"] == "openai/gpt-5 on Openrouter: +200 % tokens in a day (2026-05-25)"
    assert told["data"]["provider_name"] == "Openrouter"
    assert told["data"]["citation"].startswith("Source: run ")
    expected = {
        "provider": "openrouter", "canonical": "openai/gpt-5", "author": "openai", "country": "US", "period": "day",
        "trailing": False, "old_tokens": "110", "new_tokens": "330", "change_percent": "200", "resume_after": 0,
        "url": f"{PUBLIC_URL}/v1/volumes?model=openai%2Fgpt-5",
    }  # fmt: skip
    assert {name: told["data"][name] for name in expected} == expected


def test_volumes_of_the_past_are_not_told(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add(volume_pct="1")
    volumes(rows, [100, 900])
    tell(engine)
    assert not is_pending(engine)
    volumes(rows, [900], first=TODAY + 2 * DAY)
    assert is_pending(engine)
    assert tell(engine) == 0
    assert not is_pending(engine)


def test_a_jump_is_told_after_the_stories_and_only_once(engine: Engine, rows: Rows, audience: Audience) -> None:
    volumes(rows, [100])
    tell(engine)
    audience.add(volume_pct="1")
    volumes(rows, [900], first=TODAY + DAY)
    story = flash_cut(rows)
    assert tell(engine) == 2
    assert [one.about.split("/")[0] for one in audience.messages()] == ["story", "volume"]
    assert audience.messages()[1].resume_after == story + 4
    with queue.adding(engine) as connection:
        connection.execute(t.position.update().values(at=0))
    while is_pending(engine):
        tell(engine)
    assert len(audience.messages()) == 2


@pytest.mark.usefixtures("begun")
def test_a_crash_leaves_nothing_half(engine: Engine, rows: Rows, audience: Audience) -> None:
    """Whichever statement is the last one: all of it is told, or none, and the next try tells the rest."""
    audience.many(3)
    stories = {f"story/{flash_cut(rows, NOW + HOUR * number)}" for number in range(2)}
    for survived in range(100):
        try:
            with _dying_after(engine, survived):
                tell(engine)
            break
        except _Died:
            assert audience.messages() == []
            assert audience.told() == set()
            assert audience.queued() == set()
            assert is_pending(engine)
    assert survived > 8
    assert {about for _, about in audience.told()} == stories
    assert len(audience.told()) == 6


def test_two_at_once_tell_each_story_once(postgresql_url: str) -> None:
    engine = connect(postgresql_url)
    rows, audience = Rows(engine), Audience(engine)
    tell(engine)
    audience.many(5)
    for number in range(20):
        rows.story(None, CUT, at=NOW + HOUR * number)
    told = _at_once(engine, 4, most=2)
    assert sum(told) == 20
    assert [one.about for one in audience.messages()] == [f"story/{number}" for number in range(1, 21)]
    assert len(audience.told()) == 100
    engine.dispose()


def test_a_story_that_is_recorded_meanwhile_is_told_next_time(postgresql_url: str) -> None:
    """Its run is committed after the fan-out has looked, and before it has ended."""
    engine = connect(postgresql_url)
    rows, audience = Rows(engine), Audience(engine)
    tell(engine)
    audience.add()
    flash_cut(rows)
    with queue.adding(engine) as connection:
        assert fan_out(connection, PUBLIC_URL, NOW) == 1
        flash_cut(rows, NOW + HOUR)
    assert is_pending(engine)
    assert tell(engine) == 1
    assert len(audience.told()) == 2
    engine.dispose()


@pytest.mark.usefixtures("begun")
def test_hundreds_of_different_filters(engine: Engine, rows: Rows, audience: Audience) -> None:
    ids = {f"m{number}": audience.many(2, model=f"m{number}") for number in range(300)}
    for model in ("m7", "m299", "m300"):
        rows.story(None, CUT, model=model)
    assert tell(engine) == 2
    assert {one for one, _ in audience.told()} == audience.queued() == {*ids["m7"], *ids["m299"]}


@pytest.mark.usefixtures("begun")
def test_a_filter_is_asked_about_a_story_once_however_many_share_it(
    engine: Engine, rows: Rows, audience: Audience, statements: list[str]
) -> None:  # fmt: skip
    audience.many(1000)
    flash_cut(rows)
    statements.clear()
    assert tell(engine) == 1
    assert len(audience.told()) == 1000
    assert len(statements) < 15


@pytest.mark.usefixtures("begun")
def test_who_is_queued_already_keeps_the_turn(engine: Engine, rows: Rows, audience: Audience) -> None:
    audience.add()
    flash_cut(rows)
    tell(engine)
    with queue.adding(engine) as connection:
        connection.execute(t.queue.update().values(due_at=NOW + HOUR, failures=3))
    flash_cut(rows, NOW + HOUR)
    tell(engine)
    with reading(engine) as connection:
        assert connection.execute(select(t.queue.c.due_at, t.queue.c.failures)).all() == [(NOW + HOUR, 3)]


MODELS = st.sampled_from(["a", "b", "c"])
UNITS = st.sampled_from(["input_tokens", "output_tokens", "requests"])
FILTERS = st.fixed_dictionaries({}, optional={"model": MODELS, "unit": UNITS, "provider": st.just("deepseek")})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(MODELS, st.lists(UNITS, min_size=1, max_size=3, unique=True)), max_size=6),
    wanted=st.lists(FILTERS, max_size=6),
)
def test_everybody_gets_what_their_filter_wants_and_nothing_else(
    engine: Engine, told: list[tuple[str, list[str]]], wanted: list[dict[str, str]]
) -> None:  # fmt: skip
    with queue.adding(engine) as connection:
        forget(connection)
    tell(engine)
    rows, audience = Rows(engine), Audience(engine)
    ids = [(audience.add("instant", "active", **one), one) for one in wanted]
    stories = [
        rows.story(None, *(moved(unit, "2", "1") for unit in units), model=model, at=NOW + HOUR * number)
        for number, (model, units) in enumerate(told)
    ]
    while is_pending(engine):
        tell(engine, most=4)
    with reading(engine) as connection:
        whole = [queries.story(connection, one) for one in stories]
    assert audience.told() == {
        (one, f"story/{story.id}")
        for one, asked in ids
        for story in whole
        if story is not None and parsed(json.dumps(asked, sort_keys=True)).wants(story)
    }


class _Died(Exception):
    pass


@contextmanager
def _dying_after(engine: Engine, survived: int) -> Iterator[None]:
    """So many statements are run; the next one ends the process, as far as the database can tell."""
    left = [survived]

    def count(*_of_the_cursor: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise _Died

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", count)


def _at_once(engine: Engine, threads: int, most: int) -> list[int]:
    """How many messages all of them made, round by round."""
    made: list[int] = []
    begin = Barrier(threads)

    def work() -> None:
        begin.wait()
        while is_pending(engine):
            made.append(tell(engine, most=most))

    workers = [Thread(target=work) for _ in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    return made


def test_a_recorder_is_not_in_its_way(postgresql_url: str) -> None:
    engine = connect(postgresql_url)
    tell(engine)
    with recording(engine):
        assert tell(engine) == 0
    engine.dispose()
