"""Astro islands: what a page gives to its components is a table with the headers and the tab that it stands under."""

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


@pytest.mark.parametrize(
    ("component", "props", "words"),
    [
        ("TextTokenPricingTables", '{"rows":[1,[]]}', "missing required field `tier`"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5],", ""), "has 3 cells"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5]", "[0,5]"), "a cell is lost"),
        ("TextTokenPricingTables", TOKENS.replace("[0,0.5]", "[0,true]"), "where a cell was expected"),
        ("PricingCards", "{}", "unknown price component"),
    ],
)
def test_props_of_another_shape_are_refused(component: str, props: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        list(islands.tables(page(component, props)))
