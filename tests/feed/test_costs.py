"""POST /v1/cost as a reader has it: each record its cost, its price versions, and what was missing."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from feed.api import charges, costs
from feed.api.bills import Bills
from feed.tally import Tally
from feed.usages import Told
from history import identity
from history.model import Conditions
from history.usage import usage_of
from tests.feed.rows import DAY, HOUR, NOW, Rows

AT = "2026-05-22T17:00:00Z"
USAGE = {"provider": "deepseek", "model": "v4", "at": AT, "input_tokens": 1000, "output": 100}


def told(client: TestClient, *usages: Any, **asked: str) -> list[dict[str, Any]]:
    body = "\n".join(usage if isinstance(usage, str) else json.dumps(usage) for usage in usages)
    answer = client.post("/v1/cost", content=body, params=asked, headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = answer.text.splitlines()
    for line in lines:
        TypeAdapter(charges.UsageCost | charges.MalformedUsage).validate_json(line, extra="forbid")
    return [json.loads(line) for line in lines]


def sold(rows: Rows) -> None:
    rows.price("0.5", NOW)
    rows.price("2", NOW, unit="output_tokens")
    rows.price("0.05", NOW, unit="cache_read_tokens")


def test_a_record_is_answered_with_its_cost_and_the_versions_it_was_charged_by(client: TestClient, rows: Rows) -> None:
    sold(rows)
    [cost] = told(client, {**USAGE, "id": "call-1"})
    first, _ = cost.pop("lines")
    assert cost == {
        "line": 1, "id": "call-1", "provider": "deepseek", "model": "v4", "tier": "standard", "region": "", "at": AT,
        "priced_as": None, "known_at": "2026-05-22T16:10:00Z", "source": "deepseek", "cost": "0.0007",
        "currency": "USD", "missing": [], "notes": [],
    }  # fmt: skip
    assert first == {
        "unit": "input_tokens", "count": 1000, "cost": "0.0005",
        "price": {
            "series": 1, "unit": "input_tokens", "conditions": {}, "amount": "0.5", "currency": "USD", "per": 1000000,
            "valid_from": "2026-05-22T16:10:00Z", "recorded_at": "2026-05-22T16:10:00Z", "basis": "first_seen",
            "run": 1, "place": None,
        },
    }  # fmt: skip


def test_each_record_is_priced_at_its_own_time(client: TestClient, rows: Rows) -> None:
    rows.price("1", NOW - DAY)
    rows.price("2", NOW)
    at = ["2026-05-22T16:09:59Z", "2026-05-22T18:10:00+02:00", "2026-05-22T16:10:00Z"]
    usages = [{"provider": "deepseek", "model": "v4", "at": one, "input": 1_000_000} for one in at]
    assert [cost["cost"] for cost in told(client, *usages)] == ["1", "2", "2"]


def test_what_was_believed_then_can_be_asked_for_ever(client: TestClient, rows: Rows) -> None:
    rows.price("10", NOW - DAY, superseded_at=NOW)
    rows.price("1", NOW - DAY, recorded_at=NOW)
    usage = {"provider": "deepseek", "model": "v4", "at": "2026-05-22T00:00:00Z", "input": 1_000_000}
    [corrected] = told(client, usage)
    [believed] = told(client, usage, known_at="2026-05-22T16:00:00Z")
    assert (believed["cost"], corrected["cost"]) == ("10", "1")
    assert told(client, usage, known_at=corrected["known_at"]) == [corrected]
    assert told(client, usage, known_at="2030-01-01T00:00:00Z") == [corrected]


def test_a_bad_line_is_answered_with_its_number_and_the_rest_goes_on(client: TestClient, rows: Rows) -> None:
    sold(rows)
    lines = ["{", "", "[1]", {**USAGE, "imput_tokens": 3}, {**USAGE, "at": "2026-05-22"}, '{"id": "\xff"}', USAGE]
    answered = told(client, *lines)
    assert [one["line"] for one in answered] == [1, 3, 4, 5, 6, 7]
    errors = [one.get("error", "") for one in answered]
    assert "not JSON" in errors[0]
    assert "a JSON object" in errors[1]
    assert "did you mean input_tokens" in errors[2]
    assert "not an RFC 3339 time" in errors[3]
    assert answered[-1]["cost"] == "0.0007"


def test_missing_is_told_and_never_billed_as_0(client: TestClient, rows: Rows) -> None:
    sold(rows)
    unknown, other = told(client, {**USAGE, "model": "v44"}, {**USAGE, "cache_write": 10})
    assert (unknown["cost"], unknown["lines"], unknown["source"]) == (None, [], None)
    assert unknown["missing"] == [
        {"reason": "unknown_model", "unit": None, "detail": "deepseek is not known to offer 'v44'", "close": ["v4"]}
    ]
    assert other["cost"] is None
    assert [line["cost"] for line in other["lines"]] == ["0.0005", "0.0002"]
    assert [(one["reason"], one["unit"]) for one in other["missing"]] == [("no_price", "cache_write_tokens")]


def test_free_is_a_price_with_its_version(client: TestClient, rows: Rows) -> None:
    rows.price("0", NOW)
    [cost] = told(client, {"provider": "deepseek", "model": "v4", "at": AT, "input": 5})
    assert (cost["cost"], cost["currency"], cost["lines"][0]["price"]["amount"]) == ("0", "USD", "0")


def test_a_day_that_records_do_not_state_can_be_said_for_all(client: TestClient, rows: Rows) -> None:
    sold(rows)
    usage = {key: value for key, value in USAGE.items() if key != "at"}
    assert "at is required" in told(client, usage)[0]["error"]
    assert told(client, usage, as_of=AT)[0]["cost"] == "0.0007"


def test_an_alias_is_priced_as_what_it_meant_then_and_says_so(client: TestClient, rows: Rows) -> None:
    before = NOW - 90 * DAY
    rows.source("mistral")
    for model, amount in (("Mistral Small 3.2", "1"), ("Mistral Small 4", "3")):
        rows.price(amount, before, source="mistral", model=model)
    rows.run(NOW, "mistral")
    usage = {"provider": "mistral", "model": "mistral-small-latest", "input": 1_000_000}
    dated = [{**usage, "at": at} for at in ("2026-03-15T23:59:59Z", "2026-03-16T00:00:00Z")]
    then, now = told(client, *dated)
    assert [(one["model"], one["cost"], one["priced_as"]["model"]) for one in (then, now)] == [
        ("mistral-small-latest", "1", "Mistral Small 3.2"), ("mistral-small-latest", "3", "Mistral Small 4"),
    ]  # fmt: skip
    assert now["priced_as"]["canonical"] == "mistralai/mistral-small-2603"
    assert now["priced_as"]["aliases"] == identity.version()
    assert "https://docs.mistral.ai/" in now["priced_as"]["source"]
    tally = Tally()
    for bill in Bills(rows.engine).of([Told(1, usage_of(dated[0]))]):
        tally.add(bill)
    assert "mistral-small-latest (priced as Mistral Small 3.2)" in str(list(tally.table().columns[1].cells))


def test_a_conversion_tells_its_rate_and_its_day(client: TestClient, rows: Rows) -> None:
    sold(rows)
    friday = {**USAGE, "at": "2026-05-22T17:00:00Z"}
    one, other = told(client, friday, {**friday, "at": "2026-05-24T17:00:00Z"}, currency="EUR")
    assert (one["cost"], one["currency"]) == ("0.0007", "USD")
    assert one["converted"]["rate_date"] == other["converted"]["rate_date"] == "2026-05-22"
    assert one["converted"]["per_euro"].keys() == {"USD", "EUR"}
    assert one["converted"]["note"] == ""
    assert "no rate was published on 2026-05-24" in other["converted"]["note"]
    assert "converted" not in told(client, {**friday, "model": "v44"}, currency="EUR")[0]


def test_peak_hours_are_charged_as_such(client: TestClient, rows: Rows) -> None:
    peak = Conditions(hours_utc=("01:00-04:00",), weekdays=(1, 2, 3, 4, 5), holidays="CN", period="peak")
    rows.price("1", NOW - 30 * DAY, conditions=Conditions(period="off_peak"))
    rows.price("2", NOW - 30 * DAY, conditions=peak)
    at = ["2026-05-21T02:00:00Z", "2026-05-21T05:00:00Z", "2026-05-23T02:00:00Z", "2026-05-01T02:00:00Z"]
    usages = [{"provider": "deepseek", "model": "v4", "at": one, "input": 1_000_000} for one in at]
    assert [cost["cost"] for cost in told(client, *usages)] == ["2", "1", "1", "1"]


def test_a_json_body_and_a_packed_one_say_the_same(client: TestClient, rows: Rows) -> None:
    sold(rows)
    expected = told(client, USAGE, USAGE)
    body = json.dumps({"usages": [USAGE, USAGE]}).encode()
    for content, headers in (
        (body, {}),
        (gzip.compress(body[:9]) + gzip.compress(body[9:]), {"content-encoding": "gzip"}),
    ):
        answer = client.post(
            "/v1/cost", content=content, headers={"content-type": "application/json; charset=utf-8", **headers}
        )
        assert [json.loads(line) for line in answer.text.splitlines()] == expected


@pytest.mark.parametrize(
    ("content", "headers", "status", "said"),
    [
        (b"", {}, 422, "no usage record"),
        (b"\n\n", {}, 422, "no usage record"),
        (b"{}", {"content-type": "text/plain"}, 415, "text/plain is not taken"),
        (b"{}", {"content-type": ""}, 415, "No content type"),
        (b"{}", {"content-encoding": "br"}, 415, "gzip"),
        (b"[]", {"content-type": "application/json"}, 422, "usages"),
        (b'{"usages": [], "x": 1}', {"content-type": "application/json"}, 422, "nothing else"),
        (b"not gzip", {"content-encoding": "gzip"}, 422, "not gzip"),
        (gzip.compress(b"{}" * 99, mtime=0)[:-9], {"content-encoding": "gzip"}, 422, "ends in its middle"),
        (gzip.compress(b" " * 10_001, mtime=0), {"content-encoding": "gzip"}, 413, "in parts"),
        (b"{}\n" * 11, {}, 413, "at most 10 are taken"),
    ],
)
def test_a_request_that_is_wrong_as_a_whole_is_a_problem(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, content: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    monkeypatch.setattr(costs, "LARGEST_BODY", 10_000)
    monkeypatch.setattr(costs, "MOST_RECORDS", 10)
    answer = client.post("/v1/cost", content=content, headers={"content-type": "application/x-ndjson", **headers})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_a_body_that_never_ends_is_left(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "LARGEST_BODY", 10_000)
    answer = client.post(
        "/v1/cost", content=(b" " * 1000 for _ in range(20)), headers={"content-type": "application/x-ndjson"}
    )
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


@pytest.mark.parametrize("asked", [{"currency": "XXX"}, {"currency": "usd"}, {"as_of": "yesterday"}, {"knwon_at": AT}])
def test_a_question_that_is_not_understood_is_refused(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.post("/v1/cost", params=asked, content=b"{}", headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 422
    assert next(iter(asked)) in answer.json()["detail"]


def test_asking_with_get_is_told_what_to_do(client: TestClient) -> None:
    answer = client.get("/v1/cost")
    assert (answer.status_code, answer.json()["detail"]) == (405, "POST alone is answered here.")
    assert client.post("/v1/prices").json()["detail"] == "Only GET and HEAD are answered here."


def test_many_records_come_back_in_their_order(client: TestClient, rows: Rows) -> None:
    for number in range(7):
        rows.price(str(number + 1), NOW - DAY, model=f"m{number}")
    usages = [
        {"id": number, "provider": "deepseek", "model": f"m{number % 7}", "at": AT, "input": 1_000_000}
        for number in range(1300)
    ]
    answered = told(client, *usages)
    assert [one["id"] for one in answered] == list(range(1300))
    assert [one["cost"] for one in answered] == [str(number % 7 + 1) for number in range(1300)]


def test_a_price_is_converted_by_the_day_that_was_asked_about(client: TestClient, rows: Rows) -> None:
    rows.price("2", NOW - 40 * DAY)
    asked = {"as_of": "2026-05-22T16:10:00Z", "currency": "CNY"}
    [price] = client.get("/v1/prices", params=asked).json()["prices"]
    assert (price["amount"], price["currency"], price["valid_from"]) == ("2", "USD", "2026-04-12T16:10:00Z")
    assert (price["converted"]["currency"], price["converted"]["rate_date"]) == ("CNY", "2026-05-22")
    assert client.get("/v1/prices", params={"currency": "ABC"}).status_code == 422
    [unrated] = client.get("/v1/prices", params={**asked, "currency": "EEK"}).json()["prices"]
    assert unrated["converted"] is None


def test_a_move_of_the_yuan_is_no_change(client: TestClient, rows: Rows) -> None:
    rows.price("2", NOW - 40 * DAY)
    days = ["2026-05-04T00:00:00Z", "2026-05-22T16:10:00Z"]
    rates = {
        client.get("/v1/prices", params={"as_of": day, "currency": "CNY"}).json()["prices"][0]["converted"]["rate"]
        for day in days
    }
    assert len(rates) == 2
    assert client.get("/v1/changes").json()["changes"] == []
    assert client.get("/v1/history", params={"provider": "deepseek", "model": "v4"}).json()["versions"][0][
        "amount"] == "2"  # fmt: skip


def test_costs_survive_a_clock_between_days(client: TestClient, rows: Rows) -> None:
    sold(rows)
    later = {**USAGE, "at": (NOW + timedelta(days=3000)).isoformat()}
    [cost] = told(client, later, currency="EUR")
    assert "the newest rate of this installation" in cost["converted"]["note"]
    assert told(client, {**USAGE, "at": (NOW - HOUR).isoformat()})[0]["missing"][0]["reason"] == "no_price_then"
