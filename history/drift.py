"""Drift: in what the shape of a run differs from that of another; pure, it knows neither pages nor a database."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

# A count of offers that moves by less is how lists of models live.
MOVED_OFFERS, MOVED_SHARE = 5, 10
# Two tables that share fewer of their columns are two tables, not one that has changed.
SAME_TABLE = 0.5


class TableShape(NamedTuple):
    """One table: its header, one name a column, how many rows stand below it, and the heading above it."""

    header: tuple[str, ...]
    rows: int = 0
    heading: str = ""

    @property
    def name(self) -> str:
        return " | ".join(self.header)


@dataclass(frozen=True, slots=True)
class Shape:
    """The outline of what one run read. `keys`: paths of JSON keys ("data[].pricing.prompt"); `unmatched`: headers
    that the spider knows and that stand over no column."""

    tables: tuple[TableShape, ...] = ()
    keys: frozenset[str] = frozenset()
    unmatched: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Canonical JSON; each header stands in it once."""
        headers = list(dict.fromkeys(table.header for table in self.tables))
        places = {header: at for at, header in enumerate(headers)}
        stated = {
            "headers": headers,
            "tables": [[places[table.header], table.rows, table.heading] for table in self.tables],
            "keys": sorted(self.keys),
            "unmatched": sorted(self.unmatched),
        }
        return json.dumps({name: value for name, value in stated.items() if value}, ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """The inverse of `text`."""
        stated = json.loads(text)
        headers = [tuple(header) for header in stated.get("headers", ())]
        tables = tuple(TableShape(headers[at], rows, heading) for at, rows, heading in stated.get("tables", ()))
        return cls(tables, frozenset(stated.get("keys", ())), frozenset(stated.get("unmatched", ())))


BLANK = Shape()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is compared of a run: its shape, how many offers it gave, and its leftovers by name."""

    shape: Shape
    offers: int
    unread: Mapping[str, int] = field(default_factory=dict)


class DriftKind(StrEnum):
    """In what a run differs from the one before."""

    OFFERS = "offers"
    TABLE_ADDED = "table_added"
    TABLE_GONE = "table_gone"
    TABLE_CHANGED = "table_changed"
    TABLE_EMPTIED = "table_emptied"
    KEYS = "keys"
    LEFTOVERS = "leftovers"
    UNMATCHED = "unmatched_headers"


class Drift(NamedTuple):
    """One difference. `number` and `subject` name a table by its place on the page and its header; a table that is
    gone has the place that it had. `before` and `now` count offers or rows."""

    kind: DriftKind
    number: int | None = None
    subject: str = ""
    heading: str = ""
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    before: int | None = None
    now: int | None = None


def compare(before: Sight, now: Sight) -> list[Drift]:
    """Everything in which `now` has drifted from `before`, what hurts most first. The order of tables means nothing."""
    found = [*_offers(before.offers, now.offers), *_tables(before.shape.tables, now.shape.tables)]
    found += _names(DriftKind.KEYS, before.shape.keys, now.shape.keys)
    # A header that is matched again is no warning.
    found += _names(DriftKind.UNMATCHED, (), now.shape.unmatched - before.shape.unmatched)
    return [*found, *_names(DriftKind.LEFTOVERS, before.unread, now.unread)]


def _offers(before: int, now: int) -> Iterator[Drift]:
    moved = abs(now - before)
    if moved > MOVED_OFFERS and moved * MOVED_SHARE > before:
        yield Drift(DriftKind.OFFERS, before=before, now=now)


def _names(kind: DriftKind, before: Iterable[str], now: Iterable[str]) -> Iterator[Drift]:
    old, new = {*before}, {*now}
    if old != new:
        yield Drift(kind, lost=tuple(sorted(old - new)), gained=tuple(sorted(new - old)))


def _tables(before: tuple[TableShape, ...], now: tuple[TableShape, ...]) -> list[Drift]:
    old, new = _beyond(before, now), _beyond(now, before)
    found = [_changed(at, old.pop(was), new.pop(at)) for was, at in _pairs(old, new)]
    found += [Drift(DriftKind.TABLE_GONE, at, table.name, table.heading) for at, table in old.items()]
    found += [Drift(DriftKind.TABLE_ADDED, at, table.name, table.heading) for at, table in new.items()]
    return [*found, *_emptied(before, now)]


def _beyond(tables: tuple[TableShape, ...], others: tuple[TableShape, ...]) -> dict[int, TableShape]:
    """The tables, by number, whose header the others do not have, or not as often."""
    left = Counter(table.header for table in others)
    beyond: dict[int, TableShape] = {}
    for number, table in enumerate(tables, start=1):
        left[table.header] -= 1
        if left[table.header] < 0:
            beyond[number] = table
    return beyond


def _pairs(old: Mapping[int, TableShape], new: Mapping[int, TableShape]) -> list[tuple[int, int]]:
    """Which old table has become which new one: those that have most in common first, then those that stand nearest."""
    alike = [
        (-likeness, abs(was - at), was, at)
        for was, before in old.items()
        for at, now in new.items()
        if (likeness := _likeness(before, now)) >= SAME_TABLE
    ]
    pairs: dict[int, int] = {}
    for _, _, was, at in sorted(alike):
        if was not in pairs and at not in pairs.values():
            pairs[was] = at
    return sorted(pairs.items())


def _likeness(one: TableShape, other: TableShape) -> float:
    """The share of columns that both have; under the same heading it counts for more."""
    mine, theirs = {*one.header}, {*other.header}
    share = len(mine & theirs) / (len(mine | theirs) or 1)
    return share + SAME_TABLE / 2 if one.heading and one.heading == other.heading else share


def _changed(number: int, before: TableShape, now: TableShape) -> Drift:
    """Columns that only moved are neither lost nor gained."""
    lost, gained = Counter(before.header) - Counter(now.header), Counter(now.header) - Counter(before.header)
    columns = tuple(lost.elements()), tuple(gained.elements())
    return Drift(DriftKind.TABLE_CHANGED, number, before.name, now.heading, *columns)


def _emptied(before: tuple[TableShape, ...], now: tuple[TableShape, ...]) -> Iterator[Drift]:
    """Tables of a header that had rows and have none any more."""
    had, have = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    for rows, tables in ((had, before), (have, now)):
        for table in tables:
            rows[table.header] += table.rows
    for number, table in enumerate(now, start=1):
        if (rows_before := had.pop(table.header, 0)) and not have[table.header]:
            yield Drift(DriftKind.TABLE_EMPTIED, number, table.name, table.heading, before=rows_before, now=0)
