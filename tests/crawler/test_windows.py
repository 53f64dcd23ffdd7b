"""Off-peak windows: what they come to, and what is not understood."""

from typing import Any

import pytest

from crawler.maps.windows import windows
from history.model import Conditions


def test_windows_of_the_same_weekdays_are_one_condition() -> None:
    stated = {
        "input_cost_per_token": 1,
        "windows": [
            {"hours_utc": "00:00-01:00", "weekdays": ["monday", "tuesday"]},
            {"hours_utc": ["04:00-06:00", "22:00-02:00"], "weekdays": [2, 1]},
            {"hours_utc": "00:00-00:00", "weekdays": [7]},
        ],
    }
    assert windows(stated) == (
        Conditions(hours_utc=("00:00-01:00", "04:00-06:00", "22:00-02:00"), weekdays=(1, 2)),
        Conditions(weekdays=(7,)),
    )


def test_hours_alone_are_those_of_every_day() -> None:
    stated = {"hours_utc": "16:00-00:00", "output_cost_per_token": 1}
    assert windows(stated) == (Conditions(hours_utc=("16:00-00:00",)),)


@pytest.mark.parametrize(
    "stated",
    [
        None,
        "16:00-00:00",
        {},
        {"windows": {}},
        {"windows": ["16:00-00:00"]},
        {"windows": [{"weekdays": [1]}]},
        {"windows": [{"hours_utc": []}]},
        {"windows": [{"hours_utc": "16-18"}]},
        {"windows": [{"hours_utc": "24:00-01:00"}]},
        {"windows": [{"hours_utc": "10:00-10:00"}]},
        {"windows": [{"hours_utc": "１0:00-11:00"}]},
        {"windows": [{"hours_utc": "10:00-11:00", "weekdays": [0]}]},
        {"windows": [{"hours_utc": "10:00-11:00", "weekdays": ["someday"]}]},
        {"windows": [{"hours_utc": "10:00-11:00", "weekdays": 1}]},
        {"windows": [{"hours_utc": "10:00-11:00"}], "weekday_timezone": "Asia/Shanghai"},
        {"hours_utc": "10:00-11:00", "holidays": "CN"},
    ],
)
def test_what_is_not_understood_gives_no_hours(stated: Any) -> None:
    assert windows(stated) is None
