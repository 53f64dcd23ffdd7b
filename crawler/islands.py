"""Price tables inside Astro islands: the props that a page gives to its components, as tables with headers."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from crawler import embedded, markup
from crawler.failures import PageChanged
from crawler.grid import Cell, Grid, Table
from crawler.marks import exact
from crawler.page import Page

T = TypeVar("T")


class _Tokens(msgspec.Struct):
    tier: str
    rows: list[list[Any]]


class _Group(msgspec.Struct):
    model: str
    rows: list[list[Any]]


class _Grouped(msgspec.Struct, rename="camel"):
    headings: list[Any]
    groups: list[_Group]
    heading_groups: list[Any] = []


class _Plain(msgspec.Struct):
    headings: list[Any]
    rows: list[list[Any]]


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONG, _DASH = "Long context", Cell.line("-")
# Drawn beside its long context, a model is named without this (2026-06, 2026-09-11).
_LENGTH = re.compile(r" \(<[0-9]+K context length\)$")
TIERS = {n: n.split()[0].lower() for n in ("Standard", "Batch", "Flex", "Fast", "Fast mode", "Priority", "Ultrafast")}
_TOKENS = ("Model", "Input", "Cached input", "Cache writes", "Output")


def tables(page: Page) -> Iterator[tuple[Table, str]]:
    """Each island's rows as a table, with the tab that it stands on; `lead` says what its column groups mean."""
    for island in page.tree.iter("astro-island"):
        if "Pricing" in (kind := island.get("component-export") or ""):
            props = embedded.astro(embedded.decode(island.get("props") or "", f"the props of {kind}"))
            header, rows, heading, lead = read(kind, props)
            table = Table((header, *rows), 1, heading or _names(header), lead, {}, (), page.unread)
            if kind == "TextTokenPricingTables":
                drawn = [block for block in markup.blocks(island) if isinstance(block, Grid)]
                table = _drawn(table, [replace(table, grid=block.cells, head=block.head) for block in drawn])
            yield table, _tab(island)


def named_tab(lines: Sequence[str]) -> str:
    """The tab that a table in Markdown stands on: the last line before it that is the name of a tab, and only that.

    Between the two a sentence may stand: "For image generation cost estimates, use …" (2026-09).
    """
    return next((line for line in reversed(lines) if line in TIERS), "")


def tier(table: Table, caption: str) -> str:
    """As the heading says ("Batch pricing data"), or the tab that the table stands on; they may not disagree."""
    named = table.heading.removesuffix(" pricing data")
    stated = {TIERS[name] for name in (named, caption) if name in TIERS}
    if len(stated) > 1 or (named != table.heading and named not in TIERS):
        raise PageChanged(f"{table} on the tab {caption!r} is of no known tier")
    return min(stated, default="standard")


def read(kind: str, props: Any) -> tuple[tuple[Cell, ...], list[tuple[Cell, ...]], str, str]:
    """A component's header, rows, heading, and what its column groups mean."""
    if kind == "TextTokenPricingTables":
        tokens = _shaped(props, _Tokens, kind)
        rows, sizes = list(map(_token_row, tokens.rows)), [len(row) for row in tokens.rows]
        split = [at for at, row in enumerate(tokens.rows) if _LENGTH.search(row[0])]
        first = [size for at, size in enumerate(sizes) if at not in split[1:]]
        if first != sorted(first, reverse=True) or any(sizes[at] < max(sizes) for at in split):
            # The newest models stand first, and only they and those with a long context have a cell for cache writes:
            # a shorter row between has lost one.
            raise PageChanged(f"the rows of {tokens.tier!r} have {sizes} cells, so a cell is lost")
        return _cells(_TOKENS), rows, f"{tokens.tier.capitalize()} pricing data", ""
    if kind == "GroupedPricingTable":
        grouped = _shaped(props, _Grouped, kind)
        rows = [_cells([group.model, *row]) for group in grouped.groups for row in group.rows]
        return _cells(grouped.headings), rows, "", " ".join(filter(None, map(_meaning, grouped.heading_groups)))
    if kind == "PricingTable":
        plain = _shaped(props, _Plain, kind)
        return _cells(plain.headings), list(map(_cells, plain.rows)), "", ""
    raise PageChanged(f"the page has the unknown price component {kind!r}")


