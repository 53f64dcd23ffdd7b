"""Conditional requests, HEAD, CORS: what a cache, a browser and a feed reader rely on."""

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.answers import Answers, Kept, Rendered
from feed.app import create_app
from tests.feed.conftest import PUBLIC_URL, Clock
from tests.feed.rows import DAY, NOW, Rows, flash_cut, moved

CACHED = (
    "/v1/providers", "/v1/models", "/v1/prices", "/v1/prices?model=deepseek-v4-flash", "/v1/changes", "/v1/runs",
    "/v1/history?provider=deepseek&model=deepseek-v4-flash",
    "/feeds/changes.atom", "/feeds/changes.rss", "/feeds/changes.json",
)  # fmt: skip
FEEDS = CACHED[-3:]


@pytest.fixture
def fresh(engine: Engine, rows: Rows, clock: Clock) -> TestClient:
    """A reader before an application that has not rendered anything yet."""
    flash_cut(rows)
    return TestClient(create_app(engine, PUBLIC_URL, clock))


def rendered(client: TestClient) -> int:
    """How many answers the application has rendered and kept."""
    app = client.app
    assert isinstance(app, FastAPI)
    answers: Answers = app.state.answers
    return len(answers.kept)


@pytest.mark.parametrize("path", CACHED)
def test_who_has_it_already_gets_a_304_and_nothing_is_rendered(
    fresh: TestClient, client: TestClient, statements: list[str], path: str
) -> None:  # fmt: skip
    first = client.get(path)
    assert first.status_code == 200
    for name, value in (
        ("if-none-match", first.headers["etag"]),
        ("if-modified-since", first.headers["last-modified"]),
    ):
        statements.clear()
        again = fresh.get(path, headers={name: value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert (rendered(fresh), statements) == (0, [])


@pytest.mark.parametrize("path", CACHED)
def test_an_answer_is_rendered_once_and_the_same_from_any_process(
    fresh: TestClient, client: TestClient, path: str
) -> None:
    first, second = client.get(path), client.get(path)
    assert rendered(client) == 1
    assert first.content == second.content == fresh.get(path).content
    assert first.headers == second.headers


@pytest.mark.parametrize("path", CACHED)
def test_something_new_makes_a_new_answer(fresh: TestClient, rows: Rows, path: str) -> None:
    first = fresh.get(path)
    rows.story(None, moved("input_tokens", "1", "2"), at=NOW + DAY)
    headers = {"if-none-match": first.headers["etag"], "if-modified-since": first.headers["last-modified"]}
    second = fresh.get(path, headers=headers)
    assert (second.status_code, second.headers["last-modified"]) == (200, "Sat, 23 May 2026 16:10:00 GMT")


@pytest.mark.parametrize(("header", "status"), [("W/{}", 304), ('"other", {}', 304), ("*", 304), ('"other"', 200)])
def test_etags_are_compared_as_http_says(fresh: TestClient, header: str, status: int) -> None:
    etag = fresh.get("/v1/prices").headers["etag"]
    assert fresh.get("/v1/prices", headers={"if-none-match": header.format(etag)}).status_code == status


def test_an_etag_decides_alone_where_there_is_one(fresh: TestClient) -> None:
    same_time = {"if-none-match": '"other"', "if-modified-since": fresh.get("/v1/prices").headers["last-modified"]}
    assert fresh.get("/v1/prices", headers=same_time).status_code == 200


def test_another_question_has_another_etag(fresh: TestClient) -> None:
    paths = [*CACHED, "/v1/prices?limit=5", "/feeds/changes.atom?limit=5"]
    assert len({fresh.get(path).headers["etag"] for path in paths}) == len(paths)


@pytest.mark.parametrize("path", [*CACHED, "/", "/healthz", "/openapi.json", "/nothing"])
def test_head_is_get_without_the_body(fresh: TestClient, path: str) -> None:
    head, get = fresh.head(path), fresh.get(path)
    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")


def test_any_origin_may_read(fresh: TestClient) -> None:
    answer = fresh.get("/v1/prices", headers={"origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    preflight = fresh.options("/v1/prices", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-methods"]) == (
        204,
        "GET, HEAD, POST, PATCH, DELETE",
    )


def test_pages_allow_nothing_from_elsewhere(fresh: TestClient) -> None:
    policy = fresh.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "content-security-policy" not in fresh.get("/v1/prices").headers


def test_what_is_kept_has_a_limit_and_the_oldest_leaves() -> None:
    kept = Kept(room=80)
    for name in "abcdefghij":
        kept.put(name, Rendered(b"0123456789"))
        kept.get("b")
    assert [kept.get(name) is not None for name in "abcj"] == [False, True, False, True]
    kept.put("large", Rendered(b"x" * 11))
    assert kept.get("large") is None
