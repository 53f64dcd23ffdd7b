"""HTML as blocks: headings, prose and tables with real spans, placeholder cells dropped."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import cast

from lxml import etree

from crawler.failures import PageChanged
from crawler.grid import EMPTY, Aside, Block, Cell, Grid, Heading, Prose, Spanned, marks_of, spread, tidy

Element = etree._Element

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STRUCK = frozenset({"del", "s", "strike"})
_SILENT = frozenset({"script", "style", "template", "noscript", "svg", "table"})
_MEANT = _STRUCK | _SILENT | {"br", "sup", "li"}
_LINES = frozenset({"p", "div", "li", "ul", "ol", "tr", "section", "blockquote"})
_ALONE = (1, 1)
_PLACEHOLDERS = frozenset({"hidden", "table-hide"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot"})
_CELLS = frozenset({"td", "th"})
# The rows of a table, in capitals those of <thead>: with a <td> among their cells (d), or headers alone (h).
_HEAD = re.compile("[HD]+|[hH]+")
_BLOCKS = (*sorted(HEADINGS), "p", "span", "li", "div", "em", "section", "table")
# The headings of the ace editor: <div class="ace-line heading-h2"> (docs.volcengine.com 2026-07-17).
_ACE_HEADING = re.compile(r"(?:^|\s)heading-h[1-6](?:\s|$)")
# The slate editor's tabs: labels in a bar, then as many panes (cloud.tencent.com 2026-08-10).
_SLATE = "tse-tabs__cont"
_LABELS = etree.XPath("./div[contains(@class, 'tse-tabs__bar')]//div[contains(@class, 'tse-tabs__item-label')]")
_PANES = etree.XPath(f"./div[contains(@class, '{_SLATE}')]")
# Mintlify's tabs and accordions: each pane says what it is, and its title names it (platform.minimaxi.com 2026-09-11).
_TITLES = {
    "tab-content": etree.XPath("../../*[@role='tablist']/*[@role='tab'][@aria-controls=$pane]"),
    "accordion-content": etree.XPath("../summary//*[@data-component-part='accordion-title']"),
}
_PANE = "data-component-part"
# On ai.google.dev the scripts make tabs of sections: what was a heading in the section is then the label of its tab
# (2026-09-11).
_TAB_LABELS, _BELOW_ALL = etree.XPath("../devsite-tabs//tab[@data-tab=$name]"), 7
_TEXT = etree.XPath("string()", smart_strings=False)
# Elements of lxml.html would cost a call of Python each; a price page has up to a hundred thousand of them.
_PARSER = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)


def parse(text: str) -> Element:
    """The document's tree: no network, no comments, no entity from elsewhere."""
    if "</br>" in text:
        # A line break in a browser; the parser drops it, and two models of a cell were one (cloud.baidu.com 2026-10).
        text = text.replace("</br>", "<br>")
    tree: Element | None = etree.fromstring(text.encode(), _PARSER)
    if tree is None:
        raise PageChanged(f"not HTML: Document is empty; it begins {text[:80]!r}")
    return tree


def has_tabs(text: str) -> bool:
    """Whether there may be tabs or accordions in an HTML page."""
    return _SLATE in text or _PANE in text


def text_of(element: Element) -> str:
    """All text in an element, as it is written."""
    return cast(str, _TEXT(element)) if len(element) else element.text or ""


def blocks(tree: Element, *, in_tabs: bool = True) -> list[Block]:
    """Headings, prose and tables in the order of the document; of what stands in a table only further tables.

    Not to be `in_tabs` spares each table the way up to the root.
    """
    known = _PlainCells()
    found: list[Block] = []
    walk = etree.iterwalk(tree, events=("start",), tag=_BLOCKS)
    for _, element in walk:
        tag = element.tag
        if tag == "table":
            walk.skip_subtree()
            found += _parts(element, known, in_tabs)
        elif tag in HEADINGS or ((look := element.get("class")) and _ACE_HEADING.search(look)):
            found.append(_heading(element))
        elif tag == "em":
            found.append(Aside(tidy(text_of(element))))
        elif tag == "section":
            if (name := element.get("data-tab")) is not None:
                labels = cast(list[Element], _TAB_LABELS(element, name=name))
                found.append(Aside(" / ".join(tidy(text_of(label)) for label in labels), _BELOW_ALL))
        elif _is_paragraph(element) and (lines := cell_of(element, prose=True).lines):
            found.append(Prose(lines))
    return found


