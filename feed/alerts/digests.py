"""Daily and weekly digests: what a subscription's filter wanted since the last one, as one message."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from feed.alerts import outbox, queue
from feed.alerts.fanout import EVERYTHING, parsed
from feed.alerts.filters import Filter
from feed.alerts.messages import Draft, fitting, short, story_url
from feed.alerts.model import Cadence
from feed.alerts.tables import subscription, subscription_filter
from feed.headlines import headline
from feed.wording import sentences
from history import queries
from history.queries import Story
from history.times import midnight, to_rfc3339

HOUR_UTC = 8
MONDAY = 0
_LASTS = {"daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
# So many a transaction, and so many stories in memory at once.
SUBSCRIPTIONS = 200
STORIES = 200
LONGEST_LINE = 300
# No more lines than these can fit into a message.
MOST_LINES = 100


@dataclass(slots=True)
class _Told:
    """What one filter wanted: the first lines, and how many stories there are."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def add(self, story: Story, public_url: str) -> None:
        self.count += 1
        if self.count <= MOST_LINES:
            self.lines.append(_line(story, public_url))


def next_digest(cadence: Cadence, now: datetime) -> datetime:
    """When a daily or weekly digest is due next: at 08:00 UTC, of the next day or of the next Monday."""
    due = midnight(now) + timedelta(hours=HOUR_UTC)
    if cadence == "weekly":
        due += timedelta(days=(MONDAY - due.weekday()) % 7)
    return due if due > now else due + _LASTS[cadence]


def due_digests(connection: Connection, public_url: str, now: datetime, most: int = SUBSCRIPTIONS) -> int:
    """One message for each of the next `most` active subscriptions whose digest is due, if there is anything to tell;
    how many of them were looked after, so that 0 means that nobody's is due. Within queue.adding()."""
    newest = queries.newest(connection).event_id
    due = _due(connection, now, most)
    for since, some in _by_cursor(due, newest).items():
        told = [(one, news) for one, news in _news(connection, some, since, newest, public_url) if news.count]
        drafts = [(one.id, _draft(one, news, since, newest, public_url, now)) for one, news in told]
        pairs = [(one, outbox.add_message(connection, draft, now)) for one, draft in drafts]
        outbox.deliver(connection, pairs, now)
        queue.enqueue(connection, [one for one, _ in drafts], now)
    _move(connection, due, newest, now)
    return len(due)


def _due(connection: Connection, now: datetime, most: int) -> list[Any]:
    """Those with one filter together: it is asked once about each story."""
    columns = (subscription.c.id, subscription.c.uid, subscription.c.cadence, subscription.c.digested)
    due = (
        select(*columns, subscription_filter.c.text)
        .join(subscription_filter, subscription_filter.c.id == subscription.c.filter_id)
        .where(subscription.c.digest_at <= now, subscription.c.state == "active", subscription.c.cadence != "instant")
        .order_by(subscription.c.digest_at, subscription.c.filter_id, subscription.c.id)
        .limit(most)
    )
    return list(connection.execute(due))


def _by_cursor(due: Iterable[Any], newest: int) -> dict[int, list[Any]]:
    """By where they go on; who has never been told anything begins now."""
    grouped: dict[int, list[Any]] = defaultdict(list)
    for one in due:
        grouped[newest if one.digested is None else one.digested].append(one)
    return grouped


def _news(
    connection: Connection, some: Sequence[Any], since: int, newest: int, public_url: str
) -> list[tuple[Any, _Told]]:
    """What each of them wants of the stories after `since`, page by page."""
    told: dict[str, _Told] = {one.text: _Told() for one in some}
    filters: list[tuple[Filter, _Told]] = [(parsed(text), news) for text, news in told.items()]
    after = since
    while page := queries.stories_after(connection, EVERYTHING, after, STORIES):
        for story in page:
            if story.id <= newest:
                for wanted, news in filters:
                    if wanted.wants(story):
                        news.add(story, public_url)
        after = page[-1].id
    return [(one, told[one.text]) for one in some]


def _draft(one: Any, news: _Told, since: int, newest: int, public_url: str, now: datetime) -> Draft:
    data = {
        "period": one.cadence,
        "until": to_rfc3339(now),
        "count": news.count,
        "url": f"{public_url.rstrip('/')}/v1/changes?after={since}",
        "stories": [],
        "resume_after": newest,
    }
    payload = fitting("digest", now, data, "stories", news.lines, news.count - len(news.lines))
    return Draft(f"digest/{one.uid}/{to_rfc3339(now)}", "digest", now, payload, newest)


def _line(story: Story, public_url: str) -> dict[str, Any]:
    first = story.changes[0]
    return {
        "story": story.id,
        "provider": first.provider,
        "provider_name": first.provider_name,
        "headline": short(headline(story), LONGEST_LINE),
        "url": story_url(story, public_url),
        "text": short("; ".join(sentences(story)), LONGEST_LINE),
        "recorded_at": story.recorded_at,
    }


def _move(connection: Connection, due: Iterable[Any], newest: int, now: datetime) -> None:
    rows = [{"the_id": one.id, "next": next_digest(one.cadence, now)} for one in due]
    if rows:
        this = subscription.c.id == bindparam("the_id")
        moved = update(subscription).where(this).values(digested=newest, digest_at=bindparam("next"))
        connection.execute(moved, rows)
