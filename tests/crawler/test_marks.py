"""Numbers of a page with marks: which are marked, how, and what a price tells of its mark."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.marks import Marked, digits, exact, mark_of, marked, marked_texts, numbers_in, written

AMOUNTS = st.decimals(min_value=0, max_value=10_000, places=8)
ORDINALS = st.integers(0, 100_000)


def found(page: str, *wanted: str) -> list[str]:
    """The numbers that would be marked, as they are written."""
    body = page.encode()
    numbers = numbers_in(body, {digits(Decimal(amount)) for amount in wanted})
    return [body[number.at : number.end].decode() for number in numbers]


def doubts(page: str, *wanted: str) -> list[int]:
    return [one.doubt for one in numbers_in(page.encode(), {digits(Decimal(amount)) for amount in wanted})]


@given(amount=AMOUNTS, ordinal=ORDINALS)
def test_a_price_tells_which_number_it_was_read_from(amount: Decimal, ordinal: int) -> None:
    assert mark_of(exact(written(amount, ordinal)), amount) == ordinal


@given(amount=AMOUNTS, ordinal=ORDINALS, share=st.integers(1, 99))
def test_what_is_counted_from_one_number_tells_it_too(amount: Decimal, ordinal: int, share: int) -> None:
    if amount:
        factor = Decimal(share) / 100
        assert mark_of(exact(written(amount, ordinal)) * factor, amount * factor) == ordinal


@given(ordinals=st.lists(ORDINALS, min_size=2, max_size=8))
def test_what_several_numbers_make_tells_of_none(ordinals: list[int]) -> None:
    product = Decimal(1)
    for ordinal in ordinals:
        product *= Decimal(written(Decimal(2), ordinal))
    assert mark_of(product, Decimal(2) ** len(ordinals)) is None


@pytest.mark.parametrize("ordinals", [(0, 2), (1, 3), (4, 100), (0, 1, 2), (7, 7000, 14_000, 99_993), (1, 1, 4)])
def test_a_mean_of_equal_numbers_tells_of_none(ordinals: tuple[int, ...]) -> None:
    mean = sum((Decimal(written(Decimal(3), ordinal)) for ordinal in ordinals), Decimal(0)) / len(ordinals)
    assert mark_of(mean, Decimal(3)) is None


def test_an_unmarked_price_tells_of_none() -> None:
    assert mark_of(Decimal("0.14"), Decimal("0.14")) is None
    assert mark_of(Decimal(0), Decimal(0)) is None
    assert mark_of(Decimal("0.15"), Decimal("0.14")) is None


@given(amount=st.decimals(min_value=0, max_value=100, places=6), one=ORDINALS, other=ORDINALS)
def test_a_page_that_states_a_price_twice_states_one_price_with_marks_too(
    amount: Decimal, one: int, other: int
) -> None:
    first, second = exact(written(amount, one)), exact(written(amount, other))
    if amount:
        assert (first == second, hash(first) == hash(second), first != second) == (True, True, False)
    assert isinstance(first, Marked)


def test_a_marked_number_still_differs_from_another() -> None:
    first, second = exact(written(Decimal("0.14"), 1)), exact(written(Decimal("0.15"), 1))
    assert first != second
    assert first != Decimal("0.15")
    assert first == Decimal("0.14")
    assert first != "0.14"
    assert Marked("NaN") != Marked("NaN")


@given(amount=AMOUNTS)
def test_no_number_of_a_price_list_is_taken_for_a_marked_one(amount: Decimal) -> None:
    assert type(exact(f"{amount:f}")) is Decimal
    assert marked_texts(f"${amount:f} / 1M tokens") == []


def test_marks_are_found_where_they_stand() -> None:
    mark = written(Decimal("0.14"), 7)
    assert marked_texts(f"${mark} / 1M tokens, was $0.2 of {mark}") == [mark, mark]


@pytest.mark.parametrize(
    "page",
    [
        "gpt-3", "v3.1 3M 3K", "3%", "3.0.1", 'colspan="3"', 'colspan=\\"3\\"', "#3;", "[0, 3]", "(3,+∞)", "3折",
        "13", "3.5", "3,001", "33", "30.03",
    ],
)  # fmt: skip
def test_what_is_known_to_be_no_amount_gets_no_mark(page: str) -> None:
    assert found(page, "3") == []


@pytest.mark.parametrize(
    ("page", "number"),
    [
        ("$3.00 / 1M tokens", "3.00"), ('{"prompt":"3"}', "3"), ('{"prompt":3}', "3"), ("<td>3元</td>", "3"),
        ("| $3 |", "3"), ("US$3/MTok", "3"), ("[3.0, 1]", "3.0"), ("3e0", "3e0"), ("$3.", "3"), ("￥3", "3"),
    ],
)  # fmt: skip
def test_an_amount_gets_a_mark_however_it_is_written(page: str, number: str) -> None:
    assert found(page, "3") == [number]


def test_a_number_with_thousands_or_an_exponent_is_the_same_number() -> None:
    assert found("$1,250 and 1.25e3 and 1250", "1250") == ["1,250", "1.25e3", "1250"]


def test_a_number_that_is_some_power_of_ten_of_an_amount_may_be_it() -> None:
    assert found("2690 and 0.269 and 2.69e-7 and 26900 and 269 and 0.2691", "0.2690") == [
        "2690", "0.269", "2.69e-7", "26900", "269",
    ]  # fmt: skip
    assert {digits(Decimal(text)) for text in ("0.2690", "2690", "2.69E-7")} == {"269"}


@given(amounts=st.lists(AMOUNTS, min_size=65, max_size=80, unique=True))
def test_of_many_amounts_each_is_found_as_each_of_few(amounts: list[Decimal]) -> None:
    """Few are looked for by their digits, many among all numbers of the page."""
    page = "; ".join(f'"a{n}-1.5": [1,{amount:f}], ${amount:f}/1M' for n, amount in enumerate(amounts)).encode()
    wanted = {digits(amount) for amount in amounts}
    together = numbers_in(page, wanted)
    apart = {number for some in sorted(wanted) for number in numbers_in(page, {some})}
    assert len(wanted) > 32
    assert apart == set(together)
    assert {number.value for number in together} >= set(amounts)


def test_what_may_be_a_count_is_told_from_money() -> None:
    assert doubts("$3 ¥3 ￥ 3 3元 3.0 元 <td>3.0</td> Gemini 3.0 3", "3") == [0, 0, 0, 0, 0, 0, 1, 2]


def test_only_what_is_chosen_is_changed() -> None:
    body = b"$3 and $4 and $3"
    first, second = numbers_in(body, {"3"})
    assert marked(body, [(1, second)]) == f"$3 and $4 and ${written(Decimal(3), 1)}".encode()
    both = marked(body, enumerate((first, second))).decode()
    assert both == f"${written(Decimal(3), 0)} and $4 and ${written(Decimal(3), 1)}"


def test_a_number_without_room_for_a_mark_gets_none() -> None:
    assert found("0.000000000000000000000000000000000000003", "3e-39") == []