def _parts(table: Element, known: "_PlainCells", in_tabs: bool) -> Iterator[Block]:
    """A table; where it lays out others (cloud.google.com 2026-05-08), what heads them, too."""
    inner = list(table.iter("table"))
    for part in inner if len(inner) == 1 else table.iter("table", *HEADINGS):
        if part.tag != "table":
            yield _heading(part)
        elif grid := _grid(part, known, in_tabs):
            yield grid


def _heading(element: Element) -> Heading:
    tag = element.tag
    text = cell_of(element, prose=True).text if len(element) else tidy(element.text or "")
    return Heading(text, int(tag[1]) if tag in HEADINGS else 2)


def _is_paragraph(element: Element) -> bool:
    """Mintlify writes its paragraphs as <span data-as="p"> (docs.z.ai 2026-08-18, platform.kimi.com 2026-07-17)."""
    if element.tag in ("span", "p"):
        return "p" in (element.tag, element.get("data-as"))
    return element.tag == "li" and not any(map(_is_paragraph, element.iter("p", "span")))


def cell_of(element: Element, *, prose: bool = False) -> Cell:
    """What an element says. In prose a footnote mark stays in the text, as "(1)"."""
    while len(element) == 1 and (inner := _sole(element)) is not None:
        element = inner
    if not len(element):
        return Cell.line(element.text or "")
    # A generic alias that is called, list[str](), would cost as much as a child of the element.
    written: list[str] = []
    struck: list[str] = []
    marks: list[str] = []
    _read(element, written, struck, written if prose else marks, prose)
    return Cell.of(written, struck, () if prose else marks)


def _sole(element: Element) -> Element | None:
    """The one plain element that holds everything an element says: editors wrap a word in four spans."""
    child = element[0]
    if child.tag in _MEANT or _is_said(element.text) or _is_said(child.tail):
        return None
    if child.keys() and ("line-through" in (look := _look(child)) or "display" in look):
        return None
    return child


def _is_said(text: str | None) -> bool:
    return text is not None and not text.isspace()


def _read(element: Element, written: list[str], struck: list[str], marks: list[str], prose: bool) -> None:
    if text := element.text:
        written.append(text.replace("\n", " "))
    # All children at once cost half of one by one; the stubs know no slice of an element.
    for child in element[:]:  # type: ignore[index]
        tag = child.tag
        if tag == "br":
            written.append("\n")
        elif tag == "sup" and (found := marks_of(text_of(child))):
            marks.extend(f"({mark})" if prose else mark for mark in found)
        elif tag in _STRUCK or "line-through" in (look := _look(child) if child.keys() else ""):
            struck.append(text_of(child))
        elif tag not in _SILENT and not ("display" in look and _is_hidden(child)):
            if edge := "\n" if tag in _LINES else "":
                written.append(edge)
            if tag == "li" and not prose and not len(child) and not _is_said(child.text):
                # A dash that Markdown took for a bullet: <td><ul><li></li></ul></td> (alibabacloud.com 2026-09-24).
                written.append("-")
            _read(child, written, struck, marks, prose)
            if edge:
                written.append(edge)
        if tail := child.tail:
            written.append(tail.replace("\n", " "))


def _look(element: Element) -> str:
    return f"{element.get('style', '')} {element.get('class', '')}"


def _is_hidden(element: Element) -> bool:
    return "display:none" in (element.get("style") or "").replace(" ", "")


