"""Tables as pages state them: a full grid of clean cells, read by exact header until nothing is left unread."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from msgspec import Struct

from crawler.failures import PageChanged
from crawler.seen import Unread, note_known

Columns = Mapping[str, tuple[str, ...]]

# U+200B after every cell at Volcengine, U+FEFF in Tencent's placeholders, U+00AD and U+2060 in copied text.
_INVISIBLE = {0x200B: None, 0xFEFF: None, 0x2060: None, 0x00AD: None}
_MONEY = re.compile("[$€£¥￥元]")
# Each begins with its own letter, by which a text is passed over; "\b" in front of them would be tried at each.
_SPECIAL = re.compile(r"batch\b(?<!\wbatch)|flex\b(?<!\wflex)|off-peak\b(?<!\woff-peak)|批量|低峰|闲时|夜间")
# A name with a space or a bracket is not an id: deepseek-flash(1) has a footnote glued to it.
ID = re.compile(r"[\w.:/~@-]+")
_NOTE = re.compile(r"(?:[(（\[]([0-9]{1,2})[)）\]]|(\*{1,3}|[†‡]))\s*(\S.*)")
_MARK = re.compile(r"[(（\[]?([0-9]{1,2}|\*{1,3}|[†‡])[)）\]]?[ ,]*")
_STAR = re.compile(r"(\*{1,3})\)?$")
_MARKS = re.compile(rf"(?:{_MARK.pattern})+")


def tidy(text: str) -> str:
    """Without invisible characters, every run of white space (nbsp too) one space."""
    # Most texts are so already, and none of those characters is printable: one look costs a third of doing it over.
    if text.isprintable() and "  " not in text and text.strip() == text:
        return text
    return " ".join((text if text.isascii() else text.translate(_INVISIBLE)).split())


def marks_of(superscript: str) -> list[str]:
    """The footnotes that a superscript points to: "(1)(2)" → ["1", "2"]; none where it is something else."""
    text = tidy(superscript)
    return _MARK.findall(text) if len(text) < 16 and _MARKS.fullmatch(text) else []


class Cell(Struct, frozen=True, gc=False):
    """What a cell says. Struck-through text and footnote marks stand apart from `text`; `lines` keeps line breaks."""

    text: str
    struck: str = ""
    marks: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Sequence[str], struck: Sequence[str] = (), marks: Iterable[str] = ()) -> "Cell":
        """From the written pieces, in which "\\n" alone is a line break of the page."""
        said, crossed = "".join(written), tidy(" ".join(struck)) if struck else ""
        if "\n" not in said:
            text = tidy(said)
            return cls(text, crossed, tuple(marks), (text,) if text else ())
        lines = tuple([line for part in said.split("\n") if (line := tidy(part))])
        return cls(" ".join(lines), crossed, tuple(marks), lines)

    @classmethod
    def line(cls, written: str) -> "Cell":
        """From text without line breaks of the page."""
        text = tidy(written)
        return cls(text, "", (), (text,) if text else ())


EMPTY = Cell("")


def mention_money(cells: Iterable[Cell]) -> bool:
    """Whether a currency sign stands in any of the cells."""
    return any(_MONEY.search(cell.text) for cell in cells)


class Spanned(Struct, frozen=True, gc=False):
    """A cell as it is written in a row, before it is spread over the grid."""

    cell: Cell
    colspan: int = 1
    rowspan: int = 1


def spread(rows: Sequence[Sequence[Cell | Spanned]]) -> tuple[tuple[Cell, ...], ...]:
    """Every merged cell repeated in each place that it covers."""
    if Spanned not in map(type, chain.from_iterable(rows)):
        # That none is Spanned is not seen by mypy.
        return tuple(map(tuple, rows))  # type: ignore[arg-type]
    hanging: dict[int, tuple[Cell, int]] = {}
    return tuple([_spread_row(row, hanging) for row in rows])


def _spread_row(row: Sequence[Cell | Spanned], hanging: dict[int, tuple[Cell, int]]) -> tuple[Cell, ...]:
    if not hanging and Spanned not in map(type, row):
        # Here neither.
        return tuple(row)  # type: ignore[arg-type]
    line: list[Cell] = []
    below: dict[int, tuple[Cell, int]] = {}
    for one in row:
        if hanging:
            _settle(line, hanging, below)
        if isinstance(one, Cell):
            line.append(one)
            continue
        for _ in range(one.colspan):
            if len(line) in hanging:
                raise PageChanged(f"merged cells overlap at {one.cell.text!r}")
            if one.rowspan > 1:
                below[len(line)] = one.cell, one.rowspan - 1
            line.append(one.cell)
    while hanging:
        _settle(line, hanging, below)
        if hanging:
            line.append(EMPTY)
    hanging.update(below)
    return tuple(line)


def _settle(line: list[Cell], hanging: dict[int, tuple[Cell, int]], below: dict[int, tuple[Cell, int]]) -> None:
    """What hangs down from the rows above into the next places."""
    while hanging and (above := hanging.pop(len(line), None)) is not None:
        cell, rows_left = above
        if rows_left > 1:
            below[len(line)] = cell, rows_left - 1
        line.append(cell)


class Heading(Struct, frozen=True, gc=False):
    text: str
    level: int = 2


class Prose(Struct, frozen=True, gc=False):
    lines: tuple[str, ...]


class Aside(Struct, frozen=True, gc=False):
    """What heads a part without being a heading: emphasised words (level 0), the label of a tab (7)."""

    text: str
    level: int = 0


class Grid(Struct, frozen=True, gc=False):
    """A table's cells; the first `head` rows are its header. `within`: titles of the tabs that enclose it."""

    cells: tuple[tuple[Cell, ...], ...]
    head: int = 1
    within: tuple[str, ...] = ()


