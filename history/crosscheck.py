"""What others say of a provider's price: where a gateway or a map disagrees with the provider's own source."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from history import identity, queries
from history import tables as t
from history.ledger import insert, next_id
from history.model import Quote

# OpenRouter writes 0.0000006000000000000001: a disagreement is more than the noise of somebody's floats.
NOISE = Decimal("0.000001")


class Subject(NamedTuple):
    """Of what a price is said: whose, and of which model (by its canonical name), under which conditions."""

    provider: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str


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
        return _base(self.witness.quote) / own if own else None


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
        if price.witness == "first_party":
            if subject := _subject(price, price.provider, price.region, now):
                own[subject].append(statement)
        elif subject := _told(price, now):
            others.append((subject, statement))
    for subject, witness in others:
        yield from _against(subject, own.get(subject, ()), witness)


def _against(subject: Subject, own: Iterable[Statement], witness: Statement) -> Iterator[Discrepancy]:
    """A model that its provider lists under two names agrees with a witness if one of them does."""
    stated = [statement for statement in own if statement.quote.currency == witness.quote.currency]
    if stated and not any(_agree(statement.quote, witness.quote) for statement in stated):
        yield Discrepancy(subject, stated[0], witness)


def _agree(own: Quote, witness: Quote) -> bool:
    """A gateway may sell below the list price that it names: that one is compared."""
    mine, theirs = own.unit_price, _base(witness)
    return abs(mine - theirs) <= NOISE * max(mine, theirs)


def _base(quote: Quote) -> Decimal:
    return (quote.list_amount if quote.list_amount is not None else quote.amount) / quote.per


def _told(price: queries.Price, now: datetime) -> Subject | None:
    """Whose price a witness tells: a map names who bills, a gateway the route that it takes."""
    if price.witness == "imported":
        return _subject(price, price.provider, price.region, now)
    route, *rest = price.region.split("/")
    provider = identity.provider_of_route(route)
    if price.witness != "gateway" or provider is None or any(part in _OTHERWISE for part in rest):
        return None
    return _subject(price, provider, "", now)


# A route that is another tier or another place than the provider's standard one.
_OTHERWISE = frozenset({"flex", "priority", "fast", "batch", "zdr", "eu", "us", "global", "europe"})


def _subject(price: queries.Price, provider: str, region: str, now: datetime) -> Subject | None:
    seller = "openrouter" if price.provider == "openrouter" else provider
    canonical = identity.canonical_of(seller, price.model, now)
    return (canonical and Subject(provider, canonical, price.tier, region, price.unit, price.conditions)) or None


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
