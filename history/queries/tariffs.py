"""The prices of many models at once, all their versions as believed at a time: what bills are made of."""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    func,
    or_,
    select,
)

from history.columns import OPEN
from history.cost import PriceVersion, Tariff, price_of_one
from history.queries.prepared import Prepared
from history.tables import offer, price, provider, run, series, source

Sold = tuple[str, str]
_ABOUT = 6


def tariffs(connection: Connection, sold: Collection[Sold], known_at: datetime) -> dict[Sold, list[Tariff]]:
    """Every source's prices of these models, by (provider, model); without those that nobody knew then."""
    names = {"providers": sorted({who for who, _ in sold}), "models": sorted({model for _, model in sold})}
    listed: dict[str, Any] = dict(names)
    if connection.dialect.name == "sqlite":
        listed = {name: json.dumps(values) for name, values in names.items()}
    rows = _versions(connection.dialect).rows(connection, {**listed, "known_at": known_at})
    found: dict[Sold, list[Tariff]] = defaultdict(list)
    wanted = set(sold)
    for about, of in groupby(rows, key=lambda row: row[:_ABOUT]):
        if (about[0], about[1]) in wanted:
            versions = [PriceVersion._make((*row[_ABOUT:-1], price_of_one(row[10], row[12]), row[-1])) for row in of]
            found[about[0], about[1]].append(Tariff(about[2], about[3], about[4], about[5], versions, about[1]))
    return found


def newest_recorded(connection: Connection) -> datetime | None:
    """When the newest run of any source was recorded: what was known until then does not change any more."""
    newest = (
        select(run.c.recorded_at)
        .where(run.c.source_id == source.c.id, run.c.kind == bindparam("kind"))
        .order_by(run.c.observed_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = [connection.execute(select(func.max(newest)), {"kind": kind}).scalar() for kind in ("crawl", "reread")]
    return max((moment for moment in found if moment is not None), default=None)


def provider_slugs(connection: Connection) -> list[str]:
    """Everybody who bills anything."""
    return list(connection.execute(select(provider.c.slug).order_by(provider.c.slug)).scalars())


def models_of(connection: Connection, provider_slug: str) -> list[str]:
    """What one provider calls the models that it ever offered."""
    statement = select(offer.c.model).join(provider, provider.c.id == offer.c.provider_id)
    return list(connection.execute(statement.where(provider.c.slug == provider_slug).distinct()).scalars())


@lru_cache
def _versions(dialect: Dialect) -> Prepared:
    recorded, superseded = price.c.recorded_at, price.c.superseded_at
    known_at = bindparam("known_at", type_=recorded.type)
    quoted = ("amount", "currency", "per", "basis", "recorded_at", "run_id", "place")
    statement: Select[Any] = (
        select(
            provider.c.slug, offer.c.model, source.c.name, source.c.witness, offer.c.tier, offer.c.region,
            series.c.id, series.c.unit, series.c.conditions, price.c.valid_from, *(price.c[name] for name in quoted),
        )
        .select_from(
            offer.join(provider, provider.c.id == offer.c.provider_id)
            .join(source, source.c.id == offer.c.source_id)
            .join(series, series.c.offer_id == offer.c.id)
            .join(price, price.c.series_id == series.c.id)
        )
        .where(
            _is_one_of(offer.c.model, "models", dialect),
            _is_one_of(provider.c.slug, "providers", dialect),
            and_(recorded <= known_at, or_(superseded == OPEN, superseded > known_at)),
        )
        .order_by(provider.c.slug, offer.c.model, offer.c.id, series.c.id, price.c.valid_from)
    )  # fmt: skip
    return Prepared(statement, dialect)


def _is_one_of(column: ColumnElement[str], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """The values are one parameter: a list on PostgreSQL, a JSON array on SQLite, which has no lists."""
    if dialect.name == "sqlite":
        return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text)))
