"""Whoever's subscription ends by itself hears of it by his other subscriptions, all of them; nobody else does."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, func, select, update

from feed.alerts import queue
from feed.alerts import tables as t
from feed.alerts.endings import Ending, end
from feed.alerts.messages import Draft
from feed.alerts.outbox import add_message, deliver
from feed.alerts.rendering import rendered
from feed.alerts.tables import attempt, delivery, message, subscription
from feed.alerts.telling_owners import tell_owner
from history.db import writing
from tests.feed.rows import NOW
from tests.feed.subscribers import add_subscriptions

FIVE_DAYS = timedelta(days=5)
ENDED_AT = NOW + FIVE_DAYS


@pytest.fixture
def ended(engine: Engine) -> int:
    """A subscription that failed for five days, and is paused."""
    with writing(engine) as connection:
        one, *_ = add_subscriptions(connection, ["https://dead.example/"], name="Ops", shown="https://dead.example/…")
    with queue.adding(engine) as connection:
        connection.execute(update(subscription).values(failing_since=NOW))
        first, second = pending_story(connection, one, 17, 19), pending_story(connection, one, 20, 25)
        connection.execute(update(delivery).where(delivery.c.message_id == first).values(state="delivered"))
        for minute, error in ((1, "HTTP 500"), (2, "no answer within 15 s")):
            at = NOW + timedelta(minutes=minute)
            row = {"subscription_id": one, "message_id": second, "started_at": at, "took_ms": 9, "error": error}
            connection.execute(attempt.insert(), row)
        assert end(connection, Ending(one, "paused", "it has failed for five days", ENDED_AT))
    return one


def pending_story(connection: Connection, subscription_id: int, story: int, resume_after: int) -> int:
    """The id of its message."""
    added = add_message(connection, Draft(f"story/{story}", "price.changed", NOW, "{}", resume_after), NOW)
    deliver(connection, [(subscription_id, added)], NOW)
    return added


def told(engine: Engine, ended: int) -> int:
    with queue.adding(engine) as connection:
        return tell_owner(connection, ended, ENDED_AT)


def pending(engine: Engine) -> set[int]:
    """To whom the message about the ending is pending."""
    question = select(delivery.c.subscription_id).join(message, message.c.id == delivery.c.message_id)
    with engine.connect() as connection:
        of_it = question.where(message.c.type == "subscription.paused", delivery.c.state == "pending")
        return set(connection.execute(of_it).scalars())


def turns(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.execute(select(t.queue.c.subscription_id)).scalars())


def test_all_other_active_subscriptions_of_the_key_are_told(engine: Engine, ended: int) -> None:
    with writing(engine) as connection:
        others = [
            *add_subscriptions(connection, ["https://well.example/"]),
            *add_subscriptions(connection, ["mailto://me"], channel="apprise", secret=None),
            *add_subscriptions(connection, ["slack://me"], channel="apprise", cadence="weekly", secret=None),
        ]
    assert told(engine, ended) == 3
    assert pending(engine) == set(others)
    assert turns(engine) == set(others)


@pytest.mark.parametrize("state", ["unproven", "paused", "disabled", "deleted"])
def test_nobody_is_told_who_may_not_be(engine: Engine, ended: int, state: str) -> None:
    with writing(engine) as connection:
        add_subscriptions(connection, ["https://not.example/"], state=state)
    assert told(engine, ended) == 0
    assert pending(engine) == set()


def test_another_key_hears_nothing(engine: Engine, ended: int) -> None:
    with writing(engine) as connection:
        key = {"id": 2, "prefix": "q", "digest": "d", "name": "n", "scope": "subscriber", "subscriptions": 5}
        connection.execute(t.api_key.insert(), key | {"created_at": NOW})
        add_subscriptions(connection, ["https://stranger.example/"], key_id=2)
    assert told(engine, ended) == 0
    assert turns(engine) == set()


def test_where_nobody_can_be_told_there_is_no_message(engine: Engine, ended: int) -> None:
    assert told(engine, ended) == 0
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(message)).scalar_one() == 2


def test_the_message_says_what_ended_why_and_how_to_go_on(engine: Engine, ended: int) -> None:
    with writing(engine) as connection:
        add_subscriptions(connection, ["https://well.example/"])
    told(engine, ended)
    with engine.connect() as connection:
        row = connection.execute(select(message).where(message.c.type == "subscription.paused")).one()
    payload = json.loads(row.payload)
    assert row.about == "paused/sub_1/" + payload["timestamp"]
    assert row.resume_after == 19
    assert payload["type"] == "subscription.paused"
    assert payload["data"] == {
        "subscription": "sub_1",
        "name": "Ops",
        "target": "https://dead.example/…",
        "state": "paused",
        "since": "2026-05-22T16:10:00Z",
        "reason": "it has failed for five days",
        "last_error": "no answer within 15 s",
        "resume": "POST /v1/subscriptions/sub_1/resume",
        "resume_after": 19,
    }
    assert "/v1/changes?after=19" in rendered(payload).body_text


def test_who_was_disabled_by_410_is_told_so(engine: Engine, ended: int) -> None:
    with writing(engine) as connection:
        add_subscriptions(connection, ["https://well.example/"])
        connection.execute(update(subscription).where(subscription.c.id == ended).values(state="disabled"))
    told(engine, ended)
    with engine.connect() as connection:
        payload = json.loads(
            connection.execute(select(message.c.payload).where(message.c.type == "subscription.paused")).scalar_one()
        )
    assert payload["data"]["state"] == "disabled"
    assert rendered(payload).title == "Alerts to Ops are disabled"


def test_told_twice_for_the_same_ending_is_told_once(engine: Engine, ended: int) -> None:
    with writing(engine) as connection:
        (other,) = add_subscriptions(connection, ["https://well.example/"])
    told(engine, ended)
    told(engine, ended)
    with engine.connect() as connection:
        of_it = select(func.count()).select_from(delivery).where(delivery.c.subscription_id == other)
        assert connection.execute(of_it).scalar_one() == 1


def test_who_never_got_anything_resumes_from_the_beginning(engine: Engine) -> None:
    with writing(engine) as connection:
        one, _ = add_subscriptions(connection, ["https://dead.example/", "https://well.example/"])
    with queue.adding(engine) as connection:
        pending_story(connection, one, 17, 19)
        end(connection, Ending(one, "paused", "it failed", ENDED_AT))
    told(engine, one)
    with engine.connect() as connection:
        cursor = select(message.c.resume_after).where(message.c.type == "subscription.paused")
        assert connection.execute(cursor).scalar_one() == 0
