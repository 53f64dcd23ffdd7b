"""/v1/discrepancies: both sides, each with its evidence."""

from fastapi.testclient import TestClient

from history.crosscheck import crosscheck
from history.db import recording
from tests.feed.rows import DAY, HOUR, NOW, Rows


def disagree(rows: Rows, *amounts: str) -> None:
    """DeepSeek moves its price again and again, and OpenRouter's route stays where it was."""
    rows.source("openrouter_endpoints", kind="gateway", provider="openrouter")
    rows.price("0.00000014", NOW - DAY, per=1, model="deepseek/deepseek-v4-flash", source="openrouter_endpoints",
               region="deepseek")  # fmt: skip
    for number, amount in enumerate(amounts):
        rows.price(amount, NOW - DAY + number * HOUR, model="deepseek-v4-flash")
        with recording(rows.engine) as connection:
            crosscheck(connection, NOW - DAY + number * HOUR)


def test_both_sides_are_told_with_their_evidence(client: TestClient, rows: Rows) -> None:
    disagree(rows, "0.28")
    (one,) = client.get("/v1/discrepancies").json()["discrepancies"]
    assert (one["provider"], one["model"], one["unit"]) == ("deepseek", "deepseek/deepseek-v4-flash", "input_tokens")
    assert (one["own"]["source"], one["own"]["quote"]["per_million"]) == ("deepseek", "0.28")
    witness = one["witness"]
    assert (witness["source"], witness["quote"]["per_million"]) == ("openrouter_endpoints", "0.14")
    assert witness["name"] == "deepseek/deepseek-v4-flash"
    assert one["ended_at"] is None
    for side in (one["own"], witness):
        assert client.get(side["evidence"][0]["snapshot"]).status_code == 200


def test_they_come_newest_first_in_pages_and_by_what_is_asked(client: TestClient, rows: Rows) -> None:
    disagree(rows, "0.28", "0.07", "0.5")
    first = client.get("/v1/discrepancies?limit=2").json()
    assert [one["own"]["quote"]["amount"] for one in first["discrepancies"]] == ["0.5", "0.07"]
    rest = client.get("/v1/discrepancies", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [one["own"]["quote"]["amount"] for one in rest["discrepancies"]] == ["0.28"]
    lasting = client.get("/v1/discrepancies?ended=false").json()["discrepancies"]
    assert [one["own"]["quote"]["amount"] for one in lasting] == ["0.5"]
    for asked, count in (("provider=deepseek", 3), ("model=nothing", 0), ("witness=openrouter_endpoints", 3)):
        assert len(client.get(f"/v1/discrepancies?{asked}").json()["discrepancies"]) == count
    assert client.get("/v1/discrepancies?models=x").status_code == 422
