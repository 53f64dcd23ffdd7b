"""A message's payload → words for people: one template a type, in plain text, Markdown and HTML. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from feed.alerts import retelling
from feed.alerts.markup import Format, Line, Part, Told, heading, item, plain, title_of, written
from feed.figures import moment
from history.times import from_rfc3339

Data = Mapping[str, Any]


class Rendered(NamedTuple):
    """A message in full."""

    title: str
    body_markdown: str
    body_text: str
    body_html: str


def rendered(payload: Data) -> Rendered:
    """The message of this payload ({"type", "timestamp", "data"}, see docs/alerts.md) in each format."""
    told = in_words(payload)
    return Rendered(title_of(told), written(told, "markdown"), written(told, "text"), written(told, "html"))


def fitted(payload: Data, form: Format, body_most: int, title_most: int | None) -> tuple[str, str]:
    """(title, body) in one format, of at most so many characters; what does not fit is counted, and told where it is.
    Where `title_most` is None the service has no titles: the title is "", and stands above the body."""
    told = in_words(payload)
    if title_most is not None:
        return title_of(told, title_most), written(told, form, body_most)
    above = heading(title_of(told, body_most // 2))
    return "", written(replace(told, above=(above, *told.above)), form, body_most)


def in_words(payload: Data) -> Told:
    """A type that is not known here is told by its headline and its URL."""
    data = payload.get("data") or {}
    return _TEMPLATES.get(str(payload.get("type")), _story)(str(payload.get("timestamp", "")), data)


def _story(_timestamp: str, data: Data) -> Told:
    """Also of plans and volumes: whatever has a headline and, maybe, changes and evidence."""
    sentences, when = retelling.sentences(data)
    return Told(
        _headline(data),
        above=tuple(_seller(data)),
        items=tuple(map(item, sentences)),
        ending=(*([plain(when)] if when else ()), *_proofs(data)),
        url=data.get("url"),
        more=int(data.get("more") or 0),
    )


def _corrected(timestamp: str, data: Data) -> Told:
    told = _story(timestamp, data)
    return replace(told, above=(*told.above, plain("We had read this wrong; no price has moved.")))


def _scheduled(timestamp: str, data: Data) -> Told:
    told = _story(timestamp, data)
    if all(one.get("kind") == "price_cancelled" for one in data.get("changes") or ()):
        return told
    return replace(
        told, above=(*told.above, plain("Announced, not charged yet: it is news again when it takes effect."))
    )


def _volume(timestamp: str, data: Data) -> Told:
    told, cited = _story(timestamp, data), data.get("citation")
    if not told.items and data.get("new_tokens") is not None:
        told = replace(told, items=(item(_jump(data)),))
    return replace(told, ending=(*told.ending, plain(cited))) if cited else told


def _jump(data: Data) -> str:
    """1.2 trillion tokens in the week to 2026-05-21, 355 billion in the week before"""
    now, before = (_tokens(int(data.get(name) or 0)) for name in ("new_tokens", "old_tokens"))
    period, day = data.get("period") or "day", data.get("day")
    if day and period == "day" and not data.get("trailing"):
        return f"{now} tokens on {day}, {before} the day before"
    return f"{now} tokens in the {period}{f' to {day}' if day else ''}, {before} in the {period} before"


def _tokens(count: int) -> str:
    """28.1 billion: the payload has every digit."""
    for size, word in ((10**12, " trillion"), (10**9, " billion"), (10**6, " million")):
        if count >= size:
            return f"{count / size:.{1 if count < 100 * size else 0}f}".removesuffix(".0") + word
    return f"{count:,}"


def _digest(timestamp: str, data: Data) -> Told:
    stories = data.get("stories") or []
    more = int(data.get("more") or 0)
    count = len(stories) + more
    kind = {"daily": "Daily digest", "weekly": "Weekly digest"}.get(str(data.get("period")), "Digest")
    until = _moment(str(data.get("until") or timestamp))
    return Told(
        data.get("headline") or f"{kind} to {until}: {count} price {'change' if count == 1 else 'changes'}",
        items=tuple(_by_provider(stories)),
        url=data.get("url"),
        more=more,
    )


def _by_provider(stories: list[Data]) -> Iterator[Line]:
    """Providers by name, the stories of each in the order in which they are told."""

    def provider(story: Data) -> str:
        return str(story.get("provider_name") or story.get("provider") or "")

    for name, told in groupby(sorted(stories, key=provider), provider):
        if name:
            yield heading(name)
        for story in told:
            # A gateway's stories say so themselves.
            yield item(_headline(story).replace(f" on {name}:", ":", 1), story.get("url"))


def _challenge(_timestamp: str, data: Data) -> Told:
    token = str(data.get("token") or data.get("challenge") or "")
    uid = _subscription(data)
    return Told(
        "Tokentape wants to send price alerts here",
        ending=(
            plain(f"Somebody asked for alerts{_name(data)} to be sent here. If it was you, hand back this token:"),
            plain(_code(token)),
            plain("That is: ", _code(f'POST /v1/subscriptions/{uid}/proof {{"token": "{token}"}}')),
            plain("If it was not you, do nothing: nothing else will be sent."),
        ),
        url=data.get("url"),
    )


def _test(_timestamp: str, data: Data) -> Told:
    told = f"This is a test of the subscription {_subscription(data)}{_name(data)}: its alerts will arrive here."
    return Told("Test: alerts of Tokentape arrive here", ending=(plain(told),), url=data.get("url"))


def _paused(_timestamp: str, data: Data) -> Told:
    name, target = data.get("name") or _subscription(data), data.get("target") or "its endpoint"
    state = "disabled" if data.get("state") == "disabled" else "paused"
    cursor = data.get("resume_after")
    lines = [
        plain(f"Nothing is sent to {target} any more{_since(data)}: {data.get('reason') or 'deliveries failed'}."),
        plain(f"The last error: {data['last_error']}") if data.get("last_error") else None,
        plain("What is still pending is sent after ", _code(str(data["resume"]))) if data.get("resume") else None,
        plain("All that it missed: ", _code(f"/v1/changes?after={cursor}")) if cursor is not None else None,
    ]
    return Told(f"Alerts to {name} are {state}", ending=tuple(line for line in lines if line), url=data.get("url"))


def _code(words: str) -> Part:
    return Part(words, is_code=True)


def _since(data: Data) -> str:
    return f" since {_moment(str(data['since']))}" if data.get("since") else ""


def _subscription(data: Data) -> str:
    """Its uid, whether it stands alone or in an object."""
    named = data.get("subscription") or data.get("subscription_id") or ""
    return str(named.get("id", "") if isinstance(named, Mapping) else named)


def _name(data: Data) -> str:
    return f" (“{data['name']}”)" if data.get("name") else ""


def _seller(data: Data) -> Iterator[Line]:
    """Who charges it, where the headline does not say so."""
    name = str(data.get("provider_name") or "")
    if name and name.casefold() not in _headline(data).casefold():
        yield plain(f"Sold by {name}")


def _headline(data: Data) -> str:
    return str(data.get("headline") or data.get("title") or "News of Tokentape")


def _proofs(data: Data) -> Iterator[Line]:
    for page in data.get("evidence") or ():
        parts: list[Part | str] = ["Source: ", Part(page["url"], page["url"])]
        if page.get("snapshot"):
            parts += [" – ", Part("the page as it was fetched", page["snapshot"])]
        yield plain(*parts)


def _moment(timestamp: str) -> str:
    try:
        return moment(from_rfc3339(timestamp))
    except ValueError:
        return timestamp


_TEMPLATES: dict[str, Callable[[str, Data], Told]] = {
    "price.changed": _story,
    "price.scheduled": _scheduled,
    "price.corrected": _corrected,
    "plan.changed": _story,
    "volume.jumped": _volume,
    "digest": _digest,
    "subscription.challenge": _challenge,
    "subscription.test": _test,
    "subscription.paused": _paused,
}
