"""JSON that a page carries in its HTML."""

from decimal import Decimal
from typing import Any

import pytest

from crawler import embedded
from crawler.failures import PageChanged
from crawler.markup import parse
from crawler.replay import Capture
from tests.conftest import RECORDED


def test_scripts_of_json_are_read_and_others_are_not() -> None:
    tree = parse(
        '<html><script type="application/json" id="__NEXT_DATA__">{"a": 1.50}</script><script>var a = 1</script>'
        '<script type="application/ld+json">[2]</script></html>'
    )
    assert list(embedded.scripts(tree)) == [{"a": Decimal("1.50")}, [2]]


@pytest.mark.parametrize("content", ["", "{", "{'a': 1}", "NaN"])
def test_a_script_that_is_not_json_is_refused(content: str) -> None:
    with pytest.raises(PageChanged, match="a script of the page is not JSON"):
        list(embedded.scripts(parse(f'<html><script type="application/json">{content}</script></html>')))


def test_what_next_pushes_is_joined_in_order() -> None:
    text = r"""self.__next_f.push([0]);self.__next_f.push([1,"1:\"a\"\n2:{\"p\":"]);
    self.__next_f.push([1, "\"\u00a5 \\\" x\"}"])"""
    assert embedded.next_stream(text) == '1:"a"\n2:{"p":"¥ \\" x"}'


def test_no_push_is_an_empty_stream() -> None:
    assert embedded.next_stream("<html></html>") == ""


def test_attributes_are_read_by_name() -> None:
    tree = parse("<html><astro-island props='{\"a\":[0,0.10]}' data='x'></astro-island></html>")
    assert list(embedded.attributes(tree, "props")) == [{"a": [0, Decimal("0.10")]}]
    with pytest.raises(PageChanged, match="the attribute data is not JSON"):
        list(embedded.attributes(tree, "data"))


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        (
            {"tier": [0, "batch"], "rows": [1, [[1, [[0, "gpt"], [0, 5]]], [0, None]]]},
            {"tier": "batch", "rows": [["gpt", 5], None]},
        ),
        ({"option": [0, {"label": [0, "Standard"]}], "none": [0]}, {"option": {"label": "Standard"}, "none": None}),
        ([1, []], []),
    ],
)
def test_astro_props_are_plain_data(encoded: Any, plain: Any) -> None:
    assert embedded.astro(encoded) == plain


@pytest.mark.parametrize("encoded", [[2, "regex"], [3, "2026-08-06"], 5, "text", [1, "x"], []])
def test_astro_props_of_an_unknown_kind_are_refused(encoded: Any) -> None:
    with pytest.raises(PageChanged, match="Astro props hold"):
        embedded.astro(encoded)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no real captures here: ../shared/recorded is absent")
def test_the_prices_in_the_real_openai_page_are_found() -> None:
    page = Capture.load(RECORDED / "openai" / "2026-08-21").page()
    rows = [island["rows"] for island in map(embedded.astro, page.attributes("props")) if "rows" in island]
    assert any(row[0] == "gpt-5.6-sol" for table in rows for row in table)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no real captures here: ../shared/recorded is absent")
def test_the_prices_in_the_real_kimi_page_are_found() -> None:
    page = Capture.load(RECORDED / "moonshot" / "2026-05-08").page()
    assert "kimi-k2" in page.next_stream
