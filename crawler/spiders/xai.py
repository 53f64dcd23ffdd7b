"""xAI's prices: its page in Markdown, by prompt size, with images and video, or the catalogue in its page of models."""

import re
from collections.abc import Iterator

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.quoted import quoted
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from crawler.xaimodels import catalogue, labelled, regional
from history.model import Offer, PriceComponent, Provider

_UNITS = {"Input": "input_tokens", "Cached input": "cache_read_tokens", "Output": "output_tokens"}
_PER = " / 1M tokens"
# The page of 2026-05 says it once for all tables, those since 2026-07 in each header and once more below.
_SAID_ONCE = "Prices shown per million tokens"
_OTHER_COST = re.compile(r"\$[0-9.]+ / (?:image|second|1M characters)")


class XAI(PricingSpider):
    name = "xai"
    provider = Provider("xai", "xAI", "lab")
    start_urls = ["https://docs.x.ai/developers/pricing.md"]
    currency = "USD"
    offers_expected = range(3, 60)
    ignored_columns = frozenset({"Context", ""})
    verified = ""

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, tables = PriceSheet(), list(page.tables)
        if models := list(catalogue(page.text, page.unread)):
            for region, model, prices in models:
                sheet.add(model, *prices, region=region)
            for table in filter(lambda table: table.has_money, tables):
                table.leave()
            yield from sheet.offers(self.provider)
            return
        if not any("Model" in table.header and table.has_money for table in tables):
            raise PageChanged(f"no table of models and so no price at {page.url}")
        for table in tables:
            if any(name.removesuffix(_PER) in _UNITS or "tokens" in name for name in table.header):
                self._read(sheet, table, _SAID_ONCE in page.prose)
            elif {"Model", "Cost"} <= {*table.header}:
                self._read_costs(sheet, table)
            elif table.has_money and "Model" in table.header:
                raise PageChanged(f"{table} has prices of models under unknown headers: {table.header}")
            elif table.has_money:
                table.leave()
        for region, model, prices in regional(page.blocks, page.unread):
            sheet.add(model, *prices, region=region)
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, is_said: bool) -> None:
        found = {n: _UNITS.get(n.removesuffix(_PER)) for n in table.header if n not in {"Model", *self.ignored_columns}}
        is_whole = {"input_tokens", "output_tokens"} <= {*found.values()} and len({*found.values()}) == len(found)
        if not is_whole or None in found.values() or not (is_said or all(name.endswith(_PER) for name in found)):
            raise PageChanged(f"{table} has unknown columns, lacks a column or has no unit: {table.header}")
        tier = next((tier for tier in ("batch", "priority", "flex") if tier in table.heading.lower()), "standard")
        for row in table.rows({name: (name,) for name in ("Model", *found)}, self.ignored_columns):
            model, notes, when = labelled(row.pop("Model").text)
            cells = {unit: row.pop(name) for name, unit in found.items() if unit}
            prices = [quoted(cell, unit, "USD", when) for unit, cell in cells.items() if not amounts.term(cell.text)]
            terms = sorted({amounts.term(cell.text) or "" for cell in cells.values()}) if not prices else []
            sheet.add(model, *prices, tier=tier, terms=(*notes, *terms[:1]))

    def _read_costs(self, sheet: PriceSheet, table: Table) -> None:
        for row in table.rows({"Model": ("Model",), "Cost": ("Cost",)}, self.ignored_columns):
            (model, notes, _), cost = labelled(row.pop("Model").text), row.pop("Cost").text
            if _OTHER_COST.fullmatch(text := re.sub(r"/ sec$", "/ second", cost)) is None:
                table.unread[f"{model}: {cost}"] += 1
                continue
            price = quoted(Cell(text), "", "USD")
            if price.unit == "audio_seconds" and "video" not in model:
                raise PageChanged(f"{model}: {cost} does not say seconds of what")
            if price.unit == "audio_seconds":
                price = PriceComponent("video_seconds", price.amount, "USD", price.per)
            sheet.add(model, price, terms=notes)
