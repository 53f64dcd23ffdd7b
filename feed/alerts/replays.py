"""Telling again what was told, and what was missed while a subscription was paused or its filter was another."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Update, select, update

from feed.alerts import outbox, positions, queue
from feed.alerts.fanout import parsed
from feed.alerts.filters import Filter
from feed.alerts.messages import story_about, story_message
from feed.alerts.tables import delivery, message, subscription, subscription_filter
from history import queries
from history.queries import Story, Wanted

# So many stories in memory at once, and in one replay.
STORIES = 100
MOST_REPLAYED = 10_000
# The others are sent nothing but their challenge.
_TOLD = ("active", "paused")


class TooMuchToReplay(ValueError):
    """The range holds more stories than one replay may tell."""


def replay_one(connection: Connection, subscription_id: int, message_id: int, now: datetime) -> bool:
    """Tell that message to that subscription once more, under the id that it had, whatever became of it; False: it was
    never told there. The attempts that were made stay on record. Within queue.adding()."""
    again = _again(subscription_id, now).where(delivery.c.message_id == message_id)
    if not connection.execute(again).rowcount:
        return False
    queue.hurry(connection, subscription_id, now)
    return True


def replay_range(
    connection: Connection, subscription_id: int, since: datetime, until: datetime, public_url: str, now: datetime
) -> int:  # fmt: skip
    """Tell what was recorded from `since` on and before `until` once more: what was told there, and the stories that
    the filter wants and that were not told there; how many messages that is. Raises TooMuchToReplay.

    Messages are told in the order of their ids: a story that nobody was told before gets a new one, and comes after
    those that have theirs already. What the fan-out has not reached yet is left to it. Within queue.adding().
    """
    told_then = select(message.c.id).where(
        message.c.event_at >= since, message.c.event_at < until, message.c.type.not_like("subscription.%")
    )
    again = _again(subscription_id, now).where(delivery.c.message_id.in_(told_then))
    count = connection.execute(again).rowcount
    for missed in _missed(connection, subscription_id, Wanted(since=since, until=until)):
        known = outbox.message_id(connection, story_about(missed.id))
        told = known or outbox.add_message(connection, story_message(missed, public_url), now)
        count += outbox.deliver(connection, [(subscription_id, told)], now)
        if count > MOST_REPLAYED:
            raise TooMuchToReplay(f"more than {MOST_REPLAYED} messages; ask for a shorter range, or read /v1/changes")
    if count:
        queue.hurry(connection, subscription_id, now)
    return count


def _again(subscription_id: int, now: datetime) -> Update:
    """As if it had never been tried: the schedule begins anew."""
    pending = {"state": "pending", "attempts": 0, "created_at": now, "ended_at": None}
    return update(delivery).where(delivery.c.subscription_id == subscription_id).values(pending)


def _missed(connection: Connection, subscription_id: int, wanted: Wanted) -> Iterator[Story]:
    """The stories that the subscription's filter wants, oldest first, up to where the fan-out has come."""
    asked, reached = _filter_of(connection, subscription_id), positions.read(connection)
    among = queries.narrowed(connection, wanted)
    after = 0
    while asked is not None and reached is not None and among is not None:
        page = [one for one in queries.stories_after(connection, among, after, STORIES) if one.id <= reached.changes]
        yield from (one for one in page if asked.wants(one))
        if len(page) < STORIES:
            return
        after = page[-1].id


def _filter_of(connection: Connection, subscription_id: int) -> Filter | None:
    """None: digests tell it what it wants, or it is to be told nothing."""
    asked = (
        select(subscription_filter.c.text)
        .join(subscription, subscription.c.filter_id == subscription_filter.c.id)
        .where(
            subscription.c.id == subscription_id,
            subscription.c.state.in_(_TOLD),
            subscription.c.cadence == "instant",
        )
    )
    text = connection.execute(asked).scalar()
    return None if text is None else parsed(text)
