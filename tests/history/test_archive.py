"""The file of documented changes, line by line; and what a history that has read it answers."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from crawler.reading import spider_class, spider_names
from feed.app import create_app
from feed.syndication import entry
from history import evidence, queries
from history import tables as t
from history.archive import Archived, archive
from history.db import connect, recording
from history.db import reading as reading_from
from history.documented import Fact, facts_in, file_of_facts, sellers
from history.model import EventKind
from history.place import Place
from history.queries import Scope, Wanted
from history.recorder import record
from history.times import from_rfc3339
from history.units import UNITS
from history.validation import DOLLAR_IN
from tests.history.pages import day, reading, simple

LOADED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = LOADED + timedelta(days=30)
LINES: list[dict[str, Any]] = [json.loads(line) for line in file_of_facts().decode().splitlines()]
FACTS = facts_in(file_of_facts())
KINDS = {
    "added", "cancelled", "changed", "charged", "extended", "freed", "launched", "permanent", "promotion", "removed",
    "scheduled",
}  # fmt: skip
FIELDS = {
    "provider", "model", "tier", "region", "unit", "conditions", "kind", "old", "new", "list", "ends", "currency",
    "per", "effective_at", "dated", "source", "quality", "why",
}  # fmt: skip


def place_of(line: dict[str, Any]) -> tuple[str, ...]:
    conditions = json.dumps(line.get("conditions", {}), sort_keys=True)
    named = line["model"], line.get("tier", "standard"), line.get("region", ""), line["unit"], conditions
    return line["effective_at"], line["provider"], *named


def test_the_lines_are_sorted_and_none_is_told_twice() -> None:
    places = [place_of(line) for line in LINES]
    assert places == sorted(places)
    assert [place for place, times in Counter(places).items() if times > 1] == []


def test_every_line_is_whole_and_its_amounts_are_plausible() -> None:
    for line in LINES:
        check(line)


def check(line: dict[str, Any]) -> None:
    assert set(line) <= FIELDS
    assert line["kind"] in KINDS
    assert line["quality"] in ("A", "B")
    assert line["source"].startswith("https://")
    assert line["provider"] in sellers()
    assert line["dated"] in ("time", "capture") or line["dated"].startswith("day ")
    assert from_rfc3339(line["effective_at"]).year in range(2024, 2028)
    ceiling = UNITS[line["unit"]].ceiling * DOLLAR_IN[line["currency"]] * line["per"]
    amounts = [line[name] for name in ("old", "new", "list") if line.get(name) is not None]
    assert amounts
    assert all(isinstance(amount, str) and 0 <= Decimal(amount) <= ceiling for amount in amounts)


def test_a_series_goes_on_where_it_stood() -> None:
    """The old price of a line is the new one of the line before; what was announced and cancelled never was a price."""
    stood: dict[Any, tuple[Fact, Decimal | None]] = {}
    for fact in FACTS:
        if fact.kind == "cancelled":
            continue
        before = stood.get((fact.provider, fact.key))
        if before is not None:
            assert fact.old is not None, fact
            assert fact.old.amount == before[1], fact
        stood[fact.provider, fact.key] = fact, None if fact.quote is None or fact.new is None else fact.new.amount


def test_a_price_that_moved_a_hundredfold_would_be_a_slip() -> None:
    """The farthest move of all is MiMo's cache hit of long prompts, to a 111th: the one that its headline boasts of."""
    moved = [(fact, fact.new.amount / fact.old.amount) for fact in FACTS if fact.old and fact.new and fact.old.amount]
    far = [fact for fact, times in moved if times and not Decimal("0.01") < times < 100]
    assert [(fact.key.model, fact.key.unit, fact.kind) for fact in far] == [
        ("mimo-v2.5-pro", "cache_read_tokens", "removed")
    ]


def test_sellers_are_called_as_their_spiders_call_them() -> None:
    """Otherwise each would rename the other's provider, over and over."""
    ours = {spider_class(name).provider.slug: spider_class(name).provider for name in spider_names()}
    told = sellers()
    assert {slug: told[slug] for slug in told.keys() & ours.keys()} == {
        slug: ours[slug] for slug in told.keys() & ours.keys()
    }


def believed(engine: Engine, at: str, known_at: datetime = LATER, **scope: Any) -> dict[tuple[str, str], str]:
    with reading_from(engine) as connection:
        found = queries.as_of(connection, Scope(**scope), from_rfc3339(at), known_at, limit=5000)
    return {(one.unit, one.conditions): format(one.amount, "f") for one in found}


@pytest.fixture
def loaded(engine: Engine) -> Engine:
    assert archive(engine, LOADED) == Archived(len(FACTS), 0)
    return engine


