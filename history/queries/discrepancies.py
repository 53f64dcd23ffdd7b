"""Where a witness says another price than the provider's own source."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, tuple_

from history.model import Quote
from history.queries.prices import Version, versions
from history.subject import Subject, subject_of
from history.tables import discrepancy, offer, price, source


class Disagreement(NamedTuple):
    """One disagreement, open as long as `ended_at` is None. `model` is canonical; each side has its own name for it.

    The places are those of the prices (history.place), None where they are not known.
    """

    id: int
    provider: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str
    source: str
    name: str
    quote: Quote
    run_id: int
    witness: str
    witness_name: str
    witness_quote: Quote
    witness_run_id: int
    found_at: datetime
    ended_at: datetime | None
    place: int | None = None
    witness_place: int | None = None

    @property
    def subject(self) -> Subject:
        return Subject(self.provider, self.model, self.tier, self.region, self.unit, self.conditions)


def disagreements(
    connection: Connection, *, provider: str | None = None, model: str | None = None, witness: str | None = None,
    ended: bool | None = None, before: int | None = None, limit: int = 100,
) -> list[Disagreement]:  # fmt: skip
    """The newest first, from before `before` on; `ended` False: only those that last."""
    columns = discrepancy.c
    kept = [columns[name] for name in Disagreement._fields if name in columns]
    statement = select(*kept).order_by(columns.id.desc()).limit(limit)
    for column, value in ((columns.provider, provider), (columns.model, model), (columns.witness, witness)):
        if value is not None:
            statement = statement.where(column == value)
    if ended is not None:
        statement = statement.where(columns.ended_at.is_not(None) if ended else columns.ended_at.is_(None))
    if before is not None:
        statement = statement.where(columns.id < before)
    return _placed(connection, [_as_one(row) for row in connection.execute(statement)])


def _as_one(row: Any) -> Disagreement:
    one = Disagreement._make((*row, None, None))
    return one._replace(quote=Quote.parse(row.quote), witness_quote=Quote.parse(row.witness_quote))


def _placed(connection: Connection, found: list[Disagreement]) -> list[Disagreement]:
    """With the places of the prices that either side had then."""
    sides = [side for one in found for side in ((one.source, one.name), (one.witness, one.witness_name))]
    runs = {run for one in found for run in (one.run_id, one.witness_run_id)}
    stated = tuple_(source.c.name, offer.c.model).in_(set(sides))
    told = connection.execute(versions().where(stated, price.c.run_id.in_(runs), price.c.place.is_not(None)))
    by_side: dict[tuple[str, str, int], list[Version]] = defaultdict(list)
    for version in map(Version._make, told):
        by_side[version.source, version.model, version.run_id].append(version)
    return [
        one._replace(
            place=_place(one, one.quote, by_side[one.source, one.name, one.run_id]),
            witness_place=_place(one, one.witness_quote, by_side[one.witness, one.witness_name, one.witness_run_id]),
        )
        for one in found
    ]


def _place(one: Disagreement, said: Quote, told: Iterable[Version]) -> int | None:
    """Of the price that said so of the same thing: a gateway names many routes under one name."""
    at = one.found_at
    return next((each.place for each in told if each.quote == said and subject_of(each, at) == one.subject), None)
