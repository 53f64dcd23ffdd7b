"""Kimi's international pages: the index, a model's page as HTML and as MDX, trap by trap."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spiders.moonshot import Moonshot
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

SAVED = "moonshot/2026-10-08"
INDEX = "https://platform.kimi.ai/docs/pricing/chat"
# The one page of 2025: wide brackets on a line of their own, a badge, and a model whose price is by length.
OLD = """<h3>Generation Model kimi-k1</h3><table>
<tr><th>Model</th><th>Unit</th><th>Input Price<br>（Cache Hit）</th><th>Input Price<br>（Cache Miss）</th>
<th>Output Price</th><th>Context Window</th></tr>
<tr><td>kimi-k1<div>Recommended</div></td><td>1M tokens</td><td>$0.18</td><td>$0.72</td><td>$2.90</td><td>262,144 tokens
</td></tr></table><h3>Generation Model kimi-newest</h3><table>
<tr><th>Model</th><th>Request Context Length Range<br>(Auto-selected Billing Tier)</th><th>Unit</th>
<th>Input Price<br>（Cache Hit）</th><th>Input Price<br>（Cache Miss）</th><th>Output Price</th></tr>
<tr><td rowspan="2">kimi-newest</td><td>≤ 8,192 tokens</td>
<td>1M tokens</td><td>$0.18</td><td>$0.24</td><td>$2.40</td></tr>
<tr><td>8,192 &lt; length ≤ 32,768 tokens</td><td>1M tokens</td><td>$0.18</td><td>$1.20</td><td>$3.60</td></tr>
</table>"""
MDX = """# Kimi K3 Pricing

export const DocTable = ({columns = [], rows = []}) => {
  return <div className="doc-table-wrap">{rows.map((row) => <td>{row}</td>)}</div>;
};

## Product Pricing

