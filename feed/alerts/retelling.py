"""The changes of a payload → the sentences of feeds and pages, where the payload does not bring them along."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from feed import wording
from feed.figures import moment
from history.model import EventKind, Quote
from history.queries import Change, Story
from history.times import from_rfc3339

Data = Mapping[str, Any]


def sentences(data: Data) -> tuple[list[str], str]:
    """One sentence a change, and since when they are in force; as `data.sentences` and `data.when` say, else told
    from `data.changes`, which have the shape of /v1/changes."""
    given = data.get("sentences")
    if given is not None:
        return list(map(str, given)), str(data.get("when") or "")
    changes = tuple(_change(data, one) for one in data.get("changes") or ())
    if not changes:
        return [], str(data.get("when") or "")
    story = Story(changes[0].story_id, changes, ())
    return wording.sentences(story), _when(story)


def _when(story: Story) -> str:
    """As in the feeds; but who reads it in a chat wants no moment twice. Nobody said when it began: we saw it first."""
    seen = moment(story.recorded_at)
    told = wording.when(story)
    return f"First seen {seen}." if told == f"In force since {seen}; seen {seen}." else told


def _change(data: Data, one: Data) -> Change:
    """What a story says once for all of its changes may stand in either place."""
    conditions = one.get("conditions") or {}
    return Change(
        id=one["id"],
        story_id=one.get("story") or data.get("story") or one["id"],
        run_id=one.get("run") or 0,
        kind=EventKind(one["kind"]),
        provider=one.get("provider") or data.get("provider") or "",
        provider_name=data.get("provider_name") or "",
        seller=one.get("seller") or data.get("seller") or "lab",
        source=one.get("source") or data.get("source") or "",
        model=one.get("model") or data.get("model") or "",
        tier=one.get("tier") or "standard",
        region=one.get("region") or "",
        unit=one.get("unit"),
        conditions=json.dumps(conditions) if conditions else "",
        old=_quote(one.get("old")),
        new=_quote(one.get("new")),
        change_bp=None,
        old_terms=_terms(one.get("old_terms")),
        new_terms=_terms(one.get("new_terms")),
        effective_at=from_rfc3339(one["effective_at"]),
        recorded_at=from_rfc3339(one["recorded_at"]),
    )


def _quote(one: Data | None) -> Quote | None:
    return None if one is None else Quote(Decimal(one["amount"]), one["currency"], one["per"])


def _terms(terms: list[str] | None) -> tuple[str, ...] | None:
    return None if terms is None else tuple(terms)
