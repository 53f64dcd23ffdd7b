"""The pages: everything on them is reachable, escaped, and from here."""

import re
from typing import Any

import pytest
from lxml import html
from starlette.testclient import TestClient

from history.drift import Shape, TableShape
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved


@pytest.fixture
def page(client: TestClient, rows: Rows) -> html.HtmlElement:
    flash_cut(rows)
    rows.source("openrouter", kind="gateway")
    rows.story(None, moved("input_tokens", "1", "2"), at=NOW + HOUR, source="openrouter", model="x/<b>y</b>")
    rows.run(NOW + HOUR, outcome="failed", failure="PageChanged", message="no table <here>")
    return html.fromstring(client.get("/").content)


def test_the_start_page_tells_first_party_changes_before_those_of_gateways(page: html.HtmlElement) -> None:
    names = [name.text_content() for name in page.cssselect(".story .name")]
    assert names == ["deepseek-v4-flash", "x/<b>y</b>"]
    cells = [" ".join(cell.text_content().split()) for cell in page.cssselect(".story .cell")]
    assert cells == ["cache hit −98 %", "output −71 %", "input −56 %", ">256K tier removed", "input +100 %"]


def test_sources_are_told_with_their_health(page: html.HtmlElement) -> None:
    told = {source.get("class"): source.text_content() for source in page.cssselect(".sources li")}
    assert set(told) == {"failing", "ok"}
    assert "PageChanged: no table <here>" in told["failing"]


def test_a_source_that_has_drifted_has_its_own_colour_shape_and_word(client: TestClient, rows: Rows) -> None:
    good = rows.shape(rows.run(NOW - DAY), Shape((TableShape(("Model", "<Input>")),)))
    rows.shape(rows.run(NOW), Shape((TableShape(("Model", "Price")),)), good)
    page: Any = html.fromstring(client.get("/").content)
    [source] = page.cssselect(".sources li.drifting")
    assert source.cssselect(".word")[0].text_content() == "drifting"
    assert "table 1 'Model | <Input>' is gone; table 1 'Model | Price' is new" in source.text_content()
    style = client.get("/style.css").text
    assert re.search(r"\.drifting \.lamp \{ background: var\(--drift\); border-radius: 1px; transform: ", style)


def test_every_colour_of_a_word_stands_out_from_what_is_behind_it(client: TestClient) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text of that size, by day and by night."""
    day, night = re.findall(r":root \{(.*?)\}", client.get("/style.css").text, re.DOTALL)
    for scheme in (day, night):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", scheme))
        ratios = {
            name: contrast(colours[name], colours["ground"]) for name in ("drift", "up", "down", "warn", "soft", "ink")
        }
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
        assert len({colours[name] for name in ("drift", "up", "down", "warn", "soft")}) == 5


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_link_of_the_page_leads_somewhere(page: html.HtmlElement, client: TestClient) -> None:
    links = {link for _, attribute, link, _ in page.iterlinks() if attribute == "href" and not link.startswith("data:")}
    assert {"/feeds/changes.atom", "/feeds/changes.rss", "/feeds/changes.json", "/v1/prices", "/openapi.json"} <= links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_feed_readers_find_the_feeds(page: html.HtmlElement) -> None:
    found = [link.get("type") for link in page.cssselect("link[rel=alternate]")]
    assert found[:3] == ["application/atom+xml", "application/rss+xml", "application/feed+json"]


def test_the_examples_can_be_pasted(page: html.HtmlElement, client: TestClient) -> None:
    commands = re.findall(r"curl 'https://tape\.example([^']+)'", page.cssselect("pre")[0].text_content())
    assert len(commands) == 4
    assert {command: client.get(command).status_code for command in commands} == dict.fromkeys(commands, 200)


def test_nothing_comes_from_elsewhere(client: TestClient, rows: Rows) -> None:
    flash_cut(rows)
    for path in ("/", "/stories/1"):
        assert "<script" not in client.get(path).text
        assert not re.search(r'(src|rel="stylesheet" href)="(https?:)?//', client.get(path).text)
    assert "url(" not in client.get("/style.css").text


def test_a_story_has_a_page_for_good(client: TestClient, rows: Rows) -> None:
    story_id = flash_cut(rows)
    page: Any = html.fromstring(client.get(f"/stories/{story_id}").content)
    assert page.cssselect("h1")[0].text_content() == "deepseek-v4-flash"
    assert "cache hit: was $0.14, now $0.0028 per 1M tokens (−98 %)" in page.text_content()
    assert [client.get(f"/stories/{wrong}").status_code for wrong in (4711, 0, 10**30, "x")] == [404, 404, 404, 422]


def test_a_source_url_that_is_no_link_is_not_made_one(client: TestClient, rows: Rows) -> None:
    run = rows.run(body=None)
    rows.fetch(run, "x", url="javascript:alert(1)")
    story_id = rows.story(run, moved("input_tokens", "1", "2"))
    assert 'href="javascript' not in client.get(f"/stories/{story_id}").text


def test_an_empty_database_has_a_page_that_says_what_to_do(client: TestClient) -> None:
    text = client.get("/").text
    assert "No price has changed yet." in text
    assert "tokentape crawl deepseek" in text


def test_the_stylesheet_is_asked_for_once(client: TestClient) -> None:
    etag = client.get("/style.css").headers["etag"]
    assert client.get("/style.css", headers={"if-none-match": etag}).status_code == 304