@pytest.mark.parametrize(
    ("at", "amount"),
    [
        ("2025-02-08T15:59:59Z", None),
        ("2025-02-08T16:00:00Z", "0.27"),
        ("2025-09-05T15:59:59Z", "0.27"),
        ("2025-09-05T16:00:00Z", "0.56"),
        ("2025-12-01T00:00:00Z", "0.28"),
    ],
)
def test_a_day_before_the_first_crawl_is_answered(loaded: Engine, at: str, amount: str | None) -> None:
    asked: dict[str, Any] = {"provider": "deepseek", "model": "deepseek-chat", "unit": "input_tokens"}
    assert believed(loaded, at, **asked).get(("input_tokens", "")) == amount


def test_before_it_was_loaded_nothing_was_known(loaded: Engine) -> None:
    asked: dict[str, Any] = {"provider": "deepseek", "model": "deepseek-chat"}
    assert believed(loaded, "2025-12-01T00:00:00Z", LOADED - timedelta(seconds=1), **asked) == {}
    assert believed(loaded, "2025-12-01T00:00:00Z", LOADED, **asked) != {}


def test_every_price_says_that_it_is_documented_and_where(loaded: Engine) -> None:
    with reading_from(loaded) as connection:
        at = from_rfc3339("2026-08-30T00:00:00Z")
        (price,) = queries.as_of(connection, Scope(model="gpt-5.6-luna", unit="cache_read_tokens"), at, LATER)[:1]
        pages = queries.evidence_of(connection, {price.run_id})[price.run_id]
        kept = evidence.read(connection, pages[0].sha256)
    assert (price.basis, price.source, price.provider) == ("documented", "documented_openai", "openai")
    assert [page.url for page in pages] == ["https://developers.openai.com/api/docs/changelog"]
    assert kept is not None
    assert kept.body == file_of_facts()


def test_what_is_announced_takes_effect_on_its_day(loaded: Engine) -> None:
    asked: dict[str, Any] = {"provider": "google", "model": "gemini-3.6-flash", "unit": "input_tokens"}
    assert believed(loaded, "2026-12-31T23:59:59Z", **asked) == {("input_tokens", ""): "0.75"}
    assert believed(loaded, "2027-01-01T00:00:00Z", **asked) == {("input_tokens", ""): "1.5"}


def test_what_was_announced_and_cancelled_is_on_record_and_never_a_price(loaded: Engine) -> None:
    with reading_from(loaded) as connection:
        versions = queries.timeline(connection, Scope(model="Claude Sonnet 5", unit="input_tokens"))
    assert [(str(one.amount), one.superseded_at is not None) for one in versions] == [("3", True)]
    assert believed(loaded, "2026-10-01T00:00:00Z", model="Claude Sonnet 5") == {}


def test_the_same_file_is_read_once(loaded: Engine) -> None:
    assert archive(loaded, LATER) is None
    with reading_from(loaded) as connection:
        assert connection.execute(select(func.count()).select_from(t.change_event)).scalar_one() == len(FACTS)


def altered(**changed: Any) -> bytes:
    """The file, with the first change of deepseek-chat's input told otherwise."""
    lines = [dict(line) for line in LINES]
    first = "2025-02-08T16:00:00Z", "deepseek", "deepseek-chat", "standard", "", "input_tokens", "{}"
    (line,) = (line for line in lines if place_of(line) == first)
    line.update(changed)
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def test_a_newer_file_corrects_and_says_why(loaded: Engine) -> None:
    asked: dict[str, Any] = {"provider": "deepseek", "model": "deepseek-chat", "unit": "input_tokens"}
    newer = altered(new="0.26", why="the page of that day says 0.26")
    assert archive(loaded, LATER, newer) == Archived(1, 1)
    then = "2025-02-20T00:00:00Z"
    assert believed(loaded, then, LATER + timedelta(days=1), **asked) == {("input_tokens", ""): "0.26"}
    assert believed(loaded, then, LATER - timedelta(days=1), **asked) == {("input_tokens", ""): "0.27"}
    with reading_from(loaded) as connection:
        (last,) = queries.changes_before(connection, Wanted(), None, 1)
        (why,) = (one.message for one in queries.runs(connection) if one.message)
    assert (last.kind, str(last.old and last.old.amount), str(last.new and last.new.amount)) == (
        EventKind.PRICE_CORRECTED, "0.27", "0.26",
    )  # fmt: skip
    assert why == "deepseek-chat input_tokens from 2025-02-08 16:00 on: the page of that day says 0.26"


def test_a_fact_that_a_newer_file_leaves_out_is_taken_back(loaded: Engine) -> None:
    newer = b"".join(line + b"\n" for line in file_of_facts().splitlines() if b'"mercury-2.5"' not in line)
    assert archive(loaded, LATER, newer) == Archived(0, 3)
    assert believed(loaded, "2026-11-01T00:00:00Z", LATER + timedelta(days=1), provider="inception") == {}
    assert archive(loaded, LATER + timedelta(days=2)) == Archived(3, 0)
    assert len(believed(loaded, "2026-11-01T00:00:00Z", LATER + timedelta(days=3), provider="inception")) == 3


