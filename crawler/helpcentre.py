"""Alibaba Cloud's help centre: a document as the API's answer, as a page or as Markdown; each table with its region."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple, cast

import msgspec
from lxml import etree
from msgspec import structs

from crawler import grid, markup
from crawler.failures import PageChanged
from crawler.grid import Block, Cell, Grid, Prose, Table
from crawler.markup import HEADINGS, Element
from crawler.page import Page

_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
# "Token > 32K" is a length.
_QUOTE = re.compile(r"(?:^| )> (?![0-9]+[KM]?(?: |$))")
_TABS = "tabbed-content-box"
_LABELS = etree.XPath("./div[@class='tab-box']/div[@class='tab-item-container']/div")


class _Content(msgspec.Struct):
    content: str


class _Answer(msgspec.Struct):
    data: _Content


class Document(NamedTuple):
    """The tables of a document, each with the region that it stands under ("" where there is none), and its prose."""

    tables: list[tuple[str, Table]]
    prose: str


def document(page: Page, region_of: Callable[[str], str]) -> Document:
    """`region_of` gives the region that a heading or the title of a tab names, "" for all others."""
    if page.media_type.startswith("application/json") or "html" in page.media_type:
        tree = page.tree if "html" in page.media_type else markup.parse(page.json_as(_Answer).data.content)
        blocks = markup.blocks(tree)
        tables, regions = grid.tables(blocks, page.unread), list(_regions(tree, region_of))
    else:
        blocks = list(map(_drawn, page.blocks))
        tables = grid.tables(blocks, page.unread)
        regions = [_first(region_of, table.within[::-1]) for table in tables]
    if len(tables) != len(regions):
        raise PageChanged(f"{page.url} has {len(tables)} tables that can be read, in {len(regions)} places")
    prose = "\n".join(line for block in blocks if isinstance(block, Prose) for line in block.lines)
    return Document(list(_once(zip(regions, map(_with_its_header, tables), strict=True))), prose)


def _once(tables: Iterable[tuple[str, Table]]) -> Iterator[tuple[str, Table]]:
    """Without a table that is said again at once, word for word: Unisound-云知声 has two sections (autumn 2026)."""
    last: object = None
    for region, table in tables:
        if (said := (region, table.grid)) != last:
            yield region, table
        last = said


def _drawn(block: Block) -> Block:
    """A table in Markdown as a browser draws it: what "qwen3-max > [Batch](/zh/…)半价" says are two lines."""
    if not isinstance(block, Grid):
        return block
    cells = [[_said(cell) if "[" in cell.text or "> " in cell.text else cell for cell in row] for row in block.cells]
    return structs.replace(block, cells=tuple(map(tuple, cells)))


def _said(cell: Cell) -> Cell:
    parts = [part for line in cell.lines or (cell.text,) for part in _QUOTE.split(_LINK.sub(r"\1", line))]
    lines = tuple(filter(None, map(grid.tidy, parts)))
    return structs.replace(cell, text=" ".join(lines), lines=lines)


def _regions(tree: Element, region_of: Callable[[str], str]) -> Iterator[str]:
    """The region of each table: of the section that it stands in, or else of the headings above it."""
    path = list[tuple[str, str]]()
    for element in tree.iter(*HEADINGS, "table"):
        tag = element.tag
        if tag != "table":
            path = [(level, text) for level, text in path if level < tag]
            path.append((tag, markup.cell_of(element, prose=True).text))
        elif element.find(".//tr") is not None:
            yield _first(region_of, chain(_titles(element), (text for _, text in reversed(path))))


def _titles(table: Element) -> Iterator[str]:
    """The headings that a table stands below, by how the sections lie in each other, the innermost first: the labels of
    tabs are of one level with those of the tabs in them (千问-TTS in 新加坡, 2026-08-10)."""
    inner = table
    for outer in table.iterancestors():
        if _TABS in (outer.get("class") or ""):
            yield from _label(outer, inner)
        above = "h9"
        for element in inner.itersiblings(preceding=True):
            if element.tag in HEADINGS and (tag := element.tag) < above:
                yield markup.cell_of(element, prose=True).text
                above = tag
        inner = outer


def _label(tabs: Element, pane: Element) -> Iterator[str]:
    """What a tab is called where a browser has drawn it: the bar has taken the heading of each pane."""
    labels, panes = cast(list[Element], _LABELS(tabs)), tabs.findall("section")
    if labels and len(labels) != len(panes):
        raise PageChanged(f"there are {len(labels)} tabs for {len(panes)} panes")
    if labels:
        yield markup.cell_of(labels[panes.index(pane)], prose=True).text


def _first(region_of: Callable[[str], str], texts: Iterable[str]) -> str:
    return next(filter(None, map(region_of, texts)), "")


def _with_its_header(table: Table) -> Table:
    """The second header row stands in <tbody> on a page: "非思考模式 | 思考模式" under 输出单价."""
    if table.head == 1 and len(table.grid) > 1 and table.grid[1][:1] == table.grid[0][:1]:
        table = structs.replace(table, head=2)
    if table.head > 1 and not all(cell.text for cell in table.grid[1]):
        raise PageChanged(f"{table} has lost a cell of its second header row: {list(table.header)}")
    return table
