"""What became of each message at a subscription: deliveries with all their attempts, the newest first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select

from feed.alerts.model import DeliveryState
from feed.alerts.tables import attempt, delivery, message

# In a list, so much of an answer is shown; all that is kept of it stands in the one delivery.
SHOWN_RESPONSE = 500


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt on record: `status` None where there was no answer, `error` None where it succeeded."""

    started_at: datetime
    took_ms: int
    status: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message at one subscription. `payload` is what is signed and sent, byte for byte; "" in a list."""

    message_id: int
    uid: str
    type: str
    event_at: datetime
    state: DeliveryState
    created_at: datetime
    ended_at: datetime | None
    payload: str
    attempts: tuple[Tried, ...]


def listed(
    connection: Connection, subscription_id: int, state: DeliveryState | None, before: int | None, limit: int
) -> list[Delivery]:  # fmt: skip
    """The newest first, by the order in which they are told, from before that message on."""
    asked = _asked(subscription_id, with_payload=False).order_by(delivery.c.message_id.desc()).limit(limit)
    if state is not None:
        asked = asked.where(delivery.c.state == state)
    if before is not None:
        asked = asked.where(delivery.c.message_id < before)
    rows = connection.execute(asked).all()
    tries = _tries(connection, subscription_id, [row.message_id for row in rows], SHOWN_RESPONSE)
    return [Delivery(**row._mapping, attempts=tuple(tries[row.message_id])) for row in rows]


def one(connection: Connection, subscription_id: int, message_uid: str) -> Delivery | None:
    """The delivery of that message, with its payload and all that was answered."""
    # PostgreSQL refuses to look for a NUL.
    if not message_uid.isprintable():
        return None
    row = connection.execute(
        _asked(subscription_id, with_payload=True).where(message.c.uid == message_uid)
    ).one_or_none()
    if row is None:
        return None
    return Delivery(
        **row._mapping, attempts=tuple(_tries(connection, subscription_id, [row.message_id], None)[row.message_id])
    )


def _asked(subscription_id: int, *, with_payload: bool) -> Any:
    payload = message.c.payload if with_payload else literal("").label("payload")
    return (
        select(
            delivery.c.message_id, message.c.uid, message.c.type, message.c.event_at, delivery.c.state,
            delivery.c.created_at, delivery.c.ended_at, payload,
        )
        .join(message, message.c.id == delivery.c.message_id)
        .where(delivery.c.subscription_id == subscription_id)
    )  # fmt: skip


def _tries(
    connection: Connection, subscription_id: int, message_ids: Sequence[int], most: int | None
) -> dict[int, list[Tried]]:  # fmt: skip
    response = attempt.c.response if most is None else func.substr(attempt.c.response, 1, most)
    asked = select(attempt.c.message_id, attempt.c.started_at, attempt.c.took_ms, attempt.c.status, attempt.c.error,
                   response)  # fmt: skip
    these = attempt.c.subscription_id == subscription_id, attempt.c.message_id.in_(message_ids)
    tries: dict[int, list[Tried]] = defaultdict(list)
    for message_id, started_at, took_ms, status, error, answer in connection.execute(
        asked.where(*these).order_by(attempt.c.message_id, attempt.c.started_at)
    ):
        tries[message_id].append(Tried(started_at, took_ms, status, error, answer or ""))
    return tries
