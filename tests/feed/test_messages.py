"""What is told of a story: everything that an alert needs, in the shapes of the API, in at most 20,000 bytes."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from feed.alerts.messages import Draft, story_message
from feed.alerts.model import PAYLOAD_BYTES
from feed.api import shapes
from history import queries
from history.db import reading
from history.model import Conditions
from history.queries import Change, Story
from tests.feed.conftest import PUBLIC_URL
from tests.feed.rows import DAY, NOW, Rows, flash_cut, moved, usd
from tests.feed.test_any_story import STORIES, changes

TYPES = {"price.changed", "price.scheduled", "price.corrected", "plan.changed"}
CUT = moved("input_tokens", "2", "1")


def message(engine: Engine, story_id: int) -> Draft:
    with reading(engine) as connection:
        story = queries.story(connection, story_id)
    assert story is not None
    return story_message(story, PUBLIC_URL)


def data(draft: Draft) -> dict[str, Any]:
    return dict(json.loads(draft.payload)["data"])


def numbered(story: Story, ids: Iterable[int]) -> Story:
    given = tuple(one._replace(id=number) for one, number in zip(story.changes, ids, strict=False))
    return story._replace(id=given[0].id, changes=given)


def test_a_story_is_told_whole(engine: Engine, rows: Rows) -> None:
    draft = message(engine, flash_cut(rows))
    told = json.loads(draft.payload)
    assert list(told) == ["type", "timestamp", "data"]
    assert (told["type"], told["timestamp"]) == ("price.changed", "2026-05-22T16:10:00Z")
    assert (draft.about, draft.type, draft.event_at, draft.resume_after) == ("story/1", "price.changed", NOW, 5)
    assert list(told["data"]) == [
        "story", "headline", "url", "provider", "provider_name", "seller", "source", "model", "canonical", "author",
        "country", "changes", "evidence", "resume_after",
    ]  # fmt: skip
    assert told["data"]["url"] == f"{PUBLIC_URL}/stories/1"
    assert (told["data"]["provider_name"], told["data"]["seller"]) == ("Deepseek", "lab")
    (page,) = told["data"]["evidence"]
    assert set(page) == {"url", "snapshot", "fetched_at"}
    assert re.fullmatch(rf"{PUBLIC_URL}/v1/snapshots/[0-9a-f]{{64}}", page["snapshot"])


def test_its_changes_are_those_of_the_api(engine: Engine, rows: Rows) -> None:
    cut = data(message(engine, flash_cut(rows)))["changes"][2]
    assert cut["kind"] == "price_lowered"
    assert cut["old"] == {"amount": "0.14", "currency": "USD", "per": 1_000_000, "per_million": "0.14"}
    assert cut["new"]["amount"] == "0.0028"
    assert cut["change_percent"] == "-98"
    with reading(engine) as connection:
        (whole,) = (one for one in queries.changes_after(connection, queries.Wanted(), 0, 9) if one.id == cut["id"])
    of_the_api = shapes.change(whole, {})
    assert {name for name in of_the_api if name not in cut} == {
        "story", "provider", "seller", "source", "model", "run", "evidence",
    }  # fmt: skip
    assert all(of_the_api[name] == cut[name] for name in ("unit", "tier", "region", "old", "new", "conditions"))


def test_who_made_the_model_is_said_where_it_is_known(engine: Engine, rows: Rows) -> None:
    known = data(message(engine, flash_cut(rows)))
    assert (known["canonical"], known["author"], known["country"]) == (
        "deepseek/deepseek-v4-flash", "deepseek", "CN",
    )  # fmt: skip
    unknown = data(message(engine, rows.story(None, CUT, model="nobody-knows-it")))
    assert [unknown[name] for name in ("canonical", "author", "country")] == [None, None, None]


@pytest.mark.parametrize(
    ("type_", "told"),
    [
        ("price.changed", [CUT]),
        ("price.changed", [CUT, moved("output_tokens", "2", "1", "price_corrected")]),
        ("price.changed", [CUT, moved("output_tokens", "2", "1", "price_scheduled")]),
        ("price.changed", [{"kind": "offer_added"}]),
        ("price.scheduled", [moved("input_tokens", "2", "1", "price_scheduled", effective_at=NOW + DAY)]),
        (
            "price.scheduled",
            [moved("input_tokens", "2", "1", "price_scheduled"), moved("input_tokens", "3", "2", "price_cancelled")],
        ),
        ("price.corrected", [moved("input_tokens", "2", "1", "price_corrected")]),
        ("plan.changed", [moved("plan_months", usd("9", 1), usd("8", 1), tier="plan")]),
        ("plan.changed", [{"kind": "terms_changed", "tier": "plan", "old_terms": ("a",), "new_terms": ("b",)}]),
    ],
)
def test_its_type_says_what_happened(engine: Engine, rows: Rows, type_: str, told: list[dict[str, Any]]) -> None:
    draft = message(engine, rows.story(None, *told))
    assert draft.type == type_ == json.loads(draft.payload)["type"]


def test_what_does_not_fit_is_counted(engine: Engine, rows: Rows) -> None:
    tiers = [
        moved("input_tokens", "2", "1", conditions=Conditions(min_input_tokens=number + 1, period="off_peak"))
        for number in range(120)
    ]
    draft = message(engine, rows.story(None, *tiers))
    told = data(draft)
    assert PAYLOAD_BYTES - 600 < len(draft.payload.encode()) <= PAYLOAD_BYTES
    assert len(told["changes"]) + told["more"] == 120
    assert [one["id"] for one in told["changes"]] == list(range(1, len(told["changes"]) + 1))
    assert draft.resume_after == 120


def test_a_change_that_fits_alone_nowhere_is_counted_too(engine: Engine, rows: Rows) -> None:
    said = tuple(f"term {number} " + "x" * 100 for number in range(300))
    draft = message(engine, rows.story(None, {"kind": "terms_changed", "old_terms": (), "new_terms": said}))
    told = data(draft)
    assert len(draft.payload.encode()) <= PAYLOAD_BYTES
    assert (told["changes"], told["more"]) == ([], 1)
    assert told["headline"].endswith("…")


def test_three_pages_are_evidence_enough(engine: Engine, rows: Rows) -> None:
    run = rows.run()
    for number in range(1, 6):
        rows.fetch(run, f"page {number}", url=f"https://x.example/{number}", ordinal=number)
    told = data(message(engine, rows.story(run, CUT)))
    assert [page["url"][-1] for page in told["evidence"]] == ["g", "1", "2"]


@pytest.mark.parametrize(
    ("ids", "cursor"),
    [((7,), 7), ((7, 8, 9), 9), ((7, 9, 10), 7), ((7, 8, 11), 8)],
    ids=["one", "together", "another's between", "another's before the last"],
)
def test_who_resumes_after_it_misses_nothing_of_later_stories(
    engine: Engine, rows: Rows, ids: tuple[int, ...], cursor: int
) -> None:  # fmt: skip
    """What stands between its changes may belong to a story that is told after it."""
    with reading(engine) as connection:
        story = queries.story(connection, flash_cut(rows))
    assert story is not None
    assert story_message(numbered(story, ids), PUBLIC_URL).resume_after == cursor


def test_the_same_story_is_the_same_bytes(engine: Engine, rows: Rows) -> None:
    story = flash_cut(rows)
    assert message(engine, story) == message(engine, story)


@given(STORIES)
def test_any_story_fits_and_is_json(story: Story) -> None:
    draft = story_message(story, PUBLIC_URL)
    assert len(draft.payload.encode()) <= PAYLOAD_BYTES
    told = json.loads(draft.payload)
    assert set(told) == {"type", "timestamp", "data"}
    assert told["type"] == draft.type
    assert draft.type in TYPES
    assert datetime.fromisoformat(told["timestamp"]) == draft.event_at
    assert draft.event_at.utcoffset() == timedelta(0) == UTC.utcoffset(None)
    assert len(told["data"]["changes"]) + told["data"].get("more", 0) == len(story.changes)
    assert len(told["data"]["evidence"]) <= 3


@given(STORIES, st.lists(changes(), min_size=1, max_size=3), st.integers(20, 200))
def test_any_long_story_fits_too(story: Story, more: list[Change], times: int) -> None:
    long = story._replace(changes=(*story.changes, *(more * times)))
    draft = story_message(long, PUBLIC_URL)
    told = json.loads(draft.payload)["data"]
    assert len(draft.payload.encode()) <= PAYLOAD_BYTES
    assert len(told["changes"]) + told.get("more", 0) == len(long.changes)
