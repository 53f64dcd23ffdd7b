"""When a price applies, against a model that looks at every minute and every token count."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.conditions import Circumstances, Periods, Undecidable, applies, is_holiday, is_settled, narrowest, parsed
from history.model import ALWAYS, Conditions, conditions_text

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
PEAK = Conditions(hours_utc=("01:00-04:00", "06:00-10:00"), weekdays=(1, 2, 3, 4, 5), holidays="CN", period="peak")
OFF_PEAK = Conditions(period="off_peak")
WEEK = datetime(2026, 6, 1, tzinfo=UTC)

CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 30)))
WINDOWS = st.lists(st.builds("{}-{}".format, CLOCKS, CLOCKS), max_size=2).map(tuple)
BOUND = st.none() | st.integers(0, 4)
CONDITIONS = st.builds(
    Conditions,
    min_input_tokens=BOUND, max_input_tokens=BOUND, min_output_tokens=BOUND, max_output_tokens=BOUND,
    hours_utc=WINDOWS, weekdays=st.lists(st.integers(1, 7), max_size=2, unique=True).map(tuple),
    thinking=st.none() | st.booleans(),
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(conditions: Conditions, moment: datetime, *peaks: Conditions, prompt: int = 0, answer: int = 0) -> bool:
    return applies(conditions, Circumstances(moment, prompt, answer), Periods.of(peaks))


def is_within(window: str, moment: datetime) -> bool:
    """By the words: from the first clock on, until before the second, over midnight where that is earlier."""
    begin, end = window.split("-")
    clock = f"{moment:%H:%M}"
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def by_the_words(conditions: Conditions, given: Circumstances) -> bool:
    least, most = conditions.min_input_tokens, conditions.max_input_tokens
    least_out, most_out = conditions.min_output_tokens, conditions.max_output_tokens
    return (
        (least is None or least <= given.input_tokens)
        and (most is None or given.input_tokens <= most)
        and (least_out is None or least_out <= given.output_tokens)
        and (most_out is None or given.output_tokens <= most_out)
        and (not conditions.hours_utc or any(is_within(window, given.at) for window in conditions.hours_utc))
        and (not conditions.weekdays or given.at.isoweekday() in conditions.weekdays)
        and (conditions.thinking is None or conditions.thinking is given.thinking)
    )


@given(CONDITIONS, st.integers(0, 7 * 86_400 - 1), st.integers(0, 5), st.integers(0, 5), st.none() | st.booleans())
def test_a_price_applies_where_the_words_say_so(
    conditions: Conditions, second: int, prompt: int, answer: int, thinking: bool | None
) -> None:
    given = Circumstances(WEEK + timedelta(seconds=second), prompt, answer, thinking)
    assert applies(conditions, given, Periods()) == by_the_words(conditions, given)


HALF_HOURS = [WEEK + timedelta(minutes=30 * number) for number in range(7 * 48)]


def covered(conditions: Conditions) -> set[tuple[object, ...]]:
    """Every circumstance there is, in a small world: half hours, five token counts, thinking or not."""
    times = {moment for moment in HALF_HOURS if by_the_words(
        Conditions(hours_utc=conditions.hours_utc, weekdays=conditions.weekdays), Circumstances(moment))}  # fmt: skip
    inputs, outputs = (
        {count for count in range(9) if (least or 0) <= count <= (8 if most is None else most)}
        for least, most in (
            (conditions.min_input_tokens, conditions.max_input_tokens),
            (conditions.min_output_tokens, conditions.max_output_tokens),
        )
    )
    thoughts = {True, False, None} if conditions.thinking is None else {conditions.thinking}
    # The product of four sets: one lies within another where each of its sets does.
    return {(0, one) for one in times} | {(1, one) for one in inputs} | {(2, one) for one in outputs} | {
        (3, one) for one in thoughts
    }  # fmt: skip


@given(st.lists(CONDITIONS, min_size=1, max_size=4, unique=True))
def test_the_narrowest_is_the_one_within_which_no_other_lies(several: list[Conditions]) -> None:
    somewhere = [
        one for one in several
        if (one.max_input_tokens is None or one.max_input_tokens >= (one.min_input_tokens or 0))
        and (one.max_output_tokens is None or one.max_output_tokens >= (one.min_output_tokens or 0))
    ]  # fmt: skip
    sets = [covered(one) for one in somewhere]
    expected = [one for one, mine in zip(somewhere, sets, strict=True) if not any(other < mine for other in sets)]
    assert narrowest(somewhere) == expected


@pytest.mark.parametrize(
    ("moment", "peak"),
    [
        ("2026-06-03 00:59:59", False),
        ("2026-06-03 01:00:00", True),
        ("2026-06-03 03:59:59", True),
        ("2026-06-03 04:00:00", False),
        ("2026-06-06 02:00:00", False),  # a Saturday
        ("2026-10-01 02:00:00", False),  # National Day
        ("2026-10-07 02:00:00", False),  # a weekday off in exchange for Saturday 10 October
        ("2026-10-10 02:00:00", False),  # that Saturday: worked, and still not Monday through Friday
        ("2026-10-08 02:00:00", True),
    ],
)
def test_peak_hours_are_those_of_working_days_in_beijing(moment: str, peak: bool) -> None:
    """Source: DeepSeek's page of 2026-10: "Monday through Friday, excluding Chinese public holidays"."""
    assert on(PEAK, at(moment), PEAK) is peak
    assert on(OFF_PEAK, at(moment), PEAK) is not peak


