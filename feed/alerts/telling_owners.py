"""Whoever's subscription has ended by itself hears of it by the others of the same key."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, desc, select

from feed.alerts import queue
from feed.alerts.messages import Draft
from feed.alerts.outbox import add_message, deliver
from feed.alerts.tables import attempt, delivery, message, subscription
from history.times import to_rfc3339

TYPE = "subscription.paused"
LONGEST_ERROR = 500


def tell_owner(connection: Connection, subscription_id: int, now: datetime) -> int:
    """Within queue.adding(), after the subscription was paused or disabled: make a message about it pending for every
    other active subscription of its key, whatever their channel and cadence; how many these are."""
    ended = connection.execute(select(subscription).where(subscription.c.id == subscription_id)).one()
    others = select(subscription.c.id).where(
        subscription.c.key_id == ended.key_id, subscription.c.id != ended.id, subscription.c.state == "active"
    )
    told = list(connection.execute(others.order_by(subscription.c.id)).scalars())
    if told:
        added = add_message(connection, _draft(connection, ended, now), now)
        deliver(connection, [(each, added) for each in told], now)
        queue.enqueue(connection, told, now)
    return len(told)


def _draft(connection: Connection, ended: Row[Any], now: datetime) -> Draft:
    cursor = _told_up_to(connection, ended.id)
    last = connection.execute(
        select(attempt.c.error).where(attempt.c.subscription_id == ended.id, attempt.c.error.is_not(None))
        .order_by(desc(attempt.c.message_id), desc(attempt.c.started_at)).limit(1)
    ).scalar()  # fmt: skip
    data = {
        "subscription": ended.uid,
        "name": ended.name,
        "target": ended.shown,
        "state": ended.state,
        "since": to_rfc3339(ended.failing_since or now),
        "reason": ended.reason[:LONGEST_ERROR],
        "last_error": None if last is None else last[:LONGEST_ERROR],
        "resume": f"POST /v1/subscriptions/{ended.uid}/resume",
        "resume_after": cursor,
    }
    payload = msgspec.json.encode({"type": TYPE, "timestamp": to_rfc3339(now), "data": data}).decode()
    return Draft(f"paused/{ended.uid}/{to_rfc3339(now)}", TYPE, now, payload, cursor)


def _told_up_to(connection: Connection, subscription_id: int) -> int:
    """The cursor of /v1/changes from which on it may have missed something: where the story before its oldest pending
    message ends, whoever that one was for."""
    pending = select(delivery.c.message_id).where(
        delivery.c.subscription_id == subscription_id, delivery.c.state == "pending"
    )
    first = connection.execute(pending.order_by(delivery.c.message_id).limit(1)).scalar()
    stories = select(message.c.resume_after).where(message.c.about.like("story/%")).order_by(desc(message.c.id))
    before = stories if first is None else stories.where(message.c.id < first)
    cursor: int | None = connection.execute(before.limit(1)).scalar()
    return cursor or 0
