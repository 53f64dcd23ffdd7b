"""A key that opens nothing any more, and its subscriptions: left alone from then on, or handed over to another key."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, or_, select, update

from feed.alerts import subscriptions
from feed.alerts.keys import Key
from feed.alerts.tables import api_key, queue, subscription

# As many as one key has by default, twice over: the rest comes in the same transaction.
_PAGE = 200


class Closed(NamedTuple):
    """How many subscriptions are disabled, and how many that nobody had agreed to are deleted."""

    disabled: int
    deleted: int


def close_revoked(connection: Connection, key: Key, now: datetime) -> Closed:
    """Within queue.adding(), after the key was revoked. What is pending stays on record; closing twice changes
    nothing."""
    return _close(connection, key.id, key.prefix, "was revoked", now)


def pending_closures(connection: Connection, now: datetime) -> bool:
    """Whether a key has expired whose subscriptions are still told: one look at a small table."""
    return connection.execute(_over(now).limit(1)).first() is not None


def close_expired(connection: Connection, now: datetime) -> int:
    """Within queue.adding(): disable what belongs to keys that have expired; how many keys these are."""
    over = list(connection.execute(_over(now)))
    for key_id, prefix, revoked_at in over:
        _close(connection, key_id, prefix, "expired" if revoked_at is None else "was revoked", now)
    return len(over)


def hand_over(connection: Connection, former: Key, to: Key, now: datetime) -> int:
    """Every subscription of `former` belongs to `to` from now on, in the state in which it is; how many these are.
    Within queue.adding(). ValueError where `to` opens nothing itself."""
    if to.id == former.id:
        raise ValueError(f"tt_{to.prefix} cannot be handed its own subscriptions; name another key")
    if not to.opens(now):
        raise ValueError(f"tt_{to.prefix} opens nothing any more: subscriptions cannot be handed over to it")
    theirs = subscription.c.key_id == former.id, subscription.c.state != "deleted"
    return connection.execute(update(subscription).where(*theirs).values(key_id=to.id, updated_at=now)).rowcount


def _close(connection: Connection, key_id: int, prefix: str, how: str, now: datetime) -> Closed:
    open_ = api_key.c.id == key_id, api_key.c.closed_at.is_(None)
    if not connection.execute(update(api_key).where(*open_).values(closed_at=now)).rowcount:
        return Closed(0, 0)
    reason = f"its key tt_{prefix} {how}"
    deleted = _delete_unproven(connection, key_id, reason, now)
    told = subscription.c.key_id == key_id, subscription.c.state.in_(("active", "paused"))
    disabled = update(subscription).where(*told).values(state="disabled", reason=reason, updated_at=now)
    count = connection.execute(disabled).rowcount
    theirs = select(subscription.c.id).where(subscription.c.key_id == key_id)
    connection.execute(delete(queue).where(queue.c.subscription_id.in_(theirs)))
    return Closed(count, deleted)


def _delete_unproven(connection: Connection, key_id: int, reason: str, now: datetime) -> int:
    """Nobody had agreed to them, and nothing is pending but the question: resumed, they would be active unasked."""
    after = count = 0
    while page := subscriptions.listed(connection, key_id, after, _PAGE):
        for one in page:
            if one.state == "unproven":
                subscriptions.remove(connection, one, now, f"{reason} before it was proven")
                count += 1
        after = page[-1].id
    return count


def _over(now: datetime) -> Select[Any]:
    is_over = or_(api_key.c.expires_at <= now, api_key.c.revoked_at.is_not(None))
    return select(api_key.c.id, api_key.c.prefix, api_key.c.revoked_at).where(is_over, api_key.c.closed_at.is_(None))
