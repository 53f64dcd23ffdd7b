"""MiniMax's Chinese price page (rendered DOM): language models on CSS grids, one tab of prices open at a time."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import cast

from lxml import etree

from crawler import grid, markup, priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Grid, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Conditions, Offer, Provider

_UNITS: Columns = {
    "input_tokens": ("输入价格百万 tokens", "输入(含多模态)"),
    "output_tokens": ("输出价格百万 tokens", "输出"),
    "cache_read_tokens": ("缓存读取百万 tokens", "缓存读取"),
    "cache_write_tokens": ("缓存写入百万 tokens", "缓存写入"),
}
_TIERS = {"标准": "standard", "优先": "priority"}
_MODEL = re.compile(
    r"(?P<name>(?:MiniMax-)?[A-Z][\w.-]*)(?: 上下文 (?P<size>≤ ?[0-9]+[KM]|[0-9]+[KM] ?~ ?[0-9]+[KM]))?"
    r" ?(?P<badge>(?:永久|限时) ?[一二三四五六七八九1-9](?:\.[1-9])? ?折|新品|推荐|热门|NEW|HOT)?"
)
_ROWS = etree.XPath("//div[contains(@style, 'grid-template-columns')]")
# The tabs stand just before the panel that holds the rows.
_TABS = etree.XPath("(ancestor::*/preceding-sibling::*[@role='tablist'])[last()]//*[@role='tab']")


class MiniMaxCN(PricingSpider):
    name = "minimax_cn"
    provider = Provider("minimax-cn", "MiniMax (China)", "lab")
    start_urls = ["https://platform.minimaxi.com/subscribe/token-plan?tab=api-enterprise"]
    currency = "CNY"
    offers_expected = range(2, 30)
    rendered = True
    drawn = "div[style*='grid-template-columns']"
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for rows in _grids(page.tree):
            cells = tuple(tuple(map(markup.cell_of, row)) for row in rows)
            [table] = grid.tables([Grid(cells)], page.unread)
            if "模型" in table.header:
                self._read(sheet, table, _tier(rows[0], page))
            elif table.has_money:
                raise PageChanged(f"prices stand under the unknown header {list(table.header)}")
        for table in page.tables:
            table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, tier: str) -> None:
        columns = priced.columns(table, _UNITS, {"input_tokens", "output_tokens"})
        per = {unit: 1_000_000 for unit, names in columns.items() if names[0] in table.header}
        ladder = priced.Ladder()
        for row in table.rows({"model": ("模型",), **columns}):
            name, when, terms = _model(row.pop("model"), ladder)
            stated = [(unit, priced.price(unit, row.pop(unit), self.currency, per.get(unit), when)) for unit in columns]
            sheet.add(name, *priced.components(stated), tier=tier, terms=(*terms, *priced.terms(stated)))


def _grids(tree: markup.Element) -> Iterator[list[markup.Element]]:
    """The rows of each grid; the first one is its header."""
    for _, rows in groupby(cast(list[markup.Element], _ROWS(tree)), markup.Element.getparent):
        yield list(rows)


def _tier(row: markup.Element, page: Page) -> str:
    tabs = {markup.text_of(tab): tab.get("aria-selected") for tab in cast(list[markup.Element], _TABS(row))}
    page.unread.update(f"tab: {name}" for name, selected in tabs.items() if selected != "true")
    opened = [name for name, selected in tabs.items() if selected == "true"] if tabs else ["标准"]
    if len(opened) != 1 or opened[0] not in _TIERS:
        raise PageChanged(f"not one tab of {list(_TIERS)} is open: {tabs}")
    return _TIERS[opened[0]]


def _model(cell: Cell, ladder: priced.Ladder) -> tuple[str, Conditions, tuple[str, ...]]:
    if (match := _MODEL.fullmatch(cell.text)) is None or cell.struck:
        raise PageChanged(f"{cell.text!r} is not a model's name")
    name = match["name"]
    when = lengths(match["size"], above=ladder.last(name)) if match["size"] else ALWAYS
    return name, ladder.climb(name, when), tuple(filter(None, [match["badge"]]))
