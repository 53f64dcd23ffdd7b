"""/v1/volumes and /v1/hosts as a reader has them."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.health import health
from history import queries
from history.db import reading
from tests.feed.rows import DAY, HOUR, NOW, TODAY, Rows

YESTERDAY = TODAY - DAY


def found(client: TestClient, **asked: str) -> list[tuple[str, str, str]]:
    answer = client.get("/v1/volumes", params=asked)
    assert answer.status_code == 200, answer.text
    return [(one["model"], one["day"], one["tokens"]) for one in answer.json()["volumes"]]


def test_a_volume_is_told_with_its_period_and_how_to_cite_it(client: TestClient, rows: Rows) -> None:
    rows.volume(tokens=2**53 + 1)
    answer = client.get("/v1/volumes").json()
    assert answer["volumes"] == [
        {
            "source": "openrouter_volumes", "model": "lab/m", "period": "day", "trailing": False, "day": "2026-05-22",
            "tokens": "9007199254740993", "input_tokens": None, "output_tokens": None, "requests": None,
            "recorded_at": "2026-05-22T16:10:00Z", "run": 1,
        }
    ]  # fmt: skip
    [notice] = answer["notices"]
    [page] = notice.pop("evidence")
    assert notice == {
        "run": 1, "source": "openrouter_volumes", "as_of": "2026-05-22T15:10:00Z", "citation": "Source: run 1.",
        "licence": "CC-BY-4.0",
    }  # fmt: skip
    assert client.get(page["snapshot"] + "/body").text == "page 1"


def test_a_trailing_aggregate_is_marked_as_what_it_is(client: TestClient, rows: Rows) -> None:
    rows.volume(source="openrouter_rankings", period="trailing_month", input_tokens=70, output_tokens=30, requests=4)
    [one] = client.get("/v1/volumes").json()["volumes"]
    assert (one["period"], one["trailing"]) == ("month", True)
    assert (one["input_tokens"], one["output_tokens"], one["requests"]) == ("70", "30", "4")


def test_the_newest_day_comes_first(client: TestClient, rows: Rows) -> None:
    for model, day in (("b", YESTERDAY), ("b", TODAY), ("a", TODAY), ("a", YESTERDAY)):
        rows.volume(model, day)
    days = [str(TODAY)] * 2 + [str(YESTERDAY)] * 2
    assert found(client) == [(model, day, "100") for model, day in zip("abab", days, strict=True)]


def test_days_are_asked_for_one_or_from_and_to(client: TestClient, rows: Rows) -> None:
    days = [TODAY - number * DAY for number in range(4)]
    for day in days:
        rows.volume(day=day)

    def told(**asked: str) -> list[str]:
        return [day for _, day, _ in found(client, **asked)]

    newest, second, third, oldest = map(str, days)
    assert told(day=second) == [second]
    assert told(**{"from": second}) == [newest, second]
    assert told(to=third) == [third, oldest]
    assert told(**{"from": third, "to": second}) == [second, third]
    assert told(day=second, to=third) == told(**{"from": newest, "to": oldest}) == []


def test_models_sources_and_periods_are_asked_for_exactly(client: TestClient, rows: Rows) -> None:
    rows.volume("lab/m", tokens=1)
    rows.volume("lab/m:free", tokens=2)
    rows.volume("lab/m", tokens=3, period="trailing_day", source="openrouter_rankings")
    rows.volume("lab/m", tokens=4, period="trailing_week", source="openrouter_rankings")

    def told(**asked: str) -> set[str]:
        return {tokens for _, _, tokens in found(client, **asked)}

    assert told(model="lab/m") == {"1", "3", "4"}
    assert told(model="lab/m:free") == {"2"}
    assert told(source="openrouter_rankings") == told(trailing="true") == {"3", "4"}
    assert told(trailing="false") == {"1", "2"}
    assert told(period="day") == {"1", "2", "3"}
    assert told(period="week") == told(period="week", trailing="true") == {"4"}
    assert told(period="month") == told(period="week", trailing="false") == told(model="nobody") == set()


def test_a_restated_figure_and_the_one_before(client: TestClient, rows: Rows) -> None:
    rows.volume(tokens=100, superseded_at=NOW + HOUR / 2)
    rows.volume(tokens=101, recorded_at=NOW + HOUR / 2)
    assert found(client) == [("lab/m", str(TODAY), "101")]
    assert found(client, known_at="2026-05-22T16:20:00Z") == [("lab/m", str(TODAY), "100")]
    assert found(client, known_at="2026-05-22T16:40:00Z") == [("lab/m", str(TODAY), "101")]
    assert found(client, known_at="2026-05-22T16:00:00Z") == []


def test_pages_lead_from_one_to_the_next_and_miss_nothing(client: TestClient, rows: Rows) -> None:
    for day in (TODAY, YESTERDAY):
        for model in ("a", "a:free", "b"):
            for period in ("day", "trailing_day"):
                rows.volume(model, day, period=period)
    read: list[tuple[Any, ...]] = []
    url = "/v1/volumes?limit=5"
    while url:
        answer = client.get(url)
        read += [(one["day"], one["model"], one["trailing"]) for one in answer.json()["volumes"]]
        assert {one["run"] for one in answer.json()["volumes"]} == {one["run"] for one in answer.json()["notices"]}
        url = answer.links.get("next", {}).get("url", "")
    models = [(model, trailing) for model in ("a", "a:free", "b") for trailing in (False, True)]
    assert read == [(str(day), *which) for day in (TODAY, YESTERDAY) for which in models]


def test_a_cursor_belongs_to_its_question(client: TestClient, rows: Rows) -> None:
    rows.volume("a")
    rows.volume("b")
    cursor = client.get("/v1/volumes?limit=1").json()["next_cursor"]
    answer = client.get("/v1/volumes", params={"limit": 1, "cursor": cursor, "model": "a"})
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid cursor")


def test_an_answer_that_the_reader_has_is_a_304(client: TestClient, rows: Rows) -> None:
    rows.volume()
    etag = client.get("/v1/volumes").headers["etag"]
    assert client.get("/v1/volumes", headers={"if-none-match": etag}).status_code == 304
    rows.volume("lab/new", recorded_at=NOW + HOUR / 4)
    assert client.get("/v1/volumes", headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("path", ["volumes", "hosts"])
def test_only_what_was_believed_in_the_past_is_immutable(client: TestClient, rows: Rows, path: str) -> None:
    def lasting(**asked: str) -> bool:
        return "immutable" in client.get(f"/v1/{path}", params=asked).headers["cache-control"]

    assert lasting(known_at="2026-05-22T16:30:00Z")
    assert not lasting(known_at="2027-01-01T00:00:00Z")
    assert not lasting()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"day": "2026-02-30"}, "day=2026-02-30: day is out of range for month."),
        ({"from": "1747000000"}, "from=1747000000: a day such as 2026-05-11 is expected."),
        ({"to": "2026-05-11T00:00:00Z"}, "a day such as 2026-05-11 is expected."),
        ({"period": "trailing_day"}, "period=trailing_day"),
        ({"first_day": "2026-05-11"}, "'first_day' is not a parameter here; valid are: cursor, day, from,"),
        ({"limit": "1001"}, "limit=1001"),
    ],
)
def test_a_question_that_is_not_understood_is_a_problem(client: TestClient, asked: dict[str, str], says: str) -> None:
    answer = client.get("/v1/volumes", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert says in answer.json()["detail"]


def test_hosts_are_told_with_their_countries(client: TestClient, rows: Rows) -> None:
    rows.host("beta", None, [])
    rows.host("acme", "US", ["US", "SG"])
    hosts = client.get("/v1/hosts").json()["hosts"]
    assert [(one["slug"], one["headquarters"], one["datacenters"]) for one in hosts] == [
        ("acme", "US", ["US", "SG"]), ("beta", None, []),
    ]  # fmt: skip
    assert (hosts[0]["source"], hosts[0]["name"], hosts[0]["run"]) == ("openrouter_providers", "Acme", 1)
    assert hosts[0]["evidence"]
    assert [one["slug"] for one in client.get("/v1/hosts?headquarters=US").json()["hosts"]] == ["acme"]
    assert [one["slug"] for one in client.get("/v1/hosts?slug=beta").json()["hosts"]] == ["beta"]
    assert client.get("/v1/hosts?headquarters=usa").status_code == 422


def test_a_host_that_moved_sat_elsewhere_before(client: TestClient, rows: Rows) -> None:
    rows.host(superseded_at=NOW + HOUR / 2)
    rows.host(headquarters="DE", recorded_at=NOW + HOUR / 2)
    then, now = (client.get("/v1/hosts", params=asked) for asked in ({"known_at": "2026-05-22T16:20:00Z"}, {}))
    assert [answer.json()["hosts"][0]["headquarters"] for answer in (then, now)] == ["US", "DE"]


def test_the_state_of_a_source_names_what_it_states(engine: Engine, rows: Rows) -> None:
    rows.volume()
    rows.host()
    with reading(engine) as connection:
        sentences = {one.name: health(one, NOW + HOUR).sentence for one in queries.statuses(connection, NOW + HOUR)}
    assert sentences == {
        "openrouter_providers": "Read 1 hour ago, 1 host.",
        "openrouter_volumes": "Read 1 hour ago, 1 volume.",
    }


def test_a_source_of_volumes_that_fails_says_what_is_old(engine: Engine, rows: Rows) -> None:
    rows.volume()
    rows.run(NOW + HOUR / 2, "openrouter_volumes", outcome="failed", failure="KeyRefused", message="401")
    with reading(engine) as connection:
        [source] = queries.statuses(connection, NOW + HOUR)
    assert "The volumes are from 2026-05-22" in health(source, NOW + HOUR).sentence


def test_a_day_is_a_date_of_the_calendar_and_not_of_the_reader(client: TestClient, rows: Rows) -> None:
    rows.volume(day=date(2025, 1, 1))
    assert found(client, day="2025-01-01") == [("lab/m", "2025-01-01", "100")]
    assert client.get("/v1/volumes?day=٢٠٢٥-٠١-٠١").status_code == 422
