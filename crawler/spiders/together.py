"""Together's serverless models (official Markdown): chat, vision, embedding, rerank and moderation by the token."""

from collections.abc import Iterator

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Columns, Table
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, Provider

_COLUMNS = {
    "input_tokens": ("Input pricing (per 1M tokens)",),
    "cache_read_tokens": ("Cached input pricing (per 1M tokens)",),
    "output_tokens": ("Output pricing (per 1M tokens)",),
}
# In April 2026 the tables of embeddings and of moderation have one price, which is of every token.
_EVERY_TOKEN = ("Pricing (per 1M tokens)",)
_MODEL = ("API model string", "Model string for API")
# Embeddings have a context window, rerankers a size of documents.
_ANSWERS = "context length"


class Together(PricingSpider):
    name = "together"
    provider = Provider("together", "Together AI", "cloud")
    start_urls = ["https://docs.together.ai/docs/serverless/models.md"]
    currency = "USD"
    offers_expected = range(10, 300)
    ignored_columns = frozenset({
        "Organization", "Model name", "Context length", "Quantization", "Function calling", "Structured outputs",
        "Model size", "Embedding dimension", "Context window", "Max doc size (tokens)", "Max docs",
        # April 2026.
        "Model Name", "Function Calling", "Structured Outputs", "Model Size", "Embedding Dimension", "Context Window",
        "Max Doc Size (Tokens)", "Max Docs",
    })  # fmt: skip

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        if not page.tables:
            raise PageChanged("no table on the page: no price was found")
        for table in page.tables:
            header = set(map(str.casefold, table.header))
            if _COLUMNS["input_tokens"][0].casefold() in header:
                columns = {unit: names for unit, names in _COLUMNS.items() if names[0].casefold() in header}
                self._read(sheet, table, columns)
            elif _EVERY_TOKEN[0].casefold() in header:
                units = ("input_tokens", "output_tokens") if _ANSWERS in header else ("input_tokens",)
                self._read(sheet, table, dict.fromkeys(units, _EVERY_TOKEN))
            elif table.has_money:
                table.leave()
        page.unread.update(["batch discount"] if "batch workloads" in page.prose else [])
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, table: Table, columns: Columns) -> None:
        for row in table.rows({"model": _MODEL, **columns}, self.ignored_columns):
            if not (model := row.pop("model").text):
                raise PageChanged(f"{table} has a row without a model")
            stated = {unit: priced.price(unit, row.pop(unit), self.currency, 1_000_000) for unit in columns}
            # A vision model stands among the chat models as well, with the same prices.
            new = [price for price in priced.components(stated.items()) if sheet.price(model, price.unit) != price]
            sheet.add(model, *new, terms=priced.terms(stated.items()))
