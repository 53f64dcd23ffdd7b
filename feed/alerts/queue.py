"""Whose turn it is to be told: adding to the queue, taking turns from it, and giving them back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Select,
    bindparam,
    delete,
    exists,
    func,
    lateral,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from feed.alerts.batches import PUT_BACK_TURNS, moments
from feed.alerts.tables import IS_PENDING, delivery, queue, subscription
from history.db import writing
from history.queries.prepared import Prepared

# Any fixed number other than the recorder's: who adds pending deliveries holds it alone, who takes turns off the queue
# shares it. So nobody finds nothing pending, and drops the turn, while somebody adds to it (docs/decisions/017).
QUEUE_LOCK = 0x70C3_A9E1
# Who may be told anything: an unproven subscription gets its challenge only.
TELLABLE = ("active", "unproven")
# Of what is due, the oldest and the newest turns: a backlog must not delay what has just happened, nor be forgotten.
End = Literal["oldest", "newest"]


class Turn(NamedTuple):
    """A subscription that may be told now, by one holder, until its lease ends."""

    subscription_id: int
    failures: int


class Pending(NamedTuple):
    """A message that one subscription has still to be told, and how often that was tried."""

    subscription_id: int
    message_id: int
    attempts: int


@contextmanager
def adding(engine: Engine) -> Iterator[Connection]:
    """A transaction that may make deliveries pending: one at a time, all or nothing."""
    with writing(engine) as connection:
        _lock(connection, "pg_advisory_xact_lock")
        yield connection


@contextmanager
def taking(engine: Engine) -> Iterator[Connection]:
    """A transaction that may find that nothing is pending: any number at a time, none while somebody adds."""
    with writing(engine) as connection:
        _lock(connection, "pg_advisory_xact_lock_shared")
        yield connection


def enqueue(connection: Connection, subscription_ids: Select[Any] | Sequence[int], now: datetime) -> None:
    """Give a turn to each of these to which something is pending, and which may be told. Who has one keeps it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    waiting = select(subscription.c.id, bindparam("now", now, queue.c.due_at.type), text("0")).where(
        subscription.c.id.in_(subscription_ids),
        subscription.c.state.in_(TELLABLE),
        exists().where(delivery.c.subscription_id == subscription.c.id, IS_PENDING),
    )
    added = insert(queue).from_select(["subscription_id", "due_at", "failures"], waiting)
    connection.execute(added.on_conflict_do_nothing(index_elements=["subscription_id"]))


def hurry(connection: Connection, subscription_id: int, now: datetime) -> None:
    """It is this subscription's turn at once, whatever it waited for."""
    enqueue(connection, [subscription_id], now)
    at_once = update(queue).where(queue.c.subscription_id == subscription_id, queue.c.holder.is_(None))
    connection.execute(at_once.values(due_at=now, failures=0))


def dequeue(connection: Connection, subscription_id: int) -> None:
    """No turn for this subscription until something is enqueued anew; what is pending stays so."""
    connection.execute(delete(queue).where(queue.c.subscription_id == subscription_id))


def claim(
    connection: Connection, holder: str, now: datetime, lease_ends: datetime, most: int, end: End, *, in_trouble: bool
) -> list[Turn]:  # fmt: skip
    """Take at most so many turns that are due. Who dies with them leaves them to the end of the lease."""
    line = text("failures > 0") if in_trouble else text("failures = 0")
    due = select(queue.c.subscription_id).where(queue.c.due_at <= now, line).limit(most)
    due = due.order_by(queue.c.due_at if end == "oldest" else queue.c.due_at.desc())
    taken = (
        update(queue)
        .where(queue.c.subscription_id.in_(due.with_for_update(skip_locked=True)))
        .values(holder=holder, due_at=lease_ends)
        .returning(queue.c.subscription_id, queue.c.failures)
    )
    return [Turn(*row) for row in connection.execute(taken)]


def pending(connection: Connection, subscription_ids: Sequence[int], most: int) -> Iterator[Pending]:
    """The oldest `most` pending deliveries of each of these subscriptions, in order."""
    question = _pending_of(connection.dialect)
    if connection.dialect.name == "postgresql":
        for row in question.rows(connection, {"ids": list(subscription_ids), "most": most}):
            yield Pending._make(row)
        return
    for subscription_id in subscription_ids:
        for row in question.rows(connection, {"id": subscription_id, "most": most}):
            yield Pending._make(row)


def put_back(connection: Connection, holder: str, turns: Sequence[tuple[Turn, datetime]]) -> None:
    """These turns are over, and the next is then."""
    PUT_BACK_TURNS.run(
        connection,
        moments(connection, [due_at for _, due_at in turns]),
        [turn.failures for turn, _ in turns],
        [turn.subscription_id for turn, _ in turns],
        [holder] * len(turns),
    )


def drop_told(connection: Connection, subscription_ids: Sequence[int]) -> None:
    """No more turns for those of these that nobody holds, where nothing is pending or nobody may be told."""
    still = exists().where(
        delivery.c.subscription_id == queue.c.subscription_id,
        IS_PENDING,
        exists().where(subscription.c.id == queue.c.subscription_id, subscription.c.state.in_(TELLABLE)),
    )
    gone = queue.c.subscription_id.in_(subscription_ids), queue.c.holder.is_(None), ~still
    connection.execute(delete(queue).where(*gone))


@lru_cache
def _pending_of(dialect: Dialect) -> Prepared:
    oldest = (
        select(delivery.c.subscription_id, delivery.c.message_id, delivery.c.attempts)
        .where(IS_PENDING)
        .order_by(delivery.c.message_id)
        .limit(bindparam("most"))
    )
    if dialect.name != "postgresql":
        return Prepared(oldest.where(delivery.c.subscription_id == bindparam("id")), dialect)
    asked = func.unnest(bindparam("ids", type_=ARRAY(BigInteger))).table_valued("id", name="asked").render_derived()
    each = lateral(oldest.where(delivery.c.subscription_id == asked.c.id), "each")
    return Prepared(select(each.c[0], each.c[1], each.c[2]).select_from(asked.join(each, true())), dialect)


def _lock(connection: Connection, function: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT {function}(:lock)"), {"lock": QUEUE_LOCK})
