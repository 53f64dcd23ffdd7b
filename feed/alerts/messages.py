"""Stories → what is told, frozen: the payload that is signed and sent byte for byte. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

import msgspec

from feed import plans
from feed.alerts.model import PAYLOAD_BYTES
from feed.api import proof, shapes
from feed.figures import percent
from feed.headlines import headline
from feed.wording import clean
from history import identity
from history.model import EventKind, plain
from history.queries import Change, Evidence, Jump, Story
from history.times import to_rfc3339

MOST_EVIDENCE = 3
# Longer ones are cut, so that no page can say so much that nothing else fits.
LONGEST_TEXT = 1000
_ANNOUNCED = {EventKind.PRICE_SCHEDULED, EventKind.PRICE_CANCELLED}
_SAID_ONCE = {"story", "provider", "seller", "source", "model", "run", "evidence"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has a place and an id. `about` names what it tells; `resume_after` is the cursor of
    /v1/changes up to which whoever has this message, and those before it, has missed nothing."""

    about: str
    type: str
    event_at: datetime
    payload: str
    resume_after: int


def story_message(story: Story, public_url: str) -> Draft:
    """A story, whole: at most 20,000 bytes. What does not fit is counted in `more`, and stands at `url`."""
    first, resume_after = story.changes[0], _resume_after(story)
    data = {
        "story": story.id,
        "headline": short(headline(story)),
        "url": story_url(story, public_url),
        "provider": first.provider,
        "provider_name": first.provider_name,
        "seller": first.seller,
        "source": first.source,
        "model": first.model,
        **_identity(first.provider, first.model, first.effective_at),
        "changes": [],
        "evidence": _evidence(story.evidence, public_url),
        "resume_after": resume_after,
    }
    type_ = _type(story.changes)
    payload = fitting(type_, story.recorded_at, data, "changes", map(_change, story.changes))
    return Draft(story_about(story.id), type_, story.recorded_at, payload, resume_after)


def jump_message(jump: Jump, public_url: str, resume_after: int) -> Draft:
    """A volume that jumped. It has no cursor of its own: `resume_after` is the one of the changes told before it."""
    period = jump.period.removeprefix("trailing_")
    data = {
        "headline": _jump_headline(jump),
        "url": f"{public_url.rstrip('/')}/v1/volumes?{urlencode({'model': jump.model})}",
        "provider": jump.provider,
        "provider_name": jump.provider_name,
        "source": jump.source,
        "model": jump.model,
        **_identity(jump.provider, jump.model, jump.recorded_at),
        "period": period,
        "trailing": period != jump.period,
        "day": jump.day,
        "old_tokens": str(jump.old_tokens),
        "new_tokens": str(jump.new_tokens),
        "change_percent": plain(Decimal(jump.change_bp).scaleb(-2)),
        "recorded_at": jump.recorded_at,
        "citation": short(jump.citation),
        "run": jump.run_id,
        "resume_after": resume_after,
    }
    payload = _payload("volume.jumped", jump.recorded_at, data).decode()
    about = f"volume/{jump.run_id}/{jump.period}/{jump.model}"
    return Draft(about, "volume.jumped", jump.recorded_at, payload, resume_after)


def _jump_headline(jump: Jump) -> str:
    """'openai/gpt-5 on OpenRouter: +120 % tokens in a day (2026-05-21)'"""
    period = jump.period.removeprefix("trailing_")
    moved = percent(Fraction(jump.change_bp, 100))
    return short(f"{jump.model} on {jump.provider_name or jump.provider}: {moved} tokens in a {period} ({jump.day})")


def _identity(provider: str, model: str, at: datetime) -> dict[str, str | None]:
    canonical = identity.canonical_of(provider, model, at)
    author = None if canonical is None else identity.author_of(canonical)
    return {
        "canonical": canonical,
        "author": author.slug if author else None,
        "country": author.country or None if author else None,
    }


def story_about(story_id: int) -> str:
    """What a message about that story is named by."""
    return f"story/{story_id}"


def story_url(story: Story, public_url: str) -> str:
    return f"{public_url.rstrip('/')}/stories/{story.id}"


def fitting(type_: str, at: datetime, data: dict[str, Any], name: str, rows: Iterable[Any], left_out: int = 0) -> str:
    """The payload with as many rows in `data[name]`, in their order, as fit; the others, and those that were
    `left_out` before, are counted in `more`."""
    given = [(msgspec.Raw(row), len(row) + 1) for row in map(msgspec.json.encode, rows)]
    if not left_out and sum(size for _, size in given) <= PAYLOAD_BYTES - len(_payload(type_, at, data)):
        return _payload(type_, at, data | {name: [row for row, _ in given]}).decode()
    room, kept = PAYLOAD_BYTES - len(_payload(type_, at, data | {"more": len(given) + left_out})), []
    for row, size in given:
        if (room := room - size) < 0:
            break
        kept.append(row)
    return _payload(type_, at, data | {name: kept, "more": len(given) - len(kept) + left_out}).decode()


def short(text: str, most: int = LONGEST_TEXT) -> str:
    """On one line, and no longer than that."""
    line = clean(text)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _payload(type_: str, at: datetime, data: dict[str, Any]) -> bytes:
    """In the order in which it is written here: the same story, the same bytes."""
    return msgspec.json.encode({"type": type_, "timestamp": to_rfc3339(at), "data": data})


def _type(changes: Iterable[Change]) -> str:
    kinds = {one.kind for one in changes}
    if all(map(plans.is_plan, changes)):
        return "plan.changed"
    if kinds <= _ANNOUNCED:
        return "price.scheduled"
    return "price.corrected" if kinds == {EventKind.PRICE_CORRECTED} else "price.changed"


def _change(one: Change) -> dict[str, Any]:
    """As in /v1/changes, without what the story says for all of them."""
    return {name: value for name, value in shapes.change(one, {}).items() if name not in _SAID_ONCE}


def _evidence(pages: Iterable[Evidence], public_url: str) -> list[dict[str, Any]]:
    """The first pages of those whose address has a sane length."""
    kept = [page for page in pages if len(page.url) <= LONGEST_TEXT][:MOST_EVIDENCE]
    return [
        {"url": page["url"], "snapshot": public_url.rstrip("/") + page["snapshot"], "fetched_at": page["fetched_at"]}
        for page in proof.evidence(kept)
    ]


def _resume_after(story: Story) -> int:
    """The story's last change; but where the changes of several models stand between each other, the last before the
    first that is not its own: a later story may have missed that one."""
    cursor = story.id
    for one in story.changes:
        if one.id > cursor + 1:
            break
        cursor = max(cursor, one.id)
    return cursor