<DocTable
  columns={[
{ title: "Model", width: "24%" },
{ title: "Unit", width: "12%" },
{ title: "Input Price (Cache Hit)", width: "16%" },
{ title: "Input Price (Cache Miss)", width: "16%" },
{ title: "Output Price", width: "14%" },
{ title: "Context Window", width: "18%" },
]}
  rows={[
["kimi-k3", "1M tokens", <>{"$"}0.30</>, <>{"$"}3.00</>, <>{"$"}15.00</>, "1,048,576 tokens"],
["kimi-k3-mini", "1K tokens", <>{"$"}0.0001</>, "Free", <>{"$"}0.002</>, "262,144 tokens"],
]}
/>
"""


def markdown(text: str) -> Page:
    page = saved(SAVED)
    return replace(page, url=f"{INDEX}-k3.md", body=text.encode(), media_type="text/markdown")


def index(text: str, url: str = INDEX) -> Page:
    return replace(saved(SAVED), url=url, body=f"<!DOCTYPE html><html><body>{text}</body></html>".encode())


def test_the_real_index_states_no_price_and_leads_to_the_pages_that_do(recorded: Path) -> None:
    page = real(recorded, "moonshot", "2026-05-08")
    assert extract(page, "moonshot") == []
    assert page.unread == {}
    batch = INDEX.replace("chat", "batch")
    assert list(Moonshot().next_urls(page)) == [*(f"{INDEX}-{name}" for name in ("k26", "k25", "k2", "v1")), batch]


def test_a_page_of_a_model_leads_nowhere() -> None:
    assert list(Moonshot().next_urls(saved(SAVED))) == []


def test_an_index_of_addresses_is_read_in_both_forms() -> None:
    links = '<a href="/docs/pricing/chat-k3">K3</a> <a href="/docs/pricing/chat-k3">again</a>'
    assert list(Moonshot().next_urls(index(links))) == [f"{INDEX}-k3"]
    assert list(Moonshot().next_urls(index(links, f"{INDEX}.md"))) == [f"{INDEX}-k3"]
    assert extract(index(links), "moonshot") == []


@pytest.mark.parametrize(
    "text",
    [
        "<p>Welcome</p>",
        '<a href="/docs/pricing/limits">Limits</a>',
        # The prices of batch alone: those of the models are missed.
        '<a href="/docs/pricing/batch">Batch</a>',
    ],
)
def test_an_index_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(PageChanged, match="no price was found"):
        extract(index(text), "moonshot")


def test_an_index_that_has_other_prices_is_refused() -> None:
    table = "<table><tr><th>Model</th><th>Price</th></tr><tr><td>kimi-k3</td><td>$3.00</td></tr></table>"
    with pytest.raises(PageChanged, match="no column"):
        extract(index(f'<a href="/docs/pricing/chat-k3">K3</a>{table}'), "moonshot")


def test_a_table_in_mdx_says_the_same_as_in_html() -> None:
    offers = extract(markdown(MDX), "moonshot")
    assert [offer.model for offer in offers] == ["kimi-k3", "kimi-k3-mini"]
    assert cell(offers, "kimi-k3", "standard", "output_tokens").amount == Decimal(15)
    mini = cell(offers, "kimi-k3-mini", "standard", "cache_read_tokens")
    assert (mini.amount, mini.per) == (Decimal("0.0001"), 1_000)
    assert offers[1].terms == ("input: free",)


def test_the_one_page_of_2025_holds_all_prices_itself() -> None:
    page = index(OLD, "https://platform.moonshot.ai/docs/pricing/chat")
    offers = extract(page, "moonshot")
    assert [(offer.model, offer.terms) for offer in offers] == [("kimi-k1", ("Recommended",)), ("kimi-newest", ())]
    assert cell(offers, "kimi-k1", "standard", "cache_read_tokens").amount == Decimal("0.18")
    short, long = Conditions(max_input_tokens=8_192), Conditions(min_input_tokens=8_193, max_input_tokens=32_768)
    assert cell(offers, "kimi-newest", "standard", "input_tokens", short).amount == Decimal("0.24")
    assert cell(offers, "kimi-newest", "standard", "output_tokens", long).amount == Decimal("3.60")
    assert page.unread == {}


def test_writes_to_the_cache_are_priced_by_their_time_to_live() -> None:
    offers = extract(saved(SAVED), "moonshot")
    assert cell(offers, "kimi-k3", "standard", "cache_write_tokens").amount == Decimal("3.75")
    assert cell(offers, "kimi-k3", "standard", "cache_write_1h_tokens").amount == Decimal(6)
    assert "cache_write_tokens" not in {price.unit for price in offers[1].components}


def test_batch_prices_are_a_tier_of_their_own() -> None:
    page = replace(saved(SAVED), url="https://platform.kimi.ai/docs/pricing/batch")
    assert {offer.tier for offer in extract(page, "moonshot")} == {"batch"}


def test_a_model_that_is_named_with_its_tier_is_in_that_tier() -> None:
    offers = extract(markdown(MDX.replace('"kimi-k3"', '"kimi-k3 (Batch)"')), "moonshot")
    assert [(offer.model, offer.tier) for offer in offers] == [("kimi-k3", "batch"), ("kimi-k3-mini", "standard")]
    headed = extract(markdown(MDX.replace("## Product Pricing", "## Batch Pricing")), "moonshot")
    assert {offer.tier for offer in headed} == {"batch"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<th>Output Price</th>", "<th>Answer Price</th>", "no column"),
        ("<th>Cached Input Price</th>", "<th>Cache Price</th>", "unknown column 'Cache Price'"),
        ("<th>Cached Input Price</th>", "<th>Input Price</th>", "2 columns"),
        ("<td>1M tokens</td>", "<td>1M characters</td>", "no model for tokens"),
        ("<td>1M tokens</td>", "<td>per month</td>", "does not say what a price is for"),
        ("<td>kimi-k3</td>", "<td>kimi-k3 (preview)</td>", "no model for tokens"),
        ("<del>$1.20</del> $0.60", "<del>$0.60</del> $1.20", "not a sale"),
        ("<th>Unit</th>", "<th>Per</th>", "no column 'Unit'"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(SAVED, old, new), "moonshot")
