"""OpenAI's pricing page: official Markdown, or the same tables as props of the HTML page's components."""

import re
from collections.abc import Iterator

from crawler import amounts, modalities, moments, openaitables
from crawler.amounts import Amount
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Conditions, Offer, PriceComponent, Provider

_UNITS = {"input": "input", "cached input": "cache_read", "cache writes": "cache_write", "output": "output"}
_COLUMN = re.compile(
    "(Short context |Long context |)([Ii]nput|[Cc]ached [Ii]nput|[Cc]ache writes|[Oo]utput)(?: / cost)?"
)
_COSTS = ("Cost", "Estimated cost")
_MODEL = re.compile(r"([\w.:/-]+)(?: \(<([0-9]+)K context length\))?")


class OpenAI(PricingSpider):
    name = "openai"
    provider = Provider("openai", "OpenAI", "lab")
    start_urls = ["https://developers.openai.com/api/docs/pricing.md"]
    currency = "USD"
    offers_expected = range(40, 400)
    ignored_columns = frozenset({"Category", "Use case"})
    verified = "2026-08-21"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table, tier, longest in openaitables.tables(page):
            _read(sheet, table, tier, longest)
        for model, day in moments.billed_from(page.text).items():
            sheet.begin(model, day)
        yield from sheet.offers(self.provider)


def _read(sheet: PriceSheet, table: Table, tier: str, longest: str | None) -> None:
    known = {"Model", "Modality", *_COSTS, *filter(_COLUMN.fullmatch, table.header)}
    lost = [name for name in {*table.header} - known if openaitables.SPEAKS_OF_PRICES.search(name)]
    lost += modalities.astray(table)
    if lost or not {"input", "output"} <= {name.lower().removesuffix(" / cost").split()[-1] for name in known}:
        raise PageChanged(f"{table} has the unknown columns {lost} or lacks one: {table.header}")
    asked = {name: (name,) for name in ("Model", *table.header) if name in known}
    for row in table.rows(asked, OpenAI.ignored_columns):
        cells = {name: row.pop(name) for name in asked}
        (name, *notes), modality = cells.pop("Model").lines or ("",), cells.pop("Modality", Cell("Text")).text
        paid = {name: amounts.parse(cell.text, "USD") for name, cell in cells.items() if not amounts.term(cell.text)}
        # Where tokens are charged, the cost of a minute is an estimate.
        paid = {name: paid[name] for name in paid if name not in _COSTS} or paid
        is_split, label = any("Long" in name for name in paid), _MODEL.fullmatch(name)
        is_new = modality not in modalities.SUFFIXES
        if label is None or is_new or (is_split and longest and label[2] not in (None, longest)):
            raise PageChanged(f"{table} has the unknown row {name!r}, {modality!r}")
        # "≤272K input tokens" settles what "(<272K context length)" leaves open: exactly 272,000 tokens are short.
        ends = int(named) * 1000 - (named != longest) if (named := label[2] or (longest if is_split else "")) else None
        prices = [_price(name, modality, amount, ends) for name, amount in paid.items()]
        terms = sorted({amounts.term(cell.text) or "" for cell in cells.values()}) if not prices else []
        sheet.add_new(label[1], *prices, tier=tier, terms=(*notes, *terms[:1]))


def _price(column: str, modality: str, amount: Amount, ends: int | None) -> PriceComponent:
    match = _COLUMN.fullmatch(column)
    if (is_long := column.startswith("Long")) and ends is None:
        raise PageChanged(f"{column}: it is not said where a long context begins")
    when = Conditions(min_input_tokens=(ends or 0) + 1) if is_long else Conditions(max_input_tokens=ends)
    if amount.unit in ("characters", "seconds") and amount.per:
        return PriceComponent(amount.unit.replace("sec", "audio_sec"), amount.amount, amount.currency, amount.per, when)
    if match is None or (amount.per, amount.unit) not in ((None, None), (1_000_000, "tokens")):
        raise PageChanged(f"{column}: {amount} is of no known unit")
    unit = f"{_UNITS[match[2].lower()]}{modalities.SUFFIXES[modality]}_tokens"
    return PriceComponent(unit, amount.amount, amount.currency, 1_000_000, when)
