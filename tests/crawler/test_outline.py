"""Outlines: headings, lines and tables in the order of the page, from HTML and Markdown alike."""

from datetime import UTC, datetime

import pytest

from crawler.outline import outline
from crawler.page import Page

MARKDOWN = "## Model A\n\n*`model-a`*\n\n| x |\n|---|\n| 1 |\n"
HTML = "<!doctype html><h2>Model A</h2><em><code>model-a</code></em><table><tr><td>x</td></tr></table>"


@pytest.mark.parametrize(("media_type", "body"), [("text/markdown", MARKDOWN), ("text/html", HTML)])
def test_both_forms_have_one_outline(media_type: str, body: str) -> None:
    page = Page("https://example.com", body.encode(), media_type, datetime(2026, 10, 1, tzinfo=UTC))
    found = list(outline(page))
    assert [(level, text) for level, text, _ in found] == [(2, "Model A"), (0, "model-a"), (0, "")]
    assert [table is not None for *_, table in found] == [False, False, True]


def test_the_label_of_a_tab_is_a_heading_below_all_others() -> None:
    tabs = '<tab data-tab="a"><a>First</a></tab><tab data-tab="b"><a>Second</a></tab><tab hidden>More</tab>'
    panes = (
        '<section data-tab="a"><h4>Loud</h4></section><section data-tab="b"></section><section data-tab="c"></section>'
    )
    html = f"<!doctype html><div><devsite-tabs>{tabs}</devsite-tabs>{panes}</div><section><h1>Alone</h1></section>"
    page = Page("https://example.com", html.encode(), "text/html", datetime(2026, 10, 1, tzinfo=UTC))
    found = [(level, text) for level, text, _ in outline(page)]
    assert found == [(7, "First"), (4, "Loud"), (7, "Second"), (7, ""), (1, "Alone")]


def test_emphasised_words_and_labels_of_tabs_are_no_prose_around_a_table() -> None:
    inner = "<em>model-a</em><table><tr><td>1</td></tr></table>"
    html = f"<!doctype html><p>Before.</p><section data-tab='a'>{inner}</section>"
    page = Page("https://example.com", html.encode(), "text/html", datetime(2026, 10, 1, tzinfo=UTC))
    [table] = page.tables
    assert (table.lead, table.heading) == ("Before.", "")
    assert page.prose == "Before."
