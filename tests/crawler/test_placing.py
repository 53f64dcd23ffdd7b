"""Where on its page each price was read: told by changing the page, checked by another way to the same bytes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler import amounts
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.placing import READINGS, locate, locator
from crawler.reading import spider_class
from crawler.replay import Capture
from crawler.spider import PricingSpider
from history.evidence import KeptPage
from history.model import Offer, PriceComponent, Provider, Quote
from history.place import Place
from history.places import Sought
from history.validation import validate
from tests.crawler.reading_places import numbers_at, says
from tests.spiders.reading import PAGES

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL = "https://shop.example/prices"
FOLDERS = sorted(path.parent for path in PAGES.glob("*/*/offers.json"))
# One kind of page each: Markdown, turned HTML tables, merged cells, tabs in JSON, an API, many pages, JSON in HTML.
KINDS = [
    "groq/2026-09-20", "deepseek/2025-08-21", "tencent_cn/2026-08-10", "alibaba_cn/2026-08-10",
    "openrouter_models/2026-08-05", "bedrock/2026-08-04", "openai/2026-08-21", "litellm/2026-11-15",
]  # fmt: skip


class Shop(PricingSpider):
    """Tables of models and prices; "note:" and a number are checked, and must be whole."""

    name = "shop"
    provider = Provider("shop", "Shop", "lab")
    # Scrapy's own idiom.
    start_urls = [URL]  # noqa: RUF012
    currency = "USD"
    offers_expected = range(1, 2000)

    def extract(self, page: Page) -> Iterator[Offer]:
        if page.prose.startswith("limit:") and not page.prose.removeprefix("limit:").strip().isdigit():
            raise PageChanged(f"{page.prose!r} is no limit")
        for table in page.tables:
            for row in table.rows({"model": ("Model",), "price": ("Price",)}):
                stated = amounts.parse(row.pop("price").text, "USD").amount
                price = PriceComponent("input_tokens", stated, "USD", 1_000_000)
                yield Offer("shop", row.pop("model").text, (price,))


def kept(*bodies: bytes, media_type: str = "text/markdown") -> list[KeptPage]:
    return [KeptPage(n, URL, MONDAY, media_type, body) for n, body in enumerate(bodies)]


def sought_on(spider: PricingSpider, pages: Sequence[KeptPage]) -> dict[Sought, Quote]:
    """Every price that a spider reads, as history would seek it."""
    read = [spider.extract(Page(one.url, one.body, one.media_type, one.fetched_at)) for one in pages]
    offers = [said for page in read for said in page if isinstance(said, Offer)]
    seen, _ = validate(offers, spider.source())
    found = [Sought(one.key, one.quote, one.starts_at or MONDAY) for one in seen.observations]
    return {one: Quote.parse(one.quote) for one in found}


def places(spider: PricingSpider, *bodies: bytes, media_type: str = "text/markdown") -> dict[str, Place]:
    """Of each model, where its price stands."""
    pages = kept(*bodies, media_type=media_type)
    return {one.key.model: place for one, place in locate(spider, pages, sought_on(spider, pages)).items()}


def saved(folder: Path) -> tuple[PricingSpider, list[KeptPage]]:
    page = Capture.load(folder).page()
    return spider_class(folder.parent.name)(), [KeptPage(0, page.url, page.fetched_at, page.media_type, page.body)]


def table(*rows: tuple[str, str]) -> str:
    return "\n".join(["| Model | Price |", "|---|---|", *(f"| {model} | {price} |" for model, price in rows)])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_price_has_a_place_and_that_in_bytes_holds_it(folder: Path) -> None:
    """Or its list price, where the page states that with its discount."""
    spider, pages = saved(folder)
    wanted = sought_on(spider, pages)
    found = locate(spider, pages, wanted)
    assert found.keys() == wanted.keys()
    for one, place in found.items():
        quote = wanted[one]
        if place.byte is not None:
            there = numbers_at(place, pages[0].body, pages[0].media_type)
            assert says(there, quote.amount, quote.list_amount), (one, place.text, there)


@pytest.mark.parametrize("name", KINDS)
def test_the_place_in_a_page_of_each_kind_holds_the_price(name: str) -> None:
    spider, pages = saved(PAGES / name)
    wanted = sought_on(spider, pages)
    found = locate(spider, pages, wanted)
    assert found.keys() == wanted.keys()
    for one, place in found.items():
        quote, there = wanted[one], numbers_at(place, pages[0].body, pages[0].media_type)
        assert says(there, quote.amount, quote.list_amount), (one, place.text, there)


def test_a_price_of_an_api_is_in_the_record_of_its_model() -> None:
    spider, [page] = saved(PAGES / "openrouter_models" / "2026-08-05")
    for one, place in locate(spider, [page], sought_on(spider, [page])).items():
        assert place.byte is not None
        begins = page.body.rindex(b'"id"', 0, place.byte)
        assert page.body[begins : begins + 200].split(b'"')[3].decode() == one.key.model


def test_equal_prices_have_places_of_their_own() -> None:
    page = "# Prices\n\n" + table(("a", "$3"), ("b", "$3"), ("c", "$4")) + "\n\n" + table(("d", "$3"))
    rows = {model: (place.table, place.row, place.column) for model, place in places(Shop(), page.encode()).items()}
    assert rows == {"a": (1, 2, 2), "b": (1, 3, 2), "c": (1, 4, 2), "d": (2, 2, 2)}


def test_a_cell_over_three_rows_is_where_it_is_written() -> None:
    page = (
        "<!doctype html><table><tr><th>Model<th>Price<tr><td>a<td rowspan=3>$3<tr><td>b<tr><td>c<tr><td>d<td>$3</table>"
    )
    found = places(Shop(), page.encode(), media_type="text/html")
    assert {model: place.row for model, place in found.items()} == {"a": 2, "b": 2, "c": 2, "d": 5}


def test_of_a_page_with_274_tables_each_price_has_the_right_one() -> None:
    page = "\n\n".join(f"## Table {n}\n\n{table((f'm{n}', '$3'), (f'n{n}', f'${n + 1}.5'))}" for n in range(274))
    found = places(Shop(), page.encode())
    assert len(found) == 548
    assert all(found[f"m{n}"][1:4] == (n + 1, 2, 2) and found[f"n{n}"][1:4] == (n + 1, 3, 2) for n in range(274))
    assert all(place.code is not None for place in found.values())


def test_a_price_is_told_with_the_page_of_the_run_that_it_is_on() -> None:
    found = places(Shop(), table(("a", "$3")).encode(), table(("b", "$3")).encode())
    assert {model: place.page for model, place in found.items()} == {"a": 0, "b": 1}


def test_a_number_that_the_spider_checks_is_no_price() -> None:
    """It complains of the marked limit; without that one it reads all others."""
    found = places(Shop(), b"limit: 3\n\n" + table(("a", "$3"), ("gpt 3", "$3"), ("b", "3")).encode())
    assert {model: place.row for model, place in found.items()} == {"a": 2, "gpt 3": 3, "b": 4}


class Summed(Shop):
    """Adds up all it finds: no single number is its price."""

    name = "summed"

    def extract(self, page: Page) -> Iterator[Offer]:
        found = [price.amount for offer in super().extract(page) for price in offer.components]
        yield Offer("shop", "all", (PriceComponent("input_tokens", sum(found, Decimal(0)), "USD", 1_000_000),))


class Mean(Shop):
    """The mean of all: of equal ones it is each of them, and of none alone."""

    name = "mean"

    def extract(self, page: Page) -> Iterator[Offer]:
        found = [price.amount for offer in super().extract(page) for price in offer.components]
        mean = sum(found, Decimal(0)) / len(found)
        yield Offer("shop", "all", (PriceComponent("input_tokens", mean, "USD", 1_000_000),))


class Guessed(Shop):
    """Says of every model what the page says of the dearest."""

    name = "guessed"

    def extract(self, page: Page) -> Iterator[Offer]:
        offers = list(super().extract(page))
        dearest = max((offer.components for offer in offers), key=lambda prices: prices[0].amount)
        yield from (Offer("shop", offer.model, dearest) for offer in offers)


def test_what_comes_from_several_numbers_has_no_place() -> None:
    assert places(Summed(), table(("a", "$3"), ("b", "$4"), ("c", "$7")).encode()) == {}
    assert places(Mean(), table(("a", "$3"), ("b", "$3"), ("c", "$3")).encode()) == {}


def test_a_place_is_where_the_price_comes_from_not_where_it_would_be_expected() -> None:
    found = places(Guessed(), table(("a", "$3"), ("b", "$4"), ("c", "$3")).encode())
    assert {model: place.row for model, place in found.items()} == {"a": 3, "b": 3, "c": 3}


class Strict(Shop):
    """Understands one page only, whatever it is given besides."""

    name = "strict"
    readings = 0

    def extract(self, page: Page) -> Iterator[Offer]:
        self.readings += 1
        if page.body != self.only:
            raise ValueError("never seen before")
        return super().extract(page)

    only = table(*((f"m{n}", f"${n}.5") for n in range(1, 200))).encode()


def test_a_spider_that_understands_no_altered_page_costs_a_bounded_number_of_readings() -> None:
    spider, pages = Strict(), kept(Strict.only)
    wanted = sought_on(spider, pages)
    spider.readings = 0
    assert locator(spider)(pages, wanted) == {}
    assert spider.readings <= READINGS + 1


def test_a_price_that_no_page_states_has_no_place_and_costs_no_reading() -> None:
    spider = Strict()
    wanted = {one._replace(quote="0.077 USD/1000000") for one in sought_on(spider, kept(Strict.only))}
    spider.readings = 0
    assert locate(spider, kept(Strict.only), wanted) == {}
    assert spider.readings == 0


def test_each_of_a_hundred_pages_is_asked_only_for_what_it_states() -> None:
    """All of them at the same price, so that each page has numbers that could be those of any other."""
    pages = kept(*(table((f"m{n}", "$3"), (f"n{n}", "$3")).encode() for n in range(100)))
    found = locate(Shop(), pages, sought_on(Shop(), pages))
    assert {one.key.model: (place.page, place.row) for one, place in found.items()} == {
        f"{letter}{n}": (n, row) for n in range(100) for letter, row in (("m", 2), ("n", 3))
    }


def test_whole_amounts_of_yuan_need_no_search(recorded: Path) -> None:
    """2元 stands fifty times on it, and the 2 of 华北2 and of column widths a hundred and fifty times."""
    spider, pages = saved(recorded / "alibaba_cn" / "2026-08-10")
    wanted = sought_on(spider, pages)
    assert len(wanted) == 2116
    assert locate(spider, pages, wanted).keys() == wanted.keys()
