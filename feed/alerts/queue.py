"""Whose turn it is to be told: adding to the queue, taking turns from it, and giving them back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
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
    union,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from feed.alerts.batches import DROP_TOLD, PUT_BACK_TURNS, moments, pipelined
from feed.alerts.tables import IS_PENDING, delivery, queue, subscription
from history.db import writing
from history.queries.prepared import Prepared

# Any fixed number other than the recorder's: who adds pending deliveries holds it alone, who takes turns off the queue
# shares it. So nobody finds nothing pending, and drops the turn, while somebody adds to it (docs/decisions/017).
QUEUE_LOCK = 0x70C3_A9E1
# Who may be told anything: an unproven subscription gets its challenge only.
TELLABLE = ("active", "unproven")


class Turn(NamedTuple):
    """A subscription that may be told now, by one holder, until its lease ends. `fresh` are those that have no backlog:
    nobody has had them yet, or all that there was has been told."""

    subscription_id: int
    failures: int
    fresh: bool = False


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
    """A transaction that may find that nothing is pending: any number at a time, none while somebody adds. What it
    does is only told, not asked: errors may come at its end."""
    with writing(engine) as connection, pipelined(connection):
        _lock(connection, "pg_advisory_xact_lock_shared")
        yield connection


def enqueue(connection: Connection, subscription_ids: Select[Any] | Sequence[int], now: datetime) -> None:
    """Give a turn to each of these to which something is pending, and which may be told. Who has one keeps it."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    waiting = select(subscription.c.id, bindparam("now", now, queue.c.due_at.type), true(), text("0")).where(
        subscription.c.id.in_(subscription_ids),
        subscription.c.state.in_(TELLABLE),
        exists().where(delivery.c.subscription_id == subscription.c.id, IS_PENDING),
    )
    added = insert(queue).from_select(["subscription_id", "due_at", "fresh", "failures"], waiting)
    connection.execute(added.on_conflict_do_nothing(index_elements=["subscription_id"]))


def hurry(connection: Connection, subscription_id: int, now: datetime) -> None:
    """It is this subscription's turn at once, whatever it waited for."""
    enqueue(connection, [subscription_id], now)
    at_once = update(queue).where(queue.c.subscription_id == subscription_id, queue.c.holder.is_(None))
    connection.execute(at_once.values(due_at=now, fresh=True, failures=0))


def dequeue(connection: Connection, subscription_id: int) -> None:
    """No turn for this subscription until something is enqueued anew; what is pending stays so."""
    connection.execute(delete(queue).where(queue.c.subscription_id == subscription_id))


def claim(
    connection: Connection, holder: str, now: datetime, lease_ends: datetime, well: int, in_trouble: int
) -> list[Turn]:  # fmt: skip
    """Take turns that are due: the `well` oldest, half as many of the newest fresh ones (a backlog must not delay what
    has just happened, nor be forgotten), and so many of those in trouble. Who dies with them leaves them to the end of
    the lease."""
    most = {"well": well, "newest": (well + 1) // 2, "in_trouble": in_trouble}
    taken = {"holder": holder, "now": now, "lease_ends": lease_ends, **most}
    return _claim_of(connection.dialect).made(connection, taken, Turn)


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
        [turn.fresh for turn, _ in turns],
        [turn.failures for turn, _ in turns],
        [turn.subscription_id for turn, _ in turns],
        [holder] * len(turns),
    )


def drop_told(connection: Connection, subscription_ids: Sequence[int]) -> None:
    """No more turns for those of these that nobody holds, where nothing is pending or nobody may be told."""
    DROP_TOLD.run(connection, subscription_ids)


@lru_cache
def _claim_of(dialect: Dialect) -> Prepared:
    def line(most: str, which: str, order: ColumnElement[Any]) -> Select[Any]:
        due = select(queue.c.subscription_id).where(queue.c.due_at <= bindparam("now"), text(which))
        return select(due.order_by(order).limit(bindparam(most)).with_for_update(skip_locked=True).subquery(most))

    lines = (
        line("newest", "fresh", queue.c.due_at.desc()),
        line("well", "failures = 0", queue.c.due_at),
        line("in_trouble", "failures > 0", queue.c.due_at),
    )
    taken = update(queue).where(queue.c.subscription_id.in_(union(*lines)))
    taken = taken.values(holder=bindparam("holder"), due_at=bindparam("lease_ends"))
    return Prepared(taken.returning(queue.c.subscription_id, queue.c.failures), dialect)


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
