"""What `make bench` prints: ratios that hold or are missed, and sides that do the same work."""

from decimal import Decimal

import pytest

from bench.figures import Figure, paired, seconds
from tests.brute_force import BruteForce


@pytest.mark.parametrize(
    ("ratio", "bound", "at_most", "holds"),
    [
        (5.9, 6, True, True),
        (6.1, 6, True, False),
        (1.3, 1.2, False, True),
        (1.1, 1.2, False, False),
        (6, 6, True, True),
    ],
)
def test_a_figure_holds_or_is_missed_by_its_bound(ratio: float, bound: float, at_most: bool, holds: bool) -> None:
    figure = Figure("replay", ratio, bound, "4 s", at_most)
    assert figure.holds is holds
    assert ("holds" if holds else "MISSED") in str(figure)
    assert ("≤" if at_most else "≥") in str(figure)


def test_a_pair_is_compared_with_itself_and_the_first_is_not_counted() -> None:
    ours, theirs = iter([100.0, 2.0, 4.0, 6.0]), iter([1.0, 1.0, 4.0, 2.0])
    assert paired(lambda: next(ours), lambda: next(theirs), 3) == (4.0, 2.0, 2.0)


def test_seconds_are_those_of_the_work() -> None:
    done: list[int] = []
    assert seconds(lambda: done.append(1)) >= 0
    assert done == [1]


def test_brute_force_tells_a_raise_and_holds_a_slip() -> None:
    force = BruteForce()
    price = ("a", "prompt", 0)
    for when, amount in (("1", "0.1"), ("2", "0.2"), ("3", "200"), ("4", "0.2")):
        force.next_file(when, ({"a"}, {price: Decimal(amount)}))
    assert force.told == [("2", "price_raised", "a", "prompt", 0, "0.1", "0.2")]


def test_brute_force_withdraws_in_the_third_file_and_dates_it_by_the_first() -> None:
    force = BruteForce()
    both = {("a", "prompt", 0): Decimal("1"), ("b", "prompt", 0): Decimal("2")}
    force.next_file("1", ({"a", "b"}, dict(both)))
    for when in ("2", "3", "4"):
        assert force.told == []
        force.next_file(when, ({"a"}, {("a", "prompt", 0): Decimal("1")}))
    assert [event[:3] for event in force.told] == [("2", "offer_withdrawn", "b"), ("2", "price_removed", "b")]
