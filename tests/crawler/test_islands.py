"""Astro islands: what a page gives to its components is a table with the headers and the tab that it stands under."""

from dataclasses import replace
from datetime import UTC, datetime
from html import escape

import pytest

from crawler import islands
from crawler.failures import PageChanged
from crawler.page import Page

TOKENS = '{"tier":[0,"batch"],"rows":[1,[[1,[[0,"gpt-a"],[0,2],[0,0.5],[0,8]]]]]}'


def page(component: str, props: str, around: str = "{}") -> Page:
    island = f'<astro-island component-export="{component}" props="{escape(props)}"></astro-island>'
    body = f"<!doctype html><html><body>{around.format(island)}</body></html>"
    return Page("https://example.com", body.encode(), "text/html", datetime(2026, 8, 21, tzinfo=UTC))


def test_a_row_without_cache_writes_gets_a_dash_for_them() -> None:
    [(table, tab)] = islands.tables(page("TextTokenPricingTables", TOKENS))
    assert (table.heading, tab) == ("Batch pricing data", "")
    assert [cell.text for cell in table.body[0]] == ["gpt-a", "2", "0.5", "-", "8"]


def test_the_tab_of_an_island_is_the_pane_that_holds_it() -> None:
    pane = '<div data-content-switcher-pane="true" data-value="fast">{}</div>'
    [(_, tab)] = islands.tables(page("TextTokenPricingTables", TOKENS, pane))
    assert tab == "Fast"


DRAWN = (
    "<table><thead><tr><th></th><th colspan=3>Short context</th><th colspan=2>Long context</th></tr><tr><th>Model</th>"
    "<th>Input</th><th>Cached input</th><th>Output</th><th>Input</th><th>Output</th></tr></thead><tbody>"
    "<tr><td colspan=6>Latest models</td></tr>{}</tbody></table>"
)


def drawn(rows: str, none: str = "null") -> Page:
    props = TOKENS.replace("]]]]}", f']],[1,[[0,"gpt-b"],[0,1],[0,{none}],[0,4]]]]]}}')
    found = page("TextTokenPricingTables", props)
    return replace(found, body=found.body.replace(b"></astro", f">{DRAWN.format(rows)}</astro".encode()))


def test_a_drawn_row_adds_its_long_context_to_what_the_props_say() -> None:
    row = "<tr><td>gpt-a</td><td>$2.00</td><td>$0.50</td><td>$8.00</td><td>$4.00</td><td>$12.00</td></tr>"
    [(table, _)] = islands.tables(drawn(row))
    assert table.header == (
        "Model", "Short context input", "Short context cached input", "Short context cache writes",
        "Short context output", "Long context input", "Long context output",
    )  # fmt: skip
    assert [[cell.text for cell in row] for row in table.body] == [
        ["gpt-a", "2", "0.5", "-", "8", "$4.00", "$12.00"],
        ["gpt-b", "1", "-", "-", "4", "-", "-"],
    ]


@pytest.mark.parametrize("none", ["null", '""', '"-"'])
def test_a_price_that_the_props_do_not_have_is_drawn_as_a_dash(none: str) -> None:
    row = "<tr><td>gpt-b</td><td>$1.00</td><td>-</td><td>$4.00</td><td>$2.00</td><td>$6.00</td></tr>"
    [(table, _)] = islands.tables(drawn(row, none))
    assert [cell.text for cell in table.body[1]][-2:] == ["$2.00", "$6.00"]


@pytest.mark.parametrize(
    "row",
    [
        "<tr><td>gpt-a</td><td>$2.00</td><td>$0.50</td><td>$9.00</td><td>$4.00</td><td>$12.00</td></tr>",
        "<tr><td>gpt-c</td><td>$2.00</td><td>$0.50</td><td>$8.00</td><td>$4.00</td><td>$12.00</td></tr>",
        "<tr><td>gpt-a</td><td>$2.00</td><td>$8.00</td><td>$4.00</td><td>$12.00</td></tr>",
        "<tr><td>gpt-b</td><td>$1.00</td><td>$0.10</td><td>$4.00</td><td>$4.00</td><td>$12.00</td></tr>",
    ],
)
def test_a_drawn_row_that_contradicts_the_props_is_refused(row: str) -> None:
    with pytest.raises(PageChanged, match="one in its props and one drawn"):
        list(islands.tables(drawn(row)))