def _token_row(row: list[Any]) -> tuple[Cell, ...]:
    # A model without cache writes has a row of four (developers.openai.com/api/docs/pricing, 2026-08-21).
    if len(row) not in (4, 5) or not isinstance(row[0], str):
        raise PageChanged(f"a row of token prices has {len(row)} cells, or no name: {row}")
    (miss, hit), out = row[1:3], row[-1]
    if isinstance(hit, int | Decimal) and isinstance(miss, int | Decimal) and hit > miss:
        raise PageChanged(f"a cache hit costs more than what it saves, so a cell is lost: {row}")
    if isinstance(miss, int | Decimal) and (not isinstance(out, int | Decimal) or out < miss):
        raise PageChanged(f"an answer costs less than its question, or nothing, so a cell is lost: {row}")
    return _cells([*row[:3], "-", row[3]] if len(row) == 4 else row)


def _drawn(table: Table, drawn: Sequence[Table]) -> Table:
    """The rows of the props, which have no headers of their own, with the long context that only drawn rows show.

    Each drawn row must say what the props say. There are two drawn tables where somebody asked for all models.
    """
    header, given = [cell.text for cell in table.grid[0]], {row[0].text: row for row in table.body}
    names = {_LENGTH.sub("", name): name for name in given} | {name: name for name in given}
    long: dict[str, dict[str, Cell]] = {}
    for name, written in (row for part in drawn for row in _shown(part)):
        model = names.get(name, name)
        if model in long:
            raise PageChanged(f"{table} draws a model twice: {name!r}")
        said = dict(zip(header[1:], given.get(model, ())[1:], strict=False))
        differ = [name for name, cell in said.items() if not _same(written.pop(name, _DASH).text, cell.text)]
        if not said or differ or not all(name.startswith(_LONG) for name in written):
            raise PageChanged(f"{table} has two prices of {model!r}, one in its props and one drawn: {written or said}")
        long[model] = written
    added = list(dict.fromkeys(name for cells in long.values() for name in cells))
    if not added:
        return table
    columns = [header[0], *(f"Short context {name.lower()}" for name in header[1:]), *added]
    rows = [(*row, *(long.get(model, {}).get(name, _DASH) for name in added)) for model, row in given.items()]
    return replace(table, grid=(_cells(columns), *rows))


def _shown(part: Table) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Each model of a drawn table with its prices, by the names that the props have for them."""
    columns = list(map(_column, part.header))
    for row in part.body:
        if len({cell.text for cell in row}) == 1:
            # One text over all columns is a caption between the rows ("Latest models"), not a model.
            part.unread[f"caption: {row[0].text}"] += 1
        else:
            yield row[0].text, dict(zip(columns[1:], row[1:], strict=True)) if len(row) == len({*columns}) else {}


def _column(header: str) -> str:
    """What the props call a drawn column: "Short context / Input" is "Input"; they have none of a long context."""
    group, _, name = header.rpartition(" / ")
    return f"{_LONG} {name.lower()}" if group == _LONG else name


def _same(drawn: str, given: str) -> bool:
    if _NUMBER.fullmatch(given) and _NUMBER.fullmatch(drawn.removeprefix("$")):
        return exact(drawn.removeprefix("$")) == exact(given)
    return drawn == given or {drawn, given} <= {"", "-"}


def _shaped(props: Any, shape: type[T], kind: str) -> T:
    try:
        return msgspec.convert(props, shape)
    except msgspec.ValidationError as error:
        raise PageChanged(f"the props of {kind}: {error}") from error


def _cells(values: Any) -> tuple[Cell, ...]:
    return tuple(map(_cell, values))


def _cell(value: Any) -> Cell:
    match value:
        case None:
            return Cell.of(["-"])
        case bool():
            raise PageChanged(f"a price table holds {value!r} where a cell was expected")
        case str() | int() | Decimal():
            return Cell.of([str(value)])
        case {"__pricingHtml": str(source)}:
            return markup.cell_of(markup.parse(f"<div>{source}</div>"))
        case {"__pricingTooltipHeading": {"label": str(label)}}:
            return Cell.of([label])
    raise PageChanged(f"a price table holds {str(value)[:80]!r} where a cell was expected")


def _meaning(group: Any) -> str:
    """Of a column group: "Long context: >272K input tokens."."""
    match group:
        case {"label": {"__pricingTooltipHeading": {"label": str(label), "tooltip": str(tooltip)}}}:
            return f"{label}: {tooltip}."
    return ""


def _tab(island: markup.Element) -> str:
    """The tab that an island stands on, as it is written on the page: "Batch"."""
    panes = (above for above in island.iterancestors() if above.get("data-content-switcher-pane"))
    return next(((pane.get("data-value") or "").capitalize() for pane in panes), "")


def _names(header: tuple[Cell, ...]) -> str:
    return " | ".join(cell.text for cell in header)
