"""What goes wrong for a reader is named, and says what would have been right."""

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.app import create_app
from feed.cursors import cursor_to, place_of
from feed.errors import Problem
from tests.feed.rows import NOW, Rows

EVERYWHERE = (
    "/v1/providers", "/v1/models", "/v1/prices", "/v1/history?provider=a&model=b", "/v1/changes", "/v1/runs",
    "/v1/status",
    "/healthz", "/readyz", f"/v1/snapshots/{'0' * 64}", f"/v1/snapshots/{'0' * 64}/body",
    "/feeds/changes.atom", "/feeds/changes.rss", "/feeds/changes.json",
)  # fmt: skip


def refusal(client: TestClient, url: str) -> str:
    answer = client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    problem = answer.json()
    assert set(problem) >= {"type", "title", "status", "detail", "instance"}
    return str(problem["detail"])


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_parameter_that_does_not_exist_is_refused_everywhere(client: TestClient, path: str) -> None:
    assert "'provder' is not a parameter here" in refusal(client, f"{path}{'&' if '?' in path else '?'}provder=x")


def test_an_unknown_parameter_is_told_which_there_are(client: TestClient) -> None:
    answer = client.get("/v1/prices?modle=v4").json()
    assert answer["type"].endswith("problem/unknown-parameter")
    assert {"model", "as_of", "known_at"} <= set(answer["valid"])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("as_of=2026-05-01T00:00:00", "as_of=2026-05-01T00:00:00: 2026-05-01T00:00:00 has no offset from UTC; write"),
        ("as_of=yesterday", "is not an RFC 3339 time"),
        ("as_of=0001-01-01T00:00:00%2B01:00", "not a time in the years 1 to 9999"),
        ("known_at=2026-13-01T00:00:00Z", "month must be in 1..12"),
        ("limit=0", "limit=0: Input should be greater than or equal to 1"),
        ("limit=1001", "less than or equal to 1000"),
        ("limit=many", "valid integer"),
        ("unit=tokens", "no such unit; the units are input_tokens, "),
        ("seller=shop", "Input should be 'first_party', 'cloud', 'gateway' or 'any'"),
        ("provider=", "at least 1 character"),
        ("model=a%00b", "should match pattern"),
        ("model=a&model=b", "given more than once"),
        ("cursor=abc", "not a cursor of this service"),
        ("cursor=%F0%9F%92%A9", "not a cursor of this service"),
        ("as_of=x&limit=y", "valid integer"),
    ],
)
def test_a_wrong_value_is_told_what_is_wrong(client: TestClient, query: str, said: str) -> None:
    assert said in refusal(client, f"/v1/prices?{query}")


@pytest.mark.parametrize(
    "query", ["min_pct=-1", "min_pct=NaN", "min_pct=1e99", "after=-1", f"after={2**63}", "kind=x", "direction=sideways"]
)
def test_changes_refuse_what_they_cannot_filter(client: TestClient, query: str) -> None:
    refusal(client, f"/v1/changes?{query}")


def test_history_needs_a_model(client: TestClient) -> None:
    assert refusal(client, "/v1/history?provider=deepseek") == "model is required."


def test_a_cursor_of_other_filters_is_refused(client: TestClient, rows: Rows) -> None:
    for name in "abc":
        rows.price("1", NOW, model=name)
    cursor = client.get("/v1/prices?provider=deepseek&limit=1").json()["next_cursor"]
    assert client.get(f"/v1/prices?provider=deepseek&limit=2&cursor={cursor}").status_code == 200
    assert "other filters" in refusal(client, f"/v1/prices?cursor={cursor}")
    assert "not a cursor" in refusal(client, f"/v1/models?cursor={cursor}")


def test_a_cursor_that_was_tampered_with_is_refused() -> None:
    question = {"provider": "deepseek"}
    assert place_of(cursor_to(7, question), question, int) == 7
    forged = cursor_to(7, {"provider": "other"})
    with pytest.raises(Problem):
        place_of(forged, question, int)
    with pytest.raises(Problem):
        place_of(cursor_to("7", question), question, int)


def test_what_is_not_there_and_what_cannot_be_done_are_problems(client: TestClient) -> None:
    missing, posted = client.get("/v2/prices"), client.post("/v1/prices")
    assert (missing.status_code, missing.json()["instance"]) == (404, "/v2/prices")
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    assert {answer.headers["content-type"] for answer in (missing, posted)} == {"application/problem+json"}


def test_our_own_mistakes_are_problems_too(engine: Engine) -> None:
    app: FastAPI = create_app(engine, "https://tape.example")

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret")

    answer = TestClient(app, raise_server_exceptions=False).get("/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
