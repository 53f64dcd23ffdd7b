"""Stories → Atom, RSS and JSON Feed: permanent ids, and bytes that depend on the data alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import msgspec

# feedgen 1.0.0 has no types.
from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]

from feed.headlines import headline
from feed.wording import clean, sentences, when
from history.queries import Evidence, Story
from history.times import EPOCH, to_rfc3339

# Ids name the story, not a place: they survive another domain and another name of the model.
AUTHORITY = "tag:tokentape.dev,2026:"
ATOM, RSS, JSON_FEED = "application/atom+xml", "application/rss+xml", "application/feed+json"


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed besides its entries. `next_url` leads to older entries (RFC 5005, paged)."""

    id: str
    title: str
    description: str
    home_url: str
    self_url: str
    first_url: str
    next_url: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A story as readers see it: `title` and `text` are plain, `html` is escaped and safe."""

    id: str
    url: str
    title: str
    text: str
    html: str
    moment: datetime
    provider: str


def entry(story: Story, public_url: str) -> Entry:
    """One story, one entry, the same under every filter."""
    lines = [*sentences(story), when(story)]
    return Entry(
        f"{AUTHORITY}story/{story.id}",
        f"{public_url}/stories/{story.id}",
        headline(story),
        "\n".join([*lines, *(f"Source: {clean(page.url)}" for page in story.evidence)]),
        _html(story, public_url),
        story.recorded_at,
        clean(story.changes[0].provider),
    )


def atom(channel: Channel, entries: Sequence[Entry]) -> bytes:
    return bytes(_generator(channel, entries, ATOM).atom_str())


def rss(channel: Channel, entries: Sequence[Entry]) -> bytes:
    return bytes(_generator(channel, entries, RSS).rss_str())


def json_feed(channel: Channel, entries: Sequence[Entry]) -> bytes:
    """JSON Feed 1.1, https://www.jsonfeed.org/version/1.1/"""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "description": channel.description,
        "home_page_url": channel.home_url,
        "feed_url": channel.self_url,
        "language": "en",
        "authors": [{"name": "Tokentape", "url": channel.home_url}],
        "items": [_item(one) for one in entries],
    }
    return msgspec.json.encode(feed | ({"next_url": channel.next_url} if channel.next_url else {}))


def _item(one: Entry) -> dict[str, Any]:
    moment = to_rfc3339(one.moment)
    return {
        "id": one.id,
        "url": one.url,
        "title": one.title,
        "content_html": one.html,
        "content_text": one.text,
        "date_published": moment,
        "date_modified": moment,
        "tags": [one.provider],
    }


def _generator(channel: Channel, entries: Sequence[Entry], media_type: str) -> FeedGenerator:
    """feedgen 1.0.0 as it has to be used: `updated` is always set (its default is now, which would change the bytes),
    the alternate link comes last (RSS takes the last link, whatever its rel), entries are appended (it prepends)
    with one plain link each (it drops every other attribute), and scraped text is cleaned and escaped before.
    """
    feed = FeedGenerator()
    feed.id(channel.id)
    feed.title(channel.title)
    feed.subtitle(channel.description)
    feed.author({"name": "Tokentape", "uri": channel.home_url})
    feed.language("en")
    feed.generator("Tokentape")
    feed.docs("https://www.rssboard.org/rss-specification")
    feed.updated(max((one.moment for one in entries), default=EPOCH))
    feed.link(href=channel.self_url, rel="self", type=media_type)
    feed.link(href=channel.first_url, rel="first", type=media_type)
    if channel.next_url:
        feed.link(href=channel.next_url, rel="next", type=media_type)
    feed.link(href=channel.home_url, rel="alternate", type="text/html")
    for one in entries:
        _add(feed, one)
    return feed


def _add(feed: FeedGenerator, one: Entry) -> None:
    added = feed.add_entry(order="append")
    added.guid(one.id, permalink=False)
    added.title(one.title)
    added.link(href=one.url, rel="alternate")
    added.content(one.html, type="html")
    added.published(one.moment)
    added.updated(one.moment)
    added.category(term=one.provider)


def _html(story: Story, public_url: str) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(story))
    pages = "".join(f"<p>{_proof(page, public_url)}</p>" for page in story.evidence)
    return f"<ul>{items}</ul><p>{escape(when(story))}</p>{pages}"


def _proof(page: Evidence, public_url: str) -> str:
    url = clean(page.url)
    source = f'<a href="{escape(url)}">{escape(url)}</a>' if is_web(url) else escape(url)
    snapshot = escape(f"{public_url}/v1/snapshots/{page.sha256}")
    # 203, non-authoritative: a page that we have not got ourselves.
    kept = "our list of documented changes" if page.status == 203 else "the page as it was fetched"
    return f'Source: {source}. Evidence: <a href="{snapshot}">{kept}</a>.'


def is_web(url: str) -> bool:
    """Whether a scraped URL may become a link."""
    return url.lower().startswith(("http://", "https://"))
