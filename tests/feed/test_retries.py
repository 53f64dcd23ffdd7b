"""When a message is tried again: the waits over three days, what slows them down, and when it is given up."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.alerts.model import Result
from feed.alerts.retries import FAILING_FOR, JITTER, WAITS, is_to_be_paused, next_attempt
from tests.feed.rows import NOW

FAILED = Result(500, "HTTP 500")


class Middle(Random):
    """Jitter's middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_the_waits_are_those_of_standard_webhooks() -> None:
    waits = [next_attempt(made, FAILED, NOW, Middle()) for made in range(1, 10)]
    assert [str(at - NOW) for at in waits if at] == [
        "0:00:05", "0:05:00", "0:30:00", "2:00:00", "5:00:00", "10:00:00", "14:00:00", "20:00:00", "1 day, 0:00:00",
    ]  # fmt: skip
    assert sum(WAITS, timedelta(0)) == timedelta(hours=75, minutes=35, seconds=5)


def test_after_the_tenth_attempt_a_message_is_given_up() -> None:
    assert next_attempt(10, FAILED, NOW, Middle()) is None


@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_jitter_spreads_a_wait_by_a_fifth_either_way(made: int, random: Random) -> None:
    at = next_attempt(made, FAILED, NOW, random)
    assert at is not None
    assert WAITS[made - 1] * (1 - JITTER) <= at - NOW <= WAITS[made - 1] * (1 + JITTER)


@pytest.mark.parametrize("status", [429, 502, 504])
def test_an_endpoint_that_has_too_much_to_do_is_left_alone_for_a_minute(status: int) -> None:
    assert next_attempt(1, Result(status, "busy"), NOW, Middle()) == NOW + timedelta(seconds=60)
    assert next_attempt(3, Result(status, "busy"), NOW, Middle()) == NOW + WAITS[2]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(seconds=1), timedelta(seconds=5)),
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(hours=24), timedelta(hours=24)),
        (timedelta(days=400), timedelta(hours=24)),
    ],
)
def test_what_the_receiver_asks_for_is_heeded_within_a_day(asked: timedelta, waited: timedelta) -> None:
    assert next_attempt(1, Result(503, "busy", retry_after=asked), NOW, Middle()) == NOW + waited


def test_an_endpoint_is_left_alone_after_five_days_of_failures() -> None:
    assert not is_to_be_paused(None, NOW)
    assert not is_to_be_paused(NOW - FAILING_FOR + timedelta(seconds=1), NOW)
    assert is_to_be_paused(NOW - FAILING_FOR, NOW)
