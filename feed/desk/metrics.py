"""/metrics: how the sources and the alerts are doing, for Prometheus."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from feed.alerts.attempts import BEYOND, TOOK_TO_MS
from feed.alerts.measures import Attempts, Measures, measures
from feed.answers import answers_of
from feed.health import health
from history import queries
from history.db import reading
from history.queries import SourceStatus

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Counted from the database, so that every process tells the same, and counters survive restarts."""
    answers = answers_of(request)
    now = answers.clock()
    with reading(answers.engine) as connection:
        collected = _Collected(measures(connection), queries.statuses(connection, now), now)
    registry = CollectorRegistry()
    registry.register(collected)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"})


class _Collected(Collector):
    def __init__(self, alerts: Measures, sources: Sequence[SourceStatus], now: datetime) -> None:
        self._alerts, self._sources, self._now = alerts, sources, now

    def collect(self) -> Iterator[Metric]:
        yield from self._of_sources()
        alerts = self._alerts
        waited = (self._now - alerts.oldest).total_seconds() if alerts.oldest else 0
        yield _gauge(
            "tokentape_deliveries_pending", "Messages that a subscription has still to be told.", alerts.pending
        )
        yield _gauge("tokentape_oldest_pending_seconds", "For how long the oldest of them has waited.", waited)
        yield _gauges("tokentape_turns", "Subscriptions that wait to be told, by line.", "line", alerts.turns)
        yield _gauges("tokentape_subscriptions", "Subscriptions, by state.", "state", alerts.subscriptions)
        yield from _of_attempts(alerts.attempts)

    def _of_sources(self) -> Iterator[Metric]:
        words = Counter(health(source, self._now).word for source in self._sources)
        yield _gauges("tokentape_sources", "Price sources, by how they fare.", "health", words)
        ages = GaugeMetricFamily(
            "tokentape_source_age_seconds", "Since a source was last read well.", labels=["source"]
        )
        for source in self._sources:
            if source.last_success is not None:
                age = self._now - source.last_success.observed_at
                ages.add_metric([source.name], age.total_seconds())
        yield ages


def _of_attempts(counted: Sequence[Attempts]) -> Iterator[Metric]:
    results = CounterMetricFamily("tokentape_attempts", "Attempts to deliver, by result.", labels=["result"])
    latency = HistogramMetricFamily("tokentape_attempt_seconds", "How long attempts took.", labels=["result"])
    by_result: dict[str, dict[int, Attempts]] = defaultdict(dict)
    for one in counted:
        by_result[one.result][one.took_to_ms] = one
    for result, buckets in by_result.items():
        total, upper = 0, []
        for bound in (*TOOK_TO_MS, BEYOND):
            total += buckets[bound].attempts if bound in buckets else 0
            upper.append(("+Inf" if bound == BEYOND else str(bound / 1000), total))
        results.add_metric([result], total)
        latency.add_metric([result], upper, sum(one.took_ms for one in buckets.values()) / 1000)
    yield results
    yield latency


def _gauge(name: str, about: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, about)
    gauge.add_metric([], value)
    return gauge


def _gauges(name: str, about: str, label: str, values: Mapping[Any, int]) -> Metric:
    gauges = GaugeMetricFamily(name, about, labels=[label])
    for word, value in sorted(values.items()):
        gauges.add_metric([word], value)
    return gauges
