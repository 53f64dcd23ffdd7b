"""Xiaomi MiMo's Token Plan (Markdown): a domestic list in yuan and an overseas one in dollars, quotas in credits.

Written from the documented shape: plans Lite to Max by month, quarter and year, each with its pool of credits.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from crawler import plans
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider, Source

_KNOWN = frozenset({"Lite", "Standard", "Pro", "Max"})
_LISTS = (
    (re.compile(r"domestic|china|国内|中国", re.IGNORECASE), "domestic", "CNY"),
    (re.compile(r"overseas|global|international|海外|国际", re.IGNORECASE), "overseas", "USD"),
)
_WORDS = plans.Words(
    prices={
        **dict.fromkeys(("Price", "价格"), ""),
        **dict.fromkeys(("Monthly price", "Monthly", "包月价格", "月付"), "plan_months"),
        **dict.fromkeys(("Quarterly price", "Quarterly", "包季价格", "季付"), "plan_quarters"),
        **dict.fromkeys(("Yearly price", "Yearly", "Annual price", "包年价格", "年付"), "plan_years"),
    },
    quotas={
        **dict.fromkeys(
            ("Monthly Credits", "Credits per month", "Credits/month", "每月 Credits"), ("credits", "month")
        ),
        "Credits": ("credits", ""),
    },
    terms=frozenset({"First purchase", "首购优惠"}),
)


class XiaomiPlans(PricingSpider):
    name = "xiaomi_plans"
    provider = Provider("xiaomi", "Xiaomi MiMo", "lab")
    start_urls = ["https://mimo.mi.com/static/docs/price/token-plan.md"]
    currency = "CNY"
    offers_expected = range(4, 30)

    @classmethod
    def source(cls) -> Source:
        return replace(super().source(), currencies=frozenset({"CNY", "USD"}))

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            if plans.is_of(table, _KNOWN, _WORDS):
                lists = [(region, currency) for words, region, currency in _LISTS if words.search(table.heading)]
                if len(lists) != 1:
                    raise PageChanged(f"{table} is neither the domestic list nor the overseas one")
                [(region, currency)] = lists
                plans.read(sheet, table, _WORDS, currency, "Token Plan", region)
        yield from plans.offers(sheet, self.provider)