def test_a_model_with_a_long_context_is_drawn_without_its_length_and_the_others_in_a_table_below() -> None:
    found = drawn("<tr><td>gpt-b</td><td>$1.00</td><td>-</td><td>$4.00</td><td>$2.00</td><td>$6.00</td></tr>")
    below = (
        "<table><tr><th>Model</th><th>Input</th><th>Cached input</th><th>Output</th></tr>"
        "<tr><td>gpt-a</td><td>$2.00</td><td>$0.50</td><td>$8.00</td></tr></table></astro-island>"
    )
    body = found.body.decode().replace("gpt-b&quot;", "gpt-b (&lt;100K context length)&quot;")
    [(table, _)] = islands.tables(replace(found, body=body.replace("</astro-island>", below).encode()))
    assert [[cell.text for cell in row] for row in table.body] == [
        ["gpt-a", "2", "0.5", "-", "8", "-", "-"],
        ["gpt-b (<100K context length)", "1", "-", "-", "4", "$2.00", "$6.00"],
    ]
    twice = body.replace("</astro-island>", below.replace("gpt-a", "gpt-b").replace("2.00", "1.00"))
    with pytest.raises(PageChanged, match="draws a model twice: 'gpt-b'"):
        list(islands.tables(replace(found, body=twice.encode())))


def tokens(*rows: str) -> Page:
    return page("TextTokenPricingTables", f'{{"tier":[0,"batch"],"rows":[1,[{",".join(rows)}]]}}')


NEW, SPLIT, OLD = (
    '[1,[[0,"gpt-new"],[0,2],[0,0.2],[0,2.5],[0,8]]]',
    '[1,[[0,"gpt-long (<100K context length)"],[0,1],[0,0.1],[0,"-"],[0,4]]]',
    '[1,[[0,"gpt-old"],[0,1],[0,0.1],[0,4]]]',
)


def test_a_model_with_a_long_context_has_a_cell_for_cache_writes_wherever_it_stands() -> None:
    [(table, _)] = islands.tables(tokens(NEW, SPLIT, OLD, SPLIT.replace("long", "longer"), OLD))
    assert [[cell.text for cell in row[1:]] for row in table.body] == [
        ["2", "0.2", "2.5", "8"], ["1", "0.1", "-", "4"], ["1", "0.1", "-", "4"], ["1", "0.1", "-", "4"],
        ["1", "0.1", "-", "4"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        ((NEW, OLD, SPLIT), "5, 4, 5"),
        ((NEW, SPLIT, OLD, NEW), "5, 5, 4, 5"),
        ((NEW, SPLIT.replace('[0,"-"],', ""), OLD), "5, 4, 4"),
    ],
)
def test_a_cell_that_is_lost_beside_a_long_context_is_missed(rows: tuple[str, ...], sizes: str) -> None:
    with pytest.raises(PageChanged, match=rf"have \[{sizes}\] cells, so a cell is lost"):
        list(islands.tables(tokens(*rows)))


def test_a_row_that_is_shorter_than_the_one_below_has_lost_a_cell() -> None:
    props = TOKENS.replace("]]]]}", ']],[1,[[0,"gpt-b"],[0,1],[0,0.1],[0,1.25],[0,4]]]]]}')
    with pytest.raises(PageChanged, match=r"have \[4, 5\] cells, so a cell is lost"):
        list(islands.tables(page("TextTokenPricingTables", props)))


@pytest.mark.parametrize(
    ("component", "props", "words"),
    [
        ("TextTokenPricingTables", '{"rows":[1,[]]}', "missing required field `tier`"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5],", ""), "has 3 cells"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5]", "[0,5]"), "a cell is lost"),
        ("TextTokenPricingTables", TOKENS.replace('"gpt-a"', "1"), "or no name"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5]", "[0,true]"), "where a cell was expected"),
        ("PricingCards", "{}", "unknown price component"),
    ],
)
def test_props_of_another_shape_are_refused(component: str, props: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        list(islands.tables(page(component, props)))