Block = Heading | Prose | Aside | Grid


class Row(dict[str, Cell]):
    """One row being read: take each cell by the name asked for; what is left in it was not read."""


class Table(Struct):
    """One table with the heading it stands under, the paragraph before it and the footnotes after it."""

    grid: tuple[tuple[Cell, ...], ...]
    head: int
    heading: str
    lead: str
    notes: Mapping[str, str]
    within: tuple[str, ...]
    unread: Counter[str]
    header: tuple[str, ...] = ()
    """One name a column; several header rows are joined: "Output price / Thinking mode"."""
    body: tuple[tuple[Cell, ...], ...] = ()

    def __post_init__(self) -> None:
        self.header, self.body = _header(self.grid, self.head), self.grid[self.head :]
        if isinstance(self.unread, Unread):
            self.unread.add_table(self)

    @property
    def corner(self) -> str:
        """What stands at the top left."""
        return self.grid[0][0].text if self.grid and self.grid[0] else ""

    def rows(self, columns: Columns, ignored: frozenset[str] = frozenset()) -> Iterator[Row]:
        """Each row's cells under the asked names; `columns` gives each name its accepted exact headers.

        What the reader leaves in a row, and what stands in a column nobody asked for, is counted as unread.
        """
        places = self.places(columns, ignored)
        asked = list(places.items())
        for cells in self.lines(places.values(), ignored):
            row = Row([(name, cells[at]) for name, at in asked])
            yield row
            for name in row:
                self.unread[name] += 1

    def places(self, columns: Columns, ignored: frozenset[str] = frozenset()) -> dict[str, int]:
        """At which place in a row the cell under each asked name stands."""
        note_known(self.unread, ignored, *columns.values())
        return {name: self._place(spellings) for name, spellings in columns.items()}

    def lines(self, read: Collection[int], ignored: frozenset[str] = frozenset()) -> Iterator[tuple[Cell, ...]]:
        """Each row as it stands; what is at other places than those that are `read` is counted as unread."""
        width = len(self.header)
        for cells in self.body:
            if len(cells) != width:
                raise PageChanged(f"{self} has {width} columns, but a row has {[cell.text for cell in cells]}")
            yield cells
        self.leave_columns(read, ignored)

    def leave_columns(self, read: Collection[int], ignored: frozenset[str] = frozenset()) -> None:
        """Say that only these columns are read."""
        for at, name in enumerate(self.header):
            if at not in read and name not in ignored and (said := sum([bool(cells[at].text) for cells in self.body])):
                self.unread[name] += said

    def turned(self, corner: str) -> Iterator[tuple[dict[str, Cell], dict[str, Cell]]]:
        """The rows of a table whose columns are models: a row's labels by their text, then the cell of each model.

        `corner` is the text over the labels, at the top left.
        """
        models = [cell.text for cell in self.grid[0] if cell.text != corner]
        ids = [name for name in {*models} if ID.fullmatch(name)]
        if not models or len(ids) < len(models) or self.corner != corner:
            raise PageChanged(f"{self} does not begin with {corner!r} and models: {[c.text for c in self.grid[0]]}")
        for row in self.grid[1:]:
            if len(row) != len(self.grid[0]):
                raise PageChanged(f"{self} has {len(models)} models, but a row has {[cell.text for cell in row]}")
            labels, cells = row[: -len(models)], row[-len(models) :]
            yield {cell.text: cell for cell in labels}, dict(zip(models, cells, strict=True))

    def said_of(self, *cells: Cell) -> str:
        """The footnotes that the cells point to, by their marks or by a star at the end of the text."""
        marks = [mark for cell in cells for mark in (*cell.marks, *_STAR.findall(cell.text))]
        if lost := [mark for mark in marks if mark not in self.notes]:
            raise PageChanged(f"{self} points to the notes {lost}, which are not below it: {dict(self.notes)}")
        return " ".join(self.notes[mark] for mark in marks)

    def leave(self) -> None:
        """Say that the rows of this table are not read."""
        if self.body:
            self.unread[f"table: {self.heading}"] += len(self.body)

    @property
    def has_money(self) -> bool:
        """Whether a currency sign stands in a cell: such a table must not go unnoticed."""
        return any(mention_money(row) for row in self.grid)

    @property
    def has_token_money(self) -> bool:
        """Whether a cell says what tokens cost: such a table must not be left where others are."""
        return any("token" in cell.text.casefold() and _MONEY.search(cell.text) for row in self.grid for cell in row)

    @property
    def is_special(self) -> bool:
        """Whether the words over it are of batches or of hours, whose prices are not the usual ones."""
        return _SPECIAL.search("\n".join((self.heading, self.lead, *self.within)).casefold()) is not None

    def _place(self, spellings: tuple[str, ...]) -> int:
        found = _named(self.header, spellings)
        if len(found) == 1:
            return found[0]
        said, names = f"{len(found)} columns" if found else "no column", " or ".join(map(repr, spellings))
        raise PageChanged(f"{self} has {said} {names}; its header is {list(self.header)}")

    def __str__(self) -> str:
        return f"the table under {self.heading!r}"