def test_a_holiday_begins_at_midnight_in_beijing() -> None:
    assert not is_holiday("CN", at("2026-09-30 15:59:59"))
    assert is_holiday("CN", at("2026-09-30 16:00:00"))
    assert is_holiday("CN", at("2026-10-07 15:59:59"))
    assert not is_holiday("CN", at("2026-10-07 16:00:00"))


@pytest.mark.parametrize(
    ("year", "weekdays_off"),
    [
        # State Council, 国办发明电〔2023〕7号, 〔2024〕12号 and 〔2025〕7号: the weekdays among the days off.
        (2024, "01-01 02-12 02-13 02-14 02-15 02-16 04-04 04-05 05-01 05-02 05-03 06-10 09-16 09-17"
               " 10-01 10-02 10-03 10-04 10-07"),
        (2025, "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02"
               " 10-01 10-02 10-03 10-06 10-07 10-08"),
        (2026, "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25"
               " 10-01 10-02 10-05 10-06 10-07"),
    ],
)  # fmt: skip
def test_the_days_off_are_the_announced_ones(year: int, weekdays_off: str) -> None:
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(365))
    noon_in_beijing = [datetime(day.year, day.month, day.day, 4, tzinfo=UTC) for day in days]
    found = [f"{noon:%m-%d}" for noon in noon_in_beijing if noon.isoweekday() < 6 and is_holiday("CN", noon)]
    assert found == weekdays_off.split()


def test_days_off_that_nobody_had_announced_are_known_to_be_unknown() -> None:
    assert is_settled("CN", at("2026-12-31 15:59:00"))
    assert not is_settled("CN", at("2026-12-31 16:00:00"))
    assert not is_holiday("CN", datetime.max.replace(tzinfo=UTC))


def test_off_peak_without_any_peak_is_always() -> None:
    assert all(on(OFF_PEAK, moment) for moment in HALF_HOURS)


def test_off_peak_is_narrower_than_the_default_price() -> None:
    assert narrowest([ALWAYS, OFF_PEAK]) == [OFF_PEAK]
    assert narrowest([ALWAYS, PEAK]) == [PEAK]


def test_two_tiers_that_cross_leave_it_open() -> None:
    long, answered = Conditions(min_input_tokens=10), Conditions(min_output_tokens=10)
    assert narrowest([ALWAYS, long, answered]) == [long, answered]
    both = Conditions(min_input_tokens=10, min_output_tokens=10)
    assert narrowest([ALWAYS, long, answered, both]) == [both]


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        (Conditions(period="peak"), "does not say when peak hours are"),
        (Conditions(holidays="XX"), "no calendar of public holidays called 'XX'"),
        (Conditions(hours_utc=("1-2",)), "not a window of hours"),
        (Conditions(hours_utc=("25:00-26:00",)), "not a window of hours"),
    ],
)
def test_what_nobody_said_is_not_decided(conditions: Conditions, why: str) -> None:
    with pytest.raises(Undecidable, match=why):
        on(conditions, NOW)


@pytest.mark.parametrize("window", ["00:00-24:00", "08:00-08:00"])
def test_a_window_may_be_the_whole_day(window: str) -> None:
    assert all(on(Conditions(hours_utc=(window,)), moment) for moment in HALF_HOURS[:48])


@given(CONDITIONS)
def test_conditions_are_read_back_from_their_text(conditions: Conditions) -> None:
    assert parsed(conditions_text(conditions)) == conditions


def test_token_bounds_are_inclusive() -> None:
    tier = Conditions(min_input_tokens=200_001, max_input_tokens=1_000_000)
    counts = (200_000, 200_001, 1_000_000, 1_000_001)
    assert [on(tier, NOW, prompt=count) for count in counts] == [False, True, True, False]
    answers = Conditions(max_output_tokens=199)
    assert [on(answers, NOW, answer=count) for count in (199, 200)] == [True, False]
