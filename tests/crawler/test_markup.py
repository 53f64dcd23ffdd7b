"""HTML tables in the shapes that real pages have."""

import pytest

from crawler.failures import PageChanged
from crawler.grid import Cell, Grid, Heading, Prose
from crawler.markup import blocks, cell_of, parse


def grid(source: str) -> Grid:
    [found] = [block for block in blocks(parse(f"<html><body>{source}</body></html>")) if isinstance(block, Grid)]
    return found


def texts(source: str) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid(source).cells]


def cell(inner: str) -> Cell:
    return grid(f"<table><tr><td>{inner}</td></tr></table>").cells[0][0]


def test_real_spans_are_spread() -> None:
    source = """<table><tr><td colspan=2>MODEL</td><td>a</td><td>b</td></tr>
    <tr><td rowspan=2>PRICING</td><td>in</td><td colspan="2">1</td></tr>
    <tr><td>out</td><td>2</td><td>3</td></tr></table>"""
    assert texts(source) == [["MODEL", "MODEL", "a", "b"], ["PRICING", "in", "1", "1"], ["PRICING", "out", "2", "3"]]


@pytest.mark.parametrize(
    "placeholder",
    [
        # Volcengine, Tencent (2026-07-17), and an editor that hides with style.
        '<td class="ace-table-cell table-hide tb-resizable" rowspan="0">0.8</td>',
        '<td data-slate-node="element" class="hidden" colSpan="0" rowspan="0"><span>\ufeff</span></td>',
        '<td class="hidden">x</td>',
        '<td style="display: none">x</td>',
    ],
)
def test_a_placeholder_of_a_merged_cell_is_dropped(placeholder: str) -> None:
    source = f"<table><tr><td rowspan=2>a</td><td>1</td></tr><tr>{placeholder}<td>2</td></tr></table>"
    assert texts(source) == [["a", "1"], ["a", "2"]]


def test_a_column_that_only_narrow_screens_hide_is_kept() -> None:
    assert texts('<table><tr><td>a</td><td class="hidden md:table-cell">1</td></tr></table>') == [["a", "1"]]


@pytest.mark.parametrize("span", ['colspan="x"', 'colspan="-1"', 'colspan="99999"', 'rowspan="1.5"'])
def test_a_span_that_is_no_number_is_refused(span: str) -> None:
    with pytest.raises(PageChanged, match="a cell has"):
        grid(f"<table><tr><td {span}>a</td></tr></table>")


@pytest.mark.parametrize(
    "tag",
    [
        "<del>{}</del>",
        "<s>{}</s>",
        '<span style="text-decoration:line-through">{}</span>',
        '<span class="line-through">{}</span>',
    ],
)
def test_struck_text_stands_apart(tag: str) -> None:
    found = cell("$0.435 (75% off<sup>(3)</sup>)" + tag.format("$1.74"))
    assert (found.text, found.struck, found.marks) == ("$0.435 (75% off)", "$1.74", ("3",))


def test_footnote_marks_are_never_glued_to_the_text() -> None:
    assert cell("deepseek-v4-flash<sup>(1)</sup>") == Cell(
        "deepseek-v4-flash", marks=("1",), lines=("deepseek-v4-flash",)
    )
    assert cell("PRICING<sup>(1)(2)</sup>").marks == ("1", "2")
    assert cell("Sept 5<sup>th</sup>").text == "Sept 5th"


def test_line_breaks_are_kept_as_lines_and_source_breaks_are_spaces() -> None:
    assert cell("$1.25, small<br>$2.50,\n large").lines == ("$1.25, small", "$2.50, large")
    assert cell("<p>one</p><p>two</p>").lines == ("one", "two")
    assert cell("<code>a</code><b>b</b> c").text == "ab c"


def test_a_break_written_as_an_end_is_a_break() -> None:
    # cloud.baidu.com 2026-10: two prices of a cell, or two models, were one word without it.
    assert cell("原价：0.002</br>国庆限定价：0.0012").lines == ("原价：0.002", "国庆限定价：0.0012")


def test_a_quotation_is_a_line_and_a_bullet_without_words_is_the_dash_it_was() -> None:
    assert cell("qwen<blockquote>batch <b>discount</b></blockquote>").lines == ("qwen", "batch discount")
    assert cell("<ul><li></li></ul>").text == "-"
    assert cell("<ul><li>one</li><li><p>two</p></li></ul>").lines == ("one", "two")


def test_what_a_reader_does_not_see_is_not_text() -> None:
    assert cell("1<script>2</script><style>3</style><!-- 4 --><span style='display:none'>5</span>\u200b").text == "1"


def test_the_header_is_thead_or_rows_of_th_or_the_first_row() -> None:
    two = "<tr><th>a</th></tr><tr><th>b</th></tr><tr><td>1</td></tr>"
    assert grid(f"<table><thead><tr><td>a</td></tr></thead><tbody>{two}</tbody></table>").head == 1
    assert grid(f"<table>{two}</table>").head == 2
    assert grid("<table><tr><td>a</td></tr><tr><td>1</td></tr></table>").head == 1


def test_a_table_inside_a_cell_is_a_table_of_its_own() -> None:
    source = "<table><tr><td>outer<table><tr><td>inner</td></tr></table></td></tr></table>"
    found = [block for block in blocks(parse(source)) if isinstance(block, Grid)]
    assert [[cell.text for cell in row] for block in found for row in block.cells] == [["outer"], ["inner"]]


