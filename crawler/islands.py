"""Price tables inside Astro islands: the props that a page gives to its components, as tables with headers."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from lxml import html

from crawler import embedded, markup
from crawler.failures import PageChanged
from crawler.grid import Cell, Grid, Table
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


_TOKENS = ("Model", "Input", "Cached input", "Cache writes", "Output")


def tables(page: Page) -> Iterator[tuple[Table, str]]:
    """Each island's rows as a table, with the tab that it stands on; `lead` says what its column groups mean.

    The props of token prices lack the long context, which only the few rows that are drawn show: both are given.
    """
    for island in page.tree.iter("astro-island"):
        if "Pricing" in (kind := island.get("component-export") or ""):
            tab = _tab(island)
            props = embedded.astro(embedded.decode(island.get("props") or "", f"the props of {kind}"))
            header, rows, heading, lead = _read(kind, props)
            yield Table((header, *rows), 1, heading or _names(header), lead, {}, (), page.unread), tab
            for element in island.iter("table") if kind == "TextTokenPricingTables" else ():
                drawn = next(block for block in markup.blocks(_alone(element)) if isinstance(block, Grid))
                table = Table(drawn.cells, drawn.head, heading.removesuffix(" pricing data"), lead, {}, (), page.unread)
                if table.head == 2:
                    yield _flat(table), tab


def _alone(element: html.HtmlElement) -> html.HtmlElement:
    return markup.parse(html.tostring(element, encoding="unicode", with_tail=False))


def _read(kind: str, props: Any) -> tuple[tuple[Cell, ...], list[tuple[Cell, ...]], str, str]:
    if kind == "TextTokenPricingTables":
        tokens = _shaped(props, _Tokens, kind)
        return _cells(_TOKENS), list(map(_token_row, tokens.rows)), f"{tokens.tier.capitalize()} pricing data", ""
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
    if len(row) not in (4, 5):
        raise PageChanged(f"a row of token prices has {len(row)} cells: {row}")
    hit, miss = row[2], row[1]
    if isinstance(hit, int | Decimal) and isinstance(miss, int | Decimal) and hit > miss:
        raise PageChanged(f"a cache hit costs more than what it saves, so a cell is lost: {row}")
    return _cells([*row[:3], "-", row[3]] if len(row) == 4 else row)


def _flat(table: Table) -> Table:
    """With one header row: "Short context / Cached input" is "Short context cached input", as in the Markdown."""
    names = [" ".join([name.split(" / ")[0], *name.lower().split(" / ")[1:]]) for name in table.header]
    return replace(table, grid=(_cells(names), *table.body), head=1)


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


def _tab(island: html.HtmlElement) -> str:
    """The tab that an island stands on, as it is written on the page: "Batch"."""
    panes = (above for above in island.iterancestors() if above.get("data-content-switcher-pane"))
    return next(((pane.get("data-value") or "").capitalize() for pane in panes), "")


def _names(header: tuple[Cell, ...]) -> str:
    return " | ".join(cell.text for cell in header)
