"""Priced: what a cell states is a price with its list price, or a term; anything else is refused."""

from collections import Counter
from decimal import Decimal

import pytest

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Columns, Table
from history.model import Conditions, PriceComponent

MILLION = 1_000_000
LONG = Conditions(min_input_tokens=32_000)


def table(*rows: tuple[str, ...]) -> Table:
    return Table(tuple(tuple(map(Cell, row)) for row in rows), 1, "Prices", "", {}, (), Counter())


def test_a_cell_is_a_price_for_what_its_header_or_the_cell_itself_says() -> None:
    wanted = PriceComponent("input_tokens", Decimal("0.8"), "CNY", MILLION, LONG)
    assert priced.price("input_tokens", Cell("0.8元"), "CNY", MILLION, LONG) == wanted
    assert priced.price("input_tokens", Cell("0.8 元 / 百万Tokens"), "CNY", None, LONG) == wanted
    assert priced.price("input_tokens", Cell("0.8元/百万tokens"), "CNY", MILLION, LONG) == wanted


def test_a_struck_amount_is_the_list_price() -> None:
    price = priced.price("output_tokens", Cell("$0.30 / M tokens", struck="$0.60"), "USD")
    assert price == PriceComponent("output_tokens", Decimal("0.30"), "USD", MILLION, list_amount=Decimal("0.60"))


@pytest.mark.parametrize(
    ("text", "term"),
    [("Free", "free"), ("限时免费", "free for a limited time"), ("—", "not offered"), ("不支持", "not offered")],
)
def test_a_term_is_never_a_price_of_zero(text: str, term: str) -> None:
    assert priced.price("input_tokens", Cell(text), "CNY", MILLION) == term


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("$3"), "not a price for a stated number"),
        (Cell("$3 / image"), "not a price for"),
        (Cell("$3 $2"), "not one amount"),
        (Cell("$3 / M tokens", struck="$3"), "not a sale"),
        (Cell("$3 / M tokens", struck="$4 / K tokens"), "not a sale"),
        (Cell("$3 / M tokens", struck="List"), "not one amount"),
        (Cell("Free", struck="$4"), "stands beside"),
        (Cell("¥3 / M tokens"), "not in USD"),
    ],
)
def test_what_is_neither_is_refused(cell: Cell, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        priced.price("input_tokens", cell, "USD")


def test_a_cell_that_contradicts_its_header_is_refused() -> None:
    with pytest.raises(PageChanged, match="not a price for 1000000"):
        priced.price("input_tokens", Cell("$3 / K tokens"), "USD", MILLION)


COLUMNS = (
    priced.Column(1, "input_tokens", MILLION),
    priced.Column(2, "output_tokens", MILLION, LONG),
    priced.Column(3, "cache_read_tokens"),
)


@pytest.mark.parametrize(
    ("texts", "terms"),
    [
        (("$1", "$2", "$0.1 / M tokens"), ()),
        (("$1", "-", "—"), ()),
        (("$1", "-", "free"), ("cache hit: free",)),
        (("free", "free", "free"), ("free",)),
        (("free", "-", "free"), ("input: free", "cache hit: free")),
        (("-", "—", ""), ("not offered",)),
    ],
)
def test_a_row_is_its_prices_and_its_terms_as_of_each_cell_alone(
    texts: tuple[str, ...], terms: tuple[str, ...]
) -> None:
    cells = [Cell("model"), *map(Cell, texts)]
    alone = [(unit, priced.price(unit, cells[at], "USD", per, when)) for at, unit, per, when in COLUMNS]
    assert priced.row(COLUMNS, cells, "USD") == (list(priced.components(alone)), terms)
    assert priced.terms(alone) == terms


def test_the_conditions_of_a_row_stand_in_the_place_of_those_of_its_columns() -> None:
    prices, _ = priced.row(COLUMNS[:2], [Cell("model"), Cell("$1"), Cell("$2", struck="$4")], "USD", LONG)
    assert [(price.amount, price.list_amount, price.conditions) for price in prices] == [
        (Decimal(1), None, LONG),
        (Decimal(2), Decimal(4), LONG),
    ]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell("Free", struck="$4"), "stands beside"),
        (Cell("$3", struck="$3"), "not a sale"),
        (Cell("$3 / K tokens"), "not a price for 1000000 of input_tokens"),
        (Cell("cheap"), "not one amount"),
    ],
)
def test_a_row_with_a_cell_that_is_neither_is_refused(cell: Cell, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        priced.row(COLUMNS[:1], [Cell("model"), cell], "USD")


def test_terms_name_their_unit_unless_they_hold_for_the_whole_row() -> None:
    price = PriceComponent("input_tokens", Decimal(1), "USD", MILLION)
    row: list[tuple[str, priced.Stated]] = [("input_tokens", price), ("cache_read_tokens", "free")]
    assert priced.components(row) == (price,)
    assert priced.terms([*row, ("output_tokens", "not offered")]) == ("cache hit: free",)
    assert priced.terms([("input_tokens", "free"), ("output_tokens", "free")]) == ("free",)
    assert priced.terms([("input_tokens", "not offered"), ("output_tokens", "not offered")]) == ("not offered",)
    assert priced.terms([("input_tokens", "free"), ("output_tokens", "contact us")]) == (
        "input: free",
        "output: contact us",
    )


def test_the_columns_of_a_table_are_those_it_has_and_none_of_money_is_passed_over() -> None:
    known: Columns = {"input_tokens": ("Input",), "cache_read_tokens": ("Cached",), "output_tokens": ("Output", "Out")}
    found = table(("Model", "Input", "Out", "Since"), ("a", "$1", "$2", "2026"))
    assert list(priced.columns(found, known, {"input_tokens"})) == ["input_tokens", "output_tokens"]
    with pytest.raises(PageChanged, match=r"no column \[\('Cached',\)\]"):
        priced.columns(found, known, {"cache_read_tokens"})
    shouted = table(("MODEL", "INPUT", "cached"), ("a", "$1", "$2"))
    assert list(priced.columns(shouted, known, {"input_tokens"})) == ["input_tokens", "cache_read_tokens"]
    with pytest.raises(PageChanged, match="unknown column 'Cache'"):
        priced.columns(table(("Model", "Input", "Cache"), ("a", "$1", "$2")), known, {"input_tokens"})


def test_the_lengths_of_a_model_join_without_a_gap() -> None:
    ladder, short = priced.Ladder(), Conditions(max_input_tokens=31_999)
    assert ladder.last("a") == Conditions()
    assert ladder.climb("a", short) == short
    assert ladder.climb("b", Conditions()) == Conditions()
    assert ladder.climb("a", LONG) == ladder.last("a") == LONG
    for model, when in [("a", LONG), ("b", Conditions()), ("c", LONG)]:
        with pytest.raises(PageChanged, match="does not begin where the length before has ended"):
            ladder.climb(model, when)
