"""Usage records: what is taken, and what is refused by name."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.units import UNITS
from history.usage import SHORT, BadUsage, usage_of

AT = datetime(2026, 5, 22, 16, tzinfo=UTC)
SOLD = {"provider": "acme", "model": "a", "at": "2026-05-22T16:00:00Z"}


def test_a_record_is_read_by_its_names() -> None:
    usage = usage_of({**SOLD, "id": 7, "tier": "batch", "region": "eu", "thinking": True, "input": 3, "pages": 2})
    assert usage.counts == {"input_tokens": 3, "pages": 2}
    assert (usage.provider, usage.model, usage.at, usage.tier, usage.region) == ("acme", "a", AT, "batch", "eu")
    assert (usage.id, usage.thinking, usage.source) == (7, True, None)


def test_a_row_of_text_says_the_same_and_an_empty_cell_says_nothing() -> None:
    row = {**SOLD, "tier": "", "thinking": "false", "input_tokens": "1000", "cache_read": "", "audio_seconds": "1.50"}
    usage = usage_of(row)
    assert usage.counts == {"input_tokens": 1000, "audio_seconds": Decimal("1.5")}
    assert (usage.tier, usage.thinking) == ("standard", False)


def test_every_unit_can_be_counted_and_every_short_name_is_one() -> None:
    assert usage_of({**SOLD, **dict.fromkeys(UNITS, 1)}).counts == dict.fromkeys(UNITS, 1)
    assert set(SHORT.values()) <= set(UNITS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"provider": None}, "provider is required"),
        ({"model": ""}, "model is required"),
        ({"at": None}, "at is required; or say as_of"),
        ({"at": "2026-05-22T16:00:00"}, "offset"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "years 1 to 9999"),
        ({"at": 5}, "not an RFC 3339 time"),
        ({"model": 5}, "model is a text"),
        ({"model": "x" * 301}, "at most 300"),
        ({"region": "a\x00"}, "region is a text"),
        ({"thinking": "maybe"}, "neither true nor false"),
        ({"id": 1.5}, "id is a text"),
        ({"input_token": 1}, "did you mean input_tokens"),
        ({"prompt_tokens": 1}, "is neither a field of a usage record nor a unit"),
        ({"input_tokens": 1, "input": 1}, "counted twice"),
        ({"input_tokens": None}, "nothing is counted"),
        ({"input_tokens": -1}, "not a number from 0"),
        ({"input_tokens": True}, "not a number from 0"),
        ({"input_tokens": 1.0}, "not a number from 0"),
        ({"input_tokens": "1_000"}, "not a number from 0"),
        ({"input_tokens": "١"}, "not a number from 0"),
        ({"input_tokens": "NaN"}, "not a number from 0"),
        ({"input_tokens": "1e30"}, "not a number from 0"),
        ({"input_tokens": 10**16}, "not a number from 0"),
        ({"input_tokens": "1.5"}, "not a whole number"),
        ({"audio_seconds": "0.0000000000001"}, "12 decimals"),
        ({"input_tokens": "9" * 31}, "not a number from 0"),
        ({"input_tokens": [1]}, "not a number from 0"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        usage_of({**SOLD, "input_tokens": 1, **wrong} if "input" not in str(wrong) else {**SOLD, **wrong})


@pytest.mark.parametrize("record", [None, 1, "x", [1], []])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(BadUsage, match="a JSON object"):
        usage_of(record)


def test_the_prompt_is_all_that_went_in() -> None:
    went_in = {"input": 1, "cache_read": 10, "cache_write": 100, "cache_write_1h": 1000, "input_audio": 10_000}
    usage = usage_of({**SOLD, **went_in, "citation_tokens": 7, "output": 2, "reasoning": 20, "web_searches": 3})
    assert (usage.prompt, usage.answer) == (11_111, 22)


@given(st.decimals(0, 10**9, places=12))
def test_time_is_counted_exactly(seconds: Decimal) -> None:
    counts = usage_of({**SOLD, "video_seconds": str(seconds), "input": "3.0"}).counts
    assert counts == {"video_seconds": seconds, "input_tokens": 3}


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


@given(st.dictionaries(st.text(max_size=12), ANYTHING, max_size=4))
def test_nothing_but_bad_usage_is_raised(record: dict[str, Any]) -> None:
    with suppress(BadUsage):
        assert usage_of({**SOLD, **record}).counts
