"""In what two runs differ: nothing where they do not, everything by its name where they do."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.drift import BLANK, Drift, DriftKind, Shape, Sight, TableShape, compare

PRICES = TableShape(("Model", "Input", "Output"), 12, "Text models")
IMAGES = TableShape(("Model", "Per image"), 3, "Images")
TOOLS = TableShape(("Tool", "Cost"), 2, "Tools")
SHAPE = Shape((PRICES, IMAGES, TOOLS), frozenset({"data[].id", "data[].pricing.prompt"}), frozenset({"Batch"}))
SIGHT = Sight(SHAPE, 20, {"table: Tools": 2, "Context": 12})


def drifted(*tables: TableShape, before: tuple[TableShape, ...] = SHAPE.tables) -> list[Drift]:
    return compare(Sight(Shape(before), 20), Sight(Shape(tables), 20))


WORDS = st.sampled_from(["Model", "Input", "Output", "Cache", "Price", "模型", 'a "quoted" one', ""])
TABLES = st.builds(TableShape, st.lists(WORDS, max_size=4).map(tuple), st.integers(0, 3), WORDS)
SHAPES = st.builds(Shape, st.lists(TABLES, max_size=5).map(tuple), st.frozensets(WORDS), st.frozensets(WORDS))
SIGHTS = st.builds(Sight, SHAPES, st.integers(0, 40), st.dictionaries(WORDS, st.integers(1, 9), max_size=4))


@given(SHAPES)
def test_a_shape_comes_back_from_its_text(shape: Shape) -> None:
    assert Shape.parse(shape.text) == shape
    assert Shape.parse(shape.text).text == shape.text


def test_the_text_of_nothing_is_short_and_a_header_stands_in_it_once() -> None:
    assert (BLANK.text, Shape.parse("{}")) == ("{}", BLANK)
    many = Shape(tuple(PRICES._replace(rows=rows) for rows in range(100)))
    assert many.text.count("Output") == 1
    assert Shape.parse(many.text) == many


@given(SIGHTS)
def test_nothing_drifts_from_itself(sight: Sight) -> None:
    assert compare(sight, sight) == []


@given(SIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_tables_means_nothing(sight: Sight, chance: random.Random) -> None:
    tables = list(sight.shape.tables)
    chance.shuffle(tables)
    assert compare(sight, replace(sight, shape=replace(sight.shape, tables=tuple(tables)))) == []


@given(SIGHTS, SIGHTS)
def test_what_is_new_one_way_is_gone_the_other_way(one: Sight, other: Sight) -> None:
    there, back = compare(one, other), compare(other, one)
    for added, gone in ((DriftKind.TABLE_ADDED, DriftKind.TABLE_GONE), (DriftKind.TABLE_GONE, DriftKind.TABLE_ADDED)):
        assert sorted(each.subject for each in there if each.kind is added) == sorted(
            each.subject for each in back if each.kind is gone
        )
    for kind in (DriftKind.KEYS, DriftKind.LEFTOVERS):
        mirrored = [(each.gained, each.lost) for each in back if each.kind is kind]
        assert [(each.lost, each.gained) for each in there if each.kind is kind] == mirrored


@given(SIGHTS, SIGHTS)
def test_every_table_that_differs_is_accounted_for_once(one: Sight, other: Sight) -> None:
    counts = {kind: sum(1 for each in compare(one, other) if each.kind is kind) for kind in DriftKind}
    grown = counts[DriftKind.TABLE_ADDED] - counts[DriftKind.TABLE_GONE]
    assert grown == len(other.shape.tables) - len(one.shape.tables)


def test_a_column_that_is_gone_is_named_with_its_table() -> None:
    [drift] = drifted(PRICES._replace(header=("Model", "Input")), IMAGES, TOOLS)
    assert drift == Drift(
        DriftKind.TABLE_CHANGED, 1, "Model | Input | Output", "Text models", lost=("Output",), gained=()
    )


def test_a_renamed_column_is_one_change_and_not_two_tables() -> None:
    [drift] = drifted(IMAGES, TOOLS, PRICES._replace(header=("Model", "Input", "Completion")))
    assert (drift.kind, drift.number, drift.lost, drift.gained) == ("table_changed", 3, ("Output",), ("Completion",))


def test_columns_that_change_places_are_a_change_that_loses_nothing() -> None:
    [drift] = drifted(PRICES._replace(header=("Model", "Output", "Input")), IMAGES, TOOLS)
    assert (drift.kind, drift.lost, drift.gained) == (DriftKind.TABLE_CHANGED, (), ())


def test_a_header_that_shares_little_is_another_table() -> None:
    kinds = [(drift.kind, drift.subject) for drift in drifted(PRICES, IMAGES, TOOLS._replace(header=("Day", "Event")))]
    assert kinds == [(DriftKind.TABLE_GONE, "Tool | Cost"), (DriftKind.TABLE_ADDED, "Day | Event")]


def test_the_heading_tells_two_tables_apart_that_changed_alike() -> None:
    audio = TableShape(("Model", "Per image"), 3, "Audio")
    changed = tuple(table._replace(header=("Model", "Each")) for table in (audio, IMAGES))
    headings = [(drift.heading, drift.number) for drift in drifted(*changed, before=(IMAGES, audio))]
    assert sorted(headings) == [("Audio", 1), ("Images", 2)]


def test_one_of_several_tables_with_the_same_header_may_go() -> None:
    [drift] = drifted(PRICES, PRICES, before=(PRICES, PRICES, PRICES))
    assert (drift.kind, drift.number) == (DriftKind.TABLE_GONE, 3)


def test_rows_come_and_go_but_not_all_of_them() -> None:
    assert drifted(PRICES._replace(rows=2), IMAGES, TOOLS) == []
    [drift] = drifted(PRICES._replace(rows=0), IMAGES, TOOLS)
    assert (drift.kind, drift.number, drift.before, drift.now) == (DriftKind.TABLE_EMPTIED, 1, 12, 0)


@pytest.mark.parametrize(
    ("before", "now", "drifts"),
    [(20, 14, True), (20, 15, False), (20, 26, True), (100, 90, False), (100, 89, True), (400, 380, False), (0, 9, 1)],
)
def test_the_count_of_offers_drifts_by_more_than_five_and_a_tenth(before: int, now: int, drifts: bool) -> None:
    found = compare(replace(SIGHT, offers=before), replace(SIGHT, offers=now))
    assert found == ([Drift(DriftKind.OFFERS, before=before, now=now)] if drifts else [])


def test_leftovers_drift_by_name_and_not_by_number() -> None:
    assert compare(SIGHT, replace(SIGHT, unread={"table: Tools": 5, "Context": 1})) == []
    [drift] = compare(SIGHT, replace(SIGHT, unread={"Context": 12, "Audio": 1}))
    assert drift == Drift(DriftKind.LEFTOVERS, lost=("table: Tools",), gained=("Audio",))


def test_keys_that_come_and_go_are_named() -> None:
    keys = frozenset({"data[].id", "data[].pricing.input"})
    [drift] = compare(SIGHT, replace(SIGHT, shape=replace(SHAPE, keys=keys)))
    assert drift == Drift(DriftKind.KEYS, lost=("data[].pricing.prompt",), gained=("data[].pricing.input",))


def test_a_known_header_that_matches_nothing_any_more_is_named_and_one_that_does_again_is_not() -> None:
    [drift] = compare(SIGHT, replace(SIGHT, shape=replace(SHAPE, unmatched=frozenset({"Batch", "Output"}))))
    assert drift == Drift(DriftKind.UNMATCHED, gained=("Output",))
    assert compare(SIGHT, replace(SIGHT, shape=replace(SHAPE, unmatched=frozenset()))) == []
