"""The best witness of a price: who charges it, then our own facts, then who resells it, then somebody's map.

Rows of first parties are never in doubt and cost nothing here; the others look for a better witness of the same:
who bills, the model (canonical where we know it), tier, region, unit and conditions.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args

from sqlalchemy import ARRAY, ColumnElement, Connection, Dialect, Text, any_, bindparam, func, or_, select, tuple_

from history import identity
from history.columns import OPEN
from history.model import Witness
from history.queries.prepared import Prepared
from history.queries.prices import Price, Version, as_of, in_force, timeline, versions
from history.queries.scope import Scope
from history.subject import Subject
from history.tables import offer, price, provider, series, source

RANK: dict[str, int] = {witness: rank for rank, witness in enumerate(get_args(Witness))}
BEST = "first_party"


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
        after = page[-1].position
    return kept[:limit]


def _undisputed(connection: Connection, page: list[Price], at: datetime, known_at: datetime) -> Iterable[Price]:
    doubtful = [one for one in page if one.witness != BEST]
    disputed: set[int] = set()
    for witness in RANK:
        if told := [one for one in doubtful if one.witness == witness]:
            subjects = _subjects(told, at)
            better = _better_here(page, told, at)
            if alone := [one for one, subject in zip(told, subjects, strict=True) if subject not in better]:
                better |= set(_subjects(_rivals(connection, alone, at, known_at), at))
            disputed |= {one.series_id for one, subject in zip(told, subjects, strict=True) if subject in better}
    return [one for one in page if one.series_id not in disputed] if disputed else page


def _better_here(page: list[Price], told: list[Price], at: datetime) -> set[Subject]:
    """What better witnesses say on the page itself: of that nobody has to be asked."""
    billers, rank = {one.provider for one in told}, RANK[told[0].witness]
    return set(_subjects([one for one in page if one.provider in billers and RANK[one.witness] < rank], at))


def _rivals(connection: Connection, told: list[Price], at: datetime, known_at: datetime) -> list[Subject]:
    """What better witnesses have a price in force of, under every name that they may have for the same models."""
    names = {(one.provider, one.model) for one in told}
    pairs = {(who, name) for who, model in names for name in identity.spellings(who, model, at)}
    models: Any = sorted({name for _, name in pairs})
    texts: Any = [f"{who}\n{name}" for who, name in sorted(pairs)]
    if connection.dialect.name == "sqlite":
        models, texts = json.dumps(models), json.dumps(texts)
    asked = {"at": at, "known_at": known_at, "models": models, "pairs": texts}
    return [Subject._make(row) for row in _better(told[0].witness, connection.dialect).rows(connection, asked)]


@lru_cache
def _better(than: Witness, dialect: Dialect) -> Prepared:
    """Of what a better witness has a price in force, among these models."""
    whose = provider.c.slug + "\n" + offer.c.model
    told = or_(*(source.c.witness == witness for witness, rank in RANK.items() if rank < RANK[than]))
    listed = (_listed(offer.c.model, "models", dialect), _listed(whose, "pairs", dialect))
    found = in_force((), dialect.name == "postgresql").where(*listed, told)
    subject = (provider.c.slug, offer.c.model, offer.c.tier, offer.c.region, series.c.unit, series.c.conditions)
    return Prepared(found.with_only_columns(*subject), dialect)


def _subjects(told: Iterable[Price | Subject], at: datetime) -> list[Subject]:
    """By canonical names; each name is looked up once."""
    named = lru_cache(maxsize=None)(_model)
    return [
        Subject(one.provider, named(one.provider, one.model, at), one.tier, one.region, one.unit, one.conditions)
        for one in told
    ]


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


def _worst(doubtful: Sequence[Version]) -> int:
    return max(RANK[one.witness] for one in doubtful)


def _subject(one: Version, at: datetime) -> Subject:
    return Subject(one.provider, _model(one.provider, one.model, at), one.tier, one.region, one.unit, one.conditions)


def _model(who: str, model: str, at: datetime) -> str:
    """What stands behind the colon of an OpenRouter name is another price of the same model."""
    return (None if who == identity.ROUTER else identity.canonical_of(who, model, at)) or model
