"""Google Cloud's Agent Platform (Vertex AI) price page: Gemini by tier and prompt size, partner models by region."""

import re
from collections.abc import Iterator

from crawler import agentplatform, cloudtabs, moments
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.outline import outline
from crawler.page import Page
from crawler.pricelists import by_size, pricelists
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_LATER = re.compile(rf"For non-global endpoints, pricing will go into effect .*? on ({moments.DAY})\.")
_TOKENS = re.compile("/1m tokens|200k")
_PLACE = re.compile(r"(?:.*\()?(us|eu|[a-z]+-[a-z]+[0-9]+|Global)\)?")


class Vertex(PricingSpider):
    name = "vertex"
    provider = Provider("google-vertex", "Google Vertex AI", "cloud")
    start_urls = ["https://cloud.google.com/vertex-ai/generative-ai/pricing"]
    currency = "USD"
    offers_expected = range(40, 400)
    verified = "2026-05-08"

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, heading, places = PriceSheet(), "", set[str]()
        # A day without a zone is taken as one of UTC.
        since = next((moments.day(later[1]) for later in _LATER.finditer(page.prose)), None)
        if cloudtabs.TABBED in page.text:
            cloudtabs.read(sheet, page, since)
            yield from sheet.offers(self.provider)
            return
        for level, text, table in outline(page):
            heading = text if level else heading
            if table is None:
                continue
            names = tuple(name.casefold() for name in table.header)
            prices = [name for name in names if agentplatform.PRICE.fullmatch(name)]
            if names[:2] == ("model", "type") and prices:
                agentplatform.read_sizes(sheet, table, since)
            elif names == agentplatform.BATCH_HEADER and _holds(table, "1M "):
                agentplatform.read_batch(sheet, table)
            elif names == agentplatform.CACHE_HEADER:
                agentplatform.read_cache(sheet, table)
            elif names[:3] == agentplatform.STORAGE_HEADER and prices:
                agentplatform.read_storage(sheet, table)
            elif names[-1:] == (agentplatform.PER_THOUSAND,):
                agentplatform.read_embeddings(sheet, table)
            elif (prices and len(prices) == len(names) - 1) or (len(names) == 2 and _holds(table, "Input: $")):
                _read_lists(sheet, table, heading, places)
            elif not heading.endswith("Agents") and (
                _holds(table, "Input: $") or (_TOKENS.search("".join(names)) and not _holds(table, "/hr"))
            ):
                raise PageChanged(f"{table} has token prices under the unknown headers {table.header}")
            elif table.has_money:
                table.unread[f"table: {heading}"] += len(table.body)
        yield from sheet.offers(self.provider)


def _holds(table: Table, words: str) -> bool:
    return any(words in cell.text for row in table.body for cell in row)


def _read_lists(sheet: PriceSheet, table: Table, heading: str, seen: set[str]) -> None:
    place = _PLACE.fullmatch(heading)
    sizes = [match[1] == ">" for name in table.header[1:] if (match := agentplatform.PRICE.fullmatch(name))]
    # One row alone may have one cell (Haiku, 2026-05-08); where all have, a column is gone.
    is_torn = len(table.body) > 1 and all(len(row) < len(table.header) for row in table.body)
    if sizes and (sorted(sizes) != [False, True] or is_torn):
        raise PageChanged(f"{table} lacks a column for a size of prompt: {table.header}")
    # A partner without regions says in each cell what it is for: Grok, by two sizes of prompt, 2026-07-31.
    if sizes and place is None and "uniform pricing" not in heading and not _holds(table, "/ million tokens"):
        raise PageChanged(f"{heading!r} is not a place where a price applies")
    if sizes and heading in seen:
        raise PageChanged(f"{table} has no heading of its own: two tables for one place")
    seen.add(heading)
    region = place[1].lower() if place else ""
    for model, *cells in table.body:
        name, _, note = agentplatform.name_of(model).partition(" (Deprecated")
        stated = pricelists([cell.text for cell in cells], sizes)
        if stated is None:
            table.unread[f"{name} {region}: prices of two kinds in one cell"] += 1
            continue
        for (tier, unit), by_length in stated.items():
            terms = ("deprecated",) if note else ()
            sheet.add(name, *by_size(unit, by_length), tier=tier, region=region, terms=terms)
