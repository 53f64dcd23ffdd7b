"""Bailian's price page for China, from the help centre's JSON: every table of token prices, by region and scope."""

import re
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from crawler import bailian, grid, markup, priced
from crawler.failures import PageChanged
from crawler.grid import Grid, Heading, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, Provider

_REGION = re.compile(
    r"(?:华[北东南中][0-9]|西[南北][0-9]|中国(?:内地|香港)?|国际|全球|欧盟|新加坡|美国|德国|日本|英国|法国|韩国|马来西亚|印度(?:尼西亚)?|泰国"
    r"|菲律宾|阿联酋|沙特(?:阿拉伯)?|墨西哥|巴西|澳大利亚|加拿大)(?:（[^（）]+）)?"
)
_MODEL = ("模型 ID（Model ID）", "模型ID（Model ID）", "模型 ID", "模型名称")
_SCOPE, _MODE = "服务部署范围", "模式"
_LENGTHS = {"单次请求的输入Token数", "单次请求的输入Token范围", "输入Token数量"}
_MODES = re.compile("仅?(?:(?:非?思考|模式|[和与、])+)")


class _Document(msgspec.Struct):
    content: str


class _Answer(msgspec.Struct):
    data: _Document


class AlibabaCN(PricingSpider):
    name = "alibaba_cn"
    provider = Provider("alibaba-cn", "Alibaba Cloud Bailian", "cloud")
    start_urls = [
        "https://help.aliyun.com/help/json/document_detail.json"
        "?alias=%2Fmodel-studio%2Fmodel-pricing&pageNum=1&pageSize=20&website=cn&language=zh"
    ]
    currency = "CNY"
    offers_expected = range(300, 2000)
    verified = "2026-08-10"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for region, table in _tables(page):
            if any(map(bailian.names_tokens, table.header)):
                self._read(sheet, table, region)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, city: str) -> None:
        header = table.header
        prices = {name: bailian.price_column(name, header) for name in header if bailian.names_tokens(name)}
        named = [name for name in header if name in {_SCOPE, _MODE} | _LENGTHS]
        free, ladder = frozenset(name for name in header if name.startswith("免费额度")), priced.Ladder()
        if (_SCOPE in named and not city) or {*header} - {*_MODEL, *named, *prices, *free}:
            raise PageChanged(f"{table} is of no known region, or has an unknown column: {list(header)}")
        for row in table.rows({"model": _MODEL, **{name: (name,) for name in (*named, *prices)}}, free):
            model, notes = bailian.model_of(row.pop("model"))
            about = {name: row.pop(name).text for name in named}
            place = "/".join(filter(None, [city, about.get(_SCOPE)]))
            sizes = [lengths(said) for name, said in about.items() if name in _LENGTHS]
            when = ladder.climb((model, place), sizes[0] if sizes else ALWAYS)
            if not all(about.values()) or not _MODES.fullmatch(about.get(_MODE, "思考模式")):
                raise PageChanged(f"{model} has an unknown mode, or says nothing: {about}")
            stated = list[tuple[str, priced.Stated]]()
            for name, column in prices.items():
                holds = when if column.when == ALWAYS else msgspec.structs.replace(when, thinking=column.when.thinking)
                stated.extend(bailian.stated(row.pop(name), column, holds, self.currency))
            sheet.add(model, *priced.components(stated), region=place, terms=(*notes, *priced.terms(stated)))


def _tables(page: Page) -> Iterator[tuple[str, Table]]:
    """Each table of the document with the region that it stands under."""
    blocks = tuple(markup.blocks(markup.parse(page.json_as(_Answer).data.content)))
    tables, region = iter(grid.tables(blocks, page.unread)), ""
    for block in blocks:
        # "更多模型", below a region's heading: older models of the same region.
        if isinstance(block, Heading) and block.text != "更多模型":
            region = block.text if _REGION.fullmatch(block.text) else ""
        elif isinstance(block, Grid):
            table = next(tables)
            # The second header row stands in <tbody>: "非思考模式 | 思考模式" under 输出单价.
            doubled = len(table.grid) > 1 and table.grid[1][:1] == table.grid[0][:1]
            yield region, replace(table, head=2) if doubled else table
