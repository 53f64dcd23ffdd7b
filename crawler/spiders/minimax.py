"""MiniMax's pay-as-you-go page (official Markdown): prices by prompt size, with a struck list price, and two tiers."""

import re
from collections.abc import Iterator

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Columns, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, Provider

_UNITS: Columns = {
    "input_tokens": ("Input",),
    "output_tokens": ("Output",),
    "cache_read_tokens": ("Prompt caching Read",),
    "cache_write_tokens": ("Prompt caching Write",),
}
# The tab or the accordion that holds a table: its tier, and what it says of the models.
_PLACES: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {
    (): ("standard", ()),
    ("Standard",): ("standard", ()),
    ("Priority",): ("priority", ()),
    ("Legacy Models",): ("standard", ("legacy",)),
}
# "MiniMax-M3 > 512k input tokens* Permanent 50% off": the name, a prompt size, a badge.
_MODEL = re.compile(
    r"(?P<name>(?:MiniMax-)?[A-Z][\w.-]*)(?: (?P<size>[≤<>≥]=? ?[0-9]+[kKM] input tokens))?\*?"
    r"(?: (?P<badge>(?:Permanent|Limited-time) [0-9]{1,2}% off|New))?"
)


class MiniMax(PricingSpider):
    name = "minimax"
    provider = Provider("minimax", "MiniMax", "lab")
    start_urls = ["https://platform.minimax.io/docs/guides/pricing-paygo.md"]
    currency = "USD"
    offers_expected = range(5, 60)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            if "Input" in table.header or table.heading == "LLM":
                self._read(sheet, table)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table) -> None:
        place = tuple(title.rstrip("*") for title in table.within)
        if place not in _PLACES:
            raise PageChanged(f"{table} stands in {list(place)}, which is no known tier")
        tier, terms = _PLACES[place]
        columns, ladder = priced.columns(table, _UNITS, {"input_tokens", "output_tokens"}), priced.Ladder()
        for row in table.rows({"model": ("Model",), **columns}):
            label = row.pop("model")
            match = _MODEL.fullmatch(label.text)
            if match is None or label.struck:
                raise PageChanged(f"{table} has a row for {label.text!r}, which is no model's name")
            when = ladder.climb(match["name"], lengths(match["size"]) if match["size"] else ALWAYS)
            stated = [(unit, priced.price(unit, row.pop(unit), self.currency, when=when)) for unit in columns]
            notes = (*terms, *filter(None, [match["badge"]]), *priced.terms(stated))
            sheet.add(match["name"], *priced.components(stated), tier=tier, terms=notes)
