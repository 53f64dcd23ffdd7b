"""Digests: everything since the last one that a filter wanted, once, at eight; nothing where nothing happened."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from feed.alerts import queue
from feed.alerts import tables as t
from feed.alerts.digests import due_digests, next_digest
from feed.alerts.model import PAYLOAD_BYTES
from history.db import reading
from tests.feed.audience import Audience
from tests.feed.conftest import PUBLIC_URL
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved

CUT = moved("input_tokens", "2", "1")
# NOW is a Friday.
SATURDAY, MONDAY = datetime(2026, 5, 23, 8, tzinfo=UTC), datetime(2026, 5, 25, 8, tzinfo=UTC)


def digest(engine: Engine, now: datetime, most: int = 200) -> int:
    with queue.adding(engine) as connection:
        return due_digests(connection, PUBLIC_URL, now, most)


def begin(audience: Audience, *ids: int, digested: int = 0, digest_at: datetime = SATURDAY) -> None:
    for one in ids:
        audience.change(one, digested=digested, digest_at=digest_at)


def data_of(message: Any) -> dict[str, Any]:
    return dict(json.loads(message.payload)["data"])


@pytest.mark.parametrize(
    ("cadence", "now", "due"),
    [
        ("daily", NOW, SATURDAY),
        ("daily", SATURDAY - HOUR, SATURDAY),
        ("daily", SATURDAY, SATURDAY + DAY),
        ("weekly", NOW, MONDAY),
        ("weekly", MONDAY - HOUR, MONDAY),
        ("weekly", MONDAY, MONDAY + 7 * DAY),
        ("weekly", MONDAY + HOUR, MONDAY + 7 * DAY),
    ],
)
def test_digests_are_due_at_eight(cadence: Any, now: datetime, due: datetime) -> None:
    assert next_digest(cadence, now) == due


def test_a_digest_tells_what_happened_since_the_last_one(engine: Engine, rows: Rows, audience: Audience) -> None:
    one = audience.add("daily")
    before = flash_cut(rows)
    begin(audience, one, digested=before + 4)
    stories = [rows.story(None, CUT, at=NOW + HOUR * number, model=f"m{number}") for number in (1, 2)]
    assert digest(engine, SATURDAY - HOUR) == 0
    assert digest(engine, SATURDAY) == 1
    (message,) = audience.messages()
    told = data_of(message)
    assert (message.type, message.event_at, message.resume_after) == ("digest", SATURDAY, stories[-1])
    assert [line["story"] for line in told["stories"]] == stories
    assert (told["count"], told["period"], "more" in told) == (2, "daily", False)
    assert told["stories"][0]["headline"] == "m1: input −50 %"
    assert told["stories"][0]["text"] == "input: was $2, now $1 per 1M tokens (−50 %)"
    assert told["stories"][0]["url"] == f"{PUBLIC_URL}/stories/{stories[0]}"
    assert audience.queued() == {one}


def test_the_next_one_goes_on_where_this_one_ended(engine: Engine, rows: Rows, audience: Audience) -> None:
    begin(audience, audience.add("daily"))
    told = []
    for number in range(3):
        flash_cut(rows, SATURDAY + DAY * number - HOUR)
        assert digest(engine, SATURDAY + DAY * number) == 1
        assert digest(engine, SATURDAY + DAY * number) == 0
        told.append([line["story"] for line in data_of(audience.messages()[-1])["stories"]])
    assert told == [[1], [6], [11]]


def test_where_nothing_happened_there_is_no_digest(engine: Engine, rows: Rows, audience: Audience) -> None:
    one, other = audience.add("daily", model="nobody"), audience.add("weekly")
    flash_cut(rows)
    begin(audience, one)
    begin(audience, other, digested=5)
    assert digest(engine, SATURDAY) == 2
    assert audience.messages() == []
    with reading(engine) as connection:
        after = connection.execute(select(t.subscription.c.digested, t.subscription.c.digest_at)).all()
    assert sorted(after) == [(5, SATURDAY + DAY), (5, MONDAY)]


@pytest.mark.parametrize("state", ["unproven", "paused", "disabled", "deleted"])
def test_only_active_subscriptions_get_digests(engine: Engine, rows: Rows, audience: Audience, state: str) -> None:
    begin(audience, audience.add("daily", state))
    flash_cut(rows)
    assert digest(engine, SATURDAY) == 0


def test_who_was_paused_gets_everything_in_one(engine: Engine, rows: Rows, audience: Audience) -> None:
    one = audience.add("daily", "paused")
    begin(audience, one)
    for number in range(3):
        flash_cut(rows, SATURDAY + DAY * number)
    assert digest(engine, SATURDAY + DAY) == 0
    audience.change(one, state="active")
    assert digest(engine, SATURDAY + DAY * 4) == 1
    assert data_of(audience.messages()[0])["count"] == 3


def test_who_has_no_cursor_is_told_nothing_of_the_past(engine: Engine, rows: Rows, audience: Audience) -> None:
    one = audience.add("daily")
    audience.change(one, digest_at=SATURDAY)
    flash_cut(rows)
    assert digest(engine, SATURDAY) == 1
    assert audience.messages() == []


def test_a_long_digest_says_how_much_more_there_is(engine: Engine, rows: Rows, audience: Audience) -> None:
    begin(audience, audience.add("daily"))
    run = rows.run()
    for number in range(150):
        rows.story(run, CUT, model=f"a-model-with-a-rather-long-name-{number}")
    assert digest(engine, SATURDAY) == 1
    (message,) = audience.messages()
    told = data_of(message)
    assert len(message.payload.encode()) <= PAYLOAD_BYTES
    assert told["count"] == 150 == len(told["stories"]) + told["more"]
    assert len(told["stories"]) > 20


def test_many_are_looked_after_in_turns(engine: Engine, rows: Rows, audience: Audience) -> None:
    begin(audience, *audience.many(3, "daily"), *audience.many(2, "daily", model="m"))
    rows.story(None, CUT, model="m")
    assert [digest(engine, SATURDAY, most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(audience.messages()) == len(audience.told()) == 5
    assert len({one.uid for one in audience.messages()}) == 5


def test_a_crash_leaves_nothing_half(engine: Engine, rows: Rows, audience: Audience) -> None:
    begin(audience, audience.add("daily"))
    flash_cut(rows)

    class _DiedError(Exception):
        pass

    def die() -> None:
        with queue.adding(engine) as connection:
            assert due_digests(connection, PUBLIC_URL, SATURDAY) == 1
            raise _DiedError

    with pytest.raises(_DiedError):
        die()
    assert (audience.messages(), audience.told(), audience.queued()) == ([], set(), set())
    assert digest(engine, SATURDAY) == 1
    assert len(audience.told()) == 1
