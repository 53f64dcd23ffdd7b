"""A subscription that is left alone from now on, and its owner who is told elsewhere."""

from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, update

from feed.alerts import queue, telling_owners
from feed.alerts.tables import subscription


class Ending(NamedTuple):
    """Why an active subscription is told nothing any more: paused after days of failures, or disabled by a 410."""

    subscription_id: int
    state: Literal["paused", "disabled"]
    reason: str
    at: datetime


def end(connection: Connection, ending: Ending) -> bool:
    """Within queue.adding(). What is pending stays so, for when it is resumed. False where it was not active."""
    active = subscription.c.id == ending.subscription_id, subscription.c.state == "active"
    ended = update(subscription).where(*active).values(state=ending.state, reason=ending.reason, updated_at=ending.at)
    if not connection.execute(ended).rowcount:
        return False
    queue.dequeue(connection, ending.subscription_id)
    telling_owners.tell_owner(connection, ending.subscription_id, ending.at)
    return True
