"""What others say of a provider's price: where a gateway or a map disagrees with the provider's own source."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from history import queries
from history import tables as t
from history.ledger import insert, next_id
from history.model import Quote
from history.subject import Subject, charged, same, subject_of


class Statement(NamedTuple):
    """What one source says a subject costs, and what it calls the model."""

    source: str
    name: str
    quote: Quote
    run_id: int


class Discrepancy(NamedTuple):
    """The provider's own source says one price, a witness another."""

    subject: Subject
    own: Statement
    witness: Statement

    def __str__(self) -> str:
        """deepseek deepseek/deepseek-v4-flash, standard input_tokens: 0.14 USD/1000000 by deepseek, … by litellm"""
        subject, own, witness = self
        what = " ".join(filter(None, (subject.tier, subject.region, subject.unit, subject.conditions)))
        said = f"{own.quote.text} by {own.source}, {witness.quote.text} by {witness.source} ({witness.name})"
        return f"{subject.provider} {subject.model}, {what}: {said}"

    @property
    def times(self) -> Decimal | None:
        """How many times the provider's own price the witness's is; None where that one is free."""
        own = self.own.quote.unit_price
        return charged(self.witness.quote, "gateway") / own if own else None


def crosscheck(connection: Connection, now: datetime) -> list[Discrepancy]:
    """Compare what is believed now, and write down which disagreements are new and which are over."""
    found = sorted(compare(connection, now))
    _write(connection, found, now)
    return found


def compare(connection: Connection, now: datetime) -> Iterator[Discrepancy]:
    """The disagreements between what is believed at `now`."""
    own: dict[Subject, list[Statement]] = defaultdict(list)
    others: list[tuple[Subject, Statement]] = []
    for price in _all_prices(connection, now):
        statement = Statement(price.source, price.model, _quote(price), price.run_id)
        if (subject := subject_of(price, now)) is None or price.witness == "documented":
            continue
        if price.witness == "first_party":
            own[subject].append(statement)
        else:
            others.append((subject, statement))
    for subject, witness in others:
        yield from _against(subject, own.get(subject, ()), witness)


def _against(subject: Subject, own: Iterable[Statement], witness: Statement) -> Iterator[Discrepancy]:
    """A model that its provider lists under two names agrees with a witness if one of them does."""
    stated = [statement for statement in own if statement.quote.currency == witness.quote.currency]
    theirs = charged(witness.quote, "gateway")
    if stated and not any(same(charged(statement.quote, "first_party"), theirs) for statement in stated):
        yield Discrepancy(subject, stated[0], witness)


def _quote(price: queries.Price) -> Quote:
    return Quote(price.amount, price.currency, price.per, price.list_amount, price.ends_at)


def _all_prices(connection: Connection, now: datetime) -> Iterator[queries.Price]:
    after, page = 0, 5000
    while found := queries.as_of(connection, queries.Scope(), now, now, after=after, limit=page):
        yield from found
        after = found[-1].series_id


def _write(connection: Connection, found: list[Discrepancy], now: datetime) -> None:
    rows = {tuple(row.items()): row for row in map(_row, found)}
    names = tuple(_row(found[0])) if found else ()
    still_open = connection.execute(select(t.discrepancy).where(t.discrepancy.c.ended_at.is_(None))).mappings().all()
    known = {tuple((name, row[name]) for name in names): row["id"] for row in still_open}
    over = [row["id"] for row in still_open if tuple((name, row[name]) for name in names) not in rows]
    if over:
        connection.execute(update(t.discrepancy).where(t.discrepancy.c.id.in_(over)).values(ended_at=now))
    new = [row for key, row in rows.items() if key not in known]
    first = next_id(connection, t.discrepancy)
    insert(connection, t.discrepancy, [{"id": n, "found_at": now, **row} for n, row in enumerate(new, first)])


def _row(found: Discrepancy) -> dict[str, Any]:
    own, witness = found.own, found.witness
    return {
        **found.subject._asdict(),
        "source": own.source, "name": own.name, "quote": own.quote.text, "run_id": own.run_id,
        "witness": witness.source, "witness_name": witness.name, "witness_quote": witness.quote.text,
        "witness_run_id": witness.run_id,
    }  # fmt: skip
