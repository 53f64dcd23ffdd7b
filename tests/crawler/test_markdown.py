"""Markdown and MDX tables in the shapes that real pages have."""

import pytest

from crawler.failures import PageChanged
from crawler.grid import Grid, Heading, Prose
from crawler.markdown import blocks, cell_of


def grids(source: str) -> list[Grid]:
    return [block for block in blocks(source) if isinstance(block, Grid)]


def texts(source: str) -> list[list[str]]:
    [found] = grids(source)
    return [[cell.text for cell in row] for row in found.cells]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\$0.30 / MTok", "$0.30 / MTok"),
        (r"0\<Token≤256K", "0<Token≤256K"),
        (r"\-", "-"),
        (r"> 512k input tokens\*", "> 512k input tokens*"),
        ("Claude Opus 3 ([deprecated](/en/docs/model-deprecations))", "Claude Opus 3 (deprecated)"),
        ('[retired, except on Bedrock](https://a.example/b_(c) "title")', "retired, except on Bedrock"),
        ("![logo](/a.png)Claude", "logoClaude"),
        ("`mimo-v2.6-pro`", "mimo-v2.6-pro"),
        ("**MiniMax-M3**<br />≤ 512k", "MiniMax-M3 ≤ 512k"),
        ("*through August*", "through August"),
        ("3 * 4 * 5", "3 * 4 * 5"),
        ("mimo_v2_pro", "mimo_v2_pro"),
        ('<>{"$"}0.30</>', "$0.30"),
        ("a &amp; b&nbsp;c", "a & b c"),
        ("<span style={{color: 'red'}}>$1</span>", "$1"),
        ("`auto`, `none`***`any`", "auto, none any"),
        ("0.8\u200b元", "0.8元"),
    ],
)
def test_inline_markdown_is_the_text_a_reader_sees(source: str, text: str) -> None:
    assert cell_of(source).text == text


def test_struck_text_and_footnote_marks_stand_apart() -> None:
    sale = cell_of(r"~~\$0.60~~ \$0.30 / M tokens<sup>(1)</sup>")
    assert (sale.text, sale.struck, sale.marks) == ("$0.30 / M tokens", "$0.60", ("1",))
    assert cell_of("<del>$2</del> $1").struck == "$2"
    assert cell_of("17.50 (video)<sup>\\*</sup>").marks == ("*",)
    assert cell_of("the 5<sup>th</sup>").text == "the 5th"
    footnote = cell_of("$0.25 / MTok[^1]")
    assert (footnote.text, footnote.marks) == ("$0.25 / MTok", ("1",))
    assert list(blocks("[^1]: Reading became cheaper.\n")) == [Prose(("(1) Reading became cheaper.",))]
    assert cell_of("a<br/>b").lines == ("a", "b")


def test_a_pipe_table_has_its_cells_in_their_columns() -> None:
    source = "| Model | Price |\n|:---|---:|\n| a \\| b | 1 |\n|  | 2 |\n\n| not | a table |\n"
    assert texts(source) == [["Model", "Price"], ["a | b", "1"], ["", "2"]]
    assert texts("Model | Price\n--- | ---\na | 1\n") == [["Model", "Price"], ["a", "1"]]


def test_a_row_of_another_width_keeps_its_width() -> None:
    assert [len(row) for row in texts("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n")] == [2, 1, 3]


@pytest.mark.parametrize("source", ["| a | b |\n|---|\n| 1 | 2 |\n", "| a |\n\n|---|\n", "a\n---\nb | c\n"])
def test_lines_with_pipes_are_not_yet_a_table(source: str) -> None:
    assert grids(source) == []


def test_headings_and_paragraphs_come_in_order() -> None:
    source = "# A #\n\nlead\ntwo:\n| x |\n|---|\n| 1 |\n* bullet\n- (1) note\n\n"
    source += "<Note>\n  inside\n</Note>\n\n---\n### B `c`\n"
    found = [block for block in blocks(source) if not isinstance(block, Grid)]
    assert found == [
        Heading("A", 1),
        Prose(("lead", "two:")),
        Prose(("bullet", "(1) note")),
        Prose(("inside",)),
        Heading("B c", 3),
    ]