def test_headings_and_prose_come_in_order_and_not_from_inside_tables() -> None:
    source = """<h2>Prices<a href="#p">\u200b</a></h2><p>Until <b>May</b>:<br>now</p>
    <table><tr><td><p>1</p></td></tr></table>
    <ul><li>(1) note<sup>(2)</sup></li><li><p>two</p></li></ul><p> </p>"""
    found = [block for block in blocks(parse(source)) if not isinstance(block, Grid)]
    assert found == [Heading("Prices"), Prose(("Until May:", "now")), Prose(("(1) note(2)",)), Prose(("two",))]


def test_nothing_is_fetched_and_no_entity_is_resolved() -> None:
    source = '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><p>&x;</p></body></html>'
    assert "root:" not in str(list(blocks(parse(source))))
    assert cell_of(parse("<p>&lt;&#36;3&gt;</p>")).text == "<$3>"


def test_an_empty_document_is_refused() -> None:
    for source in ("", "   ", "<!-- -->"):
        with pytest.raises(PageChanged, match="not HTML"):
            parse(source)


def test_a_paragraph_of_mintlify_is_prose_and_the_lead_of_its_table() -> None:
    page = """<h3>Text</h3><span data-as="p">Prices per <b>1M</b> tokens.</span>
    <ul><li><span data-as="p">one</span></li></ul><span data-as="p">Before.</span>
    <table><tr><th><span data-as="p">A</span></th></tr><tr><td>1</td></tr></table>"""
    found = [block.lines for block in blocks(parse(page)) if isinstance(block, Prose)]
    assert found == [("Prices per 1M tokens.",), ("one",), ("Before.",)]


def test_the_headings_of_the_ace_editor_are_headings_and_its_lines_are_not() -> None:
    page = """<div class="ace-line line_a heading-h2"><div id="b"><span>批量推理</span><span>\u200b</span></div></div>
    <div class="ace-line">text</div><div class="heading-hero">text</div><table><tr><td>1</td></tr></table>"""
    assert [block for block in blocks(parse(page)) if not isinstance(block, Grid)] == [Heading("批量推理")]


def tabs(labels: str, panes: str) -> list[tuple[str, ...]]:
    bar = f'<div class="tse-tabs__bar"><div class="tse-tabs__list">{labels}</div></div>'
    page = f'<div class="tse-tabs">{bar}{panes}</div>'
    return [block.within for block in blocks(parse(page)) if isinstance(block, Grid)]


def test_a_table_in_a_tab_of_the_slate_editor_knows_its_label() -> None:
    label = '<div class="tse-tabs__item"><div class="tse-tabs__item-label">{}</div></div>'.format
    pane = '<div class="tse-tabs__cont"><table><tr><td>1</td></tr></table></div>'
    assert tabs(label("广州") + label("新加坡"), pane * 2) == [("广州",), ("新加坡",)]
    with pytest.raises(PageChanged, match="1 tabs for 2 panes"):
        tabs(label("广州"), pane * 2)


def test_a_table_in_a_tab_or_an_accordion_of_mintlify_knows_its_title() -> None:
    table = "<table><tr><td>1</td></tr></table>"
    folded = (
        '<details><summary><p data-component-part="accordion-title">Legacy</p></summary>'
        f'<div data-component-part="accordion-content"><div>{table}</div></div></details>'
    )
    tab, pane = (
        '<li role="tab" aria-controls="{0}">{1}</li>',
        '<div data-component-part="tab-content" id="{0}">{1}</div>',
    )
    bar = f'<ul role="tablist">{tab.format("p-0", " Standard")}{tab.format("p-1", "Priority*")}</ul>'
    panes = pane.format("p-0", table) + pane.format("p-1", folded) + pane.format("p-2", table)
    page = f'<div class="tabs">{bar}<div>{panes}</div></div>{folded}{table}'
    within = [block.within for block in blocks(parse(page)) if isinstance(block, Grid)]
    assert within == [("Standard",), ("Priority*", "Legacy"), ("",), ("Legacy",), ()]


def test_cells_whose_tr_is_missing_are_a_row_of_their_own() -> None:
    page = "<table><tr><td rowspan=2>a</td><td>1</td></tr><td>2</td></tr><tr><td>b</td><td>3</td></tr></table>"
    assert texts(page) == [["a", "1"], ["a", "2"], ["b", "3"]]


LAYOUT = "<h2>All</h2><table><tr><td><h3>Left</h3><table><tr><td>1</td></tr></table></td></tr></table>"


def test_what_heads_a_table_in_a_table_that_lays_out_is_its_heading() -> None:
    found = blocks(parse(f"<html><body>{LAYOUT}</body></html>"))
    assert [block.text for block in found if isinstance(block, Heading)] == ["All", "Left"]
    assert [block.cells[0][0].text for block in found if isinstance(block, Grid)] == ["Left", "1"]
    assert isinstance(found[-2], Heading)


def test_a_heading_in_a_cell_of_prices_heads_nothing() -> None:
    found = blocks(parse("<html><body><table><tr><th><h3>Model</h3></th></tr></table></body></html>"))
    assert not any(isinstance(block, Heading) for block in found)
    assert texts("<table><tr><th><h3>Model</h3></th></tr></table>") == [["Model"]]
