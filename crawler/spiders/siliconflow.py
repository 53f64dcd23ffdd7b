"""SiliconFlow's pricing page: no tables but lists of lines, a model's name, its context length, and "$" by "$"."""

import re
from collections.abc import Iterator

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.grid import Heading, Prose
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_BASIS = "Prices shown are per 1 million tokens."
_LIST = re.compile(
    r"^Model Name\n(?P<header>(?:.+\n)+?)Actions\n(?P<rows>(?:.+\n)+?)(?P<basis>Prices .+)$", re.MULTILINE
)
_ROW = re.compile(
    r"(?P<model>(?!\$|Details$|Load More$|[0-9.]+[KM]$).+)\n[0-9.]+[KM]\n(?P<prices>(?:\$\n[0-9.]+\n){2,3})Details\n",
    re.MULTILINE,
)
_PRICE = re.compile(r"^\$ ?([0-9.]+)$")
_TWO = ("input_tokens", "output_tokens")
_THREE = ("input_tokens", "cache_read_tokens", "output_tokens")
_HEADERS = {"Context Length\nInput\nOutput\n": (_TWO,), "Context Length\nInput\nCached Input\nOutput\n": (_TWO, _THREE)}


class SiliconFlow(PricingSpider):
    name = "siliconflow"
    provider = Provider("siliconflow", "SiliconFlow", "cloud")
    start_urls = ["https://www.siliconflow.com/pricing"]
    currency = "USD"
    offers_expected = range(10, 200)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet, text = PriceSheet(), "\n".join(_lines(page))
        lists = list(_LIST.finditer(text))
        for found in lists:
            if found["header"] in _HEADERS:
                self._read(sheet, found, page)
            else:
                page.unread[f"table: {found['header'].strip()}"] += _count("Details", found["rows"])
        in_lists = sum(_count("Details", found["rows"]) for found in lists)
        if (
            not lists
            or in_lists != _count("Details", text)
            or _count(_BASIS, text) != _count(_BASIS, *map(_end, lists))
        ):
            raise PageChanged("models stand outside of the lists, or there is no table of them: no price was found")
        yield from sheet.offers(self.provider)

    def _read(self, sheet: PriceSheet, found: re.Match[str], page: Page) -> None:
        rows, at = found["rows"].removesuffix("Load More\n"), 0
        # The page shows the first models of each maker; a button loads the others.
        page.unread["Load More"] += rows != found["rows"]
        if found["basis"] != _BASIS:
            raise PageChanged(f"{found['basis']!r} is not {_BASIS!r}")
        while at < len(rows):
            if (row := _ROW.match(rows, at)) is None:
                raise PageChanged(f"{rows[at : at + 60]!r} is not a model with its prices")
            prices = _prices(row["model"], row["prices"].split()[1::2], _HEADERS[found["header"]])
            # A page for narrow screens is within the page, hidden.
            new = [price for price in prices if sheet.price(row["model"], price.unit) != price]
            sheet.add(row["model"], *new, terms=() if prices else ("free",))
            at = row.end()


def _lines(page: Page) -> Iterator[str]:
    """The sign and the amount are two texts of the page, which a conversion may have joined."""
    for block in page.blocks:
        for line in (block.text,) if isinstance(block, Heading) else block.lines if isinstance(block, Prose) else ():
            yield from _PRICE.sub(r"$\n\1", line).split("\n") if line.startswith("$") else (line,)


def _count(line: str, *texts: str) -> int:
    return sum(text.split("\n").count(line) for text in texts)


def _end(found: re.Match[str]) -> str:
    return found["basis"]


def _prices(model: str, texts: list[str], columns: tuple[tuple[str, ...], ...]) -> list[PriceComponent]:
    """Of two prices under three headers the cached one is missing: then the last is not below the first."""
    units = next((units for units in columns if len(units) == len(texts)), None)
    amounts = [decimal(text) for text in texts]
    if units is None or amounts[-1] < amounts[0] or max(amounts[:-1]) > amounts[0]:
        raise PageChanged(f"{model}: {texts} are not the prices of input, cached input and output")
    stated = zip(units, amounts, strict=True)
    return [PriceComponent(unit, amount, SiliconFlow.currency, 1_000_000) for unit, amount in stated if amount]
