"""OpenRouter's Data API: which days are asked for, what is left out, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from crawler.failures import PageChanged
from crawler.spans import LONGEST_SPAN, days_to_ask, spans
from crawler.spiders.openrouter_volumes import OpenRouterVolumes
from history.db import recording
from history.model import Notice, Volume
from history.recorder import record
from tests.history.test_register import SOURCE
from tests.history.test_register import stated as said_by_a_source
from tests.spiders.reading import altered, saved, stated

NAME, TWO_DAYS = "openrouter_volumes", "openrouter_volumes/2026-05-13"
NOW = datetime(2026, 5, 14, 3, tzinfo=UTC)


def test_the_first_run_asks_for_every_day_and_none_that_is_not_over() -> None:
    asked = [*spans(*days_to_ask(NOW, None))]
    assert asked == [(date(2025, 1, 1), date(2026, 1, 1)), (date(2026, 1, 2), date(2026, 5, 13))]
    assert all(end - start < LONGEST_SPAN for start, end in asked)


def test_every_day_of_many_years_is_asked_for_once() -> None:
    days = [
        start + timedelta(days=number)
        for start, end in spans(date(2025, 1, 1), date(2031, 7, 8))
        for number in range((end - start).days + 1)
    ]
    assert days == [date(2025, 1, 1) + timedelta(days=number) for number in range(len(days))]
    assert days[-1] == date(2031, 7, 8)


def test_a_later_run_asks_again_for_what_may_be_restated_and_for_what_was_missed() -> None:
    assert days_to_ask(NOW, date(2026, 5, 12)) == (date(2026, 4, 7), date(2026, 5, 13))
    assert days_to_ask(NOW, date(2026, 1, 10)) == (date(2025, 12, 6), date(2026, 5, 13))
    assert days_to_ask(NOW, date(2025, 1, 3)) == (date(2025, 1, 1), date(2026, 5, 13))
    assert days_to_ask(NOW, date(2027, 1, 1)) == (date(2026, 4, 8), date(2026, 5, 13))


def test_an_hour_before_midnight_elsewhere_is_the_day_in_utc() -> None:
    tokyo = datetime.fromisoformat("2026-05-14T08:00:00+09:00")
    assert days_to_ask(tokyo, None)[1] == date(2026, 5, 12)


def test_the_spider_goes_on_from_what_is_on_record(engine: Engine) -> None:
    base = OpenRouterVolumes.start_urls[0]
    assert len(OpenRouterVolumes(engine, captured=NOW).urls) == 2
    volumes = [Volume(model, "day", date(2026, 5, 10), 1) for model in ("lab/a", "lab/b")]
    with recording(engine) as connection:
        reading = said_by_a_source(0, *volumes)
        record(connection, replace(reading, source=replace(SOURCE, name=NAME)), reading.observed_at)
    assert OpenRouterVolumes(engine, captured=NOW).urls == [f"{base}?start_date=2026-04-05&end_date=2026-05-13"]
    assert OpenRouterVolumes(engine, f"{base}?start_date=2025-01-01").urls == [f"{base}?start_date=2025-01-01"]


def test_a_clamped_start_is_read_by_what_the_answer_says_it_covers() -> None:
    page = saved(f"{NAME}/2026-06-01")
    days = {one.day for one in stated(page, NAME) if isinstance(one, Volume)}
    assert days == {date(2025, 1, 1), date(2025, 1, 2)}
    assert page.unread == {"days before the dataset begins": 1}


def test_a_day_that_still_moves_is_left_out_and_reported() -> None:
    page = saved(f"{NAME}/2026-05-14")
    assert date(2026, 5, 14) not in {one.day for one in stated(page, NAME) if isinstance(one, Volume)}
    assert page.unread == {"rows of a day that is not over": 1}


def test_days_without_a_row_are_reported() -> None:
    page = altered(TWO_DAYS, '"start_date": "2026-05-11"', '"start_date": "2026-05-01"')
    stated(page, NAME)
    assert page.unread["days without a row"] == 10


def test_the_notice_cites_and_keeps_what_the_answer_says_of_itself() -> None:
    [notice] = [one for one in stated(saved(TWO_DAYS), NAME) if isinstance(one, Notice)]
    assert notice.citation == (
        "Source: OpenRouter (openrouter.ai/rankings), as of 2026-05-13T02:00:00Z. Licensed under CC BY 4.0."
    )
    assert '"start_date":"2026-05-11"' in notice.meta


def test_a_figure_that_cannot_be_goes_to_the_judge() -> None:
    page = altered(TWO_DAYS, '"700000"', '"-700000"')
    assert -700000 in {one.tokens for one in stated(page, NAME) if isinstance(one, Volume)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"700000"', "700000", "Expected `str`, got `int`"),
        ('"700000"', '"700000.5"', "lab/deep on 2026-05-11: '700000.5' is not a number of tokens"),
        ('"700000"', '"7e5"', "is not a number of tokens"),
        ('"700000"', '"700,000"', "is not a number of tokens"),
        ('"700000"', '"٣"', "is not a number of tokens"),
        ('"700000"', '""', "is not a number of tokens"),
        ('"date": "2026-05-11"', '"date": "2026-02-30"', "Invalid RFC3339"),
        ('"start_date": "2026-05-11"', '"start_date": "2026-05-12"', "a row of 2026-05-11 in an answer for 2026-05-12"),
        ('"version": "v1"', '"version": "v2"', "version 'v2', not 'v1'"),
        ("02:00:00.000Z", "02:00:00", "has no offset"),
        ('"meta"', '"about"', "meta"),
        ('"as_of"', '"at"', "as_of"),
    ],
)
def test_an_answer_that_changed_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        stated(altered(TWO_DAYS, old, new), NAME)


def test_an_answer_without_rows_and_an_error_with_status_200_are_refused() -> None:
    page = saved(TWO_DAYS)
    meta = b'{"as_of": "2026-05-13T02:00:00Z", "version": "v1", "start_date": "2026-05-11", "end_date": "2026-05-12"}'
    with pytest.raises(PageChanged, match="no row of 2026-05-11 to 2026-05-12"):
        stated(replace(page, body=b'{"data": [], "meta": ' + meta + b"}"), NAME)
    with pytest.raises(PageChanged, match=r"missing required field `data`.*Internal"):
        stated(replace(page, body=b'{"error": {"code": 500, "message": "Internal"}}'), NAME)


@pytest.mark.parametrize("asked", ["category=code", "modality=image", "period=week", "context_bucket=1K"])
def test_figures_of_a_part_are_not_taken_for_the_whole(asked: str) -> None:
    page = saved(TWO_DAYS)
    with pytest.raises(PageChanged, match=f"less than all tokens of a day: {asked.partition('=')[0]}"):
        stated(replace(page, url=f"{page.url}&{asked}"), NAME)
