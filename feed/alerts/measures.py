"""How the alerts are doing, counted for /metrics."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, Connection, func, literal_column, select

from feed.alerts.tables import IS_PENDING, delivery, queue, subscription, tally


class Attempts(NamedTuple):
    """Attempts with one result that took no longer than a bound (-1: longer than all of them)."""

    result: str
    took_to_ms: int
    attempts: int
    took_ms: int


class Measures(NamedTuple):
    """`oldest` is when the delivery was made pending that has waited longest; None where nothing waits."""

    pending: int
    oldest: datetime | None
    turns: dict[str, int]
    subscriptions: dict[str, int]
    attempts: list[Attempts]


def measures(connection: Connection) -> Measures:
    """Each of these reads an index of what is pending, or a small table."""
    pending, oldest = connection.execute(
        select(func.count(), func.min(delivery.c.created_at)).select_from(delivery).where(IS_PENDING)
    ).one()
    in_trouble = literal_column("failures > 0", Boolean)
    lines = select(in_trouble, func.count()).select_from(queue).group_by(in_trouble)
    turns = {"in_trouble" if troubled else "well": count for troubled, count in connection.execute(lines)}
    states = select(subscription.c.state, func.count()).group_by(subscription.c.state)
    counted = (
        select(tally.c.result, tally.c.took_to_ms, func.sum(tally.c.attempts), func.sum(tally.c.took_ms))
        .group_by(tally.c.result, tally.c.took_to_ms)
        .order_by(tally.c.result, tally.c.took_to_ms)
    )
    return Measures(
        pending,
        oldest,
        turns,
        {state: count for state, count in connection.execute(states) if state != "deleted"},
        [Attempts(word, bound, int(count), int(took)) for word, bound, count, took in connection.execute(counted)],
    )
