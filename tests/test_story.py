"""The two events that everyone talks about, from a hand-made page to a reader's entry: −99 % and +83 %."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

# feedparser has no types.
import feedparser  # type: ignore[import-untyped]
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from crawler import amounts
from crawler.page import Page
from crawler.reading import read
from crawler.spider import PricingSpider
from feed.app import create_app
from history import evidence
from history.db import recording
from history.model import Fetched, Offer, PriceComponent, Provider
from history.recorder import Recorded, record

NOON = datetime(2026, 5, 26, 12, tzinfo=UTC)
COLUMNS = {"input_tokens": ("输入",), "output_tokens": ("输出",), "cache_read_tokens": ("缓存命中",)}
PAGE = """# 价格

| 模型 | 输入 | 输出 | 缓存命中 |
| --- | --- | --- | --- |
| glimmer-2 | {input} 元/百万tokens | 24 元/百万tokens | {hit} 元/百万tokens |
"""


class Glimmer(PricingSpider):
    """A made-up lab that quotes yuan."""

    name = "glimmer"
    provider = Provider("glimmer", "Glimmer", "lab")
    # Scrapy wants a list on the class.
    start_urls = ["https://glimmer.example/price.md"]  # noqa: RUF012
    currency = "CNY"
    offers_expected = range(1, 10)

    def extract(self, page: Page) -> Iterator[Offer]:
        for row in page.tables[0].rows({"model": ("模型",), **COLUMNS}):
            model = row.pop("model").text
            prices = ((unit, amounts.per_million_tokens(row.pop(unit).text, "CNY")) for unit in COLUMNS)
            components = tuple(PriceComponent(unit, amount, "CNY", 1_000_000) for unit, amount in prices)
            yield Offer("glimmer", model, components)


Fetch = Callable[..., Recorded]


@pytest.fixture
def fetch(engine: Engine) -> Fetch:
    """One fetch of the hand-made page, so many hours after the first, with these prices on it."""

    def fetch_it(hours: float, **prices: str) -> Recorded:
        at = NOON + timedelta(hours=hours)
        page = Page(Glimmer.start_urls[0], PAGE.format(**prices).encode(), "text/markdown", at)
        with recording(engine) as connection:
            digest = evidence.keep(connection, page.body, page.media_type, at)
            return record(connection, read(Glimmer(), [(page, Fetched(page.url, digest, at))], at), at)

    return fetch_it


@pytest.fixture
def reader(engine: Engine) -> TestClient:
    return TestClient(create_app(engine, "http://tape.example"))


@pytest.fixture
def told(fetch: Fetch) -> None:
    """Both events of one announcement, and the fetch that confirms it."""
    fetch(0, input="6", hit="2")
    fetch(1, input="11", hit="0.02")
    fetch(2, input="11", hit="0.02")


@pytest.mark.usefixtures("told")
def test_the_changes_are_exact_decimals(reader: TestClient) -> None:
    answer = reader.get("/v1/changes", params={"provider": "glimmer"}).json()
    assert [
        (change["kind"], change["unit"], change["old"]["amount"], change["new"]["amount"], change["change_percent"])
        for change in answer["changes"]
    ] == [
        ("price_raised", "input_tokens", "6", "11", "83.33"),
        ("price_lowered", "cache_read_tokens", "2", "0.02", "-99"),
    ]
    raised, cut = answer["changes"]
    assert {raised["new"]["currency"], cut["new"]["currency"]} == {"CNY"}
    for change in (raised, cut):
        assert (change["effective_at"], change["recorded_at"]) == ("2026-05-26T13:00:00Z", "2026-05-26T14:00:00Z")


@pytest.mark.usefixtures("told")
def test_a_filter_for_great_cuts_finds_the_99_percent_one(reader: TestClient) -> None:
    great = reader.get("/v1/changes", params={"direction": "down", "min_pct": "99"}).json()["changes"]
    assert [change["unit"] for change in great] == ["cache_read_tokens"]
    assert reader.get("/v1/changes", params={"direction": "down", "min_pct": "99.01"}).json()["changes"] == []


@pytest.mark.usefixtures("told")
def test_both_events_are_one_readable_entry_in_every_feed(reader: TestClient) -> None:
    [entry] = _entries(reader, "atom")
    assert _entries(reader, "rss") == _entries(reader, "json") == [entry]
    assert entry["title"] == "glimmer-2: cache hit −99 %, input +83 %"
    assert "input: was 6 CNY, now 11 CNY per 1M tokens (+83 %)" in entry["text"]
    assert "cache hit: was 2 CNY, now 0.02 CNY per 1M tokens (−99 %)" in entry["text"]
    assert "/v1/snapshots/" in entry["text"]


def test_a_thousandfold_slip_is_held_and_never_published(fetch: Fetch, reader: TestClient) -> None:
    fetch(0, input="6", hit="2")
    assert fetch(1, input="6000", hit="2").held == 1
    held = reader.get("/v1/status").json()["sources"][0]["held"]
    assert [(each["rule"], each["seen"]["amount"]) for each in held] == [("implausible_factor", "6000")]
    fetch(2, input="6", hit="2")
    assert reader.get("/v1/changes").json()["changes"] == []
    assert reader.get("/v1/status").json()["sources"][0]["held"] == []
    assert all("6000" not in entry["text"] for entry in _entries(reader, "atom"))


def test_a_true_99_percent_cut_is_published_after_the_second_fetch(fetch: Fetch, reader: TestClient) -> None:
    fetch(0, input="6", hit="2")
    fetch(1, input="6", hit="0.02")
    assert reader.get("/v1/changes").json()["changes"] == []
    fetch(2, input="6", hit="0.02")
    assert len(reader.get("/v1/changes").json()["changes"]) == 1
    assert [entry["title"] for entry in _entries(reader, "rss")] == ["glimmer-2: cache hit −99 %"]


def _entries(reader: TestClient, kind: str) -> list[dict[str, Any]]:
    """(id, title, text) of each entry, as a reader would have them."""
    body = reader.get(f"/feeds/changes.{kind}").content
    if kind == "json":
        items = json.loads(body)["items"]
        return [{"id": item["id"], "title": item["title"], "text": item["content_html"]} for item in items]
    parsed = feedparser.parse(body)
    return [
        {"id": entry.id, "title": entry.title, "text": entry.content[0].value if "content" in entry else entry.summary}
        for entry in parsed.entries
    ]
