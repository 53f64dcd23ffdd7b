"""A key that is revoked or has expired: its subscriptions are told nothing any more, nothing is lost, and they can go
on under another key."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from feed.alerts import closing, fanout, keys, proving, queue, subscriptions
from feed.alerts import tables as t
from feed.alerts.closing import Closed
from feed.alerts.filters import Filter
from feed.alerts.keys import Key, NoKey
from feed.alerts.rounds import Rounds
from feed.alerts.sealing import Sealer
from feed.alerts.subscriptions import New, NotNow, Subscription
from feed.alerts.watching import Watch
from feed.app import create_app
from feed.desk.callers import Desk
from history.addresses import Guard
from history.db import reading, writing
from tests.feed.conftest import PUBLIC_URL, Clock
from tests.feed.rows import DAY, NOW, Rows, flash_cut
from tests.feed.subscribers import SECRET, tell

SEALER = Sealer([Fernet.generate_key().decode()], "a test")
NEW = New("mine", "webhook", "https://hooks.example/x", "https://hooks.example/…", SECRET, Filter.model_validate({}))


def key(engine: Engine, expires_at: datetime | None = None, scope: keys.Scope = "subscriber") -> tuple[str, Key]:
    with writing(engine) as connection:
        return keys.create(connection, "a test", scope, 5, NOW, expires_at)


def subscribed(engine: Engine, whose: Key, *, is_proven: bool = True) -> Subscription:
    with queue.adding(engine) as connection:
        one = subscriptions.create(connection, whose, NEW, SEALER, NOW)
        if is_proven:
            proving.prove(connection, one, one.proof, NOW)
        else:
            proving.challenge(connection, one, PUBLIC_URL, NOW)
    return one


def doing(engine: Engine, what: Any, *given: Any) -> Any:
    with queue.adding(engine) as connection:
        return what(connection, *given)


def revoked(engine: Engine, whose: Key) -> Closed:
    doing(engine, keys.revoke, whose.prefix, NOW)
    closed: Closed = doing(engine, closing.close_revoked, whose, NOW)
    return closed


def states(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        told = select(t.subscription.c.state, t.subscription.c.reason).order_by(t.subscription.c.id)
        return [(row.state, row.reason) for row in connection.execute(told)]


def turns(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(t.queue)).scalar_one()


def told_now(engine: Engine) -> list[str]:
    """The messages that a dispatcher would send at once."""
    taken = Rounds(engine, SEALER, "a dispatcher").take(NOW, 10, 10)
    return [message.uid for one in taken for message, _ in one.letters]


def test_a_revoked_keys_subscriptions_are_told_nothing_and_say_why(engine: Engine) -> None:
    _, mine = key(engine)
    _, other = key(engine)
    one, theirs = subscribed(engine, mine), subscribed(engine, other)
    with queue.adding(engine) as connection:
        [told] = tell(connection, [one.id, theirs.id])
    assert revoked(engine, mine) == Closed(disabled=1, deleted=0)
    assert states(engine) == [("disabled", f"its key tt_{mine.prefix} was revoked"), ("active", "")]
    taken = Rounds(engine, SEALER, "a dispatcher").take(NOW, 10, 10)
    assert [(each.target.uid, [message.uid for message, _ in each.letters]) for each in taken] == [(theirs.uid, [told])]


def test_closing_twice_changes_nothing(engine: Engine) -> None:
    _, mine = key(engine)
    subscribed(engine, mine)
    revoked(engine, mine)
    assert revoked(engine, mine) == Closed(0, 0)


def test_what_happens_after_it_is_kept_for_nobody(engine: Engine, rows: Rows) -> None:
    _, mine = key(engine)
    subscribed(engine, mine)
    doing(engine, fanout.fan_out, PUBLIC_URL, NOW)
    revoked(engine, mine)
    flash_cut(rows)
    assert doing(engine, fanout.fan_out, PUBLIC_URL, NOW) == 0
    assert turns(engine) == 0


def test_what_was_pending_is_told_once_it_is_handed_over_and_resumed(engine: Engine) -> None:
    _, mine = key(engine)
    _, next_ = key(engine)
    one = subscribed(engine, mine)
    with queue.adding(engine) as connection:
        missed = tell(connection, [one.id], times=2)
    revoked(engine, mine)
    with pytest.raises(NotNow, match=f"Its key tt_{mine.prefix} was revoked or has expired.*--hand-over-to"):
        doing(engine, subscriptions.resume, found(engine, one), NOW)
    assert doing(engine, closing.hand_over, mine, next_, NOW) == 1
    assert found(engine, one).key == next_.prefix
    assert told_now(engine) == []
    doing(engine, subscriptions.resume, found(engine, one), NOW)
    assert told_now(engine) == missed


def test_a_key_is_replaced_without_a_gap(engine: Engine) -> None:
    _, mine = key(engine)
    _, next_ = key(engine)
    one, unproven = subscribed(engine, mine), subscribed(engine, mine, is_proven=False)
    with queue.adding(engine) as connection:
        tell(connection, [one.id])
    assert doing(engine, closing.hand_over, mine, next_, NOW) == 2
    assert revoked(engine, mine) == Closed(0, 0)
    assert (found(engine, one).state, found(engine, unproven).state) == ("active", "unproven")
    assert turns(engine) == 2


def test_nothing_is_handed_over_to_a_key_that_opens_nothing(engine: Engine) -> None:
    _, mine = key(engine)
    _, over = key(engine, NOW + DAY)
    _, gone = key(engine)
    doing(engine, keys.revoke, gone.prefix, NOW)
    with reading(engine) as connection:
        gone = keys.named(connection, gone.prefix)
    for to in (over, gone):
        with pytest.raises(ValueError, match=f"tt_{to.prefix} opens nothing any more"):
            doing(engine, closing.hand_over, mine, to, NOW + DAY)
    with pytest.raises(ValueError, match="name another key"):
        doing(engine, closing.hand_over, mine, mine, NOW)


def test_what_nobody_had_agreed_to_is_deleted(engine: Engine) -> None:
    """Resumed, it would be active unasked."""
    _, mine = key(engine)
    one = subscribed(engine, mine, is_proven=False)
    assert revoked(engine, mine) == Closed(disabled=0, deleted=1)
    assert states(engine) == [("deleted", f"its key tt_{mine.prefix} was revoked before it was proven")]
    assert told_now(engine) == []
    with writing(engine) as connection:
        proving.prove(connection, one, one.proof, NOW)
    assert states(engine)[0][0] == "deleted"


def test_a_paused_one_is_disabled_and_a_disabled_one_keeps_its_reason(engine: Engine) -> None:
    _, mine = key(engine)
    paused, gone = subscribed(engine, mine), subscribed(engine, mine)
    doing(engine, subscriptions.pause, found(engine, paused), NOW)
    with writing(engine) as connection:
        this = t.subscription.c.id == gone.id
        connection.execute(t.subscription.update().where(this).values(state="disabled", reason="HTTP 410"))
    assert revoked(engine, mine) == Closed(disabled=1, deleted=0)
    assert states(engine) == [("disabled", f"its key tt_{mine.prefix} was revoked"), ("disabled", "HTTP 410")]


def test_an_expired_keys_subscriptions_end_with_it(engine: Engine) -> None:
    _, mine = key(engine, NOW + DAY)
    subscribed(engine, mine)
    with reading(engine) as connection:
        assert not closing.pending_closures(connection, NOW)
        assert closing.pending_closures(connection, NOW + DAY)
    assert doing(engine, closing.close_expired, NOW) == 0
    assert doing(engine, closing.close_expired, NOW + DAY) == 1
    assert states(engine) == [("disabled", f"its key tt_{mine.prefix} expired")]
    with reading(engine) as connection:
        assert not closing.pending_closures(connection, NOW + DAY)


def test_the_dispatchers_watch_sees_to_keys_that_expire(engine: Engine) -> None:
    _, mine = key(engine, NOW + DAY)
    subscribed(engine, mine)
    asyncio.run(watched(engine, NOW))
    assert states(engine) == [("active", "")]
    asyncio.run(watched(engine, NOW + DAY))
    assert states(engine) == [("disabled", f"its key tt_{mine.prefix} expired")]


async def watched(engine: Engine, now: datetime) -> None:
    """One look."""
    stopping = asyncio.Event()
    watching = asyncio.create_task(Watch(engine, PUBLIC_URL, lambda: now, lambda: None).run(stopping))
    await asyncio.sleep(0)
    stopping.set()
    await watching


def test_nobody_subscribes_with_a_key_that_is_closed_meanwhile(engine: Engine) -> None:
    _, mine = key(engine)
    revoked(engine, mine)
    with pytest.raises(NoKey, match="was revoked or has expired"):
        subscribed(engine, mine)


def test_an_admin_sees_why_and_is_told_what_to_do(engine: Engine, clock: Clock) -> None:
    _, mine = key(engine)
    shown, _ = key(engine, scope="admin")
    one = subscribed(engine, mine)
    revoked(engine, mine)
    client = TestClient(create_app(engine, PUBLIC_URL, clock, Desk(SEALER, Guard())))
    headers, path = {"authorization": f"Bearer {shown}"}, f"/v1/subscriptions/{one.uid}"
    read = client.get(path, headers=headers).json()
    assert (read["state"], read["reason"]) == ("disabled", f"its key tt_{mine.prefix} was revoked")
    refused = client.post(f"{path}/resume", headers=headers)
    assert refused.status_code == 409
    assert f"tokentape keys revoke tt_{mine.prefix} --hand-over-to" in refused.json()["detail"]


def found(engine: Engine, one: Subscription) -> Subscription:
    with reading(engine) as connection:
        again = subscriptions.get(connection, one.uid)
    assert again is not None
    return again
