"""Volumes and hosts that cannot be are refused by name, each rule for itself."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from history.model import Host, Reading, Statement, Volume, noun_of
from history.statistics import CEILING_A_DAY, FIRST_DAY, Stated, examine
from tests.history.pages import SOURCE, simple

NOW = datetime(2026, 5, 12, 3, tzinfo=UTC)
GOOD = Volume("lab/model", "day", date(2026, 5, 11), 10, 7, 3, 1)
HOST = Host("acme", "Acme", "US", ("US", "SG"))


def examined(*said: Volume | Host) -> tuple[Stated, list[tuple[str, str]]]:
    volumes = tuple(one for one in said if isinstance(one, Volume))
    hosts = tuple(one for one in said if isinstance(one, Host))
    stated, rejections = examine(Reading(SOURCE, "one", NOW, volumes=volumes, hosts=hosts))
    return stated, [(rejection.rule, rejection.model) for rejection in rejections]


def test_what_can_be_is_believed() -> None:
    variant = replace(GOOD, model="lab/model:free")
    stated, rejections = examined(GOOD, variant, HOST)
    assert rejections == []
    assert stated.volumes == {GOOD.key: GOOD, variant.key: variant}
    assert stated.hosts == {"acme": HOST}
    assert len(stated) == 3


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("negative_volume", {"tokens": -1, "input_tokens": None}),
        ("negative_volume", {"requests": -5}),
        ("not_an_integer", {"tokens": 1.5}),
        ("not_an_integer", {"requests": True}),
        ("absurd_volume", {"tokens": CEILING_A_DAY + 1, "input_tokens": None}),
        ("absurd_volume", {"requests": 10**30}),
        ("impossible_day", {"day": NOW.date() + timedelta(days=1)}),
        ("impossible_day", {"day": FIRST_DAY - timedelta(days=1)}),
        ("bad_model_name", {"model": " "}),
        ("bad_model_name", {"model": "a\nb"}),
        ("bad_model_name", {"model": "m" * 201}),
        ("sum_differs", {"tokens": 11}),
        ("nothing_stated", {"tokens": None, "input_tokens": None, "output_tokens": None, "requests": None}),
    ],
)
def test_a_volume_that_cannot_be_is_refused_by_name(rule: str, changed: dict[str, Any]) -> None:
    wrong = replace(GOOD, **changed)
    other = replace(GOOD, model="lab/other")
    stated, rejections = examined(wrong, other)
    assert rejections == [(rule, wrong.model)]
    assert [*stated.volumes] == [other.key], "one bad row takes no other with it"


@pytest.mark.parametrize("day", [FIRST_DAY, NOW.date()])
def test_the_first_day_and_the_day_of_the_look_can_be(day: date) -> None:
    assert examined(replace(GOOD, day=day))[1] == []


def test_zero_is_a_figure() -> None:
    assert examined(Volume("lab/pictures", "trailing_day", GOOD.day, 0, 0, 0, 77))[1] == []


def test_a_longer_period_may_hold_more() -> None:
    much = Volume("lab/model", "trailing_month", GOOD.day, CEILING_A_DAY * 30)
    assert examined(much)[1] == []
    assert examined(replace(much, period="trailing_week"))[1] == [("absurd_volume", "lab/model")]


def test_of_rows_that_stand_there_twice_none_is_believed() -> None:
    stated, rejections = examined(GOOD, replace(GOOD, tokens=None), HOST, HOST)
    assert rejections == [("duplicate_volume", "lab/model")] * 2 + [("duplicate_host", "acme")] * 2
    assert len(stated) == 0


def test_the_same_model_in_other_periods_and_on_other_days_is_no_duplicate() -> None:
    others = [replace(GOOD, period="trailing_day"), replace(GOOD, day=GOOD.day - timedelta(days=1))]
    assert examined(GOOD, *others)[1] == []


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("not_a_country", {"headquarters": "USA"}),
        ("not_a_country", {"headquarters": "us"}),
        ("not_a_country", {"headquarters": ""}),
        ("not_a_country", {"datacenters": ("US", "Europe")}),
        ("bad_host_name", {"name": ""}),
        ("bad_host_name", {"slug": "\0"}),
    ],
)
def test_a_host_that_cannot_be_is_refused_by_name(rule: str, changed: dict[str, Any]) -> None:
    wrong = replace(HOST, **changed)
    assert examined(wrong)[1] == [(rule, wrong.slug)]


def test_a_country_that_is_not_stated_is_not_guessed() -> None:
    stated, rejections = examined(Host("b", "B"), Host("c", "C", None, ()))
    assert rejections == []
    assert [host.datacenters for host in stated.hosts.values()] == [None, ()]


def test_a_line_has_counts_as_text_and_leaves_out_what_is_not_stated() -> None:
    assert Volume("m", "day", GOOD.day, 2**53 + 1).as_dict() == {
        "model": "m", "period": "day", "day": "2026-05-11", "tokens": "9007199254740993",
    }  # fmt: skip
    assert Host("b", "B").as_dict() == {"slug": "b", "name": "B", "headquarters": None, "datacenters": None}


def test_a_page_is_named_after_what_it_states() -> None:
    pages: list[list[Statement]] = [[], [simple("m", "1"), GOOD], [GOOD, HOST], [HOST]]
    assert [noun_of(said) for said in pages] == ["offers", "offers", "volumes", "hosts"]
