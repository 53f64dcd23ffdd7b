"""Turns: taken by one, left by the dead to the end of their lease, never dropped while something is pending."""

import threading
from datetime import timedelta

from sqlalchemy import Engine, select, update

from feed.alerts import attempts, queue
from feed.alerts.attempts import Batch
from feed.alerts.batches import DROP_TOLD
from feed.alerts.model import Attempt, DeliveryState, Result
from feed.alerts.queue import Turn
from feed.alerts.rounds import LEASE, MESSAGES, Rounds
from feed.alerts.tables import delivery, subscription
from feed.alerts.tables import queue as turns
from history.db import connect, writing
from tests.feed.rows import HOUR, NOW
from tests.feed.subscribers import Plain, add_subscriptions, tell

SECOND = timedelta(seconds=1)


def subscribed(engine: Engine, count: int = 1, times: int = 1) -> list[int]:
    with queue.adding(engine) as connection:
        ids = add_subscriptions(connection, ["http://127.0.0.1:1/"] * count)
        tell(connection, ids, times=times)
    return ids


def claimed(
    engine: Engine, holder: str, well: int = 100, in_trouble: int = 0, *, after: timedelta = SECOND
) -> list[int]:  # fmt: skip
    with writing(engine) as connection:
        at = NOW + after
        taken = queue.claim(connection, holder, at, at + LEASE, well, in_trouble)
    return sorted(turn.subscription_id for turn in taken)


def test_a_turn_is_taken_by_one(engine: Engine) -> None:
    ids = subscribed(engine, 5)
    first = claimed(engine, "a", 2)
    assert first == [ids[0], *first[1:]]
    assert sorted(first + claimed(engine, "b")) == ids
    assert claimed(engine, "c") == []


def test_the_turns_of_the_dead_are_taken_when_their_lease_ends(engine: Engine) -> None:
    ids = subscribed(engine, 3)
    assert claimed(engine, "dead") == ids
    assert claimed(engine, "b", after=LEASE) == []
    assert claimed(engine, "b", after=LEASE + SECOND) == ids


def test_two_dispatchers_that_claim_at_once_take_different_turns(postgresql_url: str) -> None:
    engine = connect(postgresql_url)
    ids = subscribed(engine, 40)
    with writing(engine) as one, writing(engine) as other:
        first = queue.claim(one, "a", NOW + SECOND, NOW + HOUR, 20, 0)
        second = queue.claim(other, "b", NOW + SECOND, NOW + HOUR, 40, 0)
    assert sorted(turn.subscription_id for turn in first + second) == ids
    engine.dispose()


def test_the_oldest_are_taken_and_the_newest(engine: Engine) -> None:
    ids = subscribed(engine, 9)
    with writing(engine) as connection:
        for minutes, one in enumerate(ids):
            due_at = NOW - HOUR + timedelta(minutes=minutes)
            connection.execute(update(turns).where(turns.c.subscription_id == one).values(due_at=due_at))
    assert claimed(engine, "a", 4) == [*ids[:4], *ids[-2:]]
    assert claimed(engine, "b", 1) == [ids[4], ids[6]]


def test_who_has_had_a_turn_does_not_push_before_what_has_just_happened(engine: Engine) -> None:
    *behind, late = subscribed(engine, 5, times=2)
    claimed(engine, "a")
    with queue.taking(engine) as connection:
        queue.put_back(connection, "a", [(Turn(one, 0), NOW + SECOND) for one in behind])
        queue.put_back(connection, "a", [(Turn(late, 0, fresh=True), NOW - HOUR)])
    with writing(engine) as connection:
        due_at = NOW - 2 * HOUR
        connection.execute(update(turns).where(turns.c.subscription_id == behind[0]).values(due_at=due_at))
    assert claimed(engine, "b", 1) == [behind[0], late]


def test_a_holder_whose_lease_was_taken_over_puts_nothing_back(engine: Engine) -> None:
    (one,) = subscribed(engine)
    claimed(engine, "slow")
    claimed(engine, "quick", after=LEASE + SECOND)
    with queue.taking(engine) as connection:
        queue.put_back(connection, "slow", [(Turn(one, 0), NOW)])
    assert claimed(engine, "third", after=LEASE + 2 * SECOND) == []


def told(engine: Engine, holder: str, one: int, message: int, result: Result) -> None:
    """One attempt at one message, and the turn is over."""
    attempt = Attempt(one, message, NOW + message * SECOND, 3, result)
    state: DeliveryState = "delivered" if result.succeeded else "pending"
    due_at, failures = (NOW, 0) if result.succeeded else (NOW + HOUR, 1)
    batch = Batch([(attempt, 1, state)], over=[(Turn(one, failures), due_at)])
    with queue.taking(engine) as connection:
        attempts.write(connection, batch, holder, NOW + SECOND)


