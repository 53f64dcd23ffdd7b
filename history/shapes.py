"""The shapes of the runs: the only keeper of run_shape, and the rule by which a run is measured by another."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from history.drift import Drift, Shape, Sight, compare
from history.model import Outcome, Reading
from history.tables import run, run_shape, source
from history.times import midnight

# What a source has looked like for so long, in so many complete runs, is what it looks like now.
ACCEPTED_AFTER, ACCEPTED_RUNS = timedelta(days=7), 3

_baseline, _baseline_run = run_shape.alias("baseline"), run.alias("baseline_run")


class Drifting(NamedTuple):
    """In what the newest reading of a source differs from the run `baseline`, and since when."""

    run_id: int
    baseline: int
    baseline_at: datetime
    since: datetime
    drifts: tuple[Drift, ...]


def keep_shape(
    connection: Connection, source_id: int, run_id: int, outcome: Outcome, reading: Reading, offers: int
) -> None:
    """The shape of a run that has just been written, what it cost, and the run that it is measured by."""
    baseline_id = None
    if outcome is not Outcome.FAILED:
        sight = Sight(reading.shape, offers, reading.unread)
        before = _last_baseline(connection, source_id, run_id, reading.extractor)
        drifted = before is not None and bool(compare(_sight(before), sight))
        is_complete = outcome is Outcome.COMPLETE
        if drifted and not (is_complete and _is_accepted(connection, before.run_id, sight, reading.observed_at)):
            baseline_id = before.run_id
        elif is_complete:
            baseline_id = run_id
    row = {"run_id": run_id, "requests": reading.requests, "shape": reading.shape.text, "baseline_id": baseline_id}
    connection.execute(run_shape.insert(), row)


def drifting(connection: Connection, run_ids: Collection[int]) -> dict[int, Drifting]:
    """Of these runs, those that have drifted, by run."""
    measured = (
        select(
            run_shape.c.run_id, run_shape.c.shape, run.c.offers, run.c.unread, run_shape.c.baseline_id,
            _baseline_run.c.observed_at.label("baseline_at"), _baseline.c.shape.label("baseline_shape"),
            _baseline_run.c.offers.label("baseline_offers"), _baseline_run.c.unread.label("baseline_unread"),
        )
        .join_from(run_shape, run, run.c.id == run_shape.c.run_id)
        .join(_baseline, _baseline.c.run_id == run_shape.c.baseline_id)
        .join(_baseline_run, _baseline_run.c.id == run_shape.c.baseline_id)
        .where(run_shape.c.run_id.in_(run_ids), run_shape.c.baseline_id != run_shape.c.run_id)
    )  # fmt: skip
    found: dict[int, Drifting] = {}
    for row in connection.execute(measured):
        before = Sight(Shape.parse(row.baseline_shape), row.baseline_offers, json.loads(row.baseline_unread))
        since = _drifted_since(connection, row.baseline_id)
        drifts = tuple(compare(before, _sight(row)))
        found[row.run_id] = Drifting(row.run_id, row.baseline_id, row.baseline_at, since, drifts)
    return found


def requests_on_day(connection: Connection, now: datetime) -> dict[str, int]:
    """How many requests each source has cost its host on that day of UTC; a crawl counts on the day it began."""
    # Source by source: so each database goes by the index of its runs, and reads those of one day only.
    sent = (
        select(func.sum(run_shape.c.requests))
        .join(run, run.c.id == run_shape.c.run_id)
        .where(run.c.source_id == source.c.id, run.c.kind == "crawl")
        .where(run.c.observed_at >= midnight(now), run.c.observed_at < midnight(now) + timedelta(days=1))
        .correlate(source)
        .scalar_subquery()
    )
    return {name: int(count) for name, count in connection.execute(select(source.c.name, sent)) if count is not None}


def _last_baseline(connection: Connection, source_id: int, run_id: int, extractor: str) -> Any:
    """What the last complete run was measured by, if the same parser has read it: a new one begins anew."""
    newest = (
        select(run_shape.c.baseline_id)
        .join(run, run.c.id == run_shape.c.run_id)
        .where(run.c.source_id == source_id, run.c.kind == "crawl", run.c.id != run_id)
        .where(run.c.outcome == Outcome.COMPLETE.value)
        .order_by(run.c.observed_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    known = (
        select(run_shape.c.run_id, run_shape.c.shape, run.c.offers, run.c.unread)
        .join(run, run.c.id == run_shape.c.run_id)
        .where(run_shape.c.run_id == newest, run.c.extractor == extractor)
    )
    return connection.execute(known).first()


def _sight(row: Any) -> Sight:
    return Sight(Shape.parse(row.shape), row.offers, json.loads(row.unread))


def _is_accepted(connection: Connection, baseline_id: int, sight: Sight, now: datetime) -> bool:
    """Whether the source has looked like that for so long that it is no drift any more."""
    earlier = _drifted(baseline_id).add_columns(run_shape.c.shape, run.c.offers, run.c.unread)
    complete = earlier.where(run.c.outcome == Outcome.COMPLETE.value).order_by(run.c.observed_at.desc())
    old_enough = connection.execute(complete.where(run.c.observed_at <= now - ACCEPTED_AFTER).limit(1)).first()
    if old_enough is None or compare(_sight(old_enough), sight):
        return False
    return len(connection.execute(complete.limit(ACCEPTED_RUNS)).all()) + 1 >= ACCEPTED_RUNS


def _drifted_since(connection: Connection, baseline_id: int) -> datetime:
    """When the first run was that drifted from that one."""
    first = _drifted(baseline_id).order_by(run.c.observed_at).limit(1)
    since: datetime = connection.execute(first).scalar_one()
    return since


def _drifted(baseline_id: int) -> Select[Any]:
    return (
        select(run.c.observed_at)
        .join_from(run_shape, run, run.c.id == run_shape.c.run_id)
        .where(run_shape.c.baseline_id == baseline_id, run_shape.c.run_id != baseline_id)
    )
