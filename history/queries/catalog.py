"""Who sells what: providers with their sources, models with their offers."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, select, tuple_, union

from history.model import ProviderKind
from history.quotas import PLAN_TIER
from history.tables import offer, provider, source


class ListedSource(NamedTuple):
    """A price source of a provider."""

    name: str
    url: str


class ListedProvider(NamedTuple):
    """A provider, the sources of its prices and the number of offers that are not withdrawn."""

    slug: str
    name: str
    kind: ProviderKind
    offers: int
    sources: tuple[ListedSource, ...]


class ListedOffer(NamedTuple):
    """One way to buy a model."""

    source: str
    tier: str
    region: str
    terms: tuple[str, ...]
    absent_since: datetime | None
    withdrawn: bool


class ListedModel(NamedTuple):
    """A model at a provider, with all its offers; withdrawn when every one of them is."""

    provider: str
    model: str
    offers: tuple[ListedOffer, ...]

    @property
    def withdrawn(self) -> bool:
        return all(listed.withdrawn for listed in self.offers)


def providers(connection: Connection) -> list[ListedProvider]:
    """Every provider, by slug."""
    live = func.count(offer.c.id).filter(offer.c.withdrawn.is_(False))
    telling = union(
        select(source.c.provider_id, source.c.id.label("source_id")), select(offer.c.provider_id, offer.c.source_id)
    ).subquery()
    told = (offer.c.provider_id == telling.c.provider_id) & (offer.c.source_id == telling.c.source_id)
    joined = provider.outerjoin(telling).outerjoin(source, source.c.id == telling.c.source_id).outerjoin(offer, told)
    counted = (
        select(provider.c.slug, provider.c.name, provider.c.kind, source.c.name, source.c.url, live)
        .select_from(joined)
        .group_by(provider.c.id, source.c.id)
        .order_by(provider.c.slug, source.c.name)
    )
    rows: Iterable[tuple[Any, ...]] = connection.execute(counted).all()
    return [_listed(who, [row[3:] for row in of]) for who, of in groupby(rows, key=lambda row: row[:3])]


def _listed(who: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> ListedProvider:
    sources = tuple(ListedSource(name, url) for name, url, _ in rows if name is not None)
    return ListedProvider._make((*who, sum(count for *_, count in rows), sources))


def models(
    connection: Connection, *, provider_slug: str | None = None, contains: str | None = None,
    withdrawn: bool | None = None, tier: str | None = None, called: ColumnElement[bool] | None = None,
    after: tuple[str, str] | None = None, limit: int = 100,
) -> list[ListedModel]:  # fmt: skip
    """Models by (provider, model), from after `after` on. `contains` ignores the case of ASCII letters; `tier`
    asks for the offers of one tier, None for all but subscriptions; `called` is a condition on the name
    (history.queries.naming)."""
    key = (provider.c.slug, offer.c.model)
    sold = offer.c.tier != PLAN_TIER if tier is None else offer.c.tier == tier
    page = (
        select(*key)
        .select_from(provider.join(offer).join(source, source.c.id == offer.c.source_id))
        .where(sold, *_narrowed(provider_slug, contains, after), *(() if called is None else (called,)))
        .group_by(*key)
        .order_by(*key)
        .limit(limit)
    )
    if withdrawn is not None:
        page = page.having(func.min(case((offer.c.withdrawn, 1), else_=0)) == int(withdrawn))
    chosen = page.subquery()
    offers = (
        select(*key, source.c.name, *(offer.c[name] for name in ListedOffer._fields[1:]))
        .select_from(provider.join(offer).join(source, source.c.id == offer.c.source_id).join(
            chosen, (chosen.c.slug == provider.c.slug) & (chosen.c.model == offer.c.model)))
        .where(sold)
        .order_by(*key, source.c.name, offer.c.tier, offer.c.region)
    )  # fmt: skip
    grouped = groupby(connection.execute(offers), key=lambda row: (row.slug, row.model))
    return [ListedModel(*who, _offers(rows)) for who, rows in grouped]


def has_model(connection: Connection, provider_slug: str | None, model: str) -> bool:
    """Whether that provider (None: anybody) ever offered that model."""
    offers = select(offer.c.id).select_from(provider.join(offer).join(source, source.c.id == offer.c.source_id))
    whose = () if provider_slug is None else (provider.c.slug == provider_slug,)
    return connection.execute(offers.where(offer.c.model == model, *whose).limit(1)).first() is not None


def model_names(connection: Connection, provider_slug: str | None) -> list[str]:
    """What that provider (None: everybody) calls the models that it ever offered."""
    named = select(offer.c.model).select_from(provider.join(offer)).distinct().order_by(offer.c.model)
    whose = () if provider_slug is None else (provider.c.slug == provider_slug,)
    return list(connection.execute(named.where(*whose)).scalars())


def _narrowed(
    provider_slug: str | None, contains: str | None, after: tuple[str, str] | None
) -> Iterable[ColumnElement[bool]]:  # fmt: skip
    if provider_slug is not None:
        yield provider.c.slug == provider_slug
    if contains is not None:
        yield func.lower(offer.c.model).contains(contains.lower(), autoescape=True)
    if after is not None:
        yield tuple_(provider.c.slug, offer.c.model) > after


def _offers(rows: Iterable[Any]) -> tuple[ListedOffer, ...]:
    return tuple(ListedOffer._make(row[2:])._replace(terms=tuple(json.loads(row.terms))) for row in rows)
