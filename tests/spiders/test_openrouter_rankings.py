"""OpenRouter's public rankings: cell by cell against the real captures, and what is refused."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from crawler.failures import PageChanged
from crawler.replay import captures_in, replay
from history import queries
from history import tables as t
from history.db import reading
from history.model import Volume
from history.queries import AskedVolumes
from history.recorder import AlreadyRecorded, Recorded
from tests.spiders.reading import altered, real, saved, stated

NAME = "openrouter_rankings"
# Read from the captures by hand: day, view, model, prompt tokens, completion tokens, requests. Many of these models
# were last active days before the capture: that is the trap.
CELLS = [
    ("2026-07-31", "day", "google/veo-3.1-fast-20260320", 0, 0, 12353),
    ("2026-07-31", "day", "fish-audio/s2.1-pro-free-20260729:free", 1082, 0, 51),
    ("2026-07-31", "day", "openai/o3-mini-high-2025-01-31", 1241288, 814770, 355),
    ("2026-08-01", "month", "openai/gpt-5.6-sol-20260709", 1496585134792, 22418593562, 30522904),
    ("2026-08-01", "month", "tencent/hy3-20260706:free", 19013213652073, 396475661653, 341320907),
    ("2026-08-01", "month", "switchpoint/router", 373494, 141927, 5823),
    ("2026-08-01", "month", "openai/gpt-5-nano-2025-08-07:batch", 1661778520, 300525590, 794190),
    ("2026-08-03", "day", "BAAI/bge-base-en-v1.5", 395, 0, 32),
    ("2026-08-05", "week", "google/gemini-3.6-flash-20260721:batch", 5509932, 2384163, 3090),
    ("2026-08-05", "week", "fish-audio/s2.1-pro-free-20260729:free", 2762530, 0, 46567),
    ("2026-08-07", "day", "google/gemini-3.5-flash-lite-20260721:batch", 6363024, 1350214, 2811),
    ("2026-08-07", "day", "inclusionai/ling-3.0-tiny-20260806:free", 922541312, 44158730, 30020),
    ("2026-08-07", "day", "mistralai/mixtral-8x22b-instruct", 18812165, 3381490, 8333),
    ("2026-08-07", "day", "moonshotai/kimi-k2.7-code-20260612:batch", 25893296, 20336246, 6253),
    ("2026-08-10", "month", "google/gemini-3.6-flash-20260721", 2939409568179, 56435278080, 66750420),
    ("2026-08-10", "month", "poolside/laguna-s-2.1-20260720:free", 2989895515922, 18590677839, 31623260),
    ("2026-08-10", "month", "tencent/hy3-preview-20260421", 108700056253, 10277701029, 9886622),
    ("2026-08-10", "month", "openai/gpt-5-nano-2025-08-07:batch", 1661875019, 300685633, 794343),
]
# Rows of each view, without the one of nothing that each has from 2026-08-05 on.
COUNTS = {
    ("2026-07-31", "day"): 437, ("2026-07-31", "week"): 466, ("2026-07-31", "month"): 497,
    ("2026-08-04", "day"): 444, ("2026-08-04", "week"): 472, ("2026-08-04", "month"): 505,
    ("2026-08-05", "day"): 445, ("2026-08-05", "week"): 468, ("2026-08-05", "month"): 505,
    ("2026-08-10", "day"): 482, ("2026-08-10", "week"): 496, ("2026-08-10", "month"): 526,
}  # fmt: skip


def volumes(folder: Path, day: str, view: str) -> list[Volume]:
    said = stated(real(folder, NAME, f"{day}-{view}"), NAME)
    return [one for one in said if isinstance(one, Volume)]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(str(part) for part in cell[:3]))
def test_the_cells_read_by_hand(recorded: Path, cell: tuple[str, str, str, int, int, int]) -> None:
    day, view, model, came, went, requests = cell
    [found] = [volume for volume in volumes(recorded, day, view) if volume.model == model]
    assert (found.input_tokens, found.output_tokens, found.requests) == (came, went, requests)
    assert (found.tokens, found.period) == (came + went, f"trailing_{view}")
    assert found.day == date.fromisoformat(day), "the day of the fetch, whatever the row's own date says"


@pytest.mark.parametrize(("day", "view"), COUNTS)
def test_every_row_of_a_real_view_is_read(recorded: Path, day: str, view: str) -> None:
    found = volumes(recorded, day, view)
    assert len(found) == len({volume.key for volume in found}) == COUNTS[day, view]


def test_all_real_captures_are_replayed_three_views_a_run_and_only_once(recorded: Path, engine: Engine) -> None:
    captures = captures_in(recorded / NAME)
    first = [*replay(engine, captures)]
    assert len(captures) == 33
    assert [(one.outcome.value, one.restated) for one in first if isinstance(one, Recorded)] == [("complete", 0)] * 11
    with reading(engine) as connection:
        asked = AskedVolumes("deepseek/deepseek-v4-flash-20260731", periods=["trailing_day"])
        months = queries.volumes(connection, asked, captures[-1].captured)
        counted = select(func.count()).select_from(t.volume)
        rows = connection.execute(counted).scalar()
        assert rows == sum(one.volumes for one in first if isinstance(one, Recorded))
        assert connection.execute(select(func.count()).select_from(t.volume_notice)).scalar() == 11
    assert (months[0].day, months[0].tokens) == (date(2026, 8, 10), 1286195606983 + 48566074043)
    assert [type(one) for one in replay(engine, captures)] == [AlreadyRecorded] * 11
    with reading(engine) as connection:
        assert connection.execute(counted).scalar() == rows


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"variant": "free"', '"variant": "batch"', "is not 'acme/quick-20260701' as 'batch'"),
        ('"total_prompt_tokens": 5150', '"total_prompt_tokens": 5150.5', "Expected `int`"),
        ('"total_prompt_tokens": 5150', '"total_prompt_tokens": "5150"', "Expected `int`"),
        ('"total_prompt_tokens": 5150', '"prompt_tokens": 5150', "total_prompt_tokens"),
        ('"data"', '"rows"', "data"),
    ],
)
def test_a_ranking_that_changed_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        stated(altered(f"{NAME}/2026-08-10", old, new), NAME)


@pytest.mark.parametrize("query", ["", "?view=year", "?view=day&category=code", "?sort=day", "?view="])
def test_a_period_that_the_address_does_not_tell_is_not_guessed(query: str) -> None:
    page = replace(saved(f"{NAME}/2026-08-10"), url=f"https://openrouter.ai/rankings{query}")
    with pytest.raises(PageChanged, match="which period"):
        stated(page, NAME)


def test_an_empty_ranking_is_refused() -> None:
    with pytest.raises(PageChanged, match="the ranking of the month is empty"):
        stated(replace(saved(f"{NAME}/2026-08-10"), body=b'{"data": []}'), NAME)


def test_a_row_of_nothing_is_reported_and_one_without_a_name_goes_to_the_judge() -> None:
    page = saved(f"{NAME}/2026-08-10")
    assert len(stated(page, NAME)) == 6
    assert page.unread == {"rows of zeros without a model": 1}
    used = altered(f"{NAME}/2026-08-10", '"count": 0', '"count": 5')
    assert "" in {one.model for one in stated(used, NAME) if isinstance(one, Volume)}
