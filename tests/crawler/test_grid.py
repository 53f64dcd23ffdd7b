"""Tables: cells in their places, rows read by exact header, and nothing left unsaid."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.failures import PageChanged
from crawler.grid import Block, Cell, Grid, Heading, Prose, Spanned, Table, marks_of, spread, tables, tidy


def table(*rows: str, head: int = 1, lead: str = "", notes: tuple[str, ...] = ()) -> Table:
    """Rows of words; "_" is an empty cell."""
    cells = tuple(tuple(Cell("" if word == "_" else word) for word in row.split()) for row in rows)
    [found] = tables([Heading("Prices"), Prose((lead,)), Grid(cells, head), Prose(notes)], Counter())
    return found


def texts(grid: tuple[tuple[Cell, ...], ...]) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid]


def test_merged_cells_stand_in_every_place_they_cover() -> None:
    a, b, c, d, e = (Cell(letter) for letter in "abcde")
    grid = spread([[Spanned(a, 2, 2), Spanned(b)], [Spanned(c)], [Spanned(d), Spanned(e, 2)]])
    assert texts(grid) == [["a", "a", "b"], ["a", "a", "c"], ["d", "e", "e"]]


def test_a_merged_cell_at_the_end_and_a_gap_keep_their_places() -> None:
    a, b, c = (Cell(letter) for letter in "abc")
    assert texts(spread([[Spanned(a), Spanned(b), Spanned(c, 1, 2)], [Spanned(a)]])) == [
        ["a", "b", "c"],
        ["a", "", "c"],
    ]


def test_cells_that_overlap_are_refused() -> None:
    a, b, c = (Cell(letter) for letter in "abc")
    with pytest.raises(PageChanged, match="overlap at 'c'"):
        spread([[Spanned(a), Spanned(b, 1, 2)], [Spanned(c, 2)]])


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4), min_size=1, max_size=4)
)
def test_no_cell_is_ever_lost(spans: list[list[tuple[int, int]]]) -> None:
    rows = [[Spanned(Cell(f"{y}.{x}"), *span) for x, span in enumerate(row)] for y, row in enumerate(spans)]
    try:
        grid = spread(rows)
    except PageChanged:
        return
    for y, row in enumerate(rows):
        for spanned in row:
            covered = min(spanned.rowspan, len(rows) - y) * spanned.colspan
            assert sum(line.count(spanned.cell) for line in grid) == covered


def test_text_has_no_invisible_characters_and_single_spaces() -> None:
    assert tidy(" 0.8\u200b\ufeff\u00a0元 /\n\t千tokens ") == "0.8 元 / 千tokens"
    assert Cell.of([" a\u200b ", "\n", "b"]) == Cell("a b", lines=("a", "b"))


@pytest.mark.parametrize(
    ("superscript", "marks"),
    [
        ("(1)", ["1"]),
        ("1", ["1"]),
        ("(1)(2)", ["1", "2"]),
        ("1, 2", ["1", "2"]),
        ("（3）", ["3"]),
        ("*", ["*"]),
        ("†", ["†"]),
        ("th", []),
        ("", []),
        ("beta", []),
        ("2026", ["20", "26"]),
        ("*" * 60 + "x", []),
    ],
)
def test_a_superscript_is_a_footnote_mark_or_text(superscript: str, marks: list[str]) -> None:
    assert marks_of(superscript) == marks


def test_a_table_knows_what_stands_around_it() -> None:
    unread: Counter[str] = Counter()
    blocks: list[Block] = [
        Heading("Old"),
        Prose(("Gone",)),
        Heading("Prices"),
        Prose(("From", "September:")),
        Grid(((Cell("a"),),)),
        Prose(("(1) one", "no note", "* star")),
        Grid(((Cell("b"),),), within=("Batch",)),
        Prose(("[2] two", "† dagger")),
        Heading("Other"),
        Prose(("(1) of another",)),
    ]
    one, two = tables(blocks, unread)
    assert (one.heading, one.lead, one.notes) == ("Prices", "From September:", {"1": "one", "*": "star"})
    assert (two.heading, two.within, two.notes) == ("Prices", ("Batch",), {"2": "two", "†": "dagger"})


def test_rows_are_read_by_exact_header_wherever_the_column_stands() -> None:
    columns = {"model": ("Model",), "input": ("Input", "input")}
    for found in (table("Model Input", "a 1", "b 2"), table("input Model", "1 a", "2 b")):
        assert [(row.pop("model").text, row.pop("input").text) for row in found.rows(columns)] == [
            ("a", "1"),
            ("b", "2"),
        ]
        assert not found.unread


def test_the_cells_of_a_row_may_be_read_by_their_places() -> None:
    found = table("Model Input Beta Notes", "a 1 x y", "b 2 _ y")
    places = found.places({"input": ("Price", "input"), "model": ("Model",)})
    assert places == {"input": 1, "model": 0}
    read = [(cells[places["model"]].text, cells[places["input"]].text) for cells in found.lines(places.values())]
    assert read == [("a", "1"), ("b", "2")]
    assert found.unread == {"Beta": 1, "Notes": 2}
    found.leave_columns({0, 1, 3}, frozenset({"Beta"}))
    assert found.unread == {"Beta": 1, "Notes": 2}


def test_the_case_of_a_header_says_nothing() -> None:
    [row] = table("MODEL cached", "a 1").rows({"model": ("Model",), "hit": ("Cached",)})
    assert (row.pop("model").text, row.pop("hit").text) == ("a", "1")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Model Inputs", r"no column 'Input' or 'input'; its header is \['Model', 'Inputs'\]"),
        ("Model Input Input", "2 columns"),
        ("Model Input INPUT", "2 columns"),
    ],
)
def test_a_column_that_is_missing_or_double_is_named_with_what_was_there(header: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        list(table(header, "a 1 2").rows({"model": ("Model",), "input": ("Input", "input")}))


def test_what_a_row_holds_and_nobody_reads_is_counted_by_its_column() -> None:
    found = table("Model Input Output Beta Notes", "a 1 2 x y", "b 1 2 _ y")
    for row in found.rows({"model": ("Model",), "input": ("Input",)}, ignored=frozenset({"Notes"})):
        row.pop("model")
    assert found.unread == {"input": 2, "Output": 2, "Beta": 1}


@pytest.mark.parametrize("row", ["a", "a 1 2"])
def test_a_row_of_another_width_is_refused(row: str) -> None:
    with pytest.raises(PageChanged, match="2 columns, but a row has"):
        list(table("Model Input", row).rows({"model": ("Model",)}))


def test_several_header_rows_are_one_name() -> None:
    found = table("Model Output Output", "Model Thinking Plain", "a 1 2", head=2)
    assert found.header == ("Model", "Output / Thinking", "Output / Plain")
    assert texts(found.body) == [["a", "1", "2"]]


def test_models_may_be_columns() -> None:
    found = table("MODEL MODEL flash pro", "PRICING input 1 2", "PRICING output 3 4")
    turned = [
        (list(labels), {name: cell.text for name, cell in cells.items()}) for labels, cells in found.turned("MODEL")
    ]
    assert turned == [
        (["PRICING", "input"], {"flash": "1", "pro": "2"}),
        (["PRICING", "output"], {"flash": "3", "pro": "4"}),
    ]


@pytest.mark.parametrize(
    "rows",
    [("MODEL MODEL", "a 1"), ("MODEL x x", "a 1 2"), ("NAME x", "a 1"), ("MODEL x(1)", "a 1"), ("MODEL x", "a 1 2")],
)
def test_models_as_columns_must_be_ids_under_their_corner(rows: tuple[str, ...]) -> None:
    with pytest.raises(PageChanged):
        list(table(*rows).turned("MODEL"))


def test_a_table_without_a_cell_has_no_corner() -> None:
    [found] = tables([Grid(((),))], Counter())
    assert (found.corner, found.header, found.has_money) == ("", (), False)
    assert table("MODEL x").corner == "MODEL"


def test_a_cell_finds_its_footnotes_or_the_page_has_changed() -> None:
    found = table("a", notes=("(1) one", "* star"))
    assert found.said_of(Cell("x", marks=("1",)), Cell("(75% off*)")) == "one star"
    assert found.said_of(Cell("x")) == ""
    with pytest.raises(PageChanged, match=r"points to the notes \['2'\]"):
        found.said_of(Cell("x", marks=("2",)))


def test_a_table_with_money_that_is_left_is_said_so() -> None:
    found = table("Tool Price", "search $10")
    assert found.has_money
    assert not table("Tool Size", "search 10").has_money
    found.leave()
    assert found.unread == {"table: Prices": 1}
