"""/v1/prices and /v1/history as a reader has them."""

from datetime import timedelta

from starlette.testclient import TestClient

from history.model import Conditions
from tests.feed.conftest import Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows


def amounts(client: TestClient, **asked: str) -> list[str]:
    answer = client.get("/v1/prices", params=asked)
    assert answer.status_code == 200, answer.text
    return [price["amount"] for price in answer.json()["prices"]]


def test_a_price_is_told_with_its_unit_its_time_and_its_evidence(client: TestClient, rows: Rows) -> None:
    rows.price("0.14", NOW, conditions=Conditions(min_input_tokens=256_001))
    [price] = client.get("/v1/prices").json()["prices"]
    [page] = price.pop("evidence")
    assert price == {
        "provider": "deepseek", "source": "deepseek", "model": "v4", "tier": "standard", "region": "",
        "unit": "input_tokens", "conditions": {"min_input_tokens": 256001}, "amount": "0.14", "currency": "USD",
        "per": 1000000, "per_million": "0.14", "list_amount": None, "ends_at": None, "basis": "first_seen",
        "witness": "first_party", "run": 1,
        "valid_from": "2026-05-22T16:10:00Z", "valid_to": None, "recorded_at": "2026-05-22T16:10:00Z",
    }  # fmt: skip
    assert client.get(page["snapshot"] + "/body").text == "page 1"


def test_money_is_plain_text_however_small(client: TestClient, rows: Rows) -> None:
    rows.price("0.00000015", NOW, per=1)
    rows.price("0.04", NOW, unit="images", per=1)
    tokens, images = client.get("/v1/prices").json()["prices"]
    assert (tokens["amount"], tokens["per"], tokens["per_million"]) == ("0.00000015", 1, "0.15")
    assert "per_million" not in images


def test_both_time_axes_are_asked_apart(client: TestClient, rows: Rows) -> None:
    rows.price("10", NOW - DAY, superseded_at=NOW)
    rows.price("1", NOW - DAY, recorded_at=NOW)
    then, before = "2026-05-22T00:00:00Z", "2026-05-22T16:00:00Z"
    assert amounts(client, as_of=then) == ["1"]
    assert amounts(client, as_of=then, known_at=before) == ["10"]
    assert amounts(client, as_of="2026-05-20T00:00:00Z") == []


def test_an_offset_is_understood_even_where_plus_became_a_space(client: TestClient, rows: Rows) -> None:
    rows.price("1", NOW)
    assert client.get("/v1/prices?as_of=2026-05-22T18:10:00+02:00").json()["prices"] != []
    assert client.get("/v1/prices?as_of=2026-05-22T18:09:59%2B02:00").json()["prices"] == []


def test_filters_name_who_sells(client: TestClient, rows: Rows) -> None:
    rows.source("openrouter", kind="gateway")
    rows.source("volcengine", kind="cloud")
    rows.price("1", NOW)
    rows.price("2", NOW, source="openrouter")
    rows.price("3", NOW, source="volcengine")
    assert amounts(client) == ["1", "2", "3"]
    assert [amounts(client, seller=one) for one in ("first_party", "gateway", "cloud")] == [["1"], ["2"], ["3"]]


def test_pages_lead_from_one_to_the_next_and_end(client: TestClient, rows: Rows) -> None:
    for number in range(5):
        rows.price(str(number), NOW, model=f"m{number}")
    read, url = [], "/v1/prices?limit=2"
    while url:
        answer = client.get(url)
        read += [price["amount"] for price in answer.json()["prices"]]
        assert (answer.json()["next_cursor"] is None) == ("next" not in answer.links)
        url = answer.links.get("next", {}).get("url", "")
    assert read == ["0", "1", "2", "3", "4"]


def test_an_announced_price_makes_a_new_answer_on_its_day(client: TestClient, rows: Rows, clock: Clock) -> None:
    rows.price("1", NOW)
    rows.price("2", NOW + DAY, recorded_at=NOW)
    first = client.get("/v1/prices")
    clock.now = NOW + DAY - timedelta(seconds=1)
    assert client.get("/v1/prices", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    clock.now = NOW + DAY
    second = client.get("/v1/prices", headers={"if-none-match": first.headers["etag"]})
    assert [price["amount"] for price in second.json()["prices"]] == ["2"]
    assert second.headers["last-modified"] == "Sat, 23 May 2026 16:10:00 GMT"


def test_only_the_pinned_past_is_immutable(client: TestClient, rows: Rows) -> None:
    rows.price("1", NOW)
    past, future = "2026-05-22T16:30:00Z", "2027-01-01T00:00:00Z"

    def lasting(**asked: str) -> bool:
        return "immutable" in client.get("/v1/prices", params=asked).headers["cache-control"]

    assert lasting(as_of=past, known_at=past)
    assert not lasting(as_of=past)
    assert not lasting(as_of=past, known_at=future)


def test_the_history_of_a_model_has_corrections_and_ends(client: TestClient, rows: Rows) -> None:
    rows.price("9", NOW - DAY, superseded_at=NOW)
    rows.price("1", NOW - DAY, recorded_at=NOW)
    rows.price(None, NOW + HOUR)
    versions = client.get("/v1/history?provider=deepseek&model=v4").json()["versions"]
    assert [(one["amount"], one["superseded_at"], one["valid_to"]) for one in versions] == [
        ("9", "2026-05-22T16:10:00Z", None), ("1", None, "2026-05-22T17:10:00Z"), (None, None, None),
    ]  # fmt: skip
    assert all(one["evidence"] for one in versions)
    assert "per_million" not in versions[2]


def test_a_long_history_goes_on(client: TestClient, rows: Rows) -> None:
    for days in range(4):
        rows.price(str(days), NOW + days * DAY)
    first = client.get("/v1/history?provider=deepseek&model=v4&limit=3")
    rest = client.get(first.links["next"]["url"])
    assert [one["amount"] for one in first.json()["versions"] + rest.json()["versions"]] == ["0", "1", "2", "3"]


def test_a_model_that_nobody_knows_is_a_404_with_advice(client: TestClient, rows: Rows) -> None:
    rows.price("1", NOW)
    answer = client.get("/v1/history?provider=deepseek&model=v5")
    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("/v1/models?q= finds names.")
