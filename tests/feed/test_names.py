"""Models by what they are: canonical names, authors, countries, witnesses, and names that nobody knows."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.feed.conftest import Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows, moved

FLASH = "deepseek/deepseek-v4-flash"
MOVED = datetime(2024, 10, 2, tzinfo=UTC)


@pytest.fixture
def sold(rows: Rows) -> Rows:
    """One model under four names, and another author's."""
    rows.source("openrouter", kind="gateway")
    for source, kind, model in (
        ("deepseek", "lab", "deepseek-v4-flash"), ("siliconflow", "cloud", "DeepSeek-V4-Flash"),
        ("openrouter", "gateway", FLASH), ("openrouter", "gateway", f"{FLASH}:free"), ("openai", "lab", "gpt-4.1"),
        ("openrouter", "gateway", f"{FLASH}-0731"), ("deepseek", "lab", "deepseek-v4-flash-but-not-quite"),
    ):  # fmt: skip
        rows.source(source, kind=kind)
        rows.price("1", NOW, source=source, model=model)
    return rows


def names(client: TestClient, path: str, **asked: str) -> list[tuple[str, str]]:
    answer = client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    (rows,) = (value for key, value in answer.json().items() if key in ("prices", "models", "changes"))
    return [(row["provider"], row["model"]) for row in rows]


@pytest.mark.parametrize("path", ["/v1/prices", "/v1/models"])
def test_one_model_is_found_at_everybody_who_sells_it(client: TestClient, sold: Rows, path: str) -> None:
    assert sorted(names(client, path, canonical=FLASH)) == [
        ("deepseek", "deepseek-v4-flash"), ("openrouter", FLASH), ("openrouter", f"{FLASH}:free"),
        ("siliconflow", "DeepSeek-V4-Flash"),
    ]  # fmt: skip
    assert names(client, path, canonical=FLASH, provider="siliconflow") == [("siliconflow", "DeepSeek-V4-Flash")]


@pytest.mark.parametrize("path", ["/v1/prices", "/v1/models"])
def test_models_are_found_by_author_and_country(client: TestClient, sold: Rows, path: str) -> None:
    assert len(names(client, path, author="deepseek")) == 5
    assert names(client, path, author="openai") == names(client, path, country="us") == [("openai", "gpt-4.1")]
    assert len(names(client, path, country="CN")) == 5
    assert names(client, path, country="CN", author="openai") == []
    assert client.get(path, params={"country": "China"}).status_code == 422


def test_a_model_says_what_it_is_or_that_nobody_knows(client: TestClient, sold: Rows) -> None:
    listed = client.get("/v1/models?provider=deepseek").json()["models"]
    assert [(one["canonical"], one["author"], one["country"]) for one in listed] == [
        (FLASH, "deepseek", "CN"), (None, None, None),
    ]  # fmt: skip


def test_a_name_that_moved_is_each_model_in_its_time(client: TestClient, rows: Rows) -> None:
    rows.source("openai")
    rows.price("5", MOVED - 30 * DAY, source="openai", model="gpt-4o")
    before, after = ({"as_of": f"2024-10-0{day}T00:00:00Z"} for day in (1, 2))
    assert names(client, "/v1/prices", canonical="openai/gpt-4o-2024-05-13", **before) == [("openai", "gpt-4o")]
    assert names(client, "/v1/prices", canonical="openai/gpt-4o-2024-08-06", **before) == []
    assert names(client, "/v1/prices", canonical="openai/gpt-4o-2024-08-06", **after) == [("openai", "gpt-4o")]


def test_changes_are_found_by_what_the_name_meant_when_they_took_effect(client: TestClient, rows: Rows) -> None:
    rows.source("openai")
    for at in (MOVED - DAY, MOVED):
        rows.story(None, moved("input_tokens", "5", "2.5"), at=at, source="openai", model="gpt-4o")
    rows.story(None, moved("input_tokens", "5", "2.5"), source="openai", model="gpt-4.1")
    found = client.get("/v1/changes", params={"canonical": "openai/gpt-4o-2024-08-06"}).json()["changes"]
    assert [one["effective_at"] for one in found] == ["2024-10-02T00:00:00Z"]
    assert len(names(client, "/v1/changes", author="openai")) == 3
    assert len(names(client, "/v1/changes", country="US")) == 3
    assert names(client, "/v1/changes", country="CN") == []


