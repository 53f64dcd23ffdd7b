"""A page's outline: headings, emphasised or first lines and tables in order, from HTML and Markdown alike."""

from collections.abc import Iterator

from crawler.grid import Aside, Heading, Prose, Table
from crawler.page import Page


def outline(page: Page) -> Iterator[tuple[int, str, Table | None]]:
    """Each heading with its level, each line with 0, each table with an empty text.

    On ai.google.dev the ids of models stand in <em>, outside of any paragraph.
    """
    tables = iter(page.tables)
    for block in page.blocks:
        if isinstance(block, Heading | Aside):
            yield block.level, block.text, None
        else:
            yield (0, block.lines[0], None) if isinstance(block, Prose) else (0, "", next(tables))
