"""The outline of what a run read: tables wherever they are made, headers that match nothing, keys of JSON."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Table, tables
from crawler.markdown import blocks
from crawler.page import Page
from crawler.reading import read, spider_class
from crawler.replay import captures_in
from crawler.seen import Unread
from crawler.shape import shape_of
from crawler.spiders.openrouter_models import OpenRouterModels
from history.drift import BLANK, Shape
from history.model import Fetched
from tests.spiders.reading import PAGES

AT = datetime(2026, 3, 2, tzinfo=UTC)
PRICES = """## Text

| Model | Input | Output | Context |
| --- | --- | --- | --- |
| small | $1 | $2 | 8K |
| large | $3 | $4 | 8K |

## Tools

| Tool | Cost |
| --- | --- |
| search | $10 |
"""


def page(body: str | bytes, media_type: str = "text/markdown") -> Page:
    return Page("https://acme.example/p", body if isinstance(body, bytes) else body.encode(), media_type, AT)


def shape_of_json(content: Any) -> frozenset[str]:
    return shape_of([page(json.dumps(content), "application/json")]).keys


def test_the_tables_stand_in_the_order_of_the_page_with_their_rows_and_headings() -> None:
    read_page = page(PRICES)
    assert len(read_page.tables) == 2
    assert [tuple(table) for table in shape_of([read_page]).tables] == [
        (("Model", "Input", "Output", "Context"), 2, "Text"),
        (("Tool", "Cost"), 1, "Tools"),
    ]


def test_a_page_that_nobody_asked_for_tables_has_none() -> None:
    assert shape_of([page(PRICES)]) == BLANK


def test_known_headers_that_stand_over_no_column_are_named() -> None:
    read_page = page(PRICES)
    asked = {"model": ("Model", "Name"), "input": ("Input",)}
    for row in read_page.tables[0].rows(asked, frozenset({"Output", "Context", "Region"})):
        row.pop("model")
        row.pop("input")
    assert shape_of([read_page], {"Tool", "Batch"}).unmatched == {"Name", "Region", "Batch"}


def test_price_columns_that_a_table_may_have_are_known_too() -> None:
    read_page = page(PRICES)
    known = {"input_tokens": ("Input",), "cache_read_tokens": ("Cached input", "Cache hit")}
    with pytest.raises(PageChanged):
        priced.columns(read_page.tables[0], known, {"input_tokens"})
    assert shape_of([read_page]).unmatched == {"Cached input", "Cache hit"}


def test_a_table_that_is_rewritten_stands_once_as_it_was_read() -> None:
    read_page = page(PRICES)
    first, second = read_page.tables
    grid = (tuple(map(Cell, ("model", "in", "out", "context"))), *first.body)
    assert [table.header for table in shape_of([read_page]).tables] == [first.header, second.header]
    replace(first, grid=grid)
    assert [table.header[0] for table in shape_of([read_page]).tables] == ["model", "Tool"]


def test_tables_that_end_with_an_empty_row_are_still_several() -> None:
    html = page("".join(f"<table><tr><th>Of {n}<tr><td>$1<tr></table>" for n in range(3)), "text/html")
    assert len(html.tables) == 3
    assert [table.header for table in shape_of([html]).tables] == [("Of 0",), ("Of 1",), ("Of 2",)]


def test_leftovers_are_counted_and_copied_as_any_counter_is() -> None:
    unread = Unread(["audio", "audio", "image"])
    assert unread.copy() == copy(unread) == {"audio": 2, "image": 1}
    assert (unread + unread)["audio"] == 4


def test_tables_inside_of_json_are_tables_of_the_page() -> None:
    answer = page(json.dumps({"data": {"content": PRICES}}), "application/json")
    tables(tuple(blocks(answer.json()["data"]["content"])), answer.unread)
    shape = shape_of([answer])
    assert [table.heading for table in shape.tables] == ["Text", "Tools"]
    assert shape.keys == {"data", "data.content"}


def test_a_table_made_with_a_plain_counter_is_read_all_the_same() -> None:
    [table, _] = tables(tuple(blocks(PRICES)), Counter())
    asked = {"model": ("Model",)}
    assert [row.pop("model").text for row in table.rows(asked)] == ["small", "large"]
    assert isinstance(table, Table)


def test_a_header_that_is_a_sentence_is_kept_short() -> None:
    read_page = page(f"| {'x' * 300} |\n| --- |\n| $1 |\n")
    assert len(read_page.tables) == 1
    [table] = shape_of([read_page], {"x" * 300}).tables
    assert len(table.header[0]) == 80
    assert shape_of([read_page], {"x" * 300}).unmatched == set()


def test_keys_are_paths_and_a_list_is_one_place() -> None:
    models = [{"id": n, "pricing": {"prompt": "1"}, "tags": ["a"]} for n in range(3)]
    inside = {"data[].id", "data[].pricing", "data[].pricing.prompt", "data[].tags"}
    assert shape_of_json({"data": models}) == {"data", *inside}


def test_a_key_that_a_tenth_of_the_rows_have_counts_and_a_rarer_one_does_not() -> None:
    rows: list[dict[str, int]] = [{"id": n} for n in range(100)]
    for row in rows[:10]:
        row["often"] = 1
    for row in rows[:9]:
        row["seldom"] = 1
    assert shape_of_json(rows) == {"[].id", "[].often"}


def test_an_object_of_many_objects_is_a_list_whose_rows_have_names() -> None:
    products = {f"SKU{n}": {"unit": "tokens"} for n in range(9)}
    assert shape_of_json({"products": products}) == {"products", "products[].unit"}
    assert shape_of_json({"prices": {f"SKU{n}": "1" for n in range(101)}}) == {"prices"}
    assert "prices.SKU8" in shape_of_json({"prices": {f"SKU{n}": "1" for n in range(9)}})


def test_deeper_than_four_names_everything_is_data() -> None:
    assert shape_of_json({"a": {"b": {"c": {"d": {"e": 1}}}}}) == {"a", "a.b", "a.b.c", "a.b.c.d"}


def test_several_pages_are_one_shape() -> None:
    pages = [page(json.dumps({"data": [{"id": 1}]}), "application/json") for _ in range(30)]
    rare = page(json.dumps({"data": [{"id": 1, "odd": 2}]}), "application/json")
    assert shape_of([*pages, rare]).keys == {"data", "data[].id"}


def test_json_lines_are_rows() -> None:
    lines = page(b'{"unit": 1}\n{"unit": 2, "price": 3}\n', "application/x-ndjson")
    assert shape_of([lines]).keys == {"unit", "price"}


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2", b"\xff\xfe{", b"[" * 100_000, b"[NaN]", b"{} {}", b"null"])
def test_what_is_no_json_has_no_keys(body: bytes) -> None:
    assert shape_of([page(body, "application/json")]).keys == frozenset()


def test_a_reading_has_its_shape_and_a_failed_one_has_none() -> None:
    class Acme(OpenRouterModels):
        ignored_columns: ClassVar[frozenset[str]] = frozenset({"Context", "Gone"})

        def extract(self, page: Page) -> Iterator[Any]:
            if len(page.tables) != 2:
                raise PageChanged("no tables")
            return iter(())

    good, bad = page(PRICES), page("no table")
    read_well = read(Acme(), [(good, Fetched(good.url, "x", AT))], AT)
    assert (len(read_well.shape.tables), read_well.shape.unmatched) == (2, frozenset({"Gone"}))
    assert read(Acme(), [(bad, Fetched(bad.url, "x", AT))], AT).shape == BLANK


@pytest.mark.parametrize("name", ["alibaba_cn", "openai", "zhipu_cn", "minimax_cn", "volcengine", "anthropic"])
def test_every_way_to_make_a_table_leaves_its_outline(name: str) -> None:
    spider = spider_class(name)()
    for each in [capture.page() for capture in captures_in(PAGES / name)]:
        assert list(spider.extract(each))
        shape = shape_of([each], spider.ignored_columns)
        assert shape.tables, "no spider had to change"
        assert Shape.parse(shape.text) == shape
