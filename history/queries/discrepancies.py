"""Where a witness says another price than the provider's own source."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from history.model import Quote
from history.tables import discrepancy


class Disagreement(NamedTuple):
    """One disagreement, open as long as `ended_at` is None. `model` is canonical; each side has its own name for it."""

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


def disagreements(
    connection: Connection, *, provider: str | None = None, model: str | None = None, witness: str | None = None,
    ended: bool | None = None, before: int | None = None, limit: int = 100,
) -> list[Disagreement]:  # fmt: skip
    """The newest first, from before `before` on; `ended` False: only those that last."""
    columns = discrepancy.c
    statement = select(*(columns[name] for name in Disagreement._fields)).order_by(columns.id.desc()).limit(limit)
    for column, value in ((columns.provider, provider), (columns.model, model), (columns.witness, witness)):
        if value is not None:
            statement = statement.where(column == value)
    if ended is not None:
        statement = statement.where(columns.ended_at.is_not(None) if ended else columns.ended_at.is_(None))
    if before is not None:
        statement = statement.where(columns.id < before)
    return [_as_one(row) for row in connection.execute(statement)]


def _as_one(row: Any) -> Disagreement:
    one = Disagreement._make(row)
    return one._replace(quote=Quote.parse(row.quote), witness_quote=Quote.parse(row.witness_quote))
