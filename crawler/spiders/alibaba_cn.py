"""Bailian's price page for China (JSON, HTML, MDX): every table of token prices, by region and scope."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from crawler import bailian, helpcentre, priced
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, Provider

# Headers without their spaces: "单次请求的输入 Token 数" (2026-09), "单次请求的输入Token数" (2026-08).
_COLUMNS = {
    **dict.fromkeys(("模型ID（ModelID）", "模型ID", "模型名称"), "model"),
    "服务部署范围": "scope",
    "模式": "mode",
    **dict.fromkeys(("单次请求的输入Token数", "单次请求的输入Token范围", "输入Token数量"), "lengths"),
}
# "仅思考模型" is MiniMax's row of 2026-04.
_MODES = re.compile("仅?(?:(?:非?思考|模[式型]|[和与、])+)")


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
        for region, table in helpcentre.document(page, bailian.region_of).tables:
            if any(map(bailian.names_tokens, table.header)):
                self._read(sheet, table, region)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, city: str) -> None:
        header = table.header
        prices = {name: bailian.price_column(name, header) for name in header if bailian.names_tokens(name)}
        named = {name: what for name in header if (what := _COLUMNS.get(bailian.flat(name)))}
        free, ladder = frozenset(name for name in header if name.startswith("免费额度")), priced.Ladder()
        known = set(named.values())
        if ("scope" in known and not city) or {*header} - {*named, *prices, *free} or "model" not in known:
            raise PageChanged(f"{table} is of no known region, or has an unknown column: {list(header)}")
        for row in table.rows({name: (name,) for name in (*named, *prices)}, free):
            cells = {what: row.pop(name) for name, what in named.items()}
            model, notes = bailian.model_of(cells.pop("model"))
            about = {what: cell.text for what, cell in cells.items()}
            place = "/".join(filter(None, [city, about.get("scope")]))
            when = ladder.climb((model, place), lengths(about["lengths"]) if "lengths" in about else ALWAYS)
            if not all(about.values()) or not _MODES.fullmatch(about.get("mode", "思考模式")):
                raise PageChanged(f"{model} has an unknown mode, or says nothing: {about}")
            stated = list[tuple[str, priced.Stated]]()
            for name, column in prices.items():
                holds = when if column.when == ALWAYS else replace(when, thinking=column.when.thinking)
                stated.extend(bailian.stated(row.pop(name), column, holds, self.currency))
            sheet.add(model, *priced.components(stated), region=place, terms=(*notes, *priced.terms(stated)))