# Most tables of a page have the same header.
@lru_cache(maxsize=1024)
def _named(header: tuple[str, ...], spellings: tuple[str, ...]) -> list[int]:
    """Which columns are called so. Anthropic's "Base Input Tokens" became "Base input tokens" (2026): a header's case
    says nothing."""
    folded = set(map(str.casefold, spellings))
    return [at for at, name in enumerate(_folded(header)) if name in folded]


@lru_cache(maxsize=1024)
def _folded(header: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(str.casefold, header))


def _header(grid: tuple[tuple[Cell, ...], ...], head: int) -> tuple[str, ...]:
    if head == 1:
        return tuple([cell.text for cell in grid[0]]) if grid else ()
    columns = zip(*grid[:head], strict=False)
    return tuple(" / ".join(dict.fromkeys(cell.text for cell in column if cell.text)) for column in columns)


def tables(blocks: Iterable[Block], unread: Counter[str]) -> tuple[Table, ...]:
    """The tables among the blocks of a page, each with its surroundings."""
    heading, lead = "", ""
    found: list[Table] = []
    notes: dict[str, str] = {}
    for block in blocks:
        if isinstance(block, Heading):
            heading, lead, notes = block.text, "", {}
        elif isinstance(block, Prose):
            lead = " ".join(block.lines)
            notes.update(_notes(block.lines))
        elif isinstance(block, Grid):
            notes = {}
            found.append(Table(block.cells, block.head, heading, lead, notes, block.within, unread))
            lead = ""
    return tuple(found)


def _notes(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if match := _NOTE.match(line):
            yield match[1] or match[2], match[3]
