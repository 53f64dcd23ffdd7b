"""What the only reader says of both time axes, of changes, runs and sources."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from history import queries
from history import tables as t
from history.db import reading, writing
from history.model import Conditions, EventKind, Outcome
from history.queries import Scope, Wanted
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved, usd
from tests.postgres import forget

LATER = NOW + 100 * DAY


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


@pytest.fixture
def look(engine: Engine, rows: Rows) -> "Look":
    return Look(engine)


class Look:
    """Asks one question on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, question: Any, *given: Any, **named: Any) -> Any:
        with reading(self.engine) as connection:
            return question(connection, *given, **named)

    def amounts(self, at: datetime, known_at: datetime = LATER, **scope: Any) -> list[str]:
        return [str(price.amount) for price in self(queries.as_of, Scope(**scope), at, known_at)]


def test_a_version_lasts_until_the_next_one(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price("2", NOW + DAY)
    assert [look.amounts(NOW + hours * HOUR) for hours in (-1, 0, 23, 24, 500)] == [[], ["1"], ["1"], ["2"], ["2"]]
    [price] = look(queries.as_of, Scope(), NOW, LATER)
    assert (price.valid_from, price.valid_to) == (NOW, NOW + DAY)


def test_what_was_known_then_did_not_know_the_next_version(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price("2", NOW + DAY, recorded_at=NOW + 3 * DAY)
    assert look.amounts(NOW + 2 * DAY, NOW + 2 * DAY) == ["1"]
    assert look.amounts(NOW + 2 * DAY, NOW + 3 * DAY) == ["2"]
    [price] = look(queries.as_of, Scope(), NOW, NOW + 2 * DAY)
    assert price.valid_to is None


def test_a_corrected_version_is_what_was_believed_before(rows: Rows, look: Look) -> None:
    rows.price("10", NOW, superseded_at=NOW + 2 * DAY)
    rows.price("1", NOW, recorded_at=NOW + 2 * DAY)
    assert look.amounts(NOW + DAY, NOW + DAY) == ["10"]
    assert look.amounts(NOW + DAY, NOW + 2 * DAY) == ["1"]


def test_a_tombstone_ends_an_offer_and_a_return_begins_it_again(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price(None, NOW + DAY)
    rows.price("3", NOW + 2 * DAY)
    assert [look.amounts(NOW + days * DAY) for days in range(3)] == [["1"], [], ["3"]]


def test_an_announced_price_is_in_force_from_its_day_on(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price("2", NOW + 5 * DAY, recorded_at=NOW + HOUR)
    assert look.amounts(NOW + 4 * DAY, NOW + DAY) == ["1"]
    assert look.amounts(NOW + 5 * DAY, NOW + DAY) == ["2"]


def test_a_cancelled_announcement_leaves_the_price_as_it_was(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price("2", NOW + 5 * DAY, recorded_at=NOW + HOUR, superseded_at=NOW + DAY)
    assert look.amounts(NOW + 6 * DAY) == ["1"]
    assert look.amounts(NOW + 6 * DAY, NOW + 2 * HOUR) == ["2"]


_TIMES = st.integers(0, 6).map(lambda days: NOW + days * DAY)
_VERSIONS = st.lists(
    st.tuples(_TIMES, _TIMES, st.none() | _TIMES, st.none() | st.integers(1, 9).map(str)),
    unique_by=(lambda version: (version[0], version[1])),
    max_size=8,
)


def _is_forwards(version: Any) -> bool:
    _, recorded_at, superseded_at, _ = version
    return superseded_at is None or bool(superseded_at > recorded_at)


def _overlap(one: Any, other: Any) -> bool:
    """From the same moment, and believed at the same time."""
    begins, ends = max(one[1], other[1]), [version[2] for version in (one, other) if version[2] is not None]
    return one[0] == other[0] and (not ends or begins < min(ends))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=_VERSIONS, at=_TIMES, known_at=_TIMES)
def test_the_seek_agrees_with_the_rule_in_words(
    rows: Rows, look: Look, versions: list[Any], at: datetime, known_at: datetime
) -> None:  # fmt: skip
    """The row with the greatest valid_from ≤ at among those recorded ≤ known_at and not superseded by then."""
    kept: list[Any] = []
    for version in versions:
        if _is_forwards(version) and not any(_overlap(version, other) for other in kept):
            kept.append(version)
    run = rows.run(NOW)
    with writing(rows.engine) as connection:
        forget(connection, t.price)
    for valid_from, recorded_at, superseded_at, amount in kept:
        rows.price(amount, valid_from, recorded_at=recorded_at, superseded_at=superseded_at, run=run)
    known = [one for one in kept if one[1] <= known_at and (one[2] is None or one[2] > known_at)]
    due = max((one for one in known if one[0] <= at), key=lambda one: one[:2], default=None)
    expected = [due[3]] if due and due[3] is not None else []
    assert look.amounts(at, known_at) == expected


def test_prices_are_found_by_every_part_of_their_scope(rows: Rows, look: Look) -> None:
    rows.source("openrouter", kind="gateway")
    rows.price("1", NOW)
    rows.price("2", NOW, unit="output_tokens")
    rows.price("3", NOW, tier="batch")
    rows.price("4", NOW, region="eu")
    rows.price("5", NOW, model="v5")
    rows.price("6", NOW, source="openrouter", model="x/v4")
    asked: list[dict[str, Any]] = [
        {"provider": "openrouter"}, {"model": "v5"}, {"tier": "batch"}, {"region": "eu"}, {"unit": "output_tokens"},
        {"source": "openrouter"}, {"seller": "gateway"},
        {"seller": "lab", "unit": "input_tokens", "tier": "standard", "region": ""},
    ]  # fmt: skip
    assert [look.amounts(NOW, **scope) for scope in asked] == [
        ["6"],
        ["5"],
        ["3"],
        ["4"],
        ["2"],
        ["6"],
        ["6"],
        ["1", "5"],
    ]


def test_prices_go_on_after_a_series(rows: Rows, look: Look) -> None:
    for number in range(5):
        rows.price(str(number), NOW, model=f"m{number}")
    first = look(queries.as_of, Scope(), NOW, LATER, limit=2)
    rest = look(queries.as_of, Scope(), NOW, LATER, after=first[-1].series_id)
    assert [str(price.amount) for price in first + rest] == ["0", "1", "2", "3", "4"]


def test_money_and_times_come_back_exact(rows: Rows, look: Look) -> None:
    at = NOW + timedelta(microseconds=1)
    rows.price("0.000000123456789012345678", at)
    [price] = look(queries.as_of, Scope(), at, LATER)
    assert (price.amount, price.valid_from) == (Decimal("0.000000123456789012345678"), at)
    assert look.amounts(NOW) == []


def test_a_timeline_has_every_version_and_where_it_ended(rows: Rows, look: Look) -> None:
    rows.price("1", NOW)
    rows.price("9", NOW + DAY, superseded_at=NOW + 2 * DAY)
    rows.price("2", NOW + DAY, recorded_at=NOW + 2 * DAY)
    rows.price(None, NOW + 5 * DAY)
    told = [
        (version.amount and str(version.amount), version.valid_to, version.superseded_at)
        for version in look(queries.timeline, Scope(provider="deepseek", model="v4"))
    ]
    assert told == [
        ("1", NOW + DAY, None),
        ("9", None, NOW + 2 * DAY),
        ("2", NOW + 5 * DAY, None),
        (None, None, None),
    ]


def test_a_timeline_goes_on_where_it_stopped(rows: Rows, look: Look) -> None:
    for days in range(5):
        rows.price(str(days), NOW + days * DAY)
    whole = look(queries.timeline, Scope())
    for cut in range(1, 5):
        rest = look(queries.timeline, Scope(), after=whole[cut - 1].position)
        assert whole[:cut] + rest == whole


def test_changes_are_read_behind_a_cursor_in_both_directions(rows: Rows, look: Look) -> None:
    flash_cut(rows)
    ids = [change.id for change in look(queries.changes_after, Wanted(), 0, 100)]
    assert ids == [1, 2, 3, 4, 5]
    assert [change.id for change in look(queries.changes_after, Wanted(), 2, 2)] == [3, 4]
    assert [change.id for change in look(queries.changes_before, Wanted(), None, 2)] == [5, 4]
    assert [change.id for change in look(queries.changes_before, Wanted(), 4, 9)] == [3, 2, 1]


def test_changes_are_filtered_where_they_are_stored(rows: Rows, look: Look) -> None:
    rows.source("openrouter", kind="gateway")
    rows.story(
        None,
        moved("input_tokens", "1", "1.1"),
        moved("output_tokens", "2", "1"),
        moved("cache_read_tokens", "0", "1"),
        {"kind": "terms_changed", "old_terms": (), "new_terms": ("x",)},
    )
    rows.story(None, moved("input_tokens", "1", "3"), at=NOW + DAY, source="openrouter", model="x/v4")
    wanted = {
        "up": Wanted(direction="up"),
        "down": Wanted(direction="down"),
        "by 50 % or from zero": Wanted(min_bp=5000),
        "gateways": Wanted(Scope(seller="gateway")),
        "terms": Wanted(kind=EventKind.TERMS_CHANGED),
        "one unit": Wanted(Scope(unit="input_tokens")),
        "since": Wanted(since=NOW + DAY),
        "until": Wanted(until=NOW + DAY),
    }
    found = {name: [one.id for one in look(queries.changes_after, asked, 0, 99)] for name, asked in wanted.items()}
    assert found == {
        "up": [1, 3, 5],
        "down": [2],
        "by 50 % or from zero": [2, 3, 5],
        "gateways": [5],
        "terms": [4],
        "one unit": [1, 5],
        "since": [5],
        "until": [1, 2, 3, 4],
    }


def test_a_story_that_matches_is_told_whole_and_with_its_pages(rows: Rows, look: Look) -> None:
    story_id = flash_cut(rows)
    [story] = look(queries.stories, Wanted(Scope(unit="cache_read_tokens")), None, 10)
    assert (story.id, len(story.changes), len(story.evidence)) == (story_id, 5, 1)
    assert story.changes[3].conditions == '{"min_input_tokens":256001}'
    assert story.changes[2].new == usd("0.0028")


def test_stories_come_newest_first_behind_a_cursor(rows: Rows, look: Look) -> None:
    ids = [
        rows.story(None, moved("input_tokens", "1", "2"), moved("output_tokens", "1", "2"), at=NOW + n * HOUR)
        for n in range(4)
    ]
    assert [story.id for story in look(queries.stories, Wanted(), None, 2)] == ids[:1:-1]
    assert [story.id for story in look(queries.stories, Wanted(), ids[2], 9)] == ids[1::-1]
    assert look(queries.story, 4711) is None


def test_models_are_listed_with_their_offers(rows: Rows, look: Look) -> None:
    rows.offer("b-Flash", terms=("free",))
    rows.offer("b-Flash", tier="batch", withdrawn=True)
    rows.offer("a_flash", withdrawn=True)
    rows.offer("aXflash", source="zhipu")
    listed = look(queries.models)
    assert [(one.provider, one.model, one.withdrawn) for one in listed] == [
        ("deepseek", "a_flash", True), ("deepseek", "b-Flash", False), ("zhipu", "aXflash", False),
    ]  # fmt: skip
    assert listed[1].offers[1].terms == ("free",)
    asked_for: dict[str, dict[str, Any]] = {
        "flash": {"contains": "FLASH", "provider_slug": "deepseek"}, "literal underscore": {"contains": "a_f"},
        "percent": {"contains": "%"}, "gone": {"withdrawn": True}, "live": {"withdrawn": False},
        "rest": {"after": ("deepseek", "a_flash"), "limit": 1},
    }  # fmt: skip
    names = {key: [one.model for one in look(queries.models, **asked)] for key, asked in asked_for.items()}
    assert names == {
        "flash": ["a_flash", "b-Flash"], "literal underscore": ["a_flash"], "percent": [], "gone": ["a_flash"],
        "live": ["b-Flash", "aXflash"], "rest": ["b-Flash"],
    }  # fmt: skip


def test_a_provider_is_listed_with_its_sources_and_live_offers(rows: Rows, look: Look) -> None:
    rows.offer("a")
    rows.offer("b", withdrawn=True)
    rows.source("deepseek_cny", provider="deepseek")
    rows.offer("c", source="deepseek_cny")
    [provider] = look(queries.providers)
    assert (provider.slug, provider.offers) == ("deepseek", 2)
    assert [source.name for source in provider.sources] == ["deepseek", "deepseek_cny"]


def test_runs_come_newest_first_and_by_outcome(rows: Rows, look: Look) -> None:
    rows.run(NOW, unread={"input.audio": 3})
    rows.run(NOW + DAY, outcome="failed", failure="PageChanged", message="no table")
    newest, first = look(queries.runs)
    assert (newest.outcome, newest.failure, first.unread) == (Outcome.FAILED, "PageChanged", {"input.audio": 3})
    assert look(queries.runs, outcome=Outcome.FAILED, source_name="deepseek") == [newest]
    assert look(queries.runs, before=newest.id) == [first]


def test_a_status_knows_the_last_success_and_the_last_failure(rows: Rows, look: Look) -> None:
    rows.source("never")
    good, bad = rows.run(NOW), rows.run(NOW + DAY, outcome="failed", failure="FetchFailed", message="503")
    rows.run(NOW + 2 * DAY, kind="reread")
    quote = usd("1")
    series_id = rows.series(quote=quote, conditions=Conditions(period="peak"))
    rows.held(series_id, "implausible_factor", usd("1000"), NOW, good)
    deepseek, never = look(queries.statuses, NOW)
    assert (deepseek.newest.id, deepseek.last_success.id, deepseek.last_failure.id) == (bad, good, bad)
    assert (deepseek.held[0].believed, deepseek.held[0].seen) == (quote, usd("1000"))
    assert (deepseek.offers, never.newest, never.held) == (1, None, ())


def test_a_snapshot_knows_where_it_was_used(rows: Rows, look: Look) -> None:
    first, second = rows.run(NOW, body=None), rows.run(NOW + DAY, body=None)
    digest = rows.fetch(first, "<p>1</p>")
    rows.fetch(second, "<p>1</p>")
    found = look(queries.snapshot, digest)
    assert (found.size, found.times_used, [use.run_id for use in found.uses]) == (8, 2, [second, first])
    assert look(queries.snapshot, "0" * 64) is None


def test_a_revision_moves_with_runs_with_events_and_with_announced_prices(rows: Rows, look: Look) -> None:
    empty = look(queries.revision, NOW)
    assert set(empty) == {None}
    rows.price("1", NOW)
    rows.price("2", NOW + 5 * DAY, recorded_at=NOW)
    ran = look(queries.revision, NOW)
    assert (ran.run_id, ran.event_id, ran.effective_at) == (1, None, None)
    assert look(queries.revision, NOW + 4 * DAY) == ran
    assert look(queries.revision, NOW + 5 * DAY).effective_at == NOW + 5 * DAY
    flash_cut(rows)
    assert look(queries.revision, NOW).event_id == 5


def test_a_database_without_tables_says_so(blank_engine: Engine) -> None:
    def ask(connection: Connection) -> object:
        return queries.revision(connection, NOW)

    look = Look(blank_engine)
    assert look(queries.is_migrated) is False
    with pytest.raises((OperationalError, ProgrammingError)) as raised:
        look(ask)
    assert isinstance(raised.value, DBAPIError)