def test_a_price_that_moves_because_its_name_did_says_so(client: TestClient, rows: Rows) -> None:
    rows.source("openai")
    for at in (MOVED - DAY, MOVED + HOUR):
        change = moved("input_tokens", "5", "2.5")
        rows.story(None, change, at=at, source="openai", model="gpt-4o")
    newest, older = client.get("/feeds/changes.json").json()["items"]
    assert newest["title"] == "gpt-4o: alias moved to openai/gpt-4o-2024-08-06, input −50 %"
    assert "alias moved to openai/gpt-4o-2024-08-06" in newest["content_text"]
    assert "alias" not in older["title"] + older["content_text"]


def test_an_unknown_model_has_close_names_and_no_price(client: TestClient, sold: Rows) -> None:
    answer = client.get("/v1/history?provider=deepseek&model=deepseek-v4-flahs")
    assert (answer.status_code, answer.json()["type"]) == (404, "tag:tokentape.dev,2026:problem/unknown-model")
    assert answer.json()["close_names"][0] == "deepseek-v4-flash"
    empty = client.get("/v1/prices?provider=deepseek&model=deepseek-v4-flahs").json()
    assert (empty["prices"], empty["close_names"][0]) == ([], "deepseek-v4-flash")
    anywhere = client.get("/v1/prices?model=GPT-4.1").json()
    assert (anywhere["prices"], anywhere["close_names"]) == ([], ["gpt-4.1"])


@pytest.mark.parametrize("path", ["/v1/prices", "/v1/models"])
def test_an_unknown_canonical_model_has_close_names(client: TestClient, sold: Rows, path: str) -> None:
    answer = client.get(path, params={"canonical": "deepseek/deepseek-v4-flesh"}).json()
    assert FLASH in answer["close_names"]
    assert "close_names" not in client.get(path, params={"canonical": "openai/gpt-5"}).json()


def test_a_known_model_without_a_price_has_no_close_names(client: TestClient, sold: Rows) -> None:
    page = client.get("/v1/prices?model=gpt-4.1&as_of=2020-01-01T00:00:00Z").json()
    assert (page["prices"], page.get("close_names")) == ([], None)


@pytest.fixture
def witnessed(rows: Rows) -> Rows:
    """A first party since yesterday, our facts of last week, and a map that lags."""
    rows.source("deepseek")
    for witness in ("documented", "imported"):
        rows.source(witness, kind="map", witness=witness)
    of: dict[str, Any] = {"model": "deepseek-v4-flash", "provider_id": rows.known["provider", "deepseek"]}
    rows.price("0.3", NOW - 7 * DAY, source="documented", **of)
    rows.price("0.28", NOW - DAY, source="imported", **of)
    rows.price("0.14", NOW - DAY, **of)
    return rows


def told(client: TestClient, path: str = "/v1/prices", **asked: str) -> list[tuple[str, str]]:
    answer = client.get(path, params={"provider": "deepseek", "model": "deepseek-v4-flash", **asked}).json()
    return [(one["witness"], one["amount"]) for one in answer.get("prices", answer.get("versions"))]


def test_the_best_witness_is_heard_and_the_others_on_request(client: TestClient, witnessed: Rows) -> None:
    facts, lagging, own = ("documented", "0.3"), ("imported", "0.28"), ("first_party", "0.14")
    assert told(client) == told(client, witness="first_party") == [own]
    assert sorted(told(client, witness="all")) == sorted([facts, lagging, own])
    assert told(client, witness="imported") == told(client, source="imported") == [lagging]
    assert told(client, as_of="2026-05-20T00:00:00Z") == [facts]
    assert client.get("/v1/prices?witness=somebody").status_code == 422


def test_a_history_is_told_by_the_best_witness_of_each_time(client: TestClient, witnessed: Rows) -> None:
    facts, lagging, own = ("documented", "0.3"), ("imported", "0.28"), ("first_party", "0.14")
    assert sorted(told(client, "/v1/history")) == sorted([facts, own])
    assert sorted(told(client, "/v1/history", witness="all")) == sorted([facts, lagging, own])
    assert told(client, "/v1/history", witness="imported") == [lagging]


def test_the_same_question_later_has_its_own_best_witness(client: TestClient, witnessed: Rows, clock: Clock) -> None:
    witnessed.price(None, NOW + 2 * DAY, model="deepseek-v4-flash")
    clock.now = NOW + 3 * DAY
    assert told(client) == [("documented", "0.3")]
