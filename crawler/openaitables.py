"""OpenAI's tables of token prices, each with its tier and the length of a long context, in all forms of its page."""

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from crawler import islands, openaimdx
from crawler.failures import PageChanged
from crawler.grid import Cell, Grid, Heading, Prose, Table
from crawler.page import Page

SPEAKS_OF_PRICES = re.compile("input|output|cache|cost|price|write|token|context", re.IGNORECASE)
# Tools, tuning, and what is sold by the time that it lasts: videos, and live sessions since 2026-09.
_NOT_READ = frozenset({"Training", "Tool", "Price per second", "Price per minute"})
_BASIS = re.compile(r"Prices per (?!1M tokens|(?:second|minute)\b)[^.<\n]+")
_BOUND = re.compile(r"Short context: ≤([0-9]+)K input tokens\. Long context: >\1K input tokens\.")
# The sections of platform.openai.com/docs/pricing (2025) say what is counted, and what their prices are for.
_COUNTED = {"Text tokens": "Text", "Image tokens": "Image", "Audio tokens": "Audio"}
_COUNTS = re.compile(r"[A-Z]\w+ tokens")
_FIRST = re.compile("^Text tokens$", re.MULTILINE)
_PER = re.compile(r"Prices per (.+)\.")
_DASH = Cell.line("-")
_USE_CASE, _EMBEDDINGS = "Use case", {"Cost": "standard", "Batch cost": "batch"}

Found = Iterator[tuple[Table, str, str | None]]


def tables(page: Page) -> Found:
    """The tables that state prices of tokens; the others are left."""
    is_html, is_source = page.media_type.startswith("text/html"), openaimdx.BEGINS in page.text
    if is_html or is_source:
        found = list((islands if is_html else openaimdx).tables(page))
    else:
        found = list(zip(page.tables, map(islands.named_tab, page.captions), strict=True))
    named = [table.heading for table, _ in found if table.heading.endswith(" pricing data")]
    if not named and not is_html and _FIRST.search(page.text):
        yield from _in_sections(page)
        return
    if not named or len({*named}) < len(named):
        raise PageChanged(f"no table and so no price, or two, under one heading: {named}")
    if other := _BASIS.search(page.text):
        raise PageChanged(f"{other[0]!r}: the prices are not for a million tokens")
    bound = _BOUND.search(" ".join(table.lead for table, _ in found) if is_html or is_source else page.prose)
    for table, caption in found:
        if SPEAKS_OF_PRICES.search(" ".join(table.header)) and not _NOT_READ & {*table.header}:
            yield table, islands.tier(table, caption), bound[1] if bound else None
        elif table.has_money or _NOT_READ & {*table.header}:
            table.leave()


def _in_sections(page: Page) -> Found:
    given, section, kind, per, tab, last = iter(page.tables), "", "Text", "", "", ""
    for block in page.blocks:
        if isinstance(block, Grid):
            table = next(given)
            table.heading = section or table.heading
            if per == "1M tokens" and not {*_NOT_READ, _USE_CASE} & {*table.header}:
                if not last or (last not in (*_COUNTED, tab) and not _PER.fullmatch(last)):
                    raise PageChanged(f"{table} stands below {last!r}, which is no known tab")
                yield from _counted(table, kind, islands.TIERS.get(tab, "standard"))
            elif "Input" in table.header and "Training" not in table.header:
                raise PageChanged(f"{table} has prices per {per!r}, not for a million tokens")
            elif table.has_money:
                table.leave()
            last = ""
            continue
        for last in (block.text,) if isinstance(block, Heading) else block.lines if isinstance(block, Prose) else ():
            if _COUNTS.fullmatch(last):
                kind, tab = _COUNTED.get(last, ""), ""
            elif last in islands.TIERS:
                tab = last
            elif match := _PER.fullmatch(last):
                per = match[1]
            elif isinstance(block, Heading) or not last.strip("#"):
                # "###" stands alone, the name of the section below it.
                section, kind, per, tab = "", "Text", "", ""
            section = section or last.strip("#")


def _counted(table: Table, kind: str, tier: str) -> Found:
    """The table with a column that says what is counted; embeddings have a column for each tier instead of tabs."""
    if torn := [row for row in table.body if len(row) != len(table.header)]:
        raise PageChanged(f"{table} has {len(table.header)} columns, but a row has {[cell.text for cell in torn[0]]}")
    if table.header[1:] != (*_EMBEDDINGS,):
        yield _table(table, (*table.header, "Modality"), [(*row, Cell.line(kind)) for row in table.body]), tier, None
        return
    for at, name in enumerate(_EMBEDDINGS.values(), 1):
        yield _table(table, ("Model", "Input", "Output"), [(row[0], row[at], _DASH) for row in table.body]), name, None


def _table(table: Table, header: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> Table:
    return replace(table, grid=(tuple(map(Cell.line, header)), *rows), head=1)
