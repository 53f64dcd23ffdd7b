"""Priced: what a cell states of one unit: a price with its list price, or the term that stands in its place."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import NamedTuple

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Table, mention_money
from crawler.lengths import follows
from crawler.seen import note_known
from history.model import ALWAYS, Conditions, PriceComponent
from history.units import UNITS

Stated = PriceComponent | str
NOT_OFFERED = "not offered"


class Ladder:
    """The lengths that a table states for each model: the first begins at nothing, each later one where that ended."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Conditions] = {}

    def last(self, model: Hashable) -> Conditions:
        return self._last.get(model, ALWAYS)

    def climb(self, model: Hashable, when: Conditions) -> Conditions:
        """The lengths of the model's next row, if they fit; otherwise a bound is lost and the price would be wrong."""
        if not follows(when, self._last.get(model)):
            raise PageChanged(f"{model}: {when.as_dict()} does not begin where the length before has ended")
        self._last[model] = when
        return when


def price(unit: str, cell: Cell, currency: str, per: int | None = None, when: Conditions = ALWAYS) -> Stated:
    """One price, or a term such as "free". `per` is what the header says; a cell that says it too must agree.

    Struck-through text is the list price: what is charged must be lower.
    """
    said = amounts.said(cell.text, currency)
    if isinstance(said, amounts.Amount):
        return _price(said, unit, cell, currency, per, when)
    if cell.struck:
        raise _no_sale(cell)
    return said


def _price(
    said: amounts.Amount, unit: str, cell: Cell, currency: str, per: int | None, when: Conditions
) -> PriceComponent:  # fmt: skip
    count = said.per if per is None else per
    if count is None or (said.per and (said.per != count or said.unit != UNITS[unit].quantity)):
        raise PageChanged(f"{cell.text!r} is not a price for {per or 'a stated number'} of {unit}")
    if not cell.struck:
        return PriceComponent(unit, said.amount, said.currency, count, when)
    listed = amounts.parse(cell.struck, currency)
    if listed.amount <= said.amount or (listed.per or count) != count:
        raise PageChanged(f"{cell.text!r} beside the struck-through {cell.struck!r} is not a sale")
    return PriceComponent(unit, said.amount, said.currency, count, when, listed.amount)


def _no_sale(cell: Cell) -> PageChanged:
    return PageChanged(f"{cell.text!r} stands beside the struck-through {cell.struck!r}")


class Column(NamedTuple):
    """Where in a row the price of a unit stands, for how many it is, and when it applies."""

    at: int
    unit: str
    per: int | None = None
    when: Conditions = ALWAYS


def row(
    columns: Sequence[Column], cells: Sequence[Cell], currency: str, when: Conditions | None = None
) -> tuple[list[PriceComponent], tuple[str, ...]]:
    """The prices of a row, and the terms that stand in the place of others. `when` is what the row says itself."""
    prices: list[PriceComponent] = []
    said: list[tuple[str, str]] = []
    for at, unit, per, usual in columns:
        cell = cells[at]
        stated = amounts.said(cell.text, currency)
        if isinstance(stated, amounts.Amount):
            if per and not stated.per and not cell.struck:
                # Nearly all cells: a number alone.
                prices.append(PriceComponent(unit, stated.amount, stated.currency, per, when or usual))
            else:
                prices.append(_price(stated, unit, cell, currency, per, when or usual))
        elif cell.struck:
            raise _no_sale(cell)
        elif stated != NOT_OFFERED:
            said.append((unit, stated))
    return prices, () if prices and not said else _terms(said, len(columns), alone=not prices)


def components(stated: Iterable[tuple[str, Stated]]) -> tuple[PriceComponent, ...]:
    """The prices among what a row states of each unit."""
    return tuple([said for _, said in stated if not isinstance(said, str)])


def terms(stated: Iterable[tuple[str, Stated]]) -> tuple[str, ...]:
    """The terms, each with its unit: "cache storage: free"; one alone where it holds for all; a dash says nothing."""
    row = list(stated)
    said = [(unit, term) for unit, term in row if isinstance(term, str)]
    alone = bool(row) and len(said) == len(row)
    return _terms([one for one in said if one[1] != NOT_OFFERED], len(row), alone=alone)


def _terms(said: Sequence[tuple[str, str]], cells: int, *, alone: bool) -> tuple[str, ...]:
    """What is `said` in so many cells, besides dashes."""
    if not said:
        return (NOT_OFFERED,) if alone else ()
    if len(said) == cells and len({term for _, term in said}) == 1:
        return (said[0][1],)
    return tuple([f"{UNITS[unit].label}: {term}" for unit, term in dict.fromkeys(said)])


def columns(table: Table, known: Columns, required: Collection[str]) -> Columns:
    """Those of the known price columns that this table has. A column of money that is not among them is PageChanged."""
    header = [name.casefold() for name in table.header]
    note_known(table.unread, *known.values())
    folded = {unit: {spelling.casefold() for spelling in spellings} for unit, spellings in known.items()}
    found = {unit: spellings for unit, spellings in known.items() if not folded[unit].isdisjoint(header)}
    if absent := [known[unit] for unit in required if unit not in found]:
        raise PageChanged(f"{table} has no column {absent}; its header is {list(table.header)}")
    read = {spelling for unit in found for spelling in folded[unit]}
    for at, name in enumerate(table.header):
        if header[at] not in read and mention_money(row[at] for row in table.body if at < len(row)):
            raise PageChanged(f"{table} has prices in the unknown column {name!r}")
    return found


def spelled(table: Table, columns: Columns) -> Columns:
    """The columns by the names that this table gives them: capitals and "&" for "and" come and go (Anthropic, 2026)."""
    header = table.header
    return {
        unit: tuple(name for name in header if _plain(name) in map(_plain, names)) or names
        for unit, names in columns.items()
    }


def _plain(name: str) -> str:
    return name.casefold().replace("&", "and")
