"""Modalities: a table that lost its column of modalities is not one of texts."""

from collections import Counter

import pytest

from crawler.grid import Cell, Table
from crawler.modalities import astray


def table(*rows: str) -> Table:
    grid = tuple(tuple(map(Cell, row.split("|"))) for row in rows)
    return Table(grid, 1, "Prices", "", {}, (), Counter())


def test_a_column_of_modalities_says_what_a_row_is_for() -> None:
    assert astray(table("Model|Modality|Input", "gpt-image-3|Image|$8.00")) == []


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [("Model|Kind|Input", "omni|Audio|$8", ["Audio"]), ("Model|Input", "gpt-image-3|$8", ["gpt-image-3"])],
)
def test_a_modality_under_another_header_or_none_is_named(header: str, row: str, found: list[str]) -> None:
    assert astray(table(header, row)) == found


def test_a_table_of_texts_has_nothing_astray() -> None:
    assert astray(table("Model|Input", "gpt-5|$1")) == []
