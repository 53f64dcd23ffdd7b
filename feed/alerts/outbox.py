"""Messages and who gets them, written down: rows of message, delivery and queue, within queue.adding()."""

import json
from base64 import b32encode
from collections.abc import Collection, Iterable
from datetime import datetime
from secrets import token_bytes
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from feed.alerts.messages import Draft
from feed.alerts.tables import delivery, message, queue, subscription


def message_id(connection: Connection, about: str) -> int | None:
    """The message that tells of it, where there is one."""
    found: int | None = connection.execute(select(message.c.id).where(message.c.about == about)).scalar()
    return found


def add_message(connection: Connection, draft: Draft, now: datetime) -> int:
    """The id of the message about that: the one there is, else a new one. Ids are given in the order of the calls."""
    if (known := message_id(connection, draft.about)) is not None:
        return known
    row = {
        "uid": f"msg_{b32encode(token_bytes(17)).decode()[:26].lower()}",
        "about": draft.about,
        "type": draft.type,
        "event_at": draft.event_at,
        "created_at": now,
        "payload": draft.payload,
        "resume_after": draft.resume_after,
    }
    added: int = connection.execute(message.insert().returning(message.c.id), row).scalar_one()
    return added


def deliver_to_all(connection: Connection, message_of: int, filter_ids: Collection[int], now: datetime) -> int:
    """Make it pending for every active instant subscription with one of these filters: one statement, however many;
    how many deliveries that makes."""
    columns = ("subscription_id", "message_id", "state", "attempts", "created_at")
    rows = _instant(connection, filter_ids, literal(message_of), text("0"), text("0"), _moment(now))
    return _insert(connection, delivery, columns, rows.order_by(subscription.c.id))


def enqueue_all(connection: Connection, filter_ids: Collection[int], now: datetime) -> None:
    """A turn for every active instant subscription with one of these filters; who has one keeps it.

    Something is pending to each of them: `queue.enqueue` would look for it, once for every row.
    """
    rows = _instant(connection, filter_ids, _moment(now), true(), text("0"))
    columns = ("subscription_id", "due_at", "fresh", "failures")
    _insert(connection, queue, columns, rows.order_by(subscription.c.id))


def deliver(connection: Connection, pairs: Iterable[tuple[int, int]], now: datetime) -> int:
    """Make messages pending, by (subscription, message), where they were never; how many that were."""
    rows = [
        {"subscription_id": one, "message_id": told, "state": "pending", "attempts": 0, "created_at": now}
        for one, told in pairs
    ]
    insert = _dialects_insert(connection)(delivery).on_conflict_do_nothing().returning(delivery.c.message_id)
    return sum(len(connection.execute(insert, row).all()) for row in rows)


def any_of(connection: Connection, column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether the column has one of these: one parameter, however many they are."""
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam("ids", sorted(ids), type_=ARRAY(BigInteger)))
    listed = func.json_each(bindparam("ids", json.dumps(sorted(ids)))).table_valued("value")
    return column.in_(select(listed.c.value))


def _instant(connection: Connection, filter_ids: Collection[int], *columns: Any) -> Select[Any]:
    return select(subscription.c.id, *columns).where(
        any_of(connection, subscription.c.filter_id, filter_ids),
        subscription.c.state == "active",
        subscription.c.cadence == "instant",
    )


def _insert(connection: Connection, table: Any, columns: tuple[str, ...], rows: Select[Any]) -> int:
    insert = _dialects_insert(connection)(table).from_select(list(columns), rows).on_conflict_do_nothing()
    return connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount


def _dialects_insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _moment(now: datetime) -> ColumnElement[datetime]:
    return bindparam("now", now, delivery.c.created_at.type)
