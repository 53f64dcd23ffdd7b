"""MiniMax's price tables, international and Chinese: a model's cell with a prompt size and a badge, and two tiers."""

import re

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Table
from crawler.lengths import lengths
from crawler.sheet import PriceSheet
from history.model import ALWAYS, Conditions

# The tab or the accordion that holds a table of the documentation: its tier, and what it says of the models.
_PLACES: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {
    (): ("standard", ()),
    **dict.fromkeys((("Standard",), ("标准",)), ("standard", ())),
    **dict.fromkeys((("Priority",), ("优先",)), ("priority", ())),
    **dict.fromkeys((("Legacy Models",), ("历史模型",)), ("standard", ("legacy",))),
}
_BADGES = (
    r"(?:Permanent|Limited-time) [0-9]{1,2}% off|New|High Concurrency, Commercial Use|更高并发，商业使用"
    r"|(?:永久|限时) ?[一二三四五六七八九1-9](?:\.[1-9])? ?折|新品|推荐|热门|NEW|HOT"
    # So far of music only (2026-09).
    r"|\(Discontinued\)|（已下线）"
)
# "MiniMax-M3 > 512k input tokens* Permanent 50% off" (docs), "MiniMax-M3 上下文 512K ~ 1M 永久五折" (console).
_MODEL = re.compile(
    r"(?P<name>(?:MiniMax-)?[A-Z][A-Za-z0-9.-]*)"
    r"(?: 上下文 (?P<context>≤ ?[0-9]+[KM]|[0-9]+[KM] ?~ ?[0-9]+[KM])"
    r"| (?P<input>[≤<>≥]=? ?[0-9]+[kKM]) (?:input|输入) tokens)?\*?"
    rf"(?: ?(?P<badge>{_BADGES}))?"
)


def place(table: Table) -> tuple[str, tuple[str, ...]]:
    """The tier of a table of the documentation, and what its place says of the models."""
    within = tuple(title.rstrip("*") for title in table.within)
    if within not in _PLACES or table.is_special:
        raise PageChanged(f"{table} stands in {list(within)} below {table.lead!r}, which is no known tier")
    return _PLACES[within]


def by_token(table: Table) -> bool:
    """Whether a table prices tokens, wherever it stands: its header says so, or a cell with money does."""
    return table.has_token_money or any("tokens" in name.casefold() for name in table.header)


def read(
    sheet: PriceSheet,
    table: Table,
    named: tuple[str, ...],
    units: Columns,
    currency: str,
    tier: str,
    terms: tuple[str, ...] = (),
) -> None:
    """Adds the prices of a table whose models stand under one of the headers `named`."""
    columns = priced.columns(table, units, {"input_tokens", "output_tokens"})
    header, ladder = {name.casefold() for name in table.header}, priced.Ladder()
    # A header that says for how many tokens its prices are stands over bare numbers; elsewhere each cell says it.
    stating = {name for name in header if "tokens" in name}
    per = {unit: 1_000_000 for unit, names in columns.items() if not stating.isdisjoint(names)}
    if unknown := stating.difference(*columns.values()):
        raise PageChanged(f"{table} has prices in the unknown columns {sorted(unknown)}")
    for row in table.rows({"model": named, **columns}):
        name, when, badge = _model(table, row.pop("model"), ladder)
        stated = [(unit, priced.price(unit, row.pop(unit), currency, per.get(unit), when)) for unit in columns]
        sheet.add(name, *priced.components(stated), tier=tier, terms=(*terms, *badge, *priced.terms(stated)))


def _model(table: Table, cell: Cell, ladder: priced.Ladder) -> tuple[str, Conditions, tuple[str, ...]]:
    if (match := _MODEL.fullmatch(cell.text)) is None or cell.struck:
        raise PageChanged(f"{table} has a row for {cell.text!r}, which is no model's name")
    name, size = match["name"], match["context"] or match["input"]
    when = lengths(size, above=ladder.last(name)) if size else ALWAYS
    return name, ladder.climb(name, when), (match["badge"].strip("()（）"),) if match["badge"] else ()
