"""Pages of a subscription through the whole pipeline: the events and the answers are those of brute force."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from crawler.replay import captures_in, replay, reread
from feed.app import create_app
from history import tables as t
from history.db import reading as reading_from
from history.recorder import Recorded

# Plan → (price a month, requests every 5 hours), page by page, a day apart: a cut, another quota, a plan that goes, a
# plan that comes and one that is missing once only.
PAGES: list[dict[str, tuple[str, str]]] = [
    {"Starter": ("10", "1,500"), "Plus": ("20", "4,500"), "Max": ("50", "15,000")},
    {"Starter": ("10", "1,500"), "Plus": ("14.9", "4,500"), "Max": ("50", "15,000")},
    {"Plus": ("14.9", "4,500"), "Max": ("50", "30,000")},
    {"Plus": ("14.9", "4,500"), "Max": ("50", "30,000"), "Ultra": ("120", "60,000")},
    {"Plus": ("14.9", "6,000"), "Ultra": ("120", "60,000")},
    {"Plus": ("16", "6,000"), "Max": ("50", "30,000"), "Ultra": ("120", "60,000")},
]
FIRST = datetime(2026, 6, 1, 12, tzinfo=UTC)
Told = tuple[datetime, str, str, str, str]


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def written(plans: dict[str, tuple[str, str]]) -> str:
    rows = [["", *plans], [":-"] * (len(plans) + 1)]
    rows.append(["Price", *(f"\\${price} /month" for price, _ in plans.values())])
    rows.append(["M2.7", *(f"{quota} requests/5 hours" for _, quota in plans.values())])
    return "# Token Plan\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    for number, plans in enumerate(PAGES):
        folder = tmp_path / "minimax_plans" / f"{day(number):%Y-%m-%d}"
        folder.mkdir(parents=True)
        (folder / "body.md").write_text(written(plans), encoding="utf-8")
        about = {
            "url": "https://acme.example/plans.md",
            "captured": day(number).isoformat(),
            "media_type": "text/markdown",
        }
        (folder / "capture.json").write_text(json.dumps(about), encoding="utf-8")
    return tmp_path


def expected() -> Iterator[Told]:
    """What a reader of the pages in a row would tell; the first is where telling begins."""
    known, missing = dict(PAGES[0]), dict.fromkeys(PAGES[0], 0)
    for number, page in enumerate(PAGES[1:], 1):
        for plan, (price, quota) in page.items():
            if plan not in known:
                yield day(number), "offer_added", plan, "", quota
                yield day(number), "price_added", plan, "", price
            else:
                before, had = known[plan]
                if before != price:
                    kind = "price_lowered" if Decimal(price) < Decimal(before) else "price_raised"
                    yield day(number), kind, plan, before, price
                if had != quota:
                    yield day(number), "terms_changed", plan, had, quota
            known[plan], missing[plan] = (price, quota), 0
        for plan in [plan for plan in known if plan not in page]:
            missing[plan] += 1
            if missing[plan] == 3:
                price, quota = known.pop(plan)
                yield day(number - 2), "offer_withdrawn", plan, quota, ""
                yield day(number - 2), "price_removed", plan, price, ""


def told(engine: Engine) -> list[Told]:
    event = t.change_event.c
    listed = select(t.change_event, t.offer.c.model).join(t.offer, t.offer.c.id == event.offer_id).order_by(event.id)
    with reading_from(engine) as connection:
        rows = connection.execute(listed).all()
    return [(row.effective_at, row.kind, row.model.removeprefix("Token Plan "), _was(row), _is(row)) for row in rows]


def _was(row: Any) -> str:
    return _side(row.old_amount, row.old_terms)


def _is(row: Any) -> str:
    return _side(row.new_amount, row.new_terms)


def _side(amount: Decimal | None, terms: str | None) -> str:
    if terms is None:
        return "" if amount is None else str(amount)
    [quota] = json.loads(terms)
    return f"{int(quota.split()[1]):,}"


def test_the_events_are_exactly_those_of_brute_force(engine: Engine, captures: Path) -> None:
    runs = list(replay(engine, captures_in(captures)))
    assert all(isinstance(run, Recorded) and run.outcome == "complete" for run in runs)
    assert sorted(told(engine)) == sorted(expected())
    kinds = {kind for _, kind, *_ in told(engine)}
    assert kinds >= {"price_lowered", "price_raised", "terms_changed", "offer_added", "offer_withdrawn"}


def test_the_plans_of_every_day_are_those_that_its_page_showed(engine: Engine, captures: Path) -> None:
    list(replay(engine, captures_in(captures)))
    with TestClient(create_app(engine, "https://tape.example", lambda: day(9))) as client:
        for number, page in enumerate(PAGES):
            found = client.get("/v1/plans", params={"as_of": day(number).isoformat()}).json()["plans"]
            shown = {plan["plan"].removeprefix("Token Plan "): _shown(plan) for plan in found}
            # Missing once is not gone.
            assert shown == {**({"Max": ("50", "30,000")} if number == 4 else {}), **page}
        titles = [item["title"] for item in client.get("/feeds/changes.json").json()["items"]]
    assert "Token Plan Plus: $20 → $14.9 a month (−26 %)".replace("14.9 ", "14.90 ") in titles
    assert "Token Plan Max: quota 15,000 → 30,000 requests per 5 hours" in titles
    assert "Token Plan Ultra: new plan with 60,000 requests per 5 hours, $120 a month" in titles
    assert "Token Plan Starter: plan withdrawn" in titles


def _shown(plan: dict[str, Any]) -> tuple[str, str]:
    [price], [quota] = plan["prices"], plan["quotas"]
    assert (price["unit"], quota["unit"], quota["window"]) == ("plan_months", "requests", "5 hours")
    return price["amount"], f"{int(quota['amount']):,}"


def test_reading_the_stored_pages_again_tells_nothing_new(engine: Engine, captures: Path) -> None:
    list(replay(engine, captures_in(captures)))
    before = told(engine)
    again = reread(engine, "minimax_plans", day(9), force=True)
    assert again is not None
    assert again.events == 0
    assert told(engine) == before