def test_an_announcement_that_a_newer_file_calls_cancelled_is_cancelled(loaded: Engine) -> None:
    newer = file_of_facts().replace(b'"kind": "scheduled"', b'"kind": "cancelled"')
    assert archive(loaded, LATER, newer) == Archived(0, 21)
    asked: dict[str, Any] = {"provider": "google", "model": "gemini-3.6-flash", "unit": "input_tokens"}
    assert believed(loaded, "2027-01-01T00:00:00Z", LATER + timedelta(days=1), **asked) == {
        ("input_tokens", ""): "0.75"
    }
    with reading_from(loaded) as connection:
        last = queries.changes_before(connection, Wanted(), None, 21)
    assert {one.kind for one in last} == {EventKind.PRICE_CANCELLED}


def test_first_party_answers_are_as_they_were(engine: Engine) -> None:
    with recording(engine) as connection:
        record(connection, reading(day(0), simple("gpt-5.6-luna", "3")), day(0))
    before = believed(engine, "2026-11-22T00:00:00Z", source="acme_page")
    archive(engine, LOADED)
    assert believed(engine, "2026-11-22T00:00:00Z", source="acme_page") == before != {}


def test_the_past_is_no_news(loaded: Engine) -> None:
    """It is in /v1/changes, since when it was loaded; a feed would tell 300 old stories as today's."""
    with reading_from(loaded) as connection:
        assert queries.stories(connection, Wanted(), None, 50) == []
        (first,) = queries.changes_after(connection, Wanted(Scope(model="Claude Haiku 3.5", unit="input_tokens")), 0, 5)
        assert queries.statuses(connection, LATER) == []
    assert (first.kind, first.effective_at.year, first.recorded_at) == (EventKind.PRICE_LOWERED, 2024, LOADED)


def test_a_reader_is_led_to_where_it_is_stated(loaded: Engine) -> None:
    reader = TestClient(create_app(loaded, "http://tape.example"))
    (change,) = reader.get("/v1/changes?model=Claude Haiku 3.5&unit=input_tokens").json()["changes"]
    (page,) = change["evidence"]
    assert page["url"] == "https://github.com/simonw/llm-prices/commit/41fbbe2"
    assert reader.get(f"{page['snapshot']}/body").content == file_of_facts()
    told = reader.get(f"/stories/{change['story']}").text
    assert "Claude Haiku 3.5: input −20 %, output −20 %" in told
    assert "In force since 2024-12-05 00:00 UTC" in told
    assert reader.get("/feeds/changes.json?seller=any").json()["items"] == []
    asked = "/v1/prices?provider=deepseek&model=deepseek-chat&unit=input_tokens&as_of=2025-02-20T00:00:00Z"
    (price,) = reader.get(asked).json()["prices"]
    assert (price["amount"], price["basis"], price["valid_from"], price["valid_to"]) == (
        "0.27", "documented", "2025-02-08T16:00:00Z", "2025-09-05T16:00:00Z",
    )  # fmt: skip


def test_the_proof_of_a_documented_change_is_called_what_it_is(loaded: Engine) -> None:
    with reading_from(loaded) as connection:
        (first,) = queries.changes_after(connection, Wanted(), 0, 1)
        story = queries.story(connection, first.story_id)
    assert story is not None
    assert "our list of documented changes</a>" in entry(story, "http://tape.example").html


def test_a_load_that_is_killed_leaves_nothing(engine: Engine) -> None:
    broken = file_of_facts().replace(b'"provider": "zai"', b'"provider": "nobody"')
    with pytest.raises(KeyError):
        archive(engine, LOADED, broken)
    with reading_from(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.run)).scalar_one() == 0
    assert archive(engine, LOADED) == Archived(len(FACTS), 0)


def test_a_clock_that_is_set_back_breaks_nothing(loaded: Engine) -> None:
    earlier = LOADED - timedelta(days=1)
    assert archive(loaded, earlier, altered(new="0.26")) == Archived(1, 1)


def test_two_at_once_load_it_once(database_url: str) -> None:
    def load_it(_: int) -> Archived | None:
        engine = connect(database_url)
        try:
            return archive(engine, LOADED)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(2) as pool:
        loaded = list(pool.map(load_it, range(2)))
    assert sorted(loaded, key=bool) == [None, Archived(len(FACTS), 0)]


def test_every_fact_on_record_says_where_in_the_file_it_stands(engine: Engine) -> None:
    archive(engine, LOADED)
    body, told = file_of_facts(), 0
    with reading_from(engine) as connection:
        for row in connection.execute(select(t.price)):
            assert (row.place is None) == (row.amount is None)
            if row.place is not None:
                byte = Place.of_code(row.place).byte
                assert byte is not None
                line = body[body.rindex(b"\n", 0, byte) + 1 if b"\n" in body[:byte] else 0 :].split(b"\n")[0]
                assert Decimal(body[byte:].split(b'"')[0].decode()) == row.amount == Decimal(json.loads(line)["new"])
                told += 1
    assert told > 200
