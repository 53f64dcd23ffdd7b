"""Place: where on the pages of a run a price was read, small enough to stand in the price's row."""

from typing import NamedTuple

# Row and column are few bits wide, so that nearly all places take three bytes of a row on SQLite.
_TABLE, _ROW, _COLUMN, _BYTE = 10, 12, 5, 24
_PAGES = 1 << 16


class Place(NamedTuple):
    """A cell of the `table`-th table of a page, counted from 1 as are `row` (with the header) and `column`; or, where
    the price stands in no table, the `byte` of the kept page, from 0, at which its number begins. `page` is the
    ordinal, from 0, among what the run fetched."""

    page: int
    table: int = 0
    row: int = 0
    column: int = 0
    byte: int | None = None

    @property
    def text(self) -> str:
        """For a person: page 1, table 3, row 12, column 2; or page 2, byte 18234."""
        on_page = f"page {self.page + 1}"
        if self.byte is not None:
            return f"{on_page}, byte {self.byte}"
        return f"{on_page}, table {self.table}, row {self.row}, column {self.column}"

    @property
    def code(self) -> int | None:
        """One whole number: below 0 for a byte, above for a cell; None where a number is too large for its bits."""
        if not 0 <= self.page < _PAGES:
            return None
        if self.byte is not None:
            return -1 - (self.page << _BYTE | self.byte) if 0 <= self.byte < 1 << _BYTE else None
        sizes = ((self.table, _TABLE), (self.row, _ROW), (self.column, _COLUMN))
        if not all(0 < ordinal < 1 << bits for ordinal, bits in sizes):
            return None
        return ((self.page << _TABLE | self.table) << _ROW | self.row) << _COLUMN | self.column

    @classmethod
    def of_code(cls, code: int) -> "Place":
        """The inverse of `code`."""
        if code < 0:
            page, byte = divmod(-1 - code, 1 << _BYTE)
            return cls(page, byte=byte)
        rest, column = divmod(code, 1 << _COLUMN)
        rest, row = divmod(rest, 1 << _ROW)
        page, table = divmod(rest, 1 << _TABLE)
        return cls(page, table, row, column)
