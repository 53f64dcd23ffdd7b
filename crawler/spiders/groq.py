"""Groq's model page (official Markdown, or as HTML): tokens, hours of audio and characters in one column of prices."""

import re
from collections.abc import Iterator

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.markup import Element, cell_of
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_COLUMNS = {"model": ("MODEL ID",), "price": ("PRICE PER 1M TOKENS",)}
# "[![Meta](…)Llama 3.3 70B](/docs/model/llama-3.3-70b-versatile)Enterprisellama-3.3-70b-versatile": twice the id.
_PATH = r"(?:https://console\.groq\.com)?/docs/(?:model/|compound/systems/)([^()\s|]+)"
_LINK, _HREF = re.compile(rf"\]\({_PATH}\)([^|\n]*)\|"), re.compile(_PATH)
_TOKENS = re.compile(r"(?P<input>\$[0-9.,]+) ?input ?(?P<output>\$[0-9.,]+) ?output")
_OTHER = {"hours": ("audio_seconds", 3_600), "characters": ("characters", 1)}
_CONTACT = {"ContactSales": "contact us", "Contact Sales": "contact us"}


class Groq(PricingSpider):
    name = "groq"
    provider = Provider("groq", "Groq", "cloud")
    start_urls = ["https://console.groq.com/docs/models.md"]
    currency = "USD"
    offers_expected = range(4, 100)
    ignored_columns = frozenset({
        "SPEED (T/SEC)", "RATE LIMITS (DEVELOPER PLAN)", "CONTEXT WINDOW (TOKENS)", "MAX COMPLETION TOKENS",
        "MAX FILE SIZE",
    })  # fmt: skip

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, ids = PriceSheet(), dict(_ids(page))
        if not page.tables:
            raise PageChanged("no table on the page: no price was found")
        for table in page.tables:
            if "MODEL ID" in table.header:
                self._read(sheet, table, ids)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, ids: dict[str, str]) -> None:
        preview = ("preview",) if table.heading.casefold().startswith("preview") else ()
        for row in table.rows(_COLUMNS, self.ignored_columns):
            label, text = row.pop("model").text, row.pop("price").text
            model = max((known for known in ids if label.endswith(known)), key=len, default=None)
            if model is None:
                raise PageChanged(f"{label!r} does not end with the id that it links to")
            term = _CONTACT.get(text) or amounts.term(text)
            prices = () if term else tuple(_prices(text))
            terms = (*preview, *filter(None, (ids[model], term)))
            sheet.add(model, *prices, terms=terms)


def _ids(page: Page) -> Iterator[tuple[str, str]]:
    """Each model's id in a table, with the note that stands before it."""
    is_html = page.media_type.startswith("text/html")
    for path, behind in _linked(page.tree) if is_html else _LINK.findall(page.text):
        # Compound's path lacks the maker: /docs/compound/systems/compound is groq/compound.
        known = next((known for known in (f"groq/{path}", path) if behind.rstrip().endswith(known)), "")
        note = behind.strip().removesuffix(known).strip()
        if not known or note not in ("", "Enterprise"):
            raise PageChanged(f"the link to {path!r} stands before {behind.strip()!r}")
        yield known, note.lower()


def _linked(tree: Element) -> Iterator[tuple[str, str]]:
    """Of each model that a cell links to the path, and what the cell says behind the link (the page, 2026-10)."""
    for link in tree.iter("a"):
        match, cell = _HREF.fullmatch(link.get("href") or ""), next(link.iterancestors("td"), None)
        if match and cell is not None:
            yield match[1], cell_of(cell).text.removeprefix(cell_of(link).text)


def _prices(text: str) -> Iterator[PriceComponent]:
    if match := _TOKENS.fullmatch(text):
        for direction in ("input", "output"):
            amount = amounts.parse(match[direction], Groq.currency).amount
            yield PriceComponent(f"{direction}_tokens", amount, Groq.currency, 1_000_000)
        return
    stated = amounts.parse(text, Groq.currency)
    if stated.per is None or stated.unit not in _OTHER:
        raise PageChanged(f"{text!r} is neither a price of tokens nor one that says what it is for")
    unit, each = _OTHER[stated.unit]
    yield PriceComponent(unit, stated.amount, Groq.currency, stated.per * each)
