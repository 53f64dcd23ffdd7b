"""What became of the attempts, written down many at a time: attempts, deliveries, subscriptions, and the next turns."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from sqlalchemy import Connection, bindparam, update

from feed.alerts import queue
from feed.alerts.batches import ADD_ATTEMPTS, COUNT_ATTEMPTS, MOVE_DELIVERIES, moments
from feed.alerts.model import Attempt, DeliveryState
from feed.alerts.queue import Turn
from feed.alerts.tables import STATES, subscription

# Upper bounds of the histogram of /metrics, in milliseconds; -1 stands for +Inf.
TOOK_TO_MS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 15_000)
BEYOND = -1
BOUNDS = (*TOOK_TO_MS, BEYOND)
# Dispatchers count in lanes of their own, so that none waits for another's rows.
LANES = 64


@dataclass(slots=True)
class Batch:
    """What is to be written: attempts with the state of their delivery after them; subscriptions that have begun or
    ceased to fail, or have proved that they want events; turns that are over, and when the next one is."""

    attempts: list[tuple[Attempt, int, DeliveryState]] = field(default_factory=list)
    failing_since: dict[int, datetime | None] = field(default_factory=dict)
    proven: set[int] = field(default_factory=set)
    over: list[tuple[Turn, datetime]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.attempts or self.over)

    def followed_by(self, later: "Batch") -> "Batch":
        """Both, in this order."""
        return Batch(
            self.attempts + later.attempts,
            self.failing_since | later.failing_since,
            self.proven | later.proven,
            self.over + later.over,
        )


def write(connection: Connection, batch: Batch, holder: str, now: datetime) -> None:
    """The whole batch, within queue.taking()."""
    if batch.attempts:
        _write_attempts(connection, [one for one, _, _ in batch.attempts])
        _write_deliveries(connection, batch.attempts, now)
        _count(connection, [one for one, _, _ in batch.attempts], crc32(holder.encode()) % LANES)
    _write_subscriptions(connection, batch, now)
    queue.put_back(connection, holder, batch.over)
    queue.drop_told(connection, [turn.subscription_id for turn, _ in batch.over])


def _write_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    results = [one.result for one in attempts]
    ADD_ATTEMPTS.run(
        connection,
        [one.subscription_id for one in attempts],
        [one.message_id for one in attempts],
        moments(connection, [one.started_at for one in attempts]),
        [one.took_ms for one in attempts],
        [result.status for result in results],
        [result.error for result in results],
        [result.response or None for result in results],
    )


def _write_deliveries(
    connection: Connection, ended: Sequence[tuple[Attempt, int, DeliveryState]], now: datetime
) -> None:
    MOVE_DELIVERIES.run(
        connection,
        [STATES.index(state) for _, _, state in ended],
        [attempts for _, attempts, _ in ended],
        moments(connection, [None if state == "pending" else now for _, _, state in ended]),
        [one.subscription_id for one, _, _ in ended],
        [one.message_id for one, _, _ in ended],
    )


def _write_subscriptions(connection: Connection, batch: Batch, now: datetime) -> None:
    if batch.failing_since:
        rows = [{"the_id": one, "since": since} for one, since in sorted(batch.failing_since.items())]
        this = subscription.c.id == bindparam("the_id")
        connection.execute(update(subscription).where(this).values(failing_since=bindparam("since")), rows)
    if batch.proven:
        proven = subscription.c.id.in_(sorted(batch.proven)), subscription.c.state == "unproven"
        connection.execute(update(subscription).where(*proven).values(state="active", reason="", updated_at=now))


def _count(connection: Connection, attempts: Iterable[Attempt], lane: int) -> None:
    so_many: Counter[tuple[str, int]] = Counter()
    took: Counter[tuple[str, int]] = Counter()
    for one in attempts:
        bucket = one.result.word, BOUNDS[bisect_left(TOOK_TO_MS, one.took_ms)]
        so_many[bucket] += 1
        took[bucket] += one.took_ms
    # In one order everywhere, so that two who count in one lane never wait for each other.
    counted = sorted(so_many)
    COUNT_ATTEMPTS.run(
        connection,
        [lane] * len(counted),
        [word for word, _ in counted],
        [within for _, within in counted],
        [so_many[each] for each in counted],
        [took[each] for each in counted],
    )
