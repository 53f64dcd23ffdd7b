"""What has drifted, in words that lead a person to the place."""

from typing import Any

import pytest
from hypothesis import given

from feed.drifting import sentence, sentences
from history.drift import Drift, DriftKind, compare
from tests.history.test_drift import SIGHTS

TABLE: dict[str, Any] = {"number": 3, "subject": "Model | Input | Output"}


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (Drift(DriftKind.OFFERS, before=20, now=9), "9 offers where there were 20"),
        (Drift(DriftKind.OFFERS, before=1, now=12), "12 offers where there was 1"),
        (Drift(DriftKind.OFFERS, before=9, now=1), "1 offer where there were 9"),
        (
            Drift(DriftKind.TABLE_CHANGED, **TABLE, lost=("Output",)),
            "table 3 'Model | Input | Output' lost the column 'Output'",
        ),
        (
            Drift(DriftKind.TABLE_CHANGED, **TABLE, heading="Text", lost=("Input", "Output"), gained=("Price",)),
            "table 3 'Model | Input | Output' under 'Text' lost the columns 'Input' and 'Output' "
            "and gained the column 'Price'",
        ),
        (
            Drift(DriftKind.TABLE_CHANGED, **TABLE),
            "table 3 'Model | Input | Output' has its columns in another order",
        ),
        (Drift(DriftKind.TABLE_ADDED, **TABLE), "table 3 'Model | Input | Output' is new"),
        (Drift(DriftKind.TABLE_GONE, **TABLE), "table 3 'Model | Input | Output' is gone"),
        (
            Drift(DriftKind.TABLE_EMPTIED, **TABLE, before=12, now=0),
            "table 3 'Model | Input | Output' lost all of its 12 rows",
        ),
        (
            Drift(DriftKind.TABLE_EMPTIED, **TABLE, before=1, now=0),
            "table 3 'Model | Input | Output' lost its only row",
        ),
        (Drift(DriftKind.UNMATCHED, gained=("Batch",)), "no table has the known column 'Batch' any more"),
        (
            Drift(DriftKind.KEYS, lost=("data[].pricing.image",), gained=("data[].price",)),
            "gone or rare: the key 'data[].pricing.image', new: the key 'data[].price'",
        ),
        (
            Drift(DriftKind.KEYS, gained=("data[].best", "data[].best.a", "data[].best[].b", "data[].bestseller")),
            "new: the keys 'data[].best' and 'data[].bestseller'",
        ),
        (
            Drift(DriftKind.LEFTOVERS, gained=tuple("abcdefgh")),
            "new: the leftovers 'a', 'b', 'c', 'd', 'e' and 3 more",
        ),
    ],
)
def test_a_drift_is_told_in_a_sentence(drift: Drift, words: str) -> None:
    assert sentence(drift) == words


def test_a_name_that_is_a_story_is_cut_and_stays_on_its_line() -> None:
    told = sentence(Drift(DriftKind.TABLE_GONE, 1, "one\ntwo\0 " + "x" * 300))
    assert told.startswith("table 1 'one two xxx")
    assert told.endswith("x…' is gone")
    assert len(told) < 110


@given(SIGHTS, SIGHTS)
def test_every_drift_has_a_sentence(one: Any, other: Any) -> None:
    told = sentences(compare(one, other))
    assert all(words and "\n" not in words for words in told)