def test_a_turn_stays_while_something_is_pending_and_goes_with_the_last(engine: Engine) -> None:
    (one,) = subscribed(engine, times=2)
    claimed(engine, "a")
    told(engine, "a", one, 1, Result(204))
    assert claimed(engine, "a") == [one]
    told(engine, "a", one, 2, Result(204))
    with engine.connect() as connection:
        assert connection.execute(select(turns)).all() == []
        assert set(connection.execute(select(delivery.c.state, delivery.c.attempts)).all()) == {("delivered", 1)}


def test_what_failed_waits_in_another_line(engine: Engine) -> None:
    (one,) = subscribed(engine)
    claimed(engine, "a")
    told(engine, "a", one, 1, Result(500, "HTTP 500"))
    assert claimed(engine, "a", after=2 * HOUR) == []
    with writing(engine) as connection:
        late = NOW + 2 * HOUR
        assert queue.claim(connection, "a", late, late + LEASE, 0, 9) == [Turn(one, 1)]


def test_nothing_that_is_delivered_becomes_pending_by_a_late_attempt(engine: Engine) -> None:
    (one,) = subscribed(engine)
    told(engine, "a", one, 1, Result(204))
    told(engine, "b", one, 1, Result(500, "HTTP 500"))
    with engine.connect() as connection:
        assert connection.execute(select(delivery.c.state)).scalar_one() == "delivered"


def test_who_is_paused_loses_his_turn_and_keeps_what_is_pending(engine: Engine) -> None:
    (one,) = subscribed(engine, times=2)
    claimed(engine, "a")
    with writing(engine) as connection:
        connection.execute(update(subscription).values(state="paused"))
    told(engine, "a", one, 1, Result(204))
    with engine.connect() as connection:
        assert connection.execute(select(turns)).all() == []
        assert connection.execute(select(delivery.c.state).order_by(delivery.c.message_id)).scalars().all() == [
            "delivered", "pending",
        ]  # fmt: skip
    with queue.adding(engine) as connection:
        connection.execute(update(subscription).values(state="active"))
        queue.hurry(connection, one, NOW)
    assert claimed(engine, "b") == [one]


def test_a_turn_is_not_dropped_while_a_message_is_being_added(postgresql_url: str) -> None:
    """The one race of this queue: nothing is pending any more, and in the same moment something is added."""
    engine = connect(postgresql_url)
    (one,) = subscribed(engine)
    claimed(engine, "a")
    with queue.adding(engine) as connection:
        tell(connection, [one])
        dropping = threading.Thread(target=told, args=(engine, "a", one, 1, Result(204)))
        dropping.start()
        dropping.join(0.3)
        assert dropping.is_alive()
    dropping.join()
    assert claimed(engine, "b") == [one]
    engine.dispose()


def test_a_round_has_the_messages_in_order_and_the_secrets_of_the_moment(engine: Engine) -> None:
    with queue.adding(engine) as connection:
        former = {"former_secret": b"old", "former_until": NOW + HOUR}
        (one,) = add_subscriptions(connection, ["http://127.0.0.1:1/a"], **former)
        uids = tell(connection, [one], times=25)
    rounds = Rounds(engine, Plain(), "a")
    (taken,) = rounds.take(NOW + SECOND, 10, 10)
    assert [message.uid for message, _ in taken.letters] == uids[:MESSAGES]
    assert (taken.target.url, taken.target.secrets and taken.target.secrets.former) == ("http://127.0.0.1:1/a", "old")
    assert rounds.take(NOW + SECOND, 10, 10) == []
    (later,) = rounds.take(NOW + 2 * HOUR, 10, 10)
    assert later.target.secrets
    assert later.target.secrets.former is None


def test_a_target_that_cannot_be_unsealed_troubles_nobody_else(engine: Engine) -> None:
    class Lost(Plain):
        def open(self, sealed: bytes) -> str:
            if sealed == b"lost":
                raise ValueError("the key is not there")
            return super().open(sealed)

    with queue.adding(engine) as connection:
        ids = add_subscriptions(connection, ["lost", "http://127.0.0.1:1/"])
        tell(connection, ids)
    troubles = {one.target.subscription_id: one.target.trouble for one in Rounds(engine, Lost(), "a").take(NOW, 9, 9)}
    assert troubles == {ids[0]: "the key is not there", ids[1]: ""}


def test_no_round_steps_over_what_was_told_long_ago(sqlite_url: str) -> None:
    """PostgreSQL chooses by what it knows of the rows; SQLite by the indexes alone (make bench has the curves)."""
    engine = connect(sqlite_url)
    with engine.connect() as connection:
        for asked in (queue._pending_of(connection.dialect).sql, DROP_TOLD.sqlite):
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (1,) * asked.count("?"))
            assert "USING COVERING INDEX delivery_pending (subscription_id=? AND state=?)" in str(explained.all())
    engine.dispose()
