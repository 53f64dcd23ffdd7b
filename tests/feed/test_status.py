"""How the sources fare, for machines and for a person."""

from datetime import datetime

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from feed.app import create_app
from feed.health import health
from history import queries
from history.db import connect, reading
from tests.feed.conftest import Clock
from tests.feed.rows import DAY, HOUR, NOW, Rows, usd


def told(engine: Engine, at: datetime = NOW + HOUR) -> tuple[str, str]:
    with reading(engine) as connection:
        [source] = queries.statuses(connection)
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
