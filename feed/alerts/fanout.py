"""New stories → messages, and one delivery for each subscription that wants them: all in one transaction."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, exists, select

from feed.alerts import outbox, positions
from feed.alerts.filters import Filter
from feed.alerts.messages import story_message
from feed.alerts.positions import Positions
from feed.alerts.tables import subscription, subscription_filter
from history import queries
from history.queries import Story

EVERYTHING = queries.Wanted()
# So many stories a transaction: a first crawl tells thousands, and the dispatcher must not wait for all of them.
STORIES = 50


def pending_news(connection: Connection) -> bool:
    """Whether the history has gone on since the last fan-out: three seeks, to be asked many times a second."""
    at = positions.read(connection)
    return at is None or at != Positions(*queries.newest(connection))


def fan_out(connection: Connection, public_url: str, now: datetime, most: int = STORIES) -> int:
    """Tell the next `most` stories, whole and in order, to who wants them; how many messages that makes.

    Within queue.adding(): one at a time, so that ids of messages follow the stories, and all or nothing. The first
    time it only takes note of where the history stands.
    """
    at = positions.read(connection)
    if at is None:
        positions.begin(connection)
        return 0
    newest = queries.newest(connection)
    stories = queries.stories_after(connection, EVERYTHING, at.changes, most)
    told = _tell(connection, stories, public_url, now)
    reached = stories[-1].id if len(stories) == most else max(newest.event_id, *(one.id for one in stories), 0)
    positions.move(connection, at, Positions(max(at.changes, reached), newest.run_id))
    return told


def _tell(connection: Connection, stories: Sequence[Story], public_url: str, now: datetime) -> int:
    """Each filter is read once and asked about every story."""
    if not stories:
        return 0
    wanting: dict[int, list[int]] = defaultdict(list)
    for filter_id, wanted in _filters(connection):
        for one in stories:
            if wanted.wants(one):
                wanting[one.id].append(filter_id)
    for one in stories:
        if one.id in wanting:
            message = outbox.add_message(connection, story_message(one, public_url), now)
            outbox.deliver_to_all(connection, message, wanting[one.id], now)
    if wanting:
        outbox.enqueue_all(connection, {one for some in wanting.values() for one in some}, now)
    return len(wanting)


def _filters(connection: Connection) -> Iterator[tuple[int, Filter]]:
    """The filters that somebody who is told at once has, each once."""
    used = exists().where(
        subscription.c.filter_id == subscription_filter.c.id,
        subscription.c.state == "active",
        subscription.c.cadence == "instant",
    )
    for filter_id, text in connection.execute(select(subscription_filter.c.id, subscription_filter.c.text).where(used)):
        yield filter_id, parsed(text)


# By its text, which never means another filter; an id might, on SQLite, once the newest row is gone.
@lru_cache(maxsize=50_000)
def parsed(text: str) -> Filter:
    """The filter with that canonical text."""
    return Filter.parse(text)
