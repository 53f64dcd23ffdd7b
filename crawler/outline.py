"""A page's outline: headings, emphasised or first lines and tables in order, from HTML and Markdown alike."""

from collections.abc import Iterator
from typing import cast

from lxml import etree

from crawler.failures import PageChanged
from crawler.grid import Heading, Prose, Table, tidy
from crawler.markup import HEADINGS, Element, text_of
from crawler.page import Page

_BELOW_ALL = 7
_LABELS = etree.XPath("../devsite-tabs//tab[@data-tab=$name]")


def outline(page: Page) -> Iterator[tuple[int, str, Table | None]]:
    """Each heading with its level, each line with 0, each table with an empty text.

    On ai.google.dev the ids of models stand in <em>, outside of any paragraph. Its scripts make tabs of sections: what
    was a heading in the section is then the label of its tab (2026-09-11).
    """
    tables = iter(page.tables)
    if not page.media_type.startswith("text/html"):
        for block in page.blocks:
            if isinstance(block, Heading):
                yield block.level, block.text, None
            else:
                yield (0, block.lines[0], None) if isinstance(block, Prose) else (0, "", next(tables))
        return
    elements = list(page.tree.iter(*HEADINGS, "em", "section", "table"))
    tags = [element.tag for element in elements]
    # To look for a cell in each table costs more than the rest of the outline.
    none_is_empty = tags.count("table") == len(page.tables)
    for element, tag in zip(elements, tags, strict=True):
        if tag == "table":
            if none_is_empty or next(element.iter("td", "th"), None) is not None:
                yield 0, "", next(tables)
        elif tag != "section":
            yield int(tag[1]) if tag in HEADINGS else 0, tidy(text_of(element)), None
        elif (name := element.get("data-tab")) is not None:
            labels = cast(list[Element], _LABELS(element, name=name))
            yield _BELOW_ALL, " / ".join(tidy(text_of(label)) for label in labels), None
    if next(tables, None) is not None:
        raise PageChanged(f"the tables of {page.url} are not those of its outline")
