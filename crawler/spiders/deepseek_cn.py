"""DeepSeek's pricing page in Chinese: prices in yuan, times in Beijing; models are columns, prices are rows."""

import re
from collections.abc import Iterator
from datetime import datetime
from unicodedata import normalize

from crawler import amounts, turned
from crawler.beijing import END, MOMENT, end, moment, peak_hours, windows
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.page import Page
from crawler.spider import PricingSpider
from crawler.turned import Stated, Words
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
_BEGINS = re.compile(rf"北京时间 ?({MOMENT}) ?(?:起|开始)[^。]*(?:以下|下表|如下)")
_IN_FORCE = re.compile("(?:当前|现行)的?价格")
# What a note says of another list, which is read by itself, and of a promotion whose price stays when it ends.
_NEW = re.compile(rf"新价格将于 ?北京时间 ?{MOMENT} ?(?:起|开始)生效")
_STAYS = re.compile(rf"北京时间 ?{MOMENT} ?结束[^。]*优惠活动后，正式调整为原定价的 ?1/(?P<share>[0-9]+)")
_SINCE = re.compile(rf"北京时间 ?({MOMENT}) ?起(?:正式)?生效")
_UNTIL = re.compile(rf"至 ?北京时间 ?({END})")


class DeepSeekCN(PricingSpider):
    name = "deepseek_cn"
    provider = Provider("deepseek", "DeepSeek", "lab")
    start_urls = ["https://api-docs.deepseek.com/zh-cn/quick_start/pricing"]
    currency = "CNY"
    offers_expected = range(2, 20)
    # Here they are rows: what a model is, not what it costs.
    ignored_columns = frozenset({
        "BASE URL", "BASE URL (OpenAI 格式)", "BASE URL (Anthropic 格式)", "模型版本", "思考模式", "上下文长度",
        "最大思维链长度", "输出长度", "最大输出长度", "功能", "并发限制",
    })  # fmt: skip

    def extract(self, page: Page) -> Iterator[Offer]:
        words = Words("模型", "价格", _UNITS, _when, _begins, self.ignored_columns)
        yield from turned.sheet(page.tables, words, _price).offers(self.provider)


def _price(stated: Stated, begins: datetime | None) -> PriceComponent:
    match = _SALE.fullmatch(normalize("NFKC", stated.cell.text))
    if match is None:
        raise PageChanged(f"{stated.cell.text!r} of {stated.model} is not a price, or a price with its discount")
    price, regular = amounts.sale(match["price"].replace(" ", ""), stated.cell.struck, DeepSeekCN.currency)
    notes = _NEW.sub("", stated.notes)
    if (stays := _STAYS.search(notes)) and regular == price * int(stays["share"]):
        notes = notes.replace(stays[0], "")
    since = moment(said[1]) if (said := _SINCE.search(notes)) else None
    until = end(said[1]) if (said := _UNTIL.search(notes)) else None
    if re.search(MOMENT, notes) and not (since or until):
        raise PageChanged(f"{notes!r} does not say whether a price begins or ends")
    return PriceComponent(
        stated.unit, price, DeepSeekCN.currency, 1_000_000, stated.conditions, regular, begins or since, until
    )


def _begins(said: str) -> datetime | None:
    """When the prices of an announced list begin; None for those in force."""
    if match := _BEGINS.search(said):
        return moment(match[1])
    if _IN_FORCE.search(said) is None and re.search(MOMENT, said):
        raise PageChanged(f"it is not said when the prices apply: {said!r}")
    return None


def _when(label: str, table: Table) -> Conditions | None:
    if label == "空闲时段":
        return Conditions(period="off_peak")
    if label == "高峰时段":
        return peak_hours("\n".join((table.lead, *table.notes.values())))
    hours = _HOURS.fullmatch(normalize("NFKC", label))
    return Conditions(hours_utc=windows(hours[1])) if hours else None
