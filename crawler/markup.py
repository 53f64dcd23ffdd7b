"""HTML as blocks: headings, prose and tables with real spans, placeholder cells dropped."""

from collections.abc import Iterator
from itertools import takewhile
from typing import cast

from lxml import etree, html

from crawler.failures import PageChanged
from crawler.grid import Block, Cell, Grid, Heading, Prose, Spanned, marks_of, spread, tidy

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STRUCK = frozenset({"del", "s", "strike"})
_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "table"})
_LINES = frozenset({"p", "div", "li", "ul", "ol", "tr", "section"})
_PLACEHOLDERS = frozenset({"hidden", "table-hide"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_BLOCKS = etree.XPath(
    "//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6 or self::p or self::li[not(.//p)]]"
    "[not(ancestor::table)] | //table"
)


def parse(text: str) -> html.HtmlElement:
    """The document's tree: no network, no comments, no entity from elsewhere."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError as error:
        raise PageChanged(f"not HTML: {error}; it begins {text[:80]!r}") from error


def blocks(tree: html.HtmlElement) -> Iterator[Block]:
    """Headings, prose and tables in the order of the document."""
    for element in cast(list[html.HtmlElement], _BLOCKS(tree)):
        if element.tag == "table":
            if rows := list(_rows(element)):
                yield Grid(spread([cells for _, cells in rows]), _head([row for row, _ in rows]))
        elif element.tag in HEADINGS:
            yield Heading(cell_of(element, prose=True).text)
        elif lines := cell_of(element, prose=True).lines:
            yield Prose(lines)


def cell_of(element: html.HtmlElement, *, prose: bool = False) -> Cell:
    """What an element says. In prose a footnote mark stays in the text, as "(1)"."""
    if not len(element):
        return Cell.of([_flat(element.text)])
    written, struck, marks = list[str](), list[str](), list[str]()
    _read(element, written, struck, written if prose else marks, prose)
    return Cell.of(written, struck, () if prose else marks)


def _read(element: html.HtmlElement, written: list[str], struck: list[str], marks: list[str], prose: bool) -> None:
    written.append(_flat(element.text))
    for child in element:
        tag = child.tag
        if tag == "br":
            written.append("\n")
        elif tag == "sup" and (found := marks_of(child.text_content())):
            marks.extend(f"({mark})" if prose else mark for mark in found)
        elif tag in _STRUCK or "line-through" in _look(child):
            struck.append(child.text_content())
        elif tag not in _SILENT and not _is_hidden(child):
            edge = "\n" if tag in _LINES else ""
            written.append(edge)
            _read(child, written, struck, marks, prose)
            written.append(edge)
        written.append(_flat(child.tail))


def _flat(text: str | None) -> str:
    return text.replace("\n", " ") if text else ""


def _look(element: html.HtmlElement) -> str:
    return f"{element.get('style', '')} {element.get('class', '')}"


def _is_hidden(element: html.HtmlElement) -> bool:
    return "display:none" in (element.get("style") or "").replace(" ", "")


def _rows(table: html.HtmlElement) -> Iterator[tuple[html.HtmlElement, list[Spanned]]]:
    for child in table:
        if child.tag == "tr":
            yield child, list(_cells(child))
        elif child.tag in _SECTIONS:
            for row in child:
                if row.tag == "tr":
                    yield row, list(_cells(row))


def _cells(row: html.HtmlElement) -> Iterator[Spanned]:
    for cell in row:
        if cell.tag in ("td", "th") and not _is_placeholder(cell):
            yield Spanned(cell_of(cell), _span(cell, "colspan", 1000), _span(cell, "rowspan", 65534))


def _is_placeholder(cell: html.HtmlElement) -> bool:
    """A cell that only keeps the place of a merged one: Volcengine's table-hide, Tencent's hidden."""
    if cell.get("rowspan") == "0" or cell.get("colspan") == "0" or _is_hidden(cell):
        return True
    if not (classes := (cell.get("class") or "").split()):
        return False
    # "hidden md:table-cell" is a real column that narrow screens do not show.
    return not _PLACEHOLDERS.isdisjoint(classes) and not any(name.endswith(":table-cell") for name in classes)


def _span(cell: html.HtmlElement, name: str, most: int) -> int:
    if not (stated := cell.get(name)):
        return 1
    written = tidy(str(stated))
    if not (written.isascii() and written.isdigit() and int(written) <= most):
        raise PageChanged(f"a cell has {name}={written!r}")
    return int(written)


def _head(rows: list[html.HtmlElement]) -> int:
    """How many rows are the header: those of <thead>, else the first ones without <td>, else one."""
    declared = len(list(takewhile(lambda row: cast(html.HtmlElement, row.getparent()).tag == "thead", rows)))
    return declared or len(list(takewhile(lambda row: all(cell.tag != "td" for cell in row), rows))) or 1
