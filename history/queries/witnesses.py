"""The best witness of a price: who charges it, then our own facts, then who resells it, then somebody's map.

Rows of first parties are never in doubt and cost nothing here; the others look for a better witness of the same:
who bills, the model (canonical where we know it), tier, region, unit and conditions.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, get_args

from sqlalchemy import ARRAY, ColumnElement, Connection, Dialect, Text, any_, bindparam, func, or_, select, tuple_

from history import identity
from history.model import Witness
from history.queries.prepared import Prepared
from history.queries.prices import Price, Version, as_of, in_force, timeline, versions
from history.queries.scope import Scope
from history.tables import OPEN, offer, price, provider, source

RANK: dict[str, int] = {witness: rank for rank, witness in enumerate(get_args(Witness))}
BEST = "first_party"
Told = TypeVar("Told", Price, Version)


class Subject(NamedTuple):
    """What a price is of, whoever tells it."""

    provider: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str


def best_as_of(
    connection: Connection, scope: Scope, at: datetime, known_at: datetime, *, after: int = 0, limit: int = 1000
) -> list[Price]:  # fmt: skip
    """As `as_of`, without the prices for which a better witness has one in force."""
    kept: list[Price] = []
    while len(kept) < limit:
        page = as_of(connection, scope, at, known_at, after=after, limit=limit)
        kept += _undisputed(connection, page, at, known_at)
        if len(page) < limit:
            break
        after = page[-1].series_id
    return kept[:limit]


def best_timeline(
    connection: Connection, scope: Scope, *, after: tuple[int, datetime, datetime] | None = None, limit: int = 1000
) -> list[Version]:  # fmt: skip
    """As `timeline`, without the versions at whose start a better witness, as believed now, has a price in force."""
    kept: list[Version] = []
    while len(kept) < limit:
        page = timeline(connection, scope, after=after, limit=limit)
        kept += _unrivalled(connection, page)
        if len(page) < limit:
            break
        after = page[-1].place
    return kept[:limit]


def _undisputed(connection: Connection, page: list[Price], at: datetime, known_at: datetime) -> Iterable[Price]:
    doubtful = [one for one in page if one.witness != BEST]
    if not doubtful:
        return page
    best: dict[Subject, int] = {}
    for rival in _rivals(connection, doubtful, at, known_at):
        subject = _subject(rival, at)
        best[subject] = min(RANK[rival.witness], best.get(subject, RANK[rival.witness]))
    return [one for one in page if one.witness == BEST or RANK[one.witness] <= best.get(_subject(one, at), len(RANK))]


def _rivals(connection: Connection, doubtful: list[Price], at: datetime, known_at: datetime) -> Iterator[Price]:
    """The prices in force of better witnesses, under every name that they may have for the same model."""
    names = {(one.provider, one.model) for one in doubtful}
    pairs = {(who, name) for who, model in names for name in identity.spellings(who, model, at)}
    models: Any = sorted({name for _, name in pairs})
    texts: Any = [f"{who}\n{name}" for who, name in sorted(pairs)]
    if connection.dialect.name == "sqlite":
        models, texts = json.dumps(models), json.dumps(texts)
    asked = {"at": at, "known_at": known_at, "models": models, "pairs": texts}
    for row in _better(_worst(doubtful), connection.dialect).rows(connection, asked):
        yield Price._make(row)


@lru_cache
def _better(worst: int, dialect: Dialect) -> Prepared:
    """In force of these models, told by a witness before the worst."""
    whose = provider.c.slug + "\n" + offer.c.model
    told = or_(*(source.c.witness == witness for witness, rank in RANK.items() if rank < worst))
    listed = (_listed(offer.c.model, "models", dialect), _listed(whose, "pairs", dialect))
    return Prepared(in_force((), dialect.name == "postgresql").where(*listed, told), dialect)


def _listed(column: ColumnElement[str], name: str, dialect: Dialect) -> ColumnElement[bool]:
    """The values are one parameter: a list on PostgreSQL, a JSON array on SQLite, which has no lists."""
    if dialect.name == "sqlite":
        return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text)))


def _unrivalled(connection: Connection, page: list[Version]) -> Iterable[Version]:
    doubtful = [one for one in page if one.witness != BEST]
    if not doubtful:
        return page
    names = {(one.provider, name) for one in doubtful
             for name in identity.spellings(one.provider, one.model, one.valid_from)}  # fmt: skip
    better = [witness for witness, rank in RANK.items() if rank < _worst(doubtful)]
    statement = versions().where(
        tuple_(provider.c.slug, offer.c.model).in_(names), source.c.witness.in_(better),
        price.c.superseded_at == OPEN, price.c.amount.is_not(None),
    )  # fmt: skip
    rivals = [Version._make(row) for row in connection.execute(statement)]
    return [one for one in page if not any(_outranks(rival, one) for rival in rivals)]


def _outranks(rival: Version, one: Version) -> bool:
    at = one.valid_from
    lasts = rival.valid_from <= at and (rival.valid_to is None or at < rival.valid_to)
    return lasts and RANK[rival.witness] < RANK[one.witness] and _subject(rival, at) == _subject(one, at)


def _worst(doubtful: Sequence[Told]) -> int:
    return max(RANK[one.witness] for one in doubtful)


def _subject(one: Told, at: datetime) -> Subject:
    """What stands behind the colon of an OpenRouter name is another price of the same model."""
    canonical = None if one.provider == identity.ROUTER else identity.canonical_of(one.provider, one.model, at)
    return Subject(one.provider, canonical or one.model, one.tier, one.region, one.unit, one.conditions)
