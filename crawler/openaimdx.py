"""OpenAI's pricing.md of spring and summer 2026: the source of its components, of which some were cut on the way."""

import re
from collections.abc import Iterator
from typing import Any

from crawler import islands, jsx
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.marks import exact
from crawler.page import Page

BEGINS = "<TextTokenPricingTables"

_COMPONENT = re.compile(r"<(?P<kind>\w*Pricing\w*)\n(?P<source>.*?)\n\s*/>", re.DOTALL)
_OPENING = re.compile(r"<\w*Pricing\w*")
_TIER, _ROWS, _HEADINGS = re.compile(r'\btier="(\w+)"'), re.compile(r"\brows[=:] ?\{?"), re.compile(r"\bheadings=\{")
# What is left of a component that was cut: its last groups, or rows alone.
_REST = re.compile(
    r'\{\s*model: "[^"\n]*",\s*(?P<rows>rows: \[.*?\]\s*,?\s*\},)|<\w*Pricing\w*|\[\s*"[^"\n]*",\s*[\w"-]', re.DOTALL
)
_SECTION = re.compile(r'pricing-section-heading[\w -]*">\s*(.+?)\s*\n')
_PANE = re.compile(r'data-content-switcher-pane data-value="(\w+)"')
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SPECIALIZED, _TOOLS = "Specialized models", "Tools"
_COLUMNS = ("Model", "Input", "Cached input", "Output")


def tables(page: Page) -> Iterator[tuple[Table, str]]:
    """Each component's rows as a table, then the rest of each that was cut, with the tab that it stands on."""
    for component in _COMPONENT.finditer(page.text):
        source = component["source"]
        if _OPENING.search(source) or "</div>" in source:
            raise PageChanged(f"the page has a {component['kind']} without an end")
        if component["kind"] == BEGINS[1:]:
            yield _tokens(page, source), ""
        else:
            headings = _literal(source, _HEADINGS)
            if headings[:1] != ["Tool"]:
                raise PageChanged(f"the page has a {component['kind']} of {headings}")
            page.unread[f"table: {' | '.join(headings)}"] += 1
    yield from _cut(page, _COMPONENT.sub("", page.text))


def _tokens(page: Page, source: str) -> Table:
    tiers, rows = _TIER.findall(source), _literal(source, _ROWS)
    if len(tiers) != 1:
        raise PageChanged(f"a table of token prices is of the tiers {tiers}")
    header, cells, heading, lead = islands.read(BEGINS[1:], {"tier": tiers[0], "rows": rows})
    return Table((header, *cells), 1, heading, lead, {}, (), page.unread)


def _cut(page: Page, text: str) -> Iterator[tuple[Table, str]]:
    """Groups without their component: those of the specialized models have the columns that they always had."""
    for match in _REST.finditer(text):
        before = text[: match.start()]
        section, pane = _SECTION.findall(before)[-1:], _PANE.findall(before)[-1:]
        if section == [_TOOLS]:
            page.unread[f"table: {_TOOLS}"] += 1
            continue
        rows = _literal(match["rows"], _ROWS) if match["rows"] else []
        if section != [_SPECIALIZED] or not pane or not rows or any(len(row) != len(_COLUMNS) for row in rows):
            raise PageChanged(f"of a table under {section} only this is left: {match[0][:80]!r}")
        yield Table(_grid([_COLUMNS, *rows]), 1, _SPECIALIZED, "", {}, (), page.unread), pane[0].capitalize()


def _grid(rows: list[Any]) -> tuple[tuple[Cell, ...], ...]:
    return tuple([tuple([Cell.line("-" if cell is None else str(cell)) for cell in row]) for row in rows])


def _literal(source: str, name: re.Pattern[str]) -> Any:
    if (match := name.search(source)) is None:
        raise PageChanged(f"a price table has no {name.pattern}")
    return _values(jsx.literal(source, match.end())[0])


def _values(literal: jsx.Literal) -> Any:
    """Numbers as numbers, null as None; markup is no cell of these tables."""
    if isinstance(literal, list):
        return list(map(_values, literal))
    if not isinstance(literal, str):
        raise PageChanged(f"a price table holds {literal} where a cell was expected")
    return None if literal == "null" else exact(literal) if _NUMBER.fullmatch(literal) else literal
