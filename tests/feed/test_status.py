"""How the sources fare, for machines and for a person."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.app import create_app
from feed.health import health
from history import queries
from history.db import connect, reading
from history.drift import Shape, TableShape
from tests.feed.conftest import Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows, usd


def told(engine: Engine, at: datetime = NOW + HOUR) -> tuple[str, str]:
    with reading(engine) as connection:
        [source] = queries.statuses(connection, at)
    return health(source, at)[:2]


def test_a_source_that_was_read_is_well(engine: Engine, rows: Rows) -> None:
    rows.run(offers=12)
    assert told(engine) == ("ok", "Read 1 hour ago, 12 offers.")


def test_a_source_that_was_never_read_says_so(engine: Engine, rows: Rows) -> None:
    rows.source()
    assert told(engine) == ("never_run", "Not read yet.")


def test_a_failure_has_its_name_and_the_age_of_the_prices(engine: Engine, rows: Rows) -> None:
    rows.run(NOW - DAY)
    rows.run(NOW, outcome="failed", failure="PageChanged", message="the header 'Input' is gone")
    assert told(engine) == (
        "failing",
        "PageChanged: the header 'Input' is gone, at 2026-05-22 16:10 UTC. The prices are from 2026-05-21 16:10 UTC.",
    )


def test_a_source_that_always_failed_has_no_prices(engine: Engine, rows: Rows) -> None:
    rows.run(outcome="failed", failure="FetchFailed", message="503")
    assert told(engine)[1].endswith("It was never read well.")


def test_a_schedule_that_stopped_makes_a_source_stale(engine: Engine, rows: Rows) -> None:
    rows.run()
    assert told(engine, NOW + 3 * HOUR)[0] == "ok"
    assert told(engine, NOW + 2 * DAY) == ("stale", "Read well, but last 2 days ago; it is due every 1 h.")


def test_too_few_offers_are_a_failure_but_a_rejected_one_is_not(engine: Engine, rows: Rows) -> None:
    rows.run(NOW - HOUR, outcome="partial", failure="TooFewOffers", message="2 of 10 offers")
    assert told(engine)[0] == "failing"
    rows.run(NOW, outcome="partial", failure="Rejection(negative)", message="1 of 9 offers left out")
    assert told(engine) == ("ok", "Read 1 hour ago, 1 offer. 1 of 9 offers left out.")


def test_what_waits_and_what_pauses_is_said(engine: Engine, rows: Rows) -> None:
    rows.source(paused_until=NOW + DAY)
    rows.held(rows.series(quote=usd("1")), "implausible_factor", None, NOW, rows.run())
    assert told(engine)[1] == (
        "Read 1 hour ago, 1 offer. 1 price waits for a second look. "
        "Paused until 2026-05-23 16:10 UTC, at the source's own wish."
    )


def test_the_status_tells_everything_about_a_source(client: TestClient, rows: Rows) -> None:
    good = rows.run(NOW, unread={"audio": 1})
    rows.held(rows.series(quote=usd("1")), "implausible_factor", usd("1000"), NOW, good)
    answer = client.get("/v1/status")
    [source] = answer.json()["sources"]
    assert "etag" not in answer.headers
    assert (source["health"], source["age_s"], source["unread"], source["offers"]) == ("ok", 3600, {"audio": 1}, 1)
    assert source["last_success"] == {
        "run": good, "at": "2026-05-22T16:10:00Z", "outcome": "complete", "failure": None, "message": None,
    }  # fmt: skip
    [held] = source["held"]
    assert (held["rule"], held["believed"]["amount"], held["seen"]["amount"]) == ("implausible_factor", "1", "1000")


PRICES = TableShape(("Model", "Input", "Output"), 8, "Text")
USUAL, NARROW = Shape((PRICES,)), Shape((PRICES._replace(header=("Model", "Input")),))
LOST = "table 1 'Model | Input | Output' under 'Text' lost the column 'Output'"


def drift(rows: Rows, **of_the_second: Any) -> tuple[int, int]:
    """A good run a day before, and one that has drifted from it."""
    good = rows.shape(rows.run(NOW - DAY, offers=20), USUAL)
    return good, rows.shape(rows.run(NOW, **{"offers": 20, **of_the_second}), NARROW, good)


def test_a_source_that_has_drifted_says_since_when_and_in_what(engine: Engine, rows: Rows) -> None:
    drift(rows)
    assert told(engine) == (
        "drifting",
        f"Read 1 hour ago, 20 offers. Since 2026-05-22 16:10 UTC it is not what it was: {LOST}.",
    )


def test_what_there_is_no_room_for_is_counted(engine: Engine, rows: Rows) -> None:
    good = rows.shape(rows.run(NOW - DAY, offers=20), Shape((PRICES,) * 4))
    rows.shape(rows.run(NOW, offers=5), Shape(), good)
    assert told(engine)[1].count("is gone") == 2
    assert "5 offers where there were 20; table 1" in told(engine)[1]
    assert told(engine)[1].endswith("; and 2 more.")


def test_a_source_that_fails_after_it_had_drifted_says_both(engine: Engine, rows: Rows) -> None:
    drift(rows)
    rows.run(NOW + HOUR / 2, outcome="failed", failure="PageChanged", message="no column 'Input'")
    word, sentence = told(engine)
    assert word == "failing"
    assert f"The prices are from 2026-05-22 16:10 UTC. It had drifted before that: {LOST}." in sentence


def test_an_old_drift_is_stale_first_and_a_drift_that_is_over_is_not_told(engine: Engine, rows: Rows) -> None:
    drift(rows)
    assert told(engine, NOW + 2 * DAY)[0] == "stale"
    rows.shape(rows.run(NOW + HOUR, offers=20), USUAL)
    assert told(engine, NOW + 2 * HOUR) == ("ok", "Read 1 hour ago, 20 offers.")


def test_a_spent_budget_is_not_called_the_wish_of_the_source(engine: Engine, rows: Rows) -> None:
    rows.source(paused_until=NOW + DAY)
    rows.run(outcome="failed", failure="BudgetSpent", message="200 of the 200 requests")
    assert told(engine)[1].endswith("Paused until 2026-05-23 16:10 UTC, the requests of its day are spent.")


def test_the_status_tells_the_drift_to_machines(client: TestClient, rows: Rows) -> None:
    good, _ = drift(rows, offers=4)
    [source] = client.get("/v1/status").json()["sources"]
    assert (source["health"], source["measured_by"], source["drifting_since"]) == (
        "drifting", good, "2026-05-22T16:10:00Z",
    )  # fmt: skip
    offers, table = source["drift"]
    assert (offers["kind"], offers["before"], offers["now"]) == ("offers", 20, 4)
    assert table == {
        "kind": "table_changed", "sentence": LOST, "table": 1, "header": "Model | Input | Output", "heading": "Text",
        "lost": ["Output"], "gained": [], "before": None, "now": None,
    }  # fmt: skip


def test_the_status_tells_what_a_source_may_cost_and_has_cost_today(client: TestClient, rows: Rows) -> None:
    rows.source(daily_budget=48)
    rows.shape(rows.run(NOW - DAY), requests=30)
    for hours in range(3):
        rows.shape(rows.run(NOW - hours * HOUR), requests=5)
    rows.source("new")
    told = {each["source"]: (each["requests_today"], each["daily_budget"]) for each in sources(client)}
    assert told == {"deepseek": (15, 48), "new": (0, None)}
    assert [each["drift"] for each in sources(client)] == [[], []]


def sources(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/v1/status").json()["sources"])


def test_alive_and_ready_are_two_questions(client: TestClient, blank_engine: Engine, clock: Clock) -> None:
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    unready = TestClient(create_app(blank_engine, "https://tape.example", clock))
    assert [unready.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
    answer = unready.get("/v1/prices")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "10"


@pytest.mark.parametrize(
    "path", ["/readyz", "/v1/status", "/v1/prices?model=x", "/v1/changes", "/feeds/changes.atom", "/"]
)
def test_a_database_that_is_away_is_a_503(path: str) -> None:
    away = connect("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    answer = TestClient(create_app(away, "https://tape.example"), raise_server_exceptions=False).get(path)
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    away.dispose()
