"""Turned tables: the models are columns, the prices are rows, with a row for each time of day where there are any."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crawler.failures import PageChanged
from crawler.grid import Cell, Table, mention_money
from history.model import ALWAYS, Conditions


@dataclass(frozen=True, slots=True)
class Words:
    """What a language calls things: the corner, the label of all prices, each unit, and when a label's hours are."""

    corner: str
    prices: str
    units: Mapping[str, str]
    when: Callable[[str, Table], Conditions | None]
    ignored: Collection[str]


class Stated(NamedTuple):
    """One price as it is written, with the footnotes that it points to."""

    model: str
    unit: str
    conditions: Conditions
    cell: Cell
    notes: str


def prices(table: Table, words: Words) -> Iterator[Stated]:
    """Every price of the table; a time of day that lacks one of the units is PageChanged."""
    found = dict[Conditions, set[str]]()
    for labels, cells in table.turned(words.corner):
        if words.prices in labels or mention_money(cells.values()):
            unit, conditions = _what_and_when(labels, table, words)
            found.setdefault(conditions, set()).add(unit)
            for model, cell in cells.items():
                yield Stated(model, unit, conditions, cell, table.said_of(*labels.values(), cell))
        elif not labels.keys() & {*words.ignored}:
            table.unread[" / ".join(labels)] += 1
    if any(units != set(words.units.values()) for units in found.values()):
        raise PageChanged(f"{table} lacks a price: it has {[sorted(units) for units in found.values()]}")


def _what_and_when(labels: Collection[str], table: Table, words: Words) -> tuple[str, Conditions]:
    times = [when for label in labels if (when := words.when(label, table)) is not None]
    # "1M INPUT TOKENS" and "(CACHE HIT)" may be one cell or two.
    name = " ".join(label for label in labels if label != words.prices and words.when(label, table) is None)
    if (unit := words.units.get(name)) is None or len(times) > 1:
        raise PageChanged(f"{table} has the unknown price row {list(labels)}")
    return unit, times[0] if times else ALWAYS
