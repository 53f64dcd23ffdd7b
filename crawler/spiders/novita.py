"""Novita's pricing page (one table for each maker) or its model list API: whichever it is given."""

import re
from collections.abc import Iterator
from typing import Any

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.keyed import Models
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_PRICE = r"\$[0-9.,]+ ?/ ?Mt"
# "$0.269 /Mt· Cache Read $0.1345 /Mt": the input cell holds the price of a cache hit as well.
_CELL = re.compile(rf"({_PRICE})(?: ?·? ?Cache Read ({_PRICE}))?")
_TERMS = {"Tiered pricing": "tiered pricing", "Omnimodal": "omnimodal pricing"}
_KEYS = {
    "input_token_price_per_m": "input_tokens",
    "output_token_price_per_m": "output_tokens",
    "cached_input_token_price_per_m": "cache_read_tokens",
}


_REQUIRED = {"input_token_price_per_m", "output_token_price_per_m"}


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
            for model in page.json_as(Models).data:
                self._read_model(sheet, page, model)
        else:
            for table in page.tables:
                if table.header[:1] == ("Model Name",):
                    self._read(sheet, table)
                elif table.has_money:
                    table.leave()
            page.unread.update(["batch discount"] if "Batch inference is available" in page.prose else [])
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table) -> None:
        units = {"input_tokens": ("Input",), "output_tokens": ("Output",)}
        # Embeddings have no Output column.
        asked = {unit: names for unit, names in units.items() if names[0] in table.header or "Actions" in table.header}
        for row in table.rows({"model": ("Model Name",), "input_tokens": ("Input",), **asked}, self.ignored_columns):
            model, terms, prices = row.pop("model").text, list[str](), list[PriceComponent]()
            if not model:
                raise PageChanged(f"{table} has a row without a model")
            for unit in ("input_tokens", *(asked.keys() - {"input_tokens"})):
                text = row.pop(unit).text
                if text in _TERMS or amounts.term(text):
                    terms += [_TERMS[text]] if text in _TERMS else []
                    continue
                if (match := _CELL.fullmatch(text)) is None or (match[2] and unit != "input_tokens"):
                    raise PageChanged(f"{model}: {text!r} is not a price, or one with its cache read")
                prices += _prices((unit, match[1]), ("cache_read_tokens", match[2]))
            sheet.add(model, *prices, terms=tuple(terms) if prices or terms else ("not offered",))

    def _read_model(self, sheet: PriceSheet, page: Page, model: dict[str, Any]) -> None:
        if not isinstance(name := model.get("id"), str) or not model.keys() >= _REQUIRED:
            raise PageChanged(f"a model has the id {name!r} and lacks {sorted(_REQUIRED - model.keys())}")
        page.unread.update(f"price key {key}" for key in model if "price" in key and key not in _KEYS)
        if model.get("is_tiered_billing"):
            page.unread["tiered prices"] += 1
            sheet.add(name, terms=("tiered pricing",))
            return
        # In ten-thousandths of a dollar: 2690 is $0.269 (quill-router's novita.py, 2026-08, beside the page's prices).
        stated = [(unit, amounts.decimal(model[key]).scaleb(-4)) for key, unit in _KEYS.items() if model.get(key)]
        prices = [PriceComponent(unit, amount, self.currency, 1_000_000) for unit, amount in stated]
        sheet.add(name, *prices, terms=() if prices else ("free",))


def _prices(*stated: tuple[str, str | None]) -> Iterator[PriceComponent]:
    for unit, text in stated:
        if text:
            yield PriceComponent(unit, amounts.per_million_tokens(text, Novita.currency), Novita.currency, 1_000_000)
