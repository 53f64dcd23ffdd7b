"""Google's Gemini API pricing page: official Markdown (.md.txt) or the HTML page; the paid tier of each model."""

import re
from collections.abc import Iterator

from crawler import amounts, tariffs
from crawler.failures import PageChanged
from crawler.grid import Table, tidy
from crawler.outline import outline
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_PAID = "Paid Tier, per 1M tokens in USD"
_TIERS = {"Standard": "standard", "Batch": "batch", "Flex": "flex", "Priority": "priority"}
_ID = r"[a-z][a-z0-9.]*(?:-[a-z0-9.]+)+"
_IDS = re.compile(rf"{_ID}(?:(?:, and|,| and) {_ID})*")
_SIGNS = re.compile(r"[^\w\s.,()/-]+")
_AND = re.compile(", and |, | and ")
# Tools and tuning, which are not the model's tokens, and a sentence about the data.
_OTHER_ROWS = re.compile(
    "Grounding with .*|Tuning price|Image generation pricing|Live API|Used to improve our products"
)


class Gemini(PricingSpider):
    name = "gemini"
    provider = Provider("google", "Google", "lab")
    start_urls = ["https://ai.google.dev/gemini-api/docs/pricing.md.txt"]
    currency = "USD"
    offers_expected = range(15, 250)
    ignored_columns = frozenset({"", "Free Tier"})
    verified = ""

    def extract(self, page: Page) -> Iterator[Offer]:
        if not any(_PAID in table.header for table in page.tables):
            raise PageChanged(f"no table and so no price of the paid tier at {page.url}")
        sheet = PriceSheet()
        for models, tier, table in _sections(page):
            if _PAID in table.header and not models[0].startswith("Pricing for "):
                if not tier:
                    raise PageChanged(f"{table} of {models} is of no known tier")
                _read(sheet, table, models, tier)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)


def _read(sheet: PriceSheet, table: Table, models: tuple[str, ...], tier: str) -> None:
    prices: list[PriceComponent] = []
    terms: list[str] = []
    at = table.places({"what": ("",), "paid": (_PAID,)}, Gemini.ignored_columns)
    for cells in table.lines(at.values(), Gemini.ignored_columns):
        what, paid = cells[at["what"]].text, cells[at["paid"]].text
        asked = tariffs.asked(what)
        if asked and "$" not in paid and (term := amounts.term(paid)):
            terms += [f"{what}: {term}"] if term != "not offered" else []
        elif asked:
            text, others = tariffs.other_units(paid)
            for other in others:
                table.unread[f"{what}: {other}"] += 1
            prices += tariffs.components(asked[0], text, asked[1])
        elif "$" in paid and not _OTHER_ROWS.fullmatch(what):
            raise PageChanged(f"{table} has the unknown row {what!r}: {paid!r}")
        else:
            table.unread[what] += 1
    for model in models:
        sheet.add(model, *prices, tier=tier, terms=tuple(terms or ([] if prices else ["not offered"])))


def _sections(page: Page) -> Iterator[tuple[tuple[str, ...], str, Table]]:
    """Each table with the models and the tier that the headings before it name; an id comes before a display name."""
    seen: set[tuple[tuple[str, ...], str]] = set()
    models, tier, tiers_at = tuple[str, ...](), "standard", 9
    for level, text, table in outline(page):
        if table is not None:
            if (models, tier) in seen or not models:
                raise PageChanged(f"{table} has no heading of its own: {models}, {tier}")
            seen.add((models, tier))
            yield models, tier, table
        elif level:
            name = text if text in _TIERS else tidy(_SIGNS.sub("", text))
            if name in _TIERS:
                tier, tiers_at = _TIERS[name], level
            else:
                # Without the sign of "Gemini 3.1 Flash Image 🍌"; some headings name several models.
                models, tier = (models, "") if level >= tiers_at else (tuple(_AND.split(name)), "standard")
        elif _IDS.fullmatch(text):
            models, tier = tuple(re.findall(_ID, text)), "standard"
