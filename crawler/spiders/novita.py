"""Novita's pricing page (one table for each maker) or its model list API: whichever it is given."""

import re
from collections.abc import Iterator

from crawler import amounts, nested
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.keyed import Models
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_PRICE = r"\$[0-9.,]+ ?/ ?Mt"
# "$0.269 /Mt· Cache Read $0.1345 /Mt": the input cell holds the price of a cache hit as well.
_CELL = re.compile(rf"({_PRICE})(?: ?·? ?Cache Read ({_PRICE}))?")
_TERMS = {"Tiered pricing": "tiered pricing", "Omnimodal": "omnimodal pricing"}


class Novita(PricingSpider):
    name = "novita"
    provider = Provider("novita", "Novita AI", "cloud")
    start_urls = ["https://novita.ai/pricing"]
    currency = "USD"
    offers_expected = range(40, 400)
    ignored_columns = frozenset({"Context", "Actions"})

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        if page.text.lstrip().startswith("{"):
            models = page.json_as(Models).data
            in_objects = any(model.get("pricing") for model in models)
            for model in models:
                prices, terms = nested.prices(model, page.unread, in_objects=in_objects)
                sheet.add(model["id"], *prices, terms=terms)
        else:
            tiers = nested.shown(page.next_stream, page.unread) if "Tiered pricing" in page.text else {}
            for table in page.tables:
                if table.header[:1] == ("Model Name",) and not {"Context", "Input"}.isdisjoint(table.header):
                    self._read(sheet, table, tiers)
                elif table.has_money or not {"Model Name", "Input"}.isdisjoint(table.header):
                    table.leave()
            page.unread.update("models of the stream in no table" for _ in tiers)
            page.unread.update(["batch discount"] if "Batch inference is available" in page.prose else [])
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, tiers: dict[str, list[PriceComponent]]) -> None:
        units = {"input_tokens": ("Input",), "output_tokens": ("Output",)}
        # Embeddings have no Output column.
        asked = {unit: names for unit, names in units.items() if names[0] in table.header or "Actions" in table.header}
        for row in table.rows({"model": ("Model Name",), "input_tokens": ("Input",), **asked}, self.ignored_columns):
            model, terms, prices = row.pop("model").text, list[str](), list[PriceComponent]()
            if not model:
                raise PageChanged(f"{table} has a row without a model")
            by_length = tiers.pop(model, [])
            for unit in ("input_tokens", *(asked.keys() - {"input_tokens"})):
                cell = row.pop(unit)
                if cell.text == "Tiered pricing" and by_length:
                    prices += by_length
                elif not cell.struck and (cell.text in _TERMS or amounts.term(cell.text)):
                    terms += [_TERMS[cell.text]] if cell.text in _TERMS else []
                    table.unread.update(["tiered prices"] if cell.text == "Tiered pricing" else [])
                else:
                    prices += _prices(model, unit, cell)
            sheet.add(model, *prices, terms=tuple(terms) if prices or terms else ("not offered",))


def _prices(model: str, unit: str, cell: Cell) -> Iterator[PriceComponent]:
    match, listed = _CELL.fullmatch(cell.text), _CELL.fullmatch(cell.struck)
    if match is None or (match[2] and unit != "input_tokens") or (cell.struck and listed is None):
        raise PageChanged(
            f"{model}: {cell.text!r} is not a price, or one with its cache read; {cell.struck!r} is struck"
        )
    for one, at in ((unit, 1), ("cache_read_tokens", 2)):
        if match[at]:
            amount = amounts.per_million_tokens(match[at], Novita.currency)
            regular = amounts.per_million_tokens(listed[at], Novita.currency) if listed and listed[at] else None
            if regular is not None and regular <= amount:
                raise PageChanged(f"{model}: {cell.text!r} beside the struck-through {cell.struck!r} is not a sale")
            yield PriceComponent(one, amount, Novita.currency, 1_000_000, list_amount=regular)
