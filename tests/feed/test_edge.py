"""The outermost layer, asked without a client that is kind."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Engine

from feed.app import create_app
from feed.edge import Edge
from tests.feed.rows import DAY, NOW, Rows, flash_cut

Message = dict[str, Any]


def ask(app: Any, path: str, method: str = "GET", *headers: tuple[bytes, bytes], query: bytes = b"") -> list[Message]:
    """One request as a server would pass it on, byte for byte."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "", "headers": list(headers),
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return sent


@pytest.fixture
def app(engine: Engine, rows: Rows) -> Any:
    flash_cut(rows)
    return create_app(engine, "https://tape.example")


def test_head_sends_the_length_of_the_body_and_no_byte_of_it(app: Any) -> None:
    start, *rest = ask(app, "/v1/prices", "HEAD")
    length = int(dict(start["headers"])[b"content-length"])
    [get_start, get_body] = ask(app, "/v1/prices")
    assert length == len(get_body["body"]) > 0
    assert start == get_start
    assert b"".join(message.get("body", b"") for message in rest) == b""


def test_a_304_has_its_validators_and_no_body(app: Any) -> None:
    etag = dict(ask(app, "/v1/changes")[0]["headers"])[b"etag"]
    start, *rest = ask(app, "/v1/changes", "GET", (b"if-none-match", etag))
    headers = dict(start["headers"])
    assert start["status"] == 304
    assert {b"etag", b"cache-control", b"last-modified", b"access-control-allow-origin"} <= set(headers)
    assert b"content-length" not in headers
    assert b"".join(message.get("body", b"") for message in rest) == b""


def test_options_without_a_preflight_is_refused_like_any_other_method(app: Any) -> None:
    assert ask(app, "/v1/prices", "OPTIONS")[0]["status"] == 405
    assert ask(app, "/v1/prices", "DELETE")[0]["status"] == 405
    assert ask(app, "/v1/prices", "OPTIONS", (b"access-control-request-method", b"GET"))[0]["status"] == 204


def test_no_header_is_sent_twice(app: Any) -> None:
    for path in ("/", "/v1/prices", "/feeds/changes.rss", "/style.css", "/nothing", "/openapi.json"):
        names = [name for name, _ in ask(app, path)[0]["headers"]]
        assert len(names) == len(set(names)), path


@pytest.mark.parametrize(
    "query", [b"%", b"%ZZ", b"=", b"&&&", b"\xff\xfe=1", b"a=%ff", b"model=%ed%a0%80", b"limit=%31%30"]
)
def test_broken_queries_are_answered_and_never_crash(app: Any, query: bytes) -> None:
    assert ask(app, "/v1/prices", query=query)[0]["status"] in (200, 422)


def test_what_is_not_http_passes_through() -> None:
    seen: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_given: Any) -> Any:
        return None

    asyncio.run(Edge(inner)({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]


def test_a_policy_that_a_route_sets_is_not_overwritten(app: Any, rows: Rows) -> None:
    digest = rows.fetch(rows.run(NOW + DAY, body=None), "<p>")
    headers = dict(ask(app, f"/v1/snapshots/{digest}/body")[0]["headers"])
    assert headers[b"content-security-policy"] == b"sandbox; default-src 'none'"
