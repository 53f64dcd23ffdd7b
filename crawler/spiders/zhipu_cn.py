"""BigModel's price page (rendered DOM): flagship models by length; other models with one price and a batch price."""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, Provider

_FLAGSHIP: Columns = {
    "input_tokens": ("输入单价 (百万tokens)",),
    "output_tokens": ("输出单价 (百万tokens)",),
    "cache_storage_token_hours": ("缓存存储 (百万tokens/小时)",),
    "cache_read_tokens": ("缓存命中 (百万tokens)",),
}
_TIERS: Columns = {"standard": ("单价",), "batch": ("Batch API 定价",)}
_PER_MILLION, _READS_ONLY = re.compile("百万 ?tokens", re.I), re.compile("embedding|rerank", re.I)


class ZhipuCN(PricingSpider):
    name = "zhipu_cn"
    provider = Provider("zhipu", "Zhipu BigModel", "lab")
    start_urls = ["https://open.bigmodel.cn/pricing"]
    currency = "CNY"
    offers_expected = range(20, 150)
    rendered = True
    ignored_columns = frozenset({"简介", "上下文", "输入模态"})
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        if lost := {"旗舰模型", "模型推理"} - {table.heading for table in page.tables}:
            raise PageChanged(f"no price was found under {sorted(lost)}")
        for table in _joined(page.tables):
            if "模型名称" in table.header or table.heading == "旗舰模型":
                self._read_flagship(sheet, table)
            elif "多模态支持" not in table.header and _PER_MILLION.search(str(table.grid)):
                self._read(sheet, table, ("legacy",) if "旧模型" in table.lead else ())
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read_flagship(self, sheet: PriceSheet, table: Table) -> None:
        columns = priced.columns(table, _FLAGSHIP, {"input_tokens", "output_tokens"})
        ladder, about = priced.Ladder(), {"model": ("模型名称",), "length": ("上下文 (千tokens)",)}
        for row in table.rows({**about, **columns}, self.ignored_columns):
            model, notes = _model(row.pop("model"))
            when = ladder.climb(model, _when(row.pop("length").text))
            stated = [(unit, priced.price(unit, row.pop(unit), self.currency, 1_000_000, when)) for unit in columns]
            sheet.add(model, *priced.components(stated), terms=(*notes, *priced.terms(stated)))

    def _read(self, sheet: PriceSheet, table: Table, notes: tuple[str, ...]) -> None:
        columns = priced.columns(table, _TIERS, {"standard"})
        for row in table.rows({"model": ("模型",), **columns}, self.ignored_columns):
            model, badge = _model(row.pop("model"))
            units = ("input_tokens",) if _READS_ONLY.match(model) else ("input_tokens", "output_tokens")
            for tier, cell in [(tier, row.pop(tier)) for tier in columns]:
                stated = [(unit, priced.price(unit, cell, self.currency)) for unit in units]
                if {said for _, said in stated} != {priced.NOT_OFFERED}:
                    terms = (*notes, *badge, *priced.terms(stated))
                    sheet.add(model, *priced.components(stated), tier=tier, terms=terms)


def _joined(tables: tuple[Table, ...]) -> Iterator[Table]:
    """Element-UI writes the header and the body of a table as two tables."""
    header = None
    for table in tables:
        alone = header is None and len(table.grid) == 1
        if not alone:
            yield replace(header, grid=header.grid + table.grid) if header else table
        header = table if alone else None


def _model(cell: Cell) -> tuple[str, tuple[str, ...]]:
    if (match := re.fullmatch(r"([A-Za-z][\w.-]*)(?: 新品| ([^\W\d折元价]+))?", cell.text)) is None or cell.struck:
        raise PageChanged(f"{cell.text!r} is not a model's name")
    return match[1], tuple(filter(None, [match[2]]))


def _when(text: str) -> Conditions:
    """Reads "输入长度 [0, 32) 输出长度 [0.2+)", in thousands; a context window ("200K", "/") is no condition."""
    ranges = [] if re.fullmatch("[0-9]+[KM]|/", text) else re.split(" (?=输出)", text)
    bounds = (lengths(said, each=1_000).as_dict() for said in ranges)
    return Conditions(**{name: tokens for found in bounds for name, tokens in found.items()})
