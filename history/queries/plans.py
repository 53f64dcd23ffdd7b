"""Subscriptions as of a valid time, as believed at a recorded time: their prices and what they include."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from history.queries.prices import Price, as_of
from history.queries.scope import Scope, within
from history.quotas import PLAN_TIER
from history.tables import change_event, offer, provider, source

AT_ONCE = 1000


class PlanKey(NamedTuple):
    """Identity of a plan; plans are listed in its order."""

    provider: str
    model: str
    region: str
    source: str


class Plan(NamedTuple):
    """A subscription with a price in force. `terms` are those of the time asked for; `terms_since` is when they
    began, None where they have been the same since the plan was first seen."""

    key: PlanKey
    url: str
    prices: tuple[Price, ...]
    terms: tuple[str, ...]
    terms_since: datetime | None


def plans(
    connection: Connection, scope: Scope, at: datetime, known_at: datetime, *,
    after: PlanKey | None = None, limit: int = 100,
) -> list[Plan]:  # fmt: skip
    """The plans on sale at `at` as believed at `known_at`, from the plan after `after` on."""
    wanted = scope._replace(tier=PLAN_TIER)
    prices: dict[PlanKey, list[Price]] = defaultdict(list)
    for price in _prices(connection, wanted, at, known_at):
        prices[PlanKey(price.provider, price.model, price.region, price.source)].append(price)
    page = [key for key in sorted(prices) if after is None or key > after][:limit]
    offers = _offers(connection, wanted) if page else {}
    told = _terms_told(connection, [offers[key].id for key in page])
    found = list[Plan]()
    for key in page:
        terms, since = _terms_at(_terms(offers[key].terms), told[offers[key].id], at, known_at)
        found.append(Plan(key, offers[key].url, tuple(prices[key]), terms, since))
    return found


def _prices(connection: Connection, scope: Scope, at: datetime, known_at: datetime) -> Iterator[Price]:
    some = as_of(connection, scope, at, known_at, limit=AT_ONCE)
    yield from some
    while len(some) == AT_ONCE:
        some = as_of(connection, scope, at, known_at, after=some[-1].series_id, limit=AT_ONCE)
        yield from some


def _offers(connection: Connection, scope: Scope) -> dict[PlanKey, Any]:
    listed = (
        select(
            provider.c.slug, offer.c.model, offer.c.region, source.c.name, source.c.url, offer.c.id, offer.c.terms,
        )
        .select_from(provider.join(source).join(offer))
        .where(*within(tuple(scope.asked())))
    )  # fmt: skip
    rows = connection.execute(listed, scope.asked())
    return {PlanKey(row.slug, row.model, row.region, row.name): row for row in rows}


def _terms_told(connection: Connection, offer_ids: list[int]) -> dict[int, list[Any]]:
    """What was told of the terms of these offers, the newest first."""
    told: dict[int, list[Any]] = defaultdict(list)
    events = (
        select(change_event)
        .where(change_event.c.offer_id.in_(offer_ids), change_event.c.series_id.is_(None))
        .order_by(change_event.c.id.desc())
    )
    for row in connection.execute(events):
        told[row.offer_id].append(row)
    return told


def _terms_at(
    terms: tuple[str, ...], told: list[Any], at: datetime, known_at: datetime
) -> tuple[tuple[str, ...], datetime | None]:  # fmt: skip
    """Back from the terms of now: every change of terms has been told, with what they were before."""
    for event in told:
        if event.effective_at <= at and event.recorded_at <= known_at:
            return terms, event.effective_at
        terms = _terms(event.old_terms)
    return terms, None


def _terms(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text)) if text else ()
