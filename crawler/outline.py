"""A page's outline: headings, emphasised or first lines and tables in order, from HTML and Markdown alike."""

from collections.abc import Iterator

from crawler.failures import PageChanged
from crawler.grid import Heading, Prose, Table, tidy
from crawler.markup import HEADINGS, text_of
from crawler.page import Page


def outline(page: Page) -> Iterator[tuple[str, Table | None]]:
    """Each heading as "# text", each line as it is, each table with an empty text.

    On ai.google.dev the ids of models stand in <em>, outside of any paragraph.
    """
    tables = iter(page.tables)
    if not page.media_type.startswith("text/html"):
        for block in page.blocks:
            if isinstance(block, Heading):
                yield f"# {block.text}", None
            else:
                yield (block.lines[0], None) if isinstance(block, Prose) else ("", next(tables))
        return
    elements = list(page.tree.iter(*HEADINGS, "em", "table"))
    # To look for a cell in each table costs more than the rest of the outline.
    none_is_empty = [element.tag for element in elements].count("table") == len(page.tables)
    for element in elements:
        if element.tag == "table":
            if none_is_empty or next(element.iter("td", "th"), None) is not None:
                yield "", next(tables)
        else:
            text = tidy(text_of(element))
            yield f"# {text}" if element.tag in HEADINGS else text, None
    if next(tables, None) is not None:
        raise PageChanged(f"the tables of {page.url} are not those of its outline")