def _within(table: Element) -> tuple[str, ...]:
    """The labels of the tabs and accordions in which a table stands, the outermost first."""
    titles = list[str]()
    for pane in table.iterancestors("div"):
        if find := _TITLES.get(pane.get(_PANE) or ""):
            found = cast(list[Element], find(pane, pane=pane.get("id") or ""))
            # Not one title is no title that a spider knows.
            titles.insert(0, " / ".join(cell_of(title).text for title in found))
        elif _SLATE in (pane.get("class") or ""):
            tabs = cast(Element, pane.getparent())
            labels, panes = (cast(list[Element], path(tabs)) for path in (_LABELS, _PANES))
            if len(labels) != len(panes):
                raise PageChanged(f"there are {len(labels)} tabs for {len(panes)} panes")
            titles.insert(0, cell_of(labels[panes.index(pane)]).text)
    return tuple(titles)


class _PlainCells(dict[str | None, Cell]):
    """The cells of a page that hold only text, by that text: a price list has the same few hundred again and again."""

    def __missing__(self, text: str | None) -> Cell:
        said = tidy(text) if text else ""
        found = self[text] = Cell(said, "", (), (said,)) if said else EMPTY
        return found


def _grid(table: Element, known: _PlainCells, in_tabs: bool) -> Grid | None:
    rows: list[list[Cell | Spanned]] = []
    kinds: list[str] = []
    _read_rows(table, known, rows, kinds)
    if not rows:
        return None
    return Grid(spread(rows), _head("".join(kinds)), _within(table) if in_tabs else ())


def _read_rows(part: Element, known: _PlainCells, rows: list[list[Cell | Spanned]], kinds: list[str]) -> None:
    """The rows of a table or of a section of it, and of each what kind it is (_HEAD)."""
    in_head = part.tag == "thead"
    loose: list[Element] = []
    # As above.
    for child in part[:]:  # type: ignore[index]
        tag = child.tag
        if tag in _CELLS:
            # Cells whose <tr> is missing are a row of their own (Baidu's price page, 2026).
            loose.append(child)
            continue
        if loose:
            kinds.append(_read_row(loose, known, rows))
            loose = []
        if tag == "tr":
            # And here.
            kind = _read_row(child[:], known, rows)  # type: ignore[index]
            kinds.append(kind.upper() if in_head else kind)
        elif tag in _SECTIONS:
            _read_rows(child, known, rows, kinds)
    if loose:
        kinds.append(_read_row(loose, known, rows))


def _read_row(row: Iterable[Element], known: _PlainCells, rows: list[list[Cell | Spanned]]) -> str:
    """Adds what the cells say to the rows; "d" if any of them is <td>, else "h"."""
    found: list[Cell | Spanned] = []
    kind = "h"
    for cell in row:
        tag = cell.tag
        if tag == "td":
            kind = "d"
        elif tag != "th":
            continue
        if not (held := cell.items()):
            found.append(cell_of(cell) if len(cell) else known[cell.text])
        elif spans := _spans(tuple(held)):
            said = cell_of(cell) if len(cell) else known[cell.text]
            found.append(said if spans == _ALONE else Spanned(said, *spans))
    rows.append(found)
    return kind


@lru_cache(maxsize=1024)
def _spans(attributes: tuple[tuple[str, str], ...]) -> tuple[int, int] | None:
    """Over how many columns and rows a cell with these attributes goes; None where it only keeps a merged one's place:
    Volcengine's table-hide, Tencent's hidden."""
    stated = dict(attributes)
    colspan, rowspan = stated.get("colspan"), stated.get("rowspan")
    if "0" in (colspan, rowspan) or "display:none" in stated.get("style", "").replace(" ", ""):
        return None
    classes = stated.get("class", "").split()
    # "hidden md:table-cell" is a real column that narrow screens do not show.
    if not _PLACEHOLDERS.isdisjoint(classes) and not any(name.endswith(":table-cell") for name in classes):
        return None
    return _span("colspan", colspan, 1000), _span("rowspan", rowspan, 65534)


def _span(name: str, stated: str | None, most: int) -> int:
    if not stated:
        return 1
    written = tidy(stated)
    if not (written.isascii() and written.isdigit() and int(written) <= most):
        raise PageChanged(f"a cell has {name}={written!r}")
    return int(written)


def _head(kinds: str) -> int:
    """How many rows are the header: those of <thead>, else the first ones without <td>, else one."""
    match = _HEAD.match(kinds)
    return match.end() if match else 1
