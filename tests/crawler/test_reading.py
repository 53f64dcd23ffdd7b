"""What one crawl read: spiders by name, the version of their way to read, and readings good and failed."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler import reading
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.reading import extractor_of, failed, read, spider_class, spider_names
from crawler.spider import PricingSpider
from history.model import Failure, Fetched, Offer, PriceComponent, Provider

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL = "https://acme.example/pricing"


class Acme(PricingSpider):
    """One model per line; "?" is not understood, "!" is not read."""

    name = "acme"
    provider = Provider("acme", "Acme", "lab")
    # Scrapy's own idiom.
    start_urls = [URL]  # noqa: RUF012
    currency = "USD"
    offers_expected = range(1, 10)

    def extract(self, page: Page) -> Iterator[Offer]:
        for line in page.text.split():
            if line == "?":
                raise PageChanged(f"{line!r} is not a model")
            if line == "!":
                page.unread["mark"] += 1
                continue
            yield Offer("acme", line, (PriceComponent("input_tokens", Decimal(1), "USD", 1_000_000),))


def fetched(*bodies: str) -> list[tuple[Page, Fetched]]:
    return [
        (Page(f"{URL}/{number}", body.encode(), "text/plain", MONDAY), Fetched(f"{URL}/{number}", "ab", MONDAY))
        for number, body in enumerate(bodies)
    ]


def test_every_file_is_a_spider_of_its_name() -> None:
    assert {"anthropic", "deepseek", "openrouter_models"} <= {*spider_names()}
    assert [name for name in spider_names() if spider_class(name).name != name] == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deepsek", "did you mean deepseek"),
        ("openrouter", "did you mean openrouter_models"),
        ("xyzzy", "there are a"),
        ("__init__", "there are a"),
        ("../settings", "there is no spider"),
        ("", "there is no spider ''"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_ones(name: str, hint: str) -> None:
    with pytest.raises(LookupError) as refused:
        spider_class(name)
    assert hint in str(refused.value)


def test_the_offers_of_all_pages_are_one_reading() -> None:
    result = read(Acme(), fetched("small ! large", "! huge"), MONDAY)
    assert [offer.model for offer in result.offers] == ["small", "large", "huge"]
    assert (result.unread, result.failure, result.observed_at) == ({"mark": 2}, None, MONDAY)
    assert [page.url for page in result.pages] == [f"{URL}/0", f"{URL}/1"]
    assert (result.source, result.extractor) == (Acme.source(), extractor_of(Acme))


def test_an_offer_may_go_on_on_a_later_page_but_not_stand_twice_on_one() -> None:
    answers = fetched("one two", "one three three", "three")
    [first, second, *third] = read(Acme(), answers, MONDAY).offers
    assert [(offer.model, len(offer.components)) for offer in (first, second, *third)] == [
        ("one", 2),
        ("two", 1),
        ("three", 2),
        ("three", 1),
    ]


def test_a_page_that_is_not_understood_fails_the_run_and_gives_no_offer() -> None:
    result = read(Acme(), fetched("small", "large ?"), MONDAY)
    assert result.failure == Failure("PageChanged", "'?' is not a model")
    assert result.offers == ()
    assert len(result.pages) == 2, "the evidence is the run's all the same"


def test_an_exception_of_ours_is_not_taken_for_a_changed_page() -> None:
    class Broken(Acme):
        def extract(self, page: Page) -> Iterator[Offer]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read(Broken(), fetched("small"), MONDAY)


def test_a_message_is_bounded_and_fits_any_database() -> None:
    result = failed(Acme, Failure("PageChanged", "it begins \0" + "x" * 10_000), MONDAY)
    assert result.failure is not None
    assert result.failure.message.startswith("it begins \N{SYMBOL FOR NULL}xx")
    assert len(result.failure.message) == 2000


def test_the_extractor_is_a_short_hash_that_stays_while_the_text_does() -> None:
    versions = [extractor_of(spider_class(name)) for name in spider_names()]
    assert len({*versions}) == len(versions)
    assert all(len(version) == 12 and int(version, 16) >= 0 for version in versions)
    assert versions == [extractor_of(spider_class(name)) for name in spider_names()]


def test_the_extractor_covers_all_that_reads_and_nothing_that_fetches() -> None:
    covered: set[Path] = set()
    reading._add_with_imports(reading.CRAWLER / "spiders" / "anthropic.py", covered)
    names = {path.name for path in covered}
    assert {"anthropic.py", "page.py", "amounts.py", "markdown.py", "grid.py", "failures.py"} <= names
    assert not names & {"spider.py", "answers.py", "settings.py", "pipelines.py", "reading.py", "deepseek.py"}


def test_the_extractor_changes_with_the_text_of_the_spider(tmp_path: Path) -> None:
    file = tmp_path / "acme.py"
    versions = []
    for text in ("one = 1\n", "one = 2\n"):
        file.write_text(text)
        reading._version_of.cache_clear()
        versions.append(reading._version_of((str(file),)))
    assert versions[0] != versions[1]


def test_every_import_of_a_reader_is_found() -> None:
    """The pattern that finds them says of every file of the crawler what Python's own parser says."""
    files = sorted(reading.CRAWLER.rglob("*.py"))
    assert len(files) > 100
    for file in files:
        found = {name for name in reading._imported(file) if name.startswith("crawler.")}
        assert found == {name for name in parsed(file) if name.startswith("crawler.")}, file


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from crawler import grid, markup as m\n", {"crawler", "crawler.grid", "crawler.markup"}),
        ("from crawler.maps import (\n    litellm,\n    windows as w,\n)\n",
         {"crawler.maps", "crawler.maps.litellm", "crawler.maps.windows"}),
        ("def late():\n    from crawler.page import Page  # not before\n", {"crawler.page", "crawler.page.Page"}),
        ("import crawler.jsx as jsx, crawler.grid\n", {"crawler.jsx", "crawler.grid"}),
    ],
)  # fmt: skip
def test_an_import_is_found_in_each_way_to_write_it(tmp_path: Path, text: str, found: set[str]) -> None:
    (tmp_path / "reader.py").write_text(text)
    assert found <= {*reading._imported(tmp_path / "reader.py")} <= found | {"m", "w", "jsx"}


def parsed(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
