"""BigModel's cells: names with badges, sales and their end; and Element-UI's tables, whose headers stand apart."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import structs

from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from history.model import PriceComponent

_NAME = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?:[(（][0-9]+[KM][)）])?(?: 新品| (?P<note>[^\W\d折元价峰闲批夜]+))?")


def joined(tables: Iterable[Table]) -> Iterator[Table]:
    """Each table with the header that stood alone before it; a header without a body is none of its own."""
    header = None
    for table in tables:
        alone = header is None and len(table.grid) == 1
        if not alone:
            yield structs.replace(header, grid=header.grid + table.grid) if header else table
        header = table if alone else None


def model(cell: Cell) -> tuple[str, tuple[str, ...]]:
    """The model's name, and what a badge says of it: "GLM-4-Plus 即将下线"."""
    if (match := _NAME.fullmatch(cell.text)) is None or cell.struck:
        raise PageChanged(f"{cell.text!r} is not a model's name")
    return match["name"], tuple(filter(None, [match["note"]]))


def sale(cell: Cell) -> Cell:
    """The documentation writes 0.4（~~刊例价 0.8~~）, 刊例价 being the list price."""
    return Cell(cell.text.removesuffix("（）").strip(), cell.struck.removeprefix("刊例价 ")) if cell.struck else cell


def dated(name: str, prices: Iterable[PriceComponent], ends: Mapping[str, datetime]) -> Iterator[PriceComponent]:
    """The prices of a model, those of a sale until it ends. A page that says so of one sale has to say it of each."""
    for price in prices:
        if price.list_amount is None:
            yield price
        elif ends and name not in ends:
            raise PageChanged(f"{name} is on sale, but an end is stated only for {sorted(ends)}")
        else:
            yield structs.replace(price, valid_to=ends.get(name))
