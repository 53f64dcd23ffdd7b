"""Cerebras' pricing page (tables inside its Next.js stream) or its public model list: whichever it is given."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import embedded, grid, keyed, openrouter, priced
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_UNITS = {"input_tokens": ("Input",), "output_tokens": ("Output",)}
# "[ZAI]ZAI GLM 4.7*": the name of an icon, the name of the model, a mark of a note.
_MODEL = re.compile(r"(?:\[[A-Z0-9 ]+\])? ?([^\[\]*]+?) ?\*{0,3}")
_ROWS = '"rows":'
_BLOCK = re.compile(rf'{_ROWS}(?=\[)|"_type":"span","marks":\[[^\]]*\],"text":(?P<span>"[^"\\]*(?:\\.[^"\\]*)*")')


class _Model(msgspec.Struct):
    id: str
    pricing: dict[str, Any]
    deprecated: bool = False


class _Answer(msgspec.Struct):
    data: list[_Model]


class Cerebras(PricingSpider):
    name = "cerebras"
    provider = Provider("cerebras", "Cerebras", "cloud")
    start_urls = ["https://www.cerebras.ai/pricing"]
    currency = "USD"
    offers_expected = range(2, 40)
    ignored_columns = frozenset({"Speed"})
    verified = "2026-05-08"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        if page.text.lstrip().startswith("{"):
            # https://api.cerebras.ai/public/v1/models: USD per token, as strings.
            for model in page.json_as(_Answer).data:
                found = keyed.prices(model.pricing, openrouter.UNITS, self.currency, 1, page.unread)
                instead = () if found else (keyed.instead(model.pricing, openrouter.UNITS.keys()),)
                sheet.add(model.id, *found, terms=("deprecated",) * model.deprecated + instead)
        else:
            stream = page.next_stream
            for table in grid.tables(_blocks(stream), page.unread):
                self._read(sheet, table)
            page.unread.update(f"$ per {period}" for period in re.findall(r'"\$\$[0-9.]+/(\w+)"', stream))
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: grid.Table) -> None:
        if "Model" not in table.header:
            table.leave()
            return
        for row in table.rows({"model": ("Model",), **_UNITS}, self.ignored_columns):
            cell = row.pop("model")
            if (match := _MODEL.fullmatch(cell.text)) is None:
                raise PageChanged(f"{cell.text!r} does not name a model")
            stated = {unit: priced.price(unit, row.pop(unit), self.currency) for unit in _UNITS}
            notes = (table.said_of(cell),) if cell.text.endswith("*") else ()
            sheet.add(match[1], *priced.components(stated.items()), terms=(*notes, *priced.terms(stated.items())))


def _blocks(stream: str) -> Iterator[grid.Block]:
    """The tables and the paragraphs that Sanity's blocks hold, in the order of the page."""
    if _ROWS not in stream:
        raise PageChanged("no table in the stream of the page: no price was found")
    for match in _BLOCK.finditer(stream):
        if match["span"]:
            yield grid.Prose(tuple(map(grid.tidy, embedded.decode(match["span"], "a paragraph").split("\n"))))
            continue
        try:
            rows = json.JSONDecoder().raw_decode(stream, match.end())[0]
            yield grid.Grid(tuple(tuple(map(_cell, row["cells"])) for row in rows))
        except (ValueError, KeyError, TypeError) as error:
            raise PageChanged(f"a table of the page cannot be read: {error!r}") from error


def _cell(text: str) -> grid.Cell:
    # React writes a string that begins with "$" with two: "$$2.25/M tokens"; one alone is a reference.
    if text.startswith("$") and not text.startswith("$$"):
        raise PageChanged(f"a cell is the reference {text!r}")
    return grid.Cell.of([text[1:] if text.startswith("$") else text])
