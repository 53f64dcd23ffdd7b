"""Model Studio's international price page (MDX, HTML, JSON): every table of token prices, by region and by scope."""

import re
from collections.abc import Iterator

from msgspec import structs

from crawler import helpcentre, modelstudio, priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.modelstudio import PriceColumn
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import ALWAYS, Offer, Provider

_MODEL = ("Model ID", "Model", "Model name")
_SCOPE, _MODE, _SIZE = "Deployment scope", "Mode", "Input tokens per request"
_MODES = re.compile(r"(?:Non-Thinking|Thinking)(?: and (?:Non-)?Thinking)?(?: modes?)?(?: only)?", re.IGNORECASE)
# Tables of speech and of several modalities name kinds of tokens that are documented in Chinese only.
_MULTIMODAL = re.compile(r"omni|audio|speech|realtime|livetranslate", re.IGNORECASE)


class Alibaba(PricingSpider):
    name = "alibaba"
    provider = Provider("alibaba", "Alibaba Cloud Model Studio", "cloud")
    start_urls = ["https://www.alibabacloud.com/help/en/model-studio/model-pricing.md"]
    currency = "USD"
    offers_expected = range(60, 2000)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, document = PriceSheet(), helpcentre.document(page, modelstudio.region_of)
        night = modelstudio.night_hours(document.prose)
        for city, table in document.tables:
            if columns := _columns(table):
                _read(sheet, table, columns, city, night)
            elif table.has_money:
                table.leave()
        yield from sheet.offers(self.provider)


def _columns(table: Table) -> dict[str, PriceColumn]:
    """The columns with prices of tokens; none where the table has other prices, or kinds of tokens not known."""
    found = {name: modelstudio.price_column(name) for name in table.header if modelstudio.names_tokens(name)}
    known = {name: column for name, column in found.items() if column is not None}
    named = (table.heading, *(row[0].text for row in table.body if row))
    if len(known) < len(found) and not any(map(_MULTIMODAL.search, named)):
        raise PageChanged(f"{table} has unknown prices of tokens: {sorted(found.keys() - known.keys())}")
    return known if len(known) == len(found) else {}


def _read(
    sheet: PriceSheet, table: Table, columns: dict[str, PriceColumn], city: str, night: tuple[str, str] | None
) -> None:  # fmt: skip
    header = table.header
    named = [name for name in header if name in (_SCOPE, _MODE, _SIZE)]
    free = frozenset(name for name in header if name.startswith("Free quota"))
    if not city or {*header} - {*_MODEL, *named, *columns, *free}:
        raise PageChanged(f"{table} is of no known region, or has an unknown column: {city!r}, {list(header)}")
    asked = {"model": _MODEL, **{name: (name,) for name in (*named, *columns)}}
    cells = [{name: row.pop(name) for name in asked} for row in table.rows(asked, free)]
    places = [_place(one, named, city) for one in cells]
    said = [one[_SIZE].text if _SIZE in one else "" for one in cells]
    sizes = modelstudio.sizes(list(zip(places, said, strict=True)))
    ladder = priced.Ladder()
    for (model, region), one, size in zip(places, cells, sizes, strict=True):
        when = ladder.climb((model, region), size)
        prices = list[tuple[str, priced.Stated]]()
        for name, column in columns.items():
            holds = when if column.when == ALWAYS else structs.replace(when, thinking=column.when.thinking)
            prices.extend(modelstudio.stated(one[name], column, holds, night))
        terms = (*modelstudio.model_of(one["model"])[1], *priced.terms(prices))
        sheet.add(model, *priced.components(prices), region=region, terms=terms)


def _place(cells: dict[str, Cell], named: list[str], city: str) -> tuple[str, str]:
    """The model, and its region with the scope."""
    about = {name: cells[name].text for name in named}
    if not all(about.values()) or not _MODES.fullmatch(about.get(_MODE, "Thinking mode only")):
        raise PageChanged(f"{cells['model'].text!r} has an unknown mode, or says nothing: {about}")
    return modelstudio.model_of(cells["model"])[0], "/".join(filter(None, [city, about.get(_SCOPE)]))
