"""DeepSeek's pricing page in Chinese: prices in yuan, times in Beijing; models are columns, prices are rows."""

import re
from collections.abc import Iterator
from datetime import datetime
from unicodedata import normalize

from crawler import amounts
from crawler.beijing import MOMENT, moment, peak_hours, windows
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from crawler.turned import Stated, Words, prices
from history.model import Conditions, Offer, PriceComponent, Provider

_UNITS = {
    f"百万tokens{what}": unit
    for names, unit in (
        (("输入（缓存命中）", "输入 (缓存命中)", "输入(缓存命中)", "输入 （缓存命中）"), "cache_read_tokens"),
        (("输入（缓存未命中）", "输入 (缓存未命中)", "输入(缓存未命中)", "输入 （缓存未命中）"), "input_tokens"),
        (("输出",), "output_tokens"),
    )
    for what in names
}
_HOURS = re.compile(r"(?:标准|优惠)时段(?:价格)? ?\(北京时间 ?([0-9: ]+-[0-9: ]+)\)")
_SALE = re.compile(r"(?P<price>[0-9.]+ ?元)(?: ?\((?:限时)? ?[0-9.]+ ?折\*?\))?")
_LIST = re.compile(rf"北京时间 ?(?P<since>{MOMENT}) ?(?:起|开始)[^。]*(?:以下|下表|如下)|(?:当前|现行)的?价格")
_SINCE = re.compile(rf"北京时间 ?({MOMENT}) ?起(?:正式)?生效")
_UNTIL = re.compile(rf"至 ?北京时间 ?({MOMENT})")


class DeepSeekCN(PricingSpider):
    name = "deepseek_cn"
    provider = Provider("deepseek", "DeepSeek", "lab")
    start_urls = ["https://api-docs.deepseek.com/zh-cn/quick_start/pricing"]
    currency = "CNY"
    offers_expected = range(2, 20)
    # Here they are rows: what a model is, not what it costs.
    ignored_columns = frozenset({
        "BASE URL (OpenAI 格式)", "BASE URL (Anthropic 格式)", "模型版本", "思考模式", "上下文长度",
        "输出长度", "最大输出长度", "功能", "并发限制",
    })  # fmt: skip

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        lists = [table for table in page.tables if table.corner == "模型" and table.has_money]
        words = Words("模型", "价格", _UNITS, _when, self.ignored_columns)
        for table in page.tables:
            if table in lists:
                announced = _announced_for(table, alone=len(lists) == 1)
                for stated in prices(table, words):
                    sheet.add(stated.model, _price(stated, announced))
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)


def _price(stated: Stated, announced: datetime | None) -> PriceComponent:
    match = _SALE.fullmatch(normalize("NFKC", stated.cell.text))
    if match is None:
        raise PageChanged(f"{stated.cell.text!r} of {stated.model} is not a price, or a price with its discount")
    price, regular = amounts.sale(match["price"].replace(" ", ""), stated.cell.struck, DeepSeekCN.currency)
    since, until = (moment(said[1]) if (said := rule.search(stated.notes)) else None for rule in (_SINCE, _UNTIL))
    if re.search(MOMENT, stated.notes) and not (since or until):
        raise PageChanged(f"{stated.notes!r} does not say whether a price begins or ends")
    return PriceComponent(
        stated.unit, price, DeepSeekCN.currency, 1_000_000, stated.conditions, regular, announced or since, until
    )


def _announced_for(table: Table, *, alone: bool) -> datetime | None:
    """When the prices of an announced list begin; None for those in force."""
    said = f"{table.heading} {table.lead}"
    match = _LIST.search(said)
    if match is None and (not alone or re.search(rf"{MOMENT}[^。]*起", said)):
        raise PageChanged(f"it is not said when {table} applies: {table.lead!r}")
    return moment(match["since"]) if match and match["since"] else None


def _when(label: str, table: Table) -> Conditions | None:
    if label == "空闲时段":
        return Conditions(period="off_peak")
    if label == "高峰时段":
        return peak_hours("\n".join(table.notes.values()))
    hours = _HOURS.fullmatch(normalize("NFKC", label))
    return Conditions(hours_utc=windows(hours[1])) if hours else None
