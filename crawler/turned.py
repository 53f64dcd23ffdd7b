"""Turned tables: the models are columns, the prices are rows, with a row for each time of day where there are any.

A list may lie the other way: a row for each model and time of day, a column for each unit (the announced one of
2026-08-14, and all of them until 2025-02).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from crawler.failures import PageChanged
from crawler.grid import ID, Cell, Table, mention_money
from crawler.sheet import PriceSheet
from history.model import ALWAYS, Conditions, PriceComponent


@dataclass(frozen=True, slots=True)
class Words:
    """What a language calls things: the corner, the label of all prices, each unit, when a label's hours are, and by
    the words before a list when its prices begin (None: they are in force)."""

    corner: str
    prices: str
    units: Mapping[str, str]
    when: Callable[[str, Table], Conditions | None]
    begins: Callable[[str], datetime | None]
    ignored: Collection[str]


class Stated(NamedTuple):
    """One price as it is written, with the footnotes that it points to."""

    model: str
    unit: str
    conditions: Conditions
    cell: Cell
    notes: str


def sheet(
    tables: Sequence[Table], words: Words, price: Callable[[Stated, datetime | None], PriceComponent]
) -> PriceSheet:
    """All that the price lists of a page state; tables of other prices are left."""
    found = PriceSheet()
    lists = [table for table in tables if table.corner == words.corner and table.has_money]
    begun = [words.begins(f"{table.heading} {table.lead}") for table in lists]
    if begun.count(None) > 1:
        raise PageChanged(f"it is not said which of {[str(table) for table in lists]} is in force")
    for table, since in zip(lists, begun, strict=True):
        # Since 2026-09 a note says that deepseek-v4-pro is billed at the price of another model.
        notes = {cell.text: table.said_of(cell) for cell in table.grid[0]}
        for stated in prices(table, words):
            terms = tuple(filter(None, [notes.get(stated.model)]))
            found.add(stated.model, price(stated, since), terms=terms)
    for table in tables:
        if table not in lists:
            _leave(table, words)
    return found


def _leave(table: Table, words: Words) -> None:
    """Tokens are priced in lists alone: a table of them that is none would be missed."""
    said = [cell.text for row in table.grid for cell in row]
    if not words.units.keys().isdisjoint(said) or (table.has_money and any("token" in text.lower() for text in said)):
        raise PageChanged(f"{table} prices tokens and does not begin with {words.corner!r}: {said[0]!r}")
    if table.has_money:
        table.leave()


def prices(table: Table, words: Words) -> Iterator[Stated]:
    """Every price of the table; a model that lacks one of the units at a time of day is PageChanged."""
    lies = _upright if any(cell.text in words.units for cell in table.grid[0]) else _turned
    found = dict[tuple[str, Conditions], set[str]]()
    for stated in lies(table, words):
        found.setdefault((stated.model, stated.conditions), set()).add(stated.unit)
        yield stated
    if any(units != set(words.units.values()) for units in found.values()):
        raise PageChanged(f"{table} lacks a price: it has {[sorted(units) for units in found.values()]}")


def _turned(table: Table, words: Words) -> Iterator[Stated]:
    for labels, cells in table.turned(words.corner):
        if words.prices in labels or mention_money(cells.values()):
            times, others = _times(labels.values(), table, words)
            # "1M INPUT TOKENS" and "(CACHE HIT)" may be one cell or two.
            unit = words.units.get(" ".join(label for label in others if label != words.prices))
            if unit is None or len(times) > 1:
                raise PageChanged(f"{table} has the unknown price row {list(labels)}")
            for model, cell in cells.items():
                yield Stated(model, unit, [*times, ALWAYS][0], cell, table.said_of(*labels.values(), cell))
        elif not labels.keys() & {*words.ignored}:
            table.unread[" / ".join(labels)] += 1


def _upright(table: Table, words: Words) -> Iterator[Stated]:
    header = table.grid[0]
    priced = [at for at, cell in enumerate(header) if cell.text in words.units]
    named = [at for at, cell in enumerate(header) if at not in priced and cell.text not in words.ignored]
    if named != [*range(len(named))] or any(header[at].text not in (words.corner, "") for at in named):
        raise PageChanged(f"{table} does not begin with {words.corner!r} and units: {[cell.text for cell in header]}")
    for row in table.grid[1:]:
        labels, beside = row[: len(named)], [cell for at, cell in enumerate(row) if at not in priced]
        times, others = _times(labels, table, words)
        known = len(times) < 2 and len(others) == 1 and ID.fullmatch(others[0])
        if len(row) != len(header) or not known or mention_money(beside):
            raise PageChanged(f"{table} has the unknown price row {[cell.text for cell in row]}")
        for at in priced:
            notes = table.said_of(header[at], *labels, row[at])
            yield Stated(others[0], words.units[header[at].text], [*times, ALWAYS][0], row[at], notes)


def _times(labels: Iterable[Cell], table: Table, words: Words) -> tuple[list[Conditions], list[str]]:
    """The times of day among the labels of a row, and the other labels."""
    found = {label.text: words.when(label.text, table) for label in labels if label.text}
    times = [when for when in found.values() if when is not None]
    return times, [text for text, when in found.items() if when is None]
