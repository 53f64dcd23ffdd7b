"""Unread: what a page held and its spider did not use, and beside it the tables and headers that it was asked for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol


class Outlined(Protocol):
    """A table, as far as its outline goes."""

    @property
    def grid(self) -> tuple[tuple[object, ...], ...]: ...

    @property
    def heading(self) -> str: ...

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def body(self) -> tuple[tuple[object, ...], ...]: ...


class Unread(Counter[str]):
    """Leftovers by name. Every table knows the counter of its page, so here all of them come by, wherever they are
    made; what is noted are references, which costs nothing while a page is read."""

    def __init__(self, counted: Mapping[str, int] | Iterable[str] = ()) -> None:
        # Counter's own __init__ would only do the same, in three calls for every page.
        if counted:
            self.update(counted)
        self._tables: dict[int, Outlined] = {}
        self._headers: list[Iterable[str]] = []

    @property
    def known(self) -> set[str]:
        """The headers that readers of the page know."""
        return set().union(*self._headers)

    @property
    def tables(self) -> tuple[Outlined, ...]:
        """The tables in the order in which they were made; one that was rewritten stands where it stood before."""
        return tuple(self._tables.values())

    def add_table(self, table: Outlined) -> None:
        # A rewritten table (a second header row, two halves joined) shares its last row with what it was; a row
        # without cells is the one empty tuple, which any table may end with.
        last = table.grid[-1] if table.grid else ()
        self._tables[id(last or next((row for row in reversed(table.grid) if row), table))] = table

    def add_headers(self, headers: Iterable[Iterable[str]]) -> None:
        self._headers += headers


def note_known(unread: Counter[str], *headers: Iterable[str]) -> None:
    """Headers that the reader knows: each of them should stand over some column."""
    if isinstance(unread, Unread):
        unread.add_headers(headers)
