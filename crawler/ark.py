"""Ark: the price document of Volcengine and BytePlus, as the API's JSON, in the page's script, or as its tables."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

import msgspec

from crawler import embedded, grid, markdown
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.ratecard import has_conditions, plain, rates, units_of
from crawler.sheet import PriceSheet
from history.model import Conditions, Offer, Provider

_EMBEDDINGS = frozenset({"向量模型", "文本向量模型", "图文向量模型", "embeddingmodels"})
_DASH = re.compile("[—–]")
_SCRIPT = re.compile(r'"MDContent": ?("(?:[^"\\]|\\.)+")')
_PIPE = re.compile(r"(?<!\\)\|")
_MERGED = "^^"
_GOES_ON = "|^^|", "|\\\n"


class _Result(msgspec.Struct):
    MDContent: str


class _Answer(msgspec.Struct):
    Result: _Result


def _document(page: Page) -> tuple[tuple[grid.Table, ...], str]:
    """The tables and the prose."""
    if page.media_type.startswith("application/json"):
        source = page.json_as(_Answer).Result.MDContent
    elif '"MDContent"' in page.text and (scripts := {*_SCRIPT.findall(page.text)}):
        if len(scripts) > 1:
            raise PageChanged(f"{page.url} holds {len(scripts)} documents")
        source = embedded.decode(scripts.pop(), "the page's MDContent")
    elif page.media_type.startswith("text/markdown") and any(sign in page.text for sign in _GOES_ON):
        source = page.text
    else:
        return page.tables, page.prose
    blocks = tuple(markdown.blocks(_one_line_each(source)))
    prose = "\n".join(line for block in blocks if isinstance(block, grid.Prose) for line in block.lines)
    return grid.tables(blocks, page.unread), prose


def _one_line_each(source: str) -> str:
    """With each row on one line and nothing merged. In the documents of 2025 a line that ends with a backslash goes on,
    cell by cell, on the next; a row begins with a line of empty cells and of "^^", which is the cell above."""
    if not any(sign in source for sign in _GOES_ON):
        return source
    done, row, above = list[str](), list[str](), list[str]()
    for line in source.splitlines():
        if not line.startswith("|"):
            if row:
                raise PageChanged(f"a row of a table is cut off by {line[:80]!r}")
            done.append(line)
            above = []
            continue
        here = line.rstrip().removesuffix("\\")
        cells = [cell.strip() for cell in _PIPE.split(here.rstrip().removesuffix("|"))[1:]]
        row = ["<br>".join(filter(None, pair)) for pair in zip_longest(row, cells, fillvalue="")]
        if here != line.rstrip():
            continue
        if _MERGED in row and len(row) != len(above):
            raise PageChanged(f"a cell is merged with one above that is not there: {line[:80]!r}")
        above = [above[at] if cell == _MERGED else cell for at, cell in enumerate(row)]
        done.append(f"|{'|'.join(above)}|")
        row = []
    return "\n".join(done)


def offers(
    page: Page,
    provider: Provider,
    currency: str,
    tiers: Mapping[str, str],
    units: Mapping[str, str],
    peak_hours: Callable[[str, str], Conditions],
) -> Iterator[Offer]:
    """`tiers` by plain heading, `units` by plain header; what is not a model's token price is left and reported."""
    sheet = PriceSheet()
    tables, prose = _document(page)
    for table in tables:
        known = units_of(table, units, currency)
        found = {unit for unit, _ in known.values()}
        heading = plain(_DASH.split(table.heading)[-1])
        tier = tiers.get(heading)
        # What a customer's own model costs: 精调后在线推理 (2025-11).
        if tier is None and ("output_tokens" not in found or "精调" in heading):
            table.leave()
            continue
        complete = "input_tokens" in found and (
            heading in _EMBEDDINGS or ("output_tokens" in found and has_conditions(table))
        )
        if tier is None or not complete:
            raise PageChanged(
                f"{table} has token prices, but its tier or a column of it is not known: {list(table.header)}"
            )
        for rate in rates(table, known, currency, lambda model: peak_hours(prose, model)):
            sheet.add(rate.model, *rate.components, tier=tier, terms=rate.terms)
    yield from sheet.offers(provider)
