"""MiniMax's Chinese prices: the documentation (official Markdown), which has both tiers; or the console (rendered DOM),
language models on CSS grids with one tab of prices open at a time."""

from collections.abc import Iterator
from itertools import groupby
from typing import cast

from lxml import etree

from crawler import grid, markup, minimax
from crawler.failures import PageChanged
from crawler.grid import Columns, Grid, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_UNITS: Columns = {
    "input_tokens": ("输入价格百万 tokens", "输入(含多模态)", "输入价格 元/百万 tokens", "输入价格"),
    "output_tokens": ("输出价格百万 tokens", "输出", "输出价格 元/百万 tokens", "输出价格"),
    "cache_read_tokens": ("缓存读取百万 tokens", "缓存读取", "缓存读取 元/百万 tokens"),
    "cache_write_tokens": ("缓存写入百万 tokens", "缓存写入", "缓存写入 元/百万 tokens"),
}
# The second one heads a task among the videos that is billed by the token (MiniMax-H3-Context-IR, 2026-08).
_NAMED = ("模型", "模型/接口")
_TIERS = {"标准": "standard", "优先": "priority"}
_ROWS = etree.XPath("//div[contains(@style, 'grid-template-columns')]")
# The tabs stand just before the panel that holds the rows.
_TABS = etree.XPath("(ancestor::*/preceding-sibling::*[@role='tablist'])[last()]//*[@role='tab']")


class MiniMaxCN(PricingSpider):
    name = "minimax_cn"
    provider = Provider("minimax-cn", "MiniMax (China)", "lab")
    start_urls = ["https://platform.minimaxi.com/docs/guides/pricing-paygo.md"]
    currency = "CNY"
    offers_expected = range(2, 30)
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for rows in _grids(page.tree):
            cells = tuple(tuple(map(markup.cell_of, row)) for row in rows)
            [table] = grid.tables([Grid(cells)], page.unread)
            if "模型" in table.header:
                minimax.read(sheet, table, _NAMED, _UNITS, self.currency, _tier(rows[0], page))
            elif table.has_money:
                raise PageChanged(f"prices stand under the unknown header {list(table.header)}")
        for table in page.tables:
            if minimax.by_token(table) or _is_in_and_out(table):
                tier, terms = minimax.place(table)
                minimax.read(sheet, table, _NAMED, _UNITS, self.currency, tier, terms)
            else:
                table.leave()
        yield from sheet.offers(self.provider)


def _grids(tree: markup.Element) -> Iterator[list[markup.Element]]:
    """The rows of each grid; the first one is its header."""
    for _, rows in groupby(cast(list[markup.Element], _ROWS(tree)), markup.Element.getparent):
        yield list(rows)


def _is_in_and_out(table: Table) -> bool:
    return all(any(name.startswith(way) for name in table.header) for way in ("输入", "输出"))


def _tier(row: markup.Element, page: Page) -> str:
    tabs = {markup.text_of(tab): tab.get("aria-selected") for tab in cast(list[markup.Element], _TABS(row))}
    page.unread.update(f"tab: {name}" for name, selected in tabs.items() if selected != "true")
    opened = [name for name, selected in tabs.items() if selected == "true"] if tabs else ["标准"]
    if len(opened) != 1 or opened[0] not in _TIERS:
        raise PageChanged(f"not one tab of {list(_TIERS)} is open: {tabs}")
    return _TIERS[opened[0]]