def test_a_note_that_begins_with_a_superscript_keeps_its_number() -> None:
    assert list(blocks("<sup>1</sup> Cheaper.\n")) == [Prose(("(1) Cheaper.",))]


def test_code_and_comments_hold_no_table() -> None:
    table = "| a |\n|---|\n| $1 |\n"
    assert grids(f"```json\n{table}```\n~~~\n{table}~~~\n<!--\n{table}-->\n{{/*\n{table}*/}}\n") == []
    assert grids(f'import {{ X }} from "x";\nexport const a = 1\n\n{table}') != []
    assert grids("export const T = ({rows}) => {\n  return <table><tr><td>{rows}</td></tr></table>;\n};\n") == []


def test_a_table_knows_the_tabs_around_it() -> None:
    table = "| a |\n|---|\n| 1 |\n"
    tabs = "".join(f'<Tab title="{title}">\n\n{table}\n</Tab>\n' for title in ("Standard", "Priority*"))
    source = f"<Tabs>\n{tabs}</Tabs>\n\n{table}"
    assert [grid.within for grid in grids(source)] == [("Standard",), ("Priority*",), ()]


def test_an_html_table_in_mdx_has_real_spans_and_plain_text() -> None:
    source = """<table className="prices">
  <tr><th>Model</th><th>Range</th><th>Price</th></tr>
  <tr><td rowSpan={2}>qwen</td><td>0\\<Token≤256K</td><td>\\$0.30</td></tr>
  <tr><td>more</td><td><>{"$"}0.60</></td></tr>
</table>
after
"""
    assert texts(source) == [["Model", "Range", "Price"], ["qwen", "0<Token≤256K", "$0.30"], ["qwen", "more", "$0.60"]]
    assert list(blocks(source))[-1] == Prose(("after",))


def test_a_jsx_table_is_a_table() -> None:
    source = """<DocTable
  columns={[
{ title: "Model", width: "24%" },
{ title: 'Input Price (Cache Hit)', width: 12 },
"Context",
]}
  rows={[
["kimi-k3", <>{"$"}0.30</>, "1,048,576 tokens"],
["kimi-k2", <span className="x">{"$"}0.15</span>, `256K`],
]}
/>

after
"""
    assert texts(source) == [
        ["Model", "Input Price (Cache Hit)", "Context"],
        ["kimi-k3", "$0.30", "1,048,576 tokens"],
        ["kimi-k2", "$0.15", "256K"],
    ]
    assert list(blocks(source))[-1] == Prose(("after",))


@pytest.mark.parametrize(
    "source",
    [
        "<table><tr><td>1</td></tr>",
        '<DocTable columns={["a"]} rows={[["1"]',
        '<DocTable columns={["a"]} rows={[["1"]]}\n',
        '<DocTable columns={["a"]} rows={rows} />',
        '<DocTable columns={["a"]} />',
        '<DocTable columns={[{"name": "a"}]} rows={[["1"]]} />',
        '<DocTable columns={["a"]} rows={[["1" + x]]} />',
        '<DocTable columns={["a"]} rows={["1"]} />',
        "<DocTable columns={[{title}]} rows={[]} />",
    ],
)
def test_a_table_that_is_cut_off_or_computed_is_refused(source: str) -> None:
    with pytest.raises(PageChanged):
        grids(source)


def test_markdown_inside_an_html_cell_is_read_and_stars_of_footnotes_are_kept() -> None:
    source = "<table><tr><th>**Output** </th><th>A</th></tr><tr><td>`mimo-v2.6-pro`</td><td>$1**</td></tr></table>"
    assert texts(source) == [["Output", "A"], ["mimo-v2.6-pro", "$1**"]]


def test_a_row_of_prices_without_its_tables_header_is_refused() -> None:
    torn = "# Prices\n\n| Model | Input\n\n| a | $3 / MTok |\n"
    with pytest.raises(PageChanged, match="a row of prices stands under no table's header"):
        list(blocks(torn))
