"""Where a price was read, as one whole number and in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.place import Place

PAGES, TABLES, ROWS, COLUMNS, BYTES = (1 << bits for bits in (16, 10, 12, 5, 24))
CELLS = st.tuples(st.integers(0, PAGES - 1), *(st.integers(1, most - 1) for most in (TABLES, ROWS, COLUMNS)))
IN_BYTES = st.tuples(st.integers(0, PAGES - 1), st.integers(0, BYTES - 1))


@given(
    place=st.one_of(
        CELLS.map(lambda numbers: Place(*numbers)), IN_BYTES.map(lambda numbers: Place(numbers[0], byte=numbers[1]))
    )
)
def test_every_place_comes_back_from_its_number(place: Place) -> None:
    assert place.code is not None
    assert -(2**63) <= place.code < 2**63
    assert Place.of_code(place.code) == place


@pytest.mark.parametrize(
    "place",
    [
        Place(PAGES, byte=0), Place(0, byte=BYTES), Place(0, TABLES, 1, 1), Place(0, 1, ROWS, 1),
        Place(0, 1, 1, COLUMNS), Place(-1, byte=0), Place(0, byte=-1), Place(0),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_has_no_number_rather_than_a_wrong_one(place: Place) -> None:
    assert place.code is None


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(0, 3, 12, 2), "page 1, table 3, row 12, column 2"),
        (Place(1, byte=18234), "page 2, byte 18234"),
        (Place(0, byte=0), "page 1, byte 0"),
    ],
)
def test_a_place_in_words_counts_as_people_do_and_bytes_as_programs_do(place: Place, text: str) -> None:
    assert place.text == text


@pytest.mark.parametrize("place", [Place(0, 63, ROWS - 1, COLUMNS - 1), Place(0, byte=8_000_000)], ids=str)
def test_on_the_first_page_a_place_takes_three_bytes(place: Place) -> None:
    assert place.code is not None
    assert -(2**23) <= place.code < 2**23
