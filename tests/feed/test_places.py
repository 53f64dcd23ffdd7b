"""The place of a price on its page, wherever a price is told with its evidence."""

import json
from typing import Any

from starlette.testclient import TestClient

from history.crosscheck import crosscheck
from history.db import recording
from history.place import Place
from tests.feed.rows import DAY, NOW, Rows, moved, usd

CELL = Place(0, 3, 12, 2)
TOLD = {"text": "page 1, table 3, row 12, column 2", "page": 1, "table": 3, "row": 12, "column": 2, "byte": None}


def asked(client: TestClient, path: str, key: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()[key]
    return found


def places(evidence: list[dict[str, Any]]) -> list[Any]:
    return [page["place"] for page in evidence]


def test_a_price_and_its_versions_say_where_they_were_read(client: TestClient, rows: Rows) -> None:
    rows.price("0.14", NOW, place=CELL)
    [price] = asked(client, "/v1/prices", "prices")
    [version] = asked(client, "/v1/history?provider=deepseek&model=v4", "versions")
    assert places(price["evidence"]) == places(version["evidence"]) == [TOLD]


def test_where_no_table_is_the_byte_is_told(client: TestClient, rows: Rows) -> None:
    rows.price("0.14", NOW, place=Place(0, byte=0))
    [price] = asked(client, "/v1/prices", "prices")
    [place] = places(price["evidence"])
    assert place == {"text": "page 1, byte 0", "page": 1, "table": None, "row": None, "column": None, "byte": 0}


def test_an_old_price_whose_place_nobody_noted_says_so(client: TestClient, rows: Rows) -> None:
    rows.price("0.14", NOW)
    [price] = asked(client, "/v1/prices", "prices")
    assert places(price["evidence"]) == [None]


def test_of_several_pages_the_one_that_states_the_price_has_the_place(client: TestClient, rows: Rows) -> None:
    run = rows.run(NOW)
    rows.fetch(run, "the second page", url="https://deepseek.example/more", ordinal=1)
    rows.fetch(run, "the third page", url="https://deepseek.example/most", ordinal=2)
    rows.price("0.14", NOW, run=run, place=Place(1, byte=77))
    [price] = asked(client, "/v1/prices", "prices")
    first, second, third = places(price["evidence"])
    assert (first, third) == (None, None)
    assert (second["text"], second["page"], second["byte"]) == ("page 2, byte 77", 2, 77)
    assert price["evidence"][second["page"] - 1]["url"] == "https://deepseek.example/more"


def test_the_byte_of_a_place_is_that_of_the_kept_page(client: TestClient, rows: Rows) -> None:
    run = rows.run(NOW, body=None)
    body = '{"models":[{"名":"v4","price":0.14}]}'
    rows.fetch(run, body)
    rows.price("0.14", NOW, run=run, place=Place(0, byte=body.encode().index(b"0.14")))
    [page] = asked(client, "/v1/prices", "prices")[0]["evidence"]
    kept = client.get(page["snapshot"] + "/body").content
    assert kept[page["place"]["byte"] :].startswith(b"0.14")


def test_a_plan_says_where_its_price_stands(client: TestClient, rows: Rows) -> None:
    rows.price("20", NOW, unit="plan_months", per=1, model="Plus", tier="plan", place=CELL)
    [plan] = asked(client, "/v1/plans", "plans")
    assert places(plan["prices"][0]["evidence"]) == [TOLD]


def test_what_a_request_costs_says_where_its_price_stands(client: TestClient, rows: Rows) -> None:
    rows.price("1", NOW - DAY, place=CELL)
    usage = {"provider": "deepseek", "model": "v4", "at": "2026-05-22T17:00:00Z", "input_tokens": 1000}
    answer = client.post("/v1/cost", content=json.dumps(usage), headers={"content-type": "application/x-ndjson"})
    [line] = answer.json()["lines"]
    assert line["price"]["place"] == TOLD


def test_a_change_says_where_the_new_price_stands(client: TestClient, rows: Rows) -> None:
    run = rows.run(NOW)
    rows.price("0.28", NOW - DAY, place=Place(0, 1, 2, 2))
    rows.price("0.14", NOW, run=run, place=CELL)
    rows.story(run, moved("input_tokens", usd("0.28"), usd("0.14")), effective_at=NOW)
    [change] = asked(client, "/v1/changes", "changes")
    assert places(change["evidence"]) == [TOLD]


def test_a_change_that_an_earlier_run_saw_first_has_no_place_on_the_pages_of_this_one(
    client: TestClient, rows: Rows
) -> None:
    first, second = rows.run(NOW - DAY), rows.run(NOW)
    rows.price("0.14", NOW - DAY, recorded_at=NOW, run=first, place=CELL)
    rows.story(second, moved("input_tokens", usd("0.28"), usd("0.14")), effective_at=NOW - DAY)
    [change] = asked(client, "/v1/changes", "changes")
    assert (change["run"], places(change["evidence"])) == (second, [None])


def test_a_change_without_a_price_has_no_place(client: TestClient, rows: Rows) -> None:
    rows.story(None, {"kind": "terms_changed", "old_terms": (), "new_terms": ("contact us",)})
    [change] = asked(client, "/v1/changes", "changes")
    assert places(change["evidence"]) == [None]


def test_both_sides_of_a_disagreement_have_their_places(client: TestClient, rows: Rows) -> None:
    """A gateway names many routes under one name, and another one asks the same: only one of them is the seller's."""
    rows.source("openrouter_endpoints", kind="gateway", provider="openrouter")
    routed: dict[str, Any] = {"model": "deepseek/deepseek-v4-flash", "source": "openrouter_endpoints", "per": 1}
    run = rows.run(NOW - DAY, "openrouter_endpoints")
    for place, route in enumerate(("novita", "deepseek", "deepinfra"), 1):
        rows.price("0.00000014", NOW - DAY, run=run, region=route, place=Place(0, byte=place), **routed)
    rows.price("0.5", NOW - 2 * DAY, model="deepseek-v4-flash", place=Place(0, byte=9))
    rows.price("0.28", NOW - DAY, model="deepseek-v4-flash", place=CELL)
    with recording(rows.engine) as connection:
        crosscheck(connection, NOW)
    (one,) = client.get("/v1/discrepancies").json()["discrepancies"]
    assert places(one["own"]["evidence"]) == [TOLD]
    assert [place["byte"] for place in places(one["witness"]["evidence"])] == [2]


def test_a_disagreement_of_a_map_has_no_place_on_its_side(client: TestClient, rows: Rows) -> None:
    rows.source("litellm", kind="map", provider="litellm", witness="imported")
    deepseek = rows.billers[rows.source("deepseek")]
    rows.price("0.14", NOW - DAY, model="deepseek-v4-flash", source="litellm", provider_id=deepseek)
    rows.price("0.28", NOW - DAY, model="deepseek-v4-flash", place=CELL)
    with recording(rows.engine) as connection:
        crosscheck(connection, NOW)
    (one,) = client.get("/v1/discrepancies").json()["discrepancies"]
    assert (places(one["own"]["evidence"]), places(one["witness"]["evidence"])) == ([TOLD], [None])


def test_what_is_evidence_of_a_run_and_of_no_single_price_has_no_places(client: TestClient, rows: Rows) -> None:
    rows.price("0.14", NOW, place=CELL)
    [run] = asked(client, "/v1/runs", "runs")
    assert [set(page) for page in run["evidence"]] == [{"url", "sha256", "fetched_at", "snapshot"}]
