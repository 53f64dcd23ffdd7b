"""/v1/plans, and what the rest of the service says of subscriptions."""

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.headlines import headline
from feed.wording import sentences
from history import queries
from history.db import reading
from history.model import Quote
from tests.feed.rows import DAY, NOW, Rows, moved

FEW, MANY = "quota: 1500 requests per 5 hours", "quota: 3000 requests per 5 hours"


def month(amount: str, currency: str = "USD") -> Quote:
    return Quote(Decimal(amount), currency, 1)


def sell(rows: Rows, model: str, amount: str, *terms: str, unit: str = "plan_months", **offer: Any) -> int:
    rows.offer(model, "plan", terms=terms, **offer)
    return rows.price(amount, NOW - DAY, unit=unit, per=1, model=model, tier="plan", **offer)


def plans(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/plans", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["plans"]
    return found


def test_a_plan_is_told_with_its_prices_its_quotas_and_its_evidence(client: TestClient, rows: Rows) -> None:
    sell(rows, "Plus", "9.9", "quota: about 300–1200 requests per 5 hours", "quota: unlimited chats", "first month: $1")
    sell(rows, "Plus", "99", unit="plan_years")
    [plan] = plans(client)
    monthly, yearly = plan.pop("prices")
    assert plan == {
        "provider": "deepseek", "source": "deepseek", "source_url": "https://deepseek.example/pricing", "plan": "Plus",
        "region": "", "terms": ["first month: $1"], "terms_since": None,
        "quotas": [
            {"amount": "300", "most": "1200", "unit": "requests", "window": "5 hours", "approximate": True},
            {"amount": None, "most": None, "unit": "chats", "window": None, "approximate": False},
        ],
    }  # fmt: skip
    [page] = monthly.pop("evidence")
    assert page["url"] == "https://deepseek.example/pricing"
    assert monthly == {
        "unit": "plan_months", "amount": "9.9", "currency": "USD", "months": 1, "billed_months": 1,
        "list_amount": None, "ends_at": None, "valid_from": "2026-05-21T16:10:00Z", "valid_to": None,
        "recorded_at": "2026-05-21T16:10:00Z", "basis": "first_seen", "run": 1,
    }  # fmt: skip
    assert (yearly["amount"], yearly["months"], yearly["billed_months"]) == ("99", 12, 12)


def test_a_month_that_is_billed_by_the_year_is_a_month_s_price(client: TestClient, rows: Rows) -> None:
    sell(rows, "Pro", "8", unit="plan_months_billed_yearly")
    [[price]] = [plan["prices"] for plan in plans(client)]
    assert (price["amount"], price["months"], price["billed_months"]) == ("8", 1, 12)


def test_plans_are_asked_by_provider_name_region_and_both_times(client: TestClient, rows: Rows) -> None:
    sell(rows, "Plus", "10")
    sell(rows, "Plus", "11", region="eu")
    sell(rows, "Go", "12", source="kimi")
    for asked, expected in [
        ({}, ["10", "11", "12"]),
        ({"provider": "kimi"}, ["12"]),
        ({"plan": "Plus"}, ["10", "11"]),
        ({"plan": "Plus", "region": ""}, ["10"]),
        ({"as_of": "2026-05-20T00:00:00Z"}, []),
        ({"known_at": "2026-05-20T00:00:00Z"}, []),
    ]:
        assert [plan["prices"][0]["amount"] for plan in plans(client, **asked)] == expected, asked


def test_the_terms_of_then_are_answered_for_then(client: TestClient, rows: Rows) -> None:
    sell(rows, "Plus", "10", MANY)
    rows.story(None, {"kind": "terms_changed", "old_terms": (FEW,), "new_terms": (MANY,)}, model="Plus", tier="plan")
    now, [then] = plans(client)[0], plans(client, as_of="2026-05-22T00:00:00Z")
    assert (now["quotas"][0]["amount"], now["terms_since"]) == ("3000", "2026-05-22T16:10:00Z")
    assert (then["quotas"][0]["amount"], then["terms_since"]) == ("1500", None)


def test_pages_of_plans_hold_each_of_them_once(client: TestClient, rows: Rows) -> None:
    for name in "abcde":
        sell(rows, name, "10")
    found, url = [], "/v1/plans?limit=2"
    for _ in range(3):
        answer = client.get(url)
        found += [plan["plan"] for plan in answer.json()["plans"]]
        link = re.match("<(.+)>; rel", answer.headers.get("link", ""))
        url = link[1] if link else ""
    assert found == list("abcde")
    assert url == ""
    cursor = client.get("/v1/plans?limit=2").json()["next_cursor"]
    assert client.get("/v1/plans", params={"cursor": cursor, "provider": "kimi"}).status_code == 422


def test_what_a_reader_has_already_is_not_sent_again(client: TestClient, rows: Rows) -> None:
    sell(rows, "Plus", "10")
    first = client.get("/v1/plans")
    assert client.get("/v1/plans", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    sell(rows, "Max", "50", source="kimi")
    again = client.get("/v1/plans", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, len(again.json()["plans"])) == (200, 2)


@pytest.mark.parametrize("asked", ["tier=plan", "model=Plus", "source=deepseek", "unit=plan_months"])
def test_prices_hold_a_plan_only_for_those_who_name_it(client: TestClient, rows: Rows, asked: str) -> None:
    sell(rows, "Plus", "10")
    rows.price("0.14", NOW)
    assert [price["model"] for price in client.get("/v1/prices").json()["prices"]] == ["v4"]
    assert "Plus" in [price["model"] for price in client.get(f"/v1/prices?{asked}").json()["prices"]]


def test_models_hold_a_plan_only_for_those_who_ask_for_plans(client: TestClient, rows: Rows) -> None:
    sell(rows, "Plus", "10")
    rows.offer("Enterprise", "plan", terms=("contact us",))
    rows.price("0.14", NOW)
    assert [one["model"] for one in client.get("/v1/models").json()["models"]] == ["v4"]
    assert [one["model"] for one in client.get("/v1/models?tier=plan").json()["models"]] == ["Enterprise", "Plus"]
    assert [plan["plan"] for plan in plans(client)] == ["Plus"]


def test_the_feeds_carry_what_became_different_of_plans(client: TestClient, rows: Rows) -> None:
    rows.story(None, moved("plan_months", month("9.9"), month("7.24")), model="Token Plan Plus", tier="plan")
    [item] = client.get("/feeds/changes.json").json()["items"]
    assert item["title"] == "Token Plan Plus: $9.90 → $7.24 a month (−27 %)"
    assert "monthly price: was $9.90, now $7.24 per month (−27 %)" in item["content_text"]
    assert "$9.90 → $7.24 a month (−27 %)" in client.get("/").text


TERMS = {"kind": "terms_changed", "old_terms": (FEW,), "new_terms": (MANY,)}
CASES: list[tuple[list[dict[str, Any]], str, list[str]]] = [
    (
        [TERMS],
        "Plus: quota 1,500 → 3,000 requests per 5 hours",
        ["plan: quota 1,500 → 3,000 requests per 5 hours"],
    ),
    (
        [moved("plan_months", month("49", "CNY"), month("59", "CNY")), TERMS],
        "Plus: 49 CNY → 59 CNY a month (+20 %), quota 1,500 → 3,000 requests per 5 hours",
        ["plan: quota 1,500 → 3,000 requests per 5 hours", "monthly price: was 49 CNY, now 59 CNY per month (+20 %)"],
    ),
    (
        [moved("plan_years", month("100"), month("80")), moved("plan_months", month("10"), month("8"))],
        "Plus: $10 → $8 a month (−20 %), $100 → $80 a year (−20 %)",
        ["monthly price: was $10, now $8 per month (−20 %)", "yearly price: was $100, now $80 per year (−20 %)"],
    ),
    (
        [{"kind": "offer_added", "new_terms": (FEW, "beta")}, moved("plan_months", None, month("20"))],
        "Plus: new plan with 1,500 requests per 5 hours, $20 a month",
        ["plan: new, “quota: 1500 requests per 5 hours”; “beta”", "monthly price: new price, $20 per month"],
    ),
    (
        [{"kind": "offer_added", "new_terms": ()}, moved("plan_months_billed_yearly", None, month("8"))],
        "Plus: new plan, $8 a month, billed yearly",
        ["plan: new", "monthly price billed yearly: new price, $8 per month"],
    ),
    (
        [{"kind": "offer_withdrawn", "old_terms": (FEW,)}, moved("plan_months", month("20"), None)],
        "Plus: plan withdrawn",
        ["plan: withdrawn, not seen since 2026-05-22 16:10 UTC", "monthly price: removed, was $20 per month"],
    ),
    (
        [moved("plan_quarters", month("27"), None)],
        "Plus: quarterly price removed",
        ["quarterly price: removed, was $27 per quarter"],
    ),
    (
        [moved("plan_months", month("10"), month("12"), "price_scheduled", effective_at=NOW + DAY)],
        "Plus: $10 → $12 a month (+20 %) from 2026-05-23",
        ["monthly price: $12 per month from 2026-05-23 16:10 UTC (+20 %); until then $10 per month"],
    ),
    (
        [moved("plan_months", month("10"), month("11"), "price_corrected")],
        "Plus: monthly price corrected to $11 a month",
        ["monthly price: corrected to $11 per month, was $10 per month"],
    ),
    (
        [moved("plan_months", month("10"), month("0"))],
        "Plus: now free",
        ["monthly price: was $10, now $0 per month (−100 %)"],
    ),
]


def told(engine: Engine, story_id: int) -> queries.Story:
    with reading(engine) as connection:
        story = queries.story(connection, story_id)
    assert story is not None
    return story


@pytest.mark.parametrize(("changes", "title", "lines"), CASES, ids=[title for _, title, _ in CASES])
def test_what_became_different_of_a_plan_reads_well(
    rows: Rows, engine: Engine, changes: list[dict[str, Any]], title: str, lines: list[str]
) -> None:
    story = told(engine, rows.story(None, *changes, model="Plus", tier="plan"))
    assert headline(story) == title
    assert sentences(story) == lines


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ((), (FEW,), "quota of 1,500 requests per 5 hours"),
        ((FEW,), (), "no quota of 1,500 requests per 5 hours any more"),
        ((FEW,), ("quota: unlimited requests per 5 hours",), "quota 1,500 → unlimited requests per 5 hours"),
        (("quota: about 40–80 prompts",), ("quota: 80 prompts",), "quota about 40–80 → 80 prompts"),
        (("quota: 4100000000 credits",), ("quota: 8200000001 credits",), "quota 4.1B → 8,200,000,001 credits"),
        (("quota: 60000000 credits per month",), ("quota: 0.5 GB",),
         "quota of 0.5 GB, no quota of 60M credits per month any more"),
        ((FEW, "beta"), (FEW, "legacy"), "now “legacy”, no longer “beta”"),
        ((FEW, "beta"), ("beta", FEW), "the same terms in another order"),
    ],
)  # fmt: skip
def test_quotas_are_told_in_figures_and_other_terms_as_written(
    rows: Rows, engine: Engine, old: tuple[str, ...], new: tuple[str, ...], words: str
) -> None:
    change = {"kind": "terms_changed", "old_terms": old, "new_terms": new}
    assert headline(told(engine, rows.story(None, change, model="Plus", tier="plan"))) == f"Plus: {words}"


def test_a_region_that_moves_alone_is_named(rows: Rows, engine: Engine) -> None:
    cut = moved("plan_months", month("6"), month("5"))
    story = told(engine, rows.story(None, {**cut, "region": "overseas"}, model="Lite", tier="plan"))
    assert headline(story) == "Lite: overseas $6 → $5 a month (−17 %)"
    assert sentences(story) == ["monthly price in overseas: was $6, now $5 per month (−17 %)"]
