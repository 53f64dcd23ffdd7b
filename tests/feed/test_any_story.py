"""Whatever a source may say: words can be found for it, every feed stays valid, and every filter keeps its word."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.api.feeds import DESCRIPTION
from feed.headlines import MOST_PIECES, headline, pieces
from feed.syndication import Channel, atom, entry, json_feed, rss
from feed.wording import sentences, when
from history import tables as t
from history.db import writing
from history.model import Conditions, EventKind, Quote, conditions_text
from history.queries import Change, Evidence, Story
from history.units import UNITS
from tests.feed.rows import DAY, HOUR, NOW, Rows, moved
from tests.postgres import forget

CHANNEL = Channel("tag:x", "T", DESCRIPTION, "https://h/", "https://h/f", "https://h/f", None)
SCRAPED = st.text(max_size=30)
URLS = SCRAPED | st.sampled_from(["http://[", "https://a/?b&c", "javascript:1", "//x", "HTTPS://A"])
QUOTES = st.builds(
    Quote,
    st.decimals(min_value=0, max_value=10**5, places=8).map(abs),
    st.sampled_from(["USD", "CNY", "EUR"]),
    st.sampled_from([1, 1000, 1_000_000, 7]),
)
BOUNDS = st.none() | st.integers(0, 2**21)
CONDITIONS = st.builds(
    Conditions,
    min_input_tokens=BOUNDS,
    max_input_tokens=BOUNDS,
    period=st.sampled_from([None, "peak", "off_peak"]),
    thinking=st.none() | st.booleans(),
    weekdays=st.lists(st.integers(1, 7), max_size=3).map(tuple),
)
TIMES = st.sampled_from([NOW - DAY, NOW, NOW + DAY])
TERMS = st.none() | st.lists(SCRAPED, max_size=2).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Any event that the table could hold, sensible or not."""
    conditions = conditions_text(draw(CONDITIONS))
    terms = draw(st.sampled_from([(None, None), ((conditions,), (conditions,)), (("",), (conditions,))]))
    unit = draw(st.none() | st.sampled_from([*UNITS, "a_unit_of_tomorrow"]))
    return Change(
        1, 1, 1, draw(st.sampled_from(EventKind)), draw(SCRAPED), draw(SCRAPED),
        draw(st.sampled_from(["lab", "gateway"])), "source", draw(SCRAPED),
        draw(st.just("standard") | SCRAPED), draw(st.just("") | SCRAPED), unit,
        conditions if unit else "", draw(st.none() | QUOTES), draw(st.none() | QUOTES), None,
        terms[0] if unit else draw(TERMS), terms[1] if unit else draw(TERMS), draw(TIMES), NOW,
    )  # fmt: skip


STORIES = st.builds(
    Story,
    st.integers(1, 10**9),
    st.lists(changes(), min_size=1, max_size=9).map(tuple),
    st.lists(st.builds(Evidence, URLS, st.just("0" * 64), st.just(NOW), st.just(200)), max_size=2).map(tuple),
)


@given(STORIES)
def test_there_are_words_for_any_story(story: Story) -> None:
    line = headline(story)
    assert line == " ".join(line.split())
    assert "−100 %" not in line
    assert ("more" in line) or len(pieces(story)) <= MOST_PIECES
    assert sentences(story)
    assert when(story).endswith("UTC.")


@given(st.lists(STORIES, max_size=3))
def test_any_story_leaves_every_feed_valid_and_alike(stories: list[Story]) -> None:
    entries = [entry(story, "https://h") for story in stories]
    feed = etree.fromstring(atom(CHANNEL, entries))
    channel = etree.fromstring(rss(CHANNEL, entries))
    items = json.loads(json_feed(CHANNEL, entries))["items"]
    titles = [one.title for one in entries]
    assert [element.text for element in feed.iterfind(".//{*}entry/{*}title")] == titles
    assert [element.text for element in channel.iterfind(".//item/title")] == titles
    assert [item["title"] for item in items] == titles


@given(STORIES)
def test_no_scraped_text_becomes_markup(story: Story) -> None:
    body = html.fragment_fromstring(entry(story, "https://h").html, create_parent="div")
    assert {element.tag for element in body.iter()} <= {"div", "ul", "li", "p", "a"}
    for link in body.iter("a"):
        assert str(link.get("href")).lower().startswith(("https://", "http://"))
    assert all(set(element.attrib) <= {"href"} for element in body.iter())


Event = tuple[str, str, str, datetime]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["0", "0.5", "1", "1.1", "3"]),
        st.sampled_from(["0", "0.5", "1", "1.1", "3"]),
        st.sampled_from(["input_tokens", "output_tokens"]),
        st.sampled_from([NOW, NOW + HOUR]),
    ).filter(lambda event: event[0] != event[1]),
    min_size=1,
    max_size=6,
)
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "direction": st.sampled_from(["up", "down"]),
        "min_pct": st.sampled_from(["0", "9.99", "10", "10.01", "50", "200"]),
        "unit": st.sampled_from(["input_tokens", "output_tokens"]),
        "since": st.just("2026-05-22T17:10:00Z"),
        "until": st.just("2026-05-22T17:10:00Z"),
    },
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, asked=QUESTIONS)
def test_filters_agree_with_their_description(
    client: TestClient, rows: Rows, engine: Engine, events: list[Event], asked: dict[str, str]
) -> None:  # fmt: skip
    with writing(engine) as connection:
        forget(connection, t.change_event)
    rows.ids.pop("change_event", None)
    for old, new, unit, at in events:
        rows.story(None, moved(unit, old, new), at=at)
    expected = [number for number, event in enumerate(events, 1) if _wanted(event, asked)]
    client_of_now: Any = client
    client_of_now.app.state.answers.kept = type(client_of_now.app.state.answers.kept)()
    found = [change["id"] for change in client.get("/v1/changes", params=asked).json()["changes"]]
    assert found == expected


def _wanted(event: Event, asked: dict[str, str]) -> bool:
    old, new, unit, at = Decimal(event[0]), Decimal(event[1]), event[2], event[3]
    percent = None if old == 0 else abs(new / old - 1) * 100
    return (
        ("direction" not in asked or (asked["direction"] == "up") == (new > old))
        and ("min_pct" not in asked or percent is None or percent >= Decimal(asked["min_pct"]))
        and asked.get("unit", unit) == unit
        and ("since" not in asked or at >= NOW + HOUR)
        and ("until" not in asked or at < NOW + HOUR)
    )
