"""How each source fares: its last runs, what it sells, and what is seen but not believed yet."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, select

from history.model import Outcome, Quote
from history.queries.runs import RunRecord, as_record, records
from history.shapes import Drifting, drifting, requests_on_day
from history.tables import held, host, offer, provider, run, series, source, volume


class HeldPrice(NamedTuple):
    """A price that was seen but is held back by a rule. `seen` None: seen to be gone."""

    model: str
    tier: str
    region: str
    unit: str
    conditions: str
    rule: str
    believed: Quote | None
    seen: Quote | None
    first_seen_at: datetime
    run_id: int


class SourceStatus(NamedTuple):
    """One source, and what it states; `newest` is its newest crawl, well or not. A success is complete or partial;
    `drifting` is in what the last one has drifted. `daily_budget` None: no crawl has told of one yet."""

    name: str
    provider: str
    url: str
    interval_s: int
    verified: str
    paused_until: datetime | None
    offers: int
    newest: RunRecord | None
    last_success: RunRecord | None
    last_failure: RunRecord | None
    held: tuple[HeldPrice, ...]
    daily_budget: int | None
    requests_today: int
    drifting: Drifting | None
    states: Literal["offers", "volumes", "hosts"] = "offers"


def statuses(connection: Connection, now: datetime) -> list[SourceStatus]:
    """Every source, by name; today is the day of UTC that `now` is in."""
    newest = _last(connection)
    successes = _last(connection, run.c.outcome != Outcome.FAILED.value)
    failures = _last(connection, run.c.failure.is_not(None))
    live, waiting, others = _live_offers(connection), _held(connection), _others(connection)
    drifted = drifting(connection, [success.id for success in successes.values()])
    drifts = {name: drifted.get(success.id) for name, success in successes.items()}
    sent = requests_on_day(connection, now)
    columns = (source.c.id, source.c.name, provider.c.slug, source.c.url, source.c.interval_s, source.c.verified)
    listed = select(*columns, source.c.paused_until, source.c.daily_budget).join(provider).order_by(source.c.name)
    return [
        SourceStatus(
            *row[1:-1], live.get(row.id, 0), newest.get(row.name), successes.get(row.name), failures.get(row.name),
            tuple(waiting[row.id]), row.daily_budget, sent.get(row.name, 0), drifts.get(row.name),
            others.get(row.id, "offers"),
        )
        for row in connection.execute(listed)
    ]  # fmt: skip


def _last(connection: Connection, *such: ColumnElement[bool]) -> dict[str, RunRecord]:
    """The newest such crawl of each source, by the source's name."""
    newest = (
        select(run.c.id)
        .where(run.c.source_id == source.c.id, run.c.kind == "crawl", *such)
        .order_by(run.c.observed_at.desc())
        .limit(1)
        .correlate(source)
        .scalar_subquery()
    )
    found = connection.execute(records().where(run.c.id == newest))
    return {row.name: as_record(row) for row in found}


def _live_offers(connection: Connection) -> dict[int, int]:
    counted = select(offer.c.source_id, func.count()).where(offer.c.withdrawn.is_(False)).group_by(offer.c.source_id)
    return dict(connection.execute(counted).all())


def _others(connection: Connection) -> dict[int, Literal["volumes", "hosts"]]:
    """The sources that state something other than offers."""
    with_volumes = select(source.c.id).where(exists().where(volume.c.source_id == source.c.id))
    with_hosts = select(source.c.id).where(exists().where(host.c.source_id == source.c.id))
    return {
        **dict.fromkeys(connection.execute(with_volumes).scalars(), "volumes"),
        **dict.fromkeys(connection.execute(with_hosts).scalars(), "hosts"),
    }


def _held(connection: Connection) -> dict[int, list[HeldPrice]]:
    waiting: dict[int, list[HeldPrice]] = defaultdict(list)
    columns = (
        offer.c.source_id, offer.c.model, offer.c.tier, offer.c.region, series.c.unit, series.c.conditions, held.c.rule,
        series.c.quote.label("believed"), held.c.quote.label("seen"), held.c.first_seen_at, held.c.run_id,
    )  # fmt: skip
    order = (offer.c.model, offer.c.tier, offer.c.region, series.c.unit, series.c.conditions)
    for row in connection.execute(select(*columns).select_from(held.join(series).join(offer)).order_by(*order)):
        waiting[row.source_id].append(_held_price(row))
    return waiting


def _held_price(row: Any) -> HeldPrice:
    price = HeldPrice._make(row[1:])
    return price._replace(believed=_parsed(row.believed), seen=_parsed(row.seen))


def _parsed(text: str | None) -> Quote | None:
    return None if text is None else Quote.parse(text)
