"""/metrics: counted from the database, in the format that Prometheus reads."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from feed.alerts import attempts, queue
from feed.alerts.attempts import Batch
from feed.alerts.model import Attempt, Result
from feed.alerts.queue import Turn
from history.db import writing
from tests.feed.conftest import Clock
from tests.feed.rows import HOUR, NOW, Rows
from tests.feed.subscribers import add_subscriptions, tell

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_queue_and_the_attempts_are_counted(client: TestClient, rows: Rows, clock: Clock) -> None:
    with queue.adding(rows.engine) as connection:
        ids = add_subscriptions(connection, ["http://127.0.0.1:1/"] * 3)
        tell(connection, ids, times=2)
    with queue.taking(rows.engine) as connection:
        done = Attempt(ids[0], 1, NOW, 30, Result(204))
        late = Attempt(ids[1], 1, NOW, 15_001, Result(None, "no answer within 15 s"))
        over = [(Turn(ids[0], 0), NOW), (Turn(ids[1], 1), NOW + HOUR)]
        attempts.write(connection, Batch([(done, 1, "delivered"), (late, 1, "pending")]), "a", NOW)
    with writing(rows.engine) as connection:
        queue.claim(connection, "a", NOW, NOW, 9, 0)
    with queue.taking(rows.engine) as connection:
        attempts.write(connection, Batch(over=over), "a", NOW)
    clock.now = NOW + timedelta(minutes=2)
    found = samples(client)
    assert found["tokentape_deliveries_pending", frozenset()] == 5
    assert found["tokentape_oldest_pending_seconds", frozenset()] == 120
    assert found["tokentape_turns", frozenset({("line", "well")})] == 2
    assert found["tokentape_turns", frozenset({("line", "in_trouble")})] == 1
    assert found["tokentape_subscriptions", frozenset({("state", "active")})] == 3
    assert found["tokentape_attempts_total", frozenset({("result", "delivered")})] == 1
    assert found["tokentape_attempts_total", frozenset({("result", "unanswered")})] == 1
    bucket = "tokentape_attempt_seconds_bucket"
    assert found[bucket, frozenset({("result", "delivered"), ("le", "0.05")})] == 1
    assert found[bucket, frozenset({("result", "unanswered"), ("le", "15.0")})] == 0
    assert found[bucket, frozenset({("result", "unanswered"), ("le", "+Inf")})] == 1
    assert found["tokentape_attempt_seconds_sum", frozenset({("result", "unanswered")})] == 15.001


def test_an_empty_installation_has_metrics_too(client: TestClient) -> None:
    found = samples(client)
    assert found["tokentape_deliveries_pending", frozenset()] == 0
    assert found["tokentape_oldest_pending_seconds", frozenset()] == 0


def test_sources_are_counted_by_how_they_fare(client: TestClient, rows: Rows) -> None:
    rows.source("deepseek")
    assert samples(client)["tokentape_sources", frozenset({("health", "never_run")})] == 1
