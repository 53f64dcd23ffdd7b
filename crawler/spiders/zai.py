"""Z.ai's pricing page, as Markdown or as Mintlify's HTML: text, vision and image models in US dollars."""

import re
from collections.abc import Iterator

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_TOKENS: Columns = {
    "input_tokens": ("Input",),
    "cache_read_tokens": ("Cached Input",),
    "cache_storage_token_hours": ("Cached Input Storage",),
    "output_tokens": ("Output",),
}
_IMAGES: Columns = {"images": ("Price",)}
# The sentence between a heading and its table says what its prices are for.
_LEADS: dict[str, tuple[int, Columns]] = {
    "prices per 1m tokens": (1_000_000, _TOKENS),
    "prices per million tokens": (1_000_000, _TOKENS),
    "prices per image": (1, _IMAGES),
}
# "Latest Models" came in September 2026 and repeats rows of the tables below it.
_TEXT = {"Latest Models", "Text Models", "Vision Models"}
# Billed by the token there, too: hearing, slides and translations, which are no language models.
_LEFT = {"Audio Models", "Agents"}
# "GLM-5.2", perhaps with a badge and with notes: "GLM-5.3 New", "GLM-4.5 (deprecated)". None is of prompts or hours.
_WHEN = r"[<>≤≥~%:]|[0-9] ?[KM]\b|(?i:peak|batch)"
_MODEL = re.compile(rf"(?P<name>[A-Za-z][\w.-]*)(?: New)?(?P<notes>(?: ?\((?![^()]*(?:{_WHEN}))[^()]+\))*)")


class Zai(PricingSpider):
    name = "zai"
    provider = Provider("zai", "Z.ai", "lab")
    start_urls = ["https://docs.z.ai/guides/overview/pricing.md"]
    currency = "USD"
    offers_expected = range(12, 80)
    verified = "2026-08-18"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in page.tables:
            if (basis := _LEADS.get(table.lead.rstrip(".:").lower())) is not None:
                self._read(sheet, table, *basis)
            elif table.heading in _TEXT or not {*_TOKENS["input_tokens"], "Output"}.isdisjoint(table.header):
                raise PageChanged(f"it is not said what the prices of {table} are for: {table.lead!r}")
            elif table.has_money:
                if table.heading not in _LEFT and _by_token(table):
                    raise PageChanged(f"{table} prices tokens in columns that are not known: {list(table.header)}")
                table.leave()
        if _TEXT.isdisjoint(found := [table.heading for table in page.tables]):
            raise PageChanged(f"no price table under {sorted(_TEXT)}, but under {found}")
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, per: int, known: Columns) -> None:
        if table.is_special:
            raise PageChanged(f"{table} is of a tier that is not known")
        columns = priced.columns(table, known, known.keys() & {"input_tokens", "output_tokens", "images"})
        for row in table.rows({"model": ("Model",), **columns}, self.ignored_columns):
            label = row.pop("model")
            match = _MODEL.fullmatch(label.text)
            if match is None or label.struck:
                raise PageChanged(f"{table} has a row for {label.text!r}, which is no model's name")
            stated = [(unit, priced.price(unit, _dash(row.pop(unit)), self.currency, per)) for unit in columns]
            notes = (*re.findall(r"\(([^()]+)\)", match["notes"]), *filter(None, [table.said_of(label)]))
            sheet.add_new(match["name"], *priced.components(stated), terms=(*notes, *priced.terms(stated)))


def _by_token(table: Table) -> bool:
    return any("tok" in text.lower() for text in (table.lead, *(cell.text for row in table.grid for cell in row)))


def _dash(cell: Cell) -> Cell:
    """GLM-OCR has a backslash where others have a dash (2026-08-18)."""
    return Cell("-") if cell.text == "\\" and not cell.struck else cell
