"""What was asked for under an Idempotency-Key, and what it was answered with: asked again, it is not done again
(draft-ietf-httpapi-idempotency-key-header-07)."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, select, update

from feed.alerts.sealing import CannotOpen, Sealer
from feed.alerts.tables import repeat

KEPT_FOR = timedelta(hours=24)
# As Stripe's.
LONGEST = 255


class AskedOtherwise(Exception):
    """The same Idempotency-Key came with something else before, or with what is gone; says what to do."""


class Asked(NamedTuple):
    """Who asked, under which token, for what."""

    key_id: int
    token: str
    digest: str

    @classmethod
    def of(cls, key_id: int, token: str, what: str) -> "Asked":
        return cls(key_id, token, sha256(what.encode()).hexdigest())


def answered(connection: Connection, asked: Asked, sealer: Sealer, now: datetime) -> str | None:
    """The answer that was given within the last day; None where there was none. Within queue.adding(), so that of two
    that ask at once the second gets the first one's. Raises AskedOtherwise."""
    connection.execute(delete(repeat).where(*_this(asked), repeat.c.created_at <= now - KEPT_FOR))
    row = connection.execute(select(repeat.c.asked, repeat.c.answer).where(*_this(asked))).one_or_none()
    if row is None:
        return None
    if row.asked != asked.digest:
        raise AskedOtherwise("This Idempotency-Key came with another body before; take a new one for another request")
    if row.answer is None:
        raise AskedOtherwise(
            "What was made under this Idempotency-Key has been deleted; take a new one to make another"
        )
    try:
        return sealer.open(row.answer)
    except CannotOpen:
        raise AskedOtherwise(
            "This was made already, but its answer was sealed with a key that is not in force any more; list the "
            "subscriptions to find it, and rotate its secret"
        ) from None


def keep(
    connection: Connection, asked: Asked, subscription_id: int, answer: str, sealer: Sealer, now: datetime
) -> None:  # fmt: skip
    """The answer that is about to be given. Within the transaction that makes the subscription."""
    row = {
        "key_id": asked.key_id, "token": asked.token, "asked": asked.digest, "subscription_id": subscription_id,
        "answer": sealer.seal(answer), "created_at": now,
    }  # fmt: skip
    connection.execute(repeat.insert(), row)


def wipe(connection: Connection, subscription_id: int) -> None:
    """Its secret is not to be told any more."""
    connection.execute(update(repeat).where(repeat.c.subscription_id == subscription_id).values(answer=None))


def prune(connection: Connection, now: datetime) -> int:
    """Drop what is a day old; how many went."""
    return connection.execute(delete(repeat).where(repeat.c.created_at <= now - KEPT_FOR)).rowcount


def _this(asked: Asked) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return repeat.c.key_id == asked.key_id, repeat.c.token == asked.token
