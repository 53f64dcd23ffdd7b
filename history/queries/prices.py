"""Prices as of a valid time, as believed at a recorded time; and every version there ever was."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from history.model import Quote, Witness
from history.queries.naming import called_then, called_when
from history.queries.prepared import Prepared
from history.queries.scope import Scope, within
from history.tables import offer, price, provider, series, source


# Without the collector of garbage: twenty thousand prices at once would have it look through all that there is, and
# nothing in a price refers to another thing.
class Price(Struct, frozen=True, gc=False):
    """A version in force. `valid_to` is where the next version starts, as far as was known; None: open."""

    series_id: int
    provider: str
    source: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str
    amount: Decimal
    currency: str
    per: int
    list_amount: Decimal | None
    ends_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    basis: str
    run_id: int
    witness: Witness
    place: int | None


class _Open(ColumnElement[datetime]):
    """OPEN and LIMIT 1, written into the statement: PostgreSQL plans it once where it can see these two, and anew for
    each question where they are parameters, which takes three times as long as the answer."""

    type = price.c.superseded_at.type
    inherit_cache = True


@compiles(_Open)
def _open(_element: _Open, compiler: SQLCompiler, **_: object) -> str:
    return "0" if compiler.dialect.name == "sqlite" else "'epoch'"


_OPEN, _ONE = _Open(), literal_column("1", Integer)


class Version(NamedTuple):
    """A version of a series, believed or superseded. Amount None: not offered from then on.

    `valid_to` of a superseded version is what it was when the version was last believed.
    """

    series_id: int
    provider: str
    source: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str
    amount: Decimal | None
    currency: str | None
    per: int | None
    list_amount: Decimal | None
    ends_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    basis: str
    run_id: int
    witness: Witness
    place: int | None
    superseded_at: datetime | None

    @property
    def quote(self) -> Quote | None:
        """As it was quoted; None where it was not offered from then on."""
        if self.amount is None or self.currency is None or self.per is None:
            return None
        return Quote(self.amount, self.currency, self.per, self.list_amount, self.ends_at)

    @property
    def position(self) -> tuple[int, datetime, datetime]:
        """Where a timeline goes on after this version."""
        return self.series_id, self.valid_from, self.recorded_at


def as_of(
    connection: Connection, scope: Scope, at: datetime, known_at: datetime, *, after: int = 0, limit: int = 1000
) -> list[Price]:  # fmt: skip
    """The prices in force at `at` as believed at `known_at`, by series, from the series after `after` on."""
    asked, meant = scope.asked(), scope.meant()
    parameters = {**asked, "at": at, "known_at": known_at, "after": after, "limit": limit}
    if meant is None:
        return _prepared(tuple(asked), connection.dialect).made(connection, parameters, Price)
    found = _as_of(tuple(asked), connection.dialect.name == "postgresql").where(called_then(meant, at))
    return [Price(*row) for row in connection.execute(found, parameters)]


def timeline(
    connection: Connection, scope: Scope, *, after: tuple[int, datetime, datetime] | None = None, limit: int = 1000
) -> list[Version]:  # fmt: skip
    """Every version in the scope, superseded ones too, by series, valid time, recorded time."""
    asked, meant = scope.asked(), scope.meant()
    parameters = {**asked, "limit": limit}
    statement = _timeline(tuple(asked), after is not None)
    if meant is not None:
        statement = statement.where(called_when(meant, price.c.valid_from))
    if after is not None:
        parameters |= dict(zip(("after_series", "after_valid", "after_recorded"), after, strict=True))
    return [Version._make(row) for row in connection.execute(statement, parameters)]


@lru_cache
def _prepared(names: tuple[str, ...], dialect: Dialect) -> Prepared:
    """One statement for each shape of question."""
    return Prepared(_as_of(names, dialect.name == "postgresql"), dialect)


@lru_cache
def _as_of(names: tuple[str, ...], lateral: bool) -> Select[Any]:
    following = series.c.id > bindparam("after")
    return in_force(names, lateral).where(following).order_by(series.c.id).limit(bindparam("limit"))


def in_force(names: tuple[str, ...], lateral: bool) -> Select[Any]:
    """The prices in force at :at as believed at :known_at, in the columns of `Price`."""
    found = price.alias("found")
    seek = (
        select(*(found.c if lateral else [found.c.valid_from, found.c.superseded_at]))
        .where(found.c.series_id == series.c.id, found.c.valid_from <= bindparam("at"), _known(found))
        # One version from each moment is believed at a time (history.guards), so this finds one, in the key's order.
        .order_by(found.c.valid_from.desc())
        .limit(_ONE)
        .correlate(series)
    )
    charged: FromClause = seek.lateral("in_force") if lateral else price.alias("in_force")
    # SQLite has no LATERAL; there the seek finds the key, and the key finds the row.
    found_it = true() if lateral else and_(
        charged.c.series_id == series.c.id,
        tuple_(charged.c.valid_from, charged.c.superseded_at) == seek.scalar_subquery(),
    )  # fmt: skip
    following = price.alias("following")
    until = _starts_next(following, charged, _known(following))
    told = _described(charged, until).join(charged, found_it)
    return told.where(charged.c.amount.is_not(None), *within(names))


@lru_cache
def _timeline(names: tuple[str, ...], resumed: bool) -> Select[Any]:
    place = (price.c.series_id, price.c.valid_from, price.c.recorded_at)
    statement = versions().where(*within(names)).order_by(*place).limit(bindparam("limit"))
    if resumed:
        names_of_place = ("after_series", "after_valid", "after_recorded")
        last = [bindparam(name, type_=column.type) for name, column in zip(names_of_place, place, strict=True)]
        statement = statement.where(tuple_(*place) > tuple_(*last))
    return statement


def versions() -> Select[Any]:
    """Every version, in the columns of `Version`."""
    following = price.alias("following")
    believed_together = or_(
        and_(price.c.superseded_at == _OPEN, following.c.superseded_at == _OPEN),
        and_(
            following.c.recorded_at < price.c.superseded_at,
            or_(following.c.superseded_at == _OPEN, following.c.superseded_at >= price.c.superseded_at),
        ),
    )
    described = _described(price, _starts_next(following, price, believed_together))
    return described.add_columns(price.c.superseded_at).join(price, price.c.series_id == series.c.id)


def _known(version: FromClause) -> ColumnElement[bool]:
    """Believed at :known_at."""
    recorded, superseded = version.c.recorded_at, version.c.superseded_at
    known_at = bindparam("known_at", type_=recorded.type)
    return and_(recorded <= known_at, or_(superseded == _OPEN, superseded > known_at))


def _starts_next(following: FromClause, this: FromClause, believed: ColumnElement[bool]) -> ColumnElement[datetime]:
    return (
        select(following.c.valid_from)
        .where(following.c.series_id == this.c.series_id, following.c.valid_from > this.c.valid_from, believed)
        .order_by(following.c.valid_from)
        .limit(_ONE)
        .correlate(this)
        .scalar_subquery()
    )


def _described(version: FromClause, until: ColumnElement[datetime]) -> Select[Any]:
    quoted = [version.c[name] for name in ("amount", "currency", "per", "list_amount", "ends_at", "valid_from")]
    return select(
        series.c.id, provider.c.slug, source.c.name, offer.c.model, offer.c.tier, offer.c.region,
        series.c.unit, series.c.conditions, *quoted, until, version.c.recorded_at, version.c.basis, version.c.run_id,
        source.c.witness, version.c.place,
    ).select_from(
        series.join(offer, offer.c.id == series.c.offer_id)
        .join(source, source.c.id == offer.c.source_id)
        .join(provider, provider.c.id == offer.c.provider_id)
    )  # fmt: skip
