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
    assert [text for text, _ in found] == ["# Model A", "model-a", ""]
    assert [table is not None for _, table in found] == [False, False, True]
