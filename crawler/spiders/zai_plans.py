"""The GLM Coding Plan: z.ai's subscription page as a browser draws it: a card for each plan.

Written from the documented shape: a heading with the plan's name, its price with the period, and what it includes.
"""

import re
from collections.abc import Iterator

from lxml import html

from crawler import markup, plans
from crawler.failures import PageChanged
from crawler.grid import Cell
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider
from history.quotas import PLAN_TIER

_NAME = re.compile(r"(?:GLM Coding )?(?P<name>Lite|Pro|Max)(?: Plan)?")
_MONEY = re.compile(r"[$€£¥]")
# A price may stand apart from its period: "$18" above "/month".
_PERIOD = re.compile(r"(?:/|per ).*")
# What must not be left unread: a quota in words that are not known, or how a price on another line is billed.
_NOT_LEFT = re.compile(r"[0-9].*\b(?:prompts|requests|credits|tokens)\b|billed", re.IGNORECASE)
_TIMES = re.compile(r"[0-9]+[x×] .*")


class ZaiPlans(PricingSpider):
    name = "zai_plans"
    provider = Provider("zai", "Z.ai", "lab")
    start_urls = ["https://z.ai/subscribe"]
    currency = "USD"
    offers_expected = range(2, 12)
    rendered = True
    drawn = "h2, h3, h4"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        if "html" not in page.media_type or not page.text.lstrip().startswith("<"):
            raise PageChanged(f"{page.url} is not HTML; no price is drawn in it")
        headings = [one for one in page.tree.iter(*sorted(markup.HEADINGS)) if _name(one)]
        if len(headings) < 2:
            raise PageChanged(f"there are {len(headings)} plans, so no price can be told from another's")
        for heading in headings:
            page.unread["line of a card"] += _read(sheet, f"GLM Coding {_name(heading)}", _card(heading, headings))
        yield from plans.offers(sheet, self.provider)


def _read(sheet: PriceSheet, name: str, card: Cell) -> int:
    """Adds a card's plan; how many of its lines say neither a price nor a quota."""
    priced, terms, left = list[str](), list[str](), 0
    for line in card.lines:
        if priced and _PERIOD.fullmatch(line):
            priced[-1] += line
        elif _MONEY.search(line):
            priced.append(line)
        elif _TIMES.fullmatch(line):
            terms.append(line)
        elif _NOT_LEFT.search(line):
            terms.append(plans.quota(line).text)
        else:
            left += 1
    components, said = plans.prices(Cell(" ".join(priced), card.struck, (), tuple(priced)), ZaiPlans.currency)
    sheet.add(name, *components, tier=PLAN_TIER, terms=(*terms, *said))
    return left


def _name(heading: html.HtmlElement) -> str:
    match = _NAME.fullmatch(markup.cell_of(heading).text)
    return match["name"] if match else ""


def _card(heading: html.HtmlElement, headings: list[html.HtmlElement]) -> Cell:
    """The largest element around a plan's heading that holds no other plan."""
    card = heading
    while (around := card.getparent()) is not None and sum(one in headings for one in around.iter(heading.tag)) == 1:
        card = around
    return markup.cell_of(card)
