"""New stories → messages, and one delivery for each subscription that wants them: all in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from feed.alerts import outbox, positions
from feed.alerts.filters import Filter
from feed.alerts.messages import Draft, jump_message, story_message
from feed.alerts.positions import Positions
from feed.alerts.tables import subscription, subscription_filter
from history import queries
from history.queries import Jump, Story

EVERYTHING = queries.Wanted()
# So many stories a transaction: a first crawl tells thousands, and the dispatcher must not wait for all of them.
STORIES = 50
# Nor for more deliveries than these, and those of one story: they are written in a second or two.
DELIVERIES = 20_000


class News(NamedTuple):
    """Something to tell: who wants it, and what it says."""

    is_wanted: Callable[[Filter], bool]
    draft: Callable[[], Draft]


def pending_news(connection: Connection) -> bool:
    """Whether the history has gone on since the last fan-out: a few seeks, to be asked many times a second."""
    at, newest = positions.read(connection), queries.newest(connection)
    return at is None or newest.event_id > at.changes or newest.volumes_run_id > at.volumes


def fan_out(connection: Connection, public_url: str, now: datetime, most: int = STORIES) -> int:
    """Tell the next `most` stories, whole and in order, and the volumes that jumped, to who wants them; how many
    messages that makes.

    Within queue.adding(): one at a time, so that ids of messages follow the stories, and all or nothing. The first
    time it only takes note of where the history stands.
    """
    at = positions.read(connection)
    if at is None:
        positions.begin(connection)
        return 0
    newest = queries.newest(connection)
    stories = queries.stories_after(connection, EVERYTHING, at.changes, most)
    reached = max(at.changes, stories[-1].id if stories else 0)
    if len(stories) < most:
        reached = max(reached, newest.event_id)
    jumps = queries.jumps_after(connection, at.volumes) if newest.volumes_run_id > at.volumes else []
    news = [News(partial(_wants, one), partial(story_message, one, public_url)) for one in stories]
    news += [News(partial(_wants_jump, one), partial(jump_message, one, public_url, reached)) for one in jumps]
    made, through = _tell(connection, news, now)
    if through == len(news):
        positions.move(connection, at, Positions(reached, max(at.volumes, newest.volumes_run_id)))
    else:
        # Jumps follow the stories: those that were told already are known by their names next time.
        at_least = stories[through - 1].id if through <= len(stories) else reached
        positions.move(connection, at, Positions(at_least, at.volumes))
    return made


def _wants(story: Story, asked: Filter) -> bool:
    return asked.wants(story)


def _wants_jump(jump: Jump, asked: Filter) -> bool:
    return asked.wants_jump(jump.provider, jump.model, jump.change_bp)


def _tell(connection: Connection, news: Sequence[News], now: datetime) -> tuple[int, int]:
    """Each filter is read once, and asked about everything that is new. How many messages that made, and how many of
    the news were told, or are wanted by nobody, until there were deliveries enough for one transaction."""
    if not news:
        return 0, 0
    wanting = _wanting(connection, news)
    made = deliveries = through = 0
    for through, one in enumerate(news, 1):
        if filter_ids := wanting.get(through - 1):
            message = outbox.add_message(connection, one.draft(), now)
            deliveries += outbox.deliver_to_all(connection, message, filter_ids, now)
            made += 1
        if deliveries >= DELIVERIES:
            break
    if turns := {one for place in range(through) for one in wanting.get(place, ())}:
        outbox.enqueue_all(connection, turns, now)
    return made, through


def _wanting(connection: Connection, news: Sequence[News]) -> dict[int, list[int]]:
    """The filters that want each of the news, by its place."""
    wanting: dict[int, list[int]] = defaultdict(list)
    for filter_id, asked in _filters(connection):
        for place, one in enumerate(news):
            if one.is_wanted(asked):
                wanting[place].append(filter_id)
    return wanting


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
