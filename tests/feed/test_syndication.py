"""The feeds: valid, permanent, harmless, and the same bytes for the same data."""

import json
from typing import Any
from urllib.parse import urlsplit

# feedparser has no types.
import feedparser  # type: ignore[import-untyped]
import pytest
from lxml import etree
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.app import create_app
from tests.feed.conftest import PUBLIC_URL, Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = ("/feeds/changes.atom", "/feeds/changes.rss", "/feeds/changes.json")
HOSTILE = "evil/<script>alert('x')</script>&amp;]]>\x0b\x00\ud800"[:-2] + "\u202e"


def entries(client: TestClient, path: str) -> list[dict[str, str]]:
    """id, title, link, html of each entry, as a reader understands them."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    if ".json" in path:
        items = json.loads(answer.content)["items"]
        return [{"id": i["id"], "title": i["title"], "link": i["url"], "html": i["content_html"]} for i in items]
    parsed = feedparser.parse(answer.content, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    return [
        {"id": e.id, "title": e.title, "link": e.link, "html": e.content[0].value if "content" in e else e.summary}
        for e in parsed.entries
    ]


def test_one_announcement_is_one_entry_and_alike_in_all_three(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    atom, rss, json_feed = (entries(client, path) for path in FEEDS)
    assert atom == rss == json_feed
    [entry] = atom
    assert entry["id"] == "tag:tokentape.dev,2026:story/1"
    assert entry["title"] == "deepseek-v4-flash: cache hit −98 %, output −71 %, input −56 %, >256K tier removed"
    assert entry["link"] == "https://tape.example/stories/1"
    assert "<li>cache hit: was $0.14, now $0.0028 per 1M tokens (−98 %)</li>" in entry["html"]
    assert "In force since 2026-05-22 16:10 UTC; seen 2026-05-22 16:10 UTC." in entry["html"]
    assert '<a href="https://deepseek.example/pricing">' in entry["html"]
    assert '<a href="https://tape.example/v1/snapshots/' in entry["html"]


def test_the_newest_come_first_and_pages_lead_to_the_oldest(client: TestClient, rows: Rows) -> None:
    for hours in range(5):
        rows.story(None, moved("input_tokens", "1", "2"), at=NOW + hours * HOUR)
    for path in FEEDS:
        first = client.get(f"{path}?limit=2")
        second = client.get(_relative(first.links["next"]["url"]))
        third = client.get(_relative(second.links["next"]["url"]))
        assert "next" not in third.links
        ids = [
            one["id"].rpartition("/")[2] for page in (first, second, third) for one in entries(client, str(page.url))
        ]
        assert ids == ["5", "4", "3", "2", "1"]


def test_atom_names_its_place_and_the_next_page(client: TestClient, rows: Rows) -> None:
    for hours in range(3):
        rows.story(None, moved("input_tokens", "1", "2"), at=NOW + hours * HOUR)
    feed = etree.fromstring(client.get("/feeds/changes.atom?limit=2&direction=up").content)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "self": "https://tape.example/feeds/changes.atom?direction=up&limit=2",
        "first": "https://tape.example/feeds/changes.atom?direction=up&limit=2",
        "next": "https://tape.example/feeds/changes.atom?direction=up&limit=2&before=2",
        "alternate": "https://tape.example/",
    }
    assert feed.findtext(f"{ATOM}id") == "tag:tokentape.dev,2026:feed/changes?direction=up"
    for entry in feed.findall(f"{ATOM}entry"):
        assert [set(link.attrib) for link in entry.findall(f"{ATOM}link")] == [{"href"}]


def test_rss_links_to_the_site_and_its_guids_are_no_links(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    channel = etree.fromstring(client.get("/feeds/changes.rss").content).find("channel")
    assert channel is not None
    assert channel.findtext("link") == "https://tape.example/"
    guid = channel.find("item/guid")
    assert guid is not None
    assert (guid.text, guid.get("isPermaLink")) == ("tag:tokentape.dev,2026:story/1", "false")
    self_link = channel.find(f"{ATOM}link")
    assert self_link is not None
    assert (self_link.get("rel"), self_link.get("href")) == ("self", "https://tape.example/feeds/changes.rss")


def test_a_json_feed_is_of_version_1_1(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    answer = client.get("/feeds/changes.json")
    feed: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/feed+json"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://tape.example/feeds/changes.json"
    [item] = feed["items"]
    assert item["date_published"] == item["date_modified"] == "2026-05-22T16:10:00Z"
    assert "<" not in item["content_text"].replace("<256K", "")


@pytest.mark.parametrize("path", FEEDS)
def test_hostile_names_neither_break_a_feed_nor_run_in_a_reader(client: TestClient, rows: Rows, path: str) -> None:
    name = HOSTILE.replace("\x00", "")
    rows.story(None, moved("input_tokens", "1", "2"), model=name, tier="<b>", region='"><img>')
    rows.story(
        None, {"kind": "terms_changed", "old_terms": ("<i>",), "new_terms": ("\x01&",)}, at=NOW + HOUR, model=name
    )
    newest, oldest = entries(client, path)
    for entry in (newest, oldest):
        assert entry["title"].startswith("evil/<script>alert('x')</script>&amp;]]>")
        assert not {"<script", "<img", "<i>", "<b>"} & {
            part for part in ("<script", "<img", "<i>", "<b>") if part in entry["html"]
        }
        assert "\x0b" not in entry["title"] + entry["html"]
    assert "“&lt;i&gt;”" in newest["html"]


@pytest.mark.parametrize("path", FEEDS)
def test_a_scraped_url_is_a_link_only_where_it_is_one(client: TestClient, rows: Rows, path: str) -> None:
    run = rows.run(body=None)
    rows.fetch(run, "x", url="javascript:alert(1)")
    rows.story(run, moved("input_tokens", "1", "2"))
    [entry] = entries(client, path)
    assert "javascript:alert(1)" in entry["html"]
    assert 'href="javascript' not in entry["html"]


def test_ids_and_bytes_do_not_depend_on_time_or_filters(
    client: TestClient, rows: Rows, clock: Clock, engine: Engine
) -> None:
    flash_cut(rows)
    before = {path: client.get(path).content for path in FEEDS}
    clock.now += DAY
    later = TestClient(create_app(engine, PUBLIC_URL, clock))
    assert {path: later.get(path).content for path in FEEDS} == before
    filtered = entries(client, "/feeds/changes.atom?unit=input_tokens&min_pct=10&seller=any")
    assert filtered == entries(client, "/feeds/changes.atom")
    moved_house = TestClient(create_app(engine, "https://elsewhere.example/", clock))
    assert [one["id"] for one in entries(moved_house, "/feeds/changes.rss")] == ["tag:tokentape.dev,2026:story/1"]


@pytest.mark.parametrize("path", FEEDS)
def test_a_hostile_question_does_not_break_a_feed(client: TestClient, path: str) -> None:
    assert entries(client, f"{path}?model=%01%1F%3Cscript%3E%EF%BF%BF&provider=%0A") == []


def test_gateways_stay_out_unless_they_are_asked_for(client: TestClient, rows: Rows) -> None:
    rows.source("openrouter", kind="gateway")
    rows.story(None, moved("input_tokens", "1", "2"), source="openrouter", model="x/y")
    assert [
        len(entries(client, f"/feeds/changes.atom{query}")) for query in ("", "?seller=any", "?seller=gateway")
    ] == [0, 1, 1]


@pytest.mark.parametrize("path", FEEDS)
def test_an_empty_feed_is_valid_and_does_not_move(client: TestClient, rows: Rows, path: str) -> None:
    first = client.get(path)
    assert (entries(client, path), "last-modified" in first.headers) == ([], False)
    rows.run(NOW)
    assert client.get(path).content == first.content
    if path.endswith("atom"):
        assert etree.fromstring(first.content).findtext(f"{ATOM}updated") == "1970-01-01T00:00:00+00:00"


def test_a_source_that_only_rounds_otherwise_is_no_news(client: TestClient, rows: Rows) -> None:
    rows.story(None, moved("cache_write_tokens", "0.083333333333334", "0.08333333333333334"))
    assert entries(client, "/feeds/changes.atom") == []
    assert len(client.get("/v1/changes").json()["changes"]) == 1
    rows.story(None, moved("input_tokens", "1", "0"), {"kind": "terms_changed", "old_terms": (), "new_terms": ("x",)})
    assert len(entries(client, "/feeds/changes.rss")) == 1


def test_several_stories_in_one_second_have_their_own_ids(client: TestClient, rows: Rows) -> None:
    run = rows.run(NOW)
    for name in "abc":
        rows.story(run, moved("input_tokens", "1", "2"), model=name)
    assert len({entry["id"] for entry in entries(client, "/feeds/changes.rss")}) == 3


def _relative(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
