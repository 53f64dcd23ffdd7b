"""BigModel's prices, in its documentation, or in the tables that open.bigmodel.cn/pricing drew until 2026-08."""

import re
from collections.abc import Iterator
from datetime import datetime

from crawler import beijing, bigmodel, priced
from crawler.failures import PageChanged
from crawler.grid import Columns, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.ratecard import plain
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, Provider

_UNITS = {
    "输入单价": "input_tokens", "输出单价": "output_tokens",
    "缓存存储/小时": "cache_storage_token_hours", "缓存命中": "cache_read_tokens",
}  # fmt: skip
_COLUMN = re.compile(r"(?P<name>[^(]+)\((?:元/)?百万tokens(?P<hourly>(?:/小时)?)\)")
_TIERS = {"单价": "standard", "batchapi定价": "batch"}
# Voices, whose text and sounds have one price, what a knowledge base does with a model, and what is a customer's own.
_LEFT, _IN_OR_OUT = re.compile("多模态支持|支持模态|功能名称|微调|私有"), re.compile("输[入出](?!模态)")
_THOUSANDS = "上下文 (千tokens)"
_PER_TOKENS, _READS_ONLY = re.compile("(?:百万|千) ?tokens", re.I), re.compile("embedding|rerank", re.I)


class ZhipuCN(PricingSpider):
    name = "zhipu_cn"
    provider = Provider("zhipu", "Zhipu BigModel", "lab")
    start_urls = ["https://docs.bigmodel.cn/cn/guide/start/pricing.md"]
    currency = "CNY"
    offers_expected = range(8, 150)
    ignored_columns = frozenset({"简介", "上下文", "上下文长度", "输入模态"})
    verified = "2026-07-17"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, found = PriceSheet(), {table.heading for table in page.tables}
        if "旗舰模型" not in found or found.isdisjoint({"模型推理", "文本模型"}):
            raise PageChanged(f"no price was found under 旗舰模型 or 模型推理, but under {sorted(found)}")
        ends = beijing.sales_end(page.prose)
        for table in bigmodel.joined(page.tables):
            named = {m["name"] + m["hourly"]: name for name in table.header if (m := _COLUMN.fullmatch(plain(name)))}
            left = _LEFT.search(" ".join((table.heading, *table.header)))
            if table.heading == "旗舰模型" or any(map(_IN_OR_OUT.match, table.header)):
                self._read_flagship(sheet, table, named, ends)
            elif not left and _PER_TOKENS.search(str(table.grid)):
                self._read(sheet, table, {*named}, ("legacy",) if "旧模型" in table.lead else ())
            elif table.has_money or "模型名称" in table.header:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read_flagship(self, sheet: PriceSheet, table: Table, named: dict[str, str], ends: dict[str, datetime]) -> None:
        known = {unit: (named.get(name, name),) for name, unit in _UNITS.items()}
        columns = _columns(table, known, {"input_tokens", "output_tokens"})
        ladder, each = priced.Ladder(), 1_000 if _THOUSANDS in table.header else 1
        about = {"model": ("模型名称",), "length": (_THOUSANDS, "上下文")}
        for row in table.rows({**about, **columns}, self.ignored_columns):
            (model, notes), length = bigmodel.model(row.pop("model")), row.pop("length").text
            # A context window is no condition.
            when = ladder.climb(model, ALWAYS if re.fullmatch("[0-9.]+[KM]|/", length) else lengths(length, each))
            stated = [
                (unit, priced.price(unit, bigmodel.sale(row.pop(unit)), "CNY", 1_000_000, when)) for unit in columns
            ]
            prices = bigmodel.dated(model, priced.components(stated), ends)
            sheet.add_new(model, *prices, terms=(*notes, *priced.terms(stated)))

    def _read(self, sheet: PriceSheet, table: Table, stating: set[str], notes: tuple[str, ...]) -> None:
        """`stating`: the headers that say themselves what their prices are for, "单价（元/百万 Tokens）" (2026-09)."""
        names = {plain(name).partition("(")[0]: name for name in table.header}
        known = {tier: (names.get(name, name),) for name, tier in _TIERS.items()}
        per = {tier: 1_000_000 if name in stating else None for name, tier in _TIERS.items()}
        columns = _columns(table, known, {"standard"})
        for row in table.rows({"model": ("模型", "模型名称"), **columns}, self.ignored_columns):
            model, badge = bigmodel.model(row.pop("model"))
            units = ("input_tokens",) if _READS_ONLY.match(model) else ("input_tokens", "output_tokens")
            for tier, cell in [(tier, row.pop(tier)) for tier in columns]:
                stated = [(unit, priced.price(unit, cell, self.currency, per[tier])) for unit in units]
                if {said for _, said in stated} != {priced.NOT_OFFERED}:
                    terms = (*notes, *badge, *priced.terms(stated))
                    sheet.add(model, *priced.components(stated), tier=tier, terms=terms)


def _columns(table: Table, known: Columns, required: set[str]) -> Columns:
    columns = priced.columns(table, known, required)
    strange = [name for name in table.header if "元/" in name and (name,) not in columns.values()]
    if strange or table.is_special:
        raise PageChanged(f"{table} is of an unknown tier, or has prices in the unknown columns {strange}")
    return columns
