"""Of every price the best witness, never a first party's hidden: by example, and against a brute force."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from history.db import reading, writing
from history.queries import Scope, Version, as_of, best_as_of, best_timeline
from tests.feed.rows import DAY, NOW, Rows
from tests.postgres import forget

MOVED = datetime(2024, 10, 2, tzinfo=UTC)
OLD, NEW = "gpt-4o-2024-05-13", "gpt-4o-2024-08-06"
WITNESSES = ("first_party", "documented", "gateway", "imported")


@pytest.fixture
def rows(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("openai")
    rows.source("facts", kind="map", witness="documented")
    rows.source("litellm", kind="map", witness="imported")
    return rows


def told(rows: Rows, source: str, amount: str | None, at: datetime, model: str = NEW, **series: Any) -> None:
    rows.price(amount, at, source=source, model=model, provider_id=rows.known["provider", "openai"], **series)


def best(rows: Rows, at: datetime = NOW, **scope: Any) -> list[tuple[str, str]]:
    with reading(rows.engine) as connection:
        found = best_as_of(connection, Scope(**scope), at, NOW)
    return [(one.source, str(one.amount)) for one in found]


def test_a_map_is_heard_where_nobody_better_speaks(rows: Rows) -> None:
    told(rows, "litellm", "2.5", MOVED)
    assert best(rows) == [("litellm", "2.5")]
    told(rows, "facts", "2.6", MOVED)
    assert best(rows) == [("facts", "2.6")]
    told(rows, "openai", "2.7", MOVED)
    assert best(rows) == [("openai", "2.7")]
    assert best(rows, witness="imported") == []


def test_a_first_party_that_no_longer_sells_leaves_the_word_to_others(rows: Rows) -> None:
    told(rows, "litellm", "2.5", MOVED)
    told(rows, "openai", "2.7", MOVED + DAY)
    told(rows, "openai", None, MOVED + 3 * DAY)
    assert [best(rows, MOVED + days * DAY) for days in range(4)] == [
        [("litellm", "2.5")], [("openai", "2.7")], [("openai", "2.7")], [("litellm", "2.5")],
    ]  # fmt: skip


def test_the_same_model_under_another_name_is_the_same_price_and_only_while_the_name_means_it(rows: Rows) -> None:
    told(rows, "openai", "2.5", MOVED - 30 * DAY, "gpt-4o")
    told(rows, "litellm", "9", MOVED - 30 * DAY, NEW)
    assert best(rows, MOVED - DAY) == [("openai", "2.5"), ("litellm", "9")]
    assert best(rows, MOVED) == [("openai", "2.5")]


@pytest.mark.parametrize("series", [{"tier": "batch"}, {"region": "eu"}, {"unit": "output_tokens"}])
def test_another_tier_region_or_unit_is_another_price(rows: Rows, series: dict[str, str]) -> None:
    told(rows, "openai", "2.5", MOVED)
    told(rows, "litellm", "9", MOVED, **series)
    assert len(best(rows)) == 2


def test_witnesses_of_one_rank_stand_side_by_side(rows: Rows) -> None:
    rows.source("llm-prices", kind="map", witness="imported")
    told(rows, "litellm", "2.5", MOVED)
    told(rows, "llm-prices", "2.6", MOVED)
    assert best(rows) == [("litellm", "2.5"), ("llm-prices", "2.6")]


def test_another_biller_is_another_price(rows: Rows) -> None:
    told(rows, "openai", "2.5", MOVED)
    rows.source("azure", kind="cloud")
    rows.price("3", MOVED, source="litellm", model="azure/" + NEW, provider_id=rows.known["provider", "azure"])
    assert best(rows) == [("openai", "2.5"), ("litellm", "3")]


def test_pages_are_full_though_much_is_left_out(rows: Rows) -> None:
    for number in range(5):
        told(rows, "litellm", "9", MOVED, f"m{number}")
        told(rows, "openai", "1", MOVED, f"m{number}")
    with reading(rows.engine) as connection:
        first = best_as_of(connection, Scope(), NOW, NOW, limit=3)
        rest = best_as_of(connection, Scope(), NOW, NOW, after=first[-1].series_id, limit=3)
    assert [one.model for one in first + rest] == ["m0", "m1", "m2", "m3", "m4"]
    assert {one.witness for one in first + rest} == {"first_party"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_first_parties_alone_cost_no_second_question(rows: Rows) -> None:
    told(rows, "openai", "2.5", MOVED)
    assert questions(rows) == 1
    told(rows, "litellm", "2.5", MOVED)
    assert questions(rows) == 1
    told(rows, "litellm", "2.5", MOVED, unit="output_tokens")
    assert questions(rows) > 1


def questions(rows: Rows) -> int:
    """How many statements the driver runs."""
    asked: list[str] = []
    with reading(rows.engine) as connection:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(asked.append)
        best_as_of(connection, Scope(), NOW, NOW)
        raw.set_trace_callback(None)
    return sum("SELECT" in statement for statement in asked)


def test_the_documented_past_is_told_up_to_where_the_first_party_begins(rows: Rows) -> None:
    told(rows, "facts", "5", MOVED - 100 * DAY)
    told(rows, "facts", "2.5", MOVED)
    told(rows, "openai", "2.5", MOVED + DAY)
    told(rows, "litellm", "2.4", MOVED - DAY)
    told(rows, "facts", "2.6", MOVED + 2 * DAY)
    with reading(rows.engine) as connection:
        found = best_timeline(connection, Scope(model=NEW))
        everything = best_timeline(connection, Scope(model=NEW, witness="imported"))
        pages = best_timeline(connection, Scope(model=NEW), after=found[0].position, limit=1)
    assert [(one.source, str(one.amount)) for one in found] == [("facts", "5"), ("facts", "2.5"), ("openai", "2.5")]
    assert everything == []
    assert pages == [found[1]]


@dataclass(frozen=True)
class Said:
    """One version: who says which price of what, from when on, and when we came to believe it."""

    witness: str
    model: str
    tier: str
    amount: str | None
    since: int
    known: int


NAMES = {"openai": ("gpt-4o", OLD, NEW, "other"), "openrouter": ("openai/gpt-4o", "openai/gpt-4o:extended")}
MODELS = st.sampled_from([(who, name) for who, names in NAMES.items() for name in names])


@st.composite
def _said(draw: st.DrawFn) -> tuple[str, Said]:
    who, model = draw(MODELS)
    since = draw(st.integers(-3, 3))
    witness, tier = draw(st.sampled_from(WITNESSES)), draw(st.sampled_from(("standard", "batch")))
    amount = draw(st.sampled_from((None, "1", "2", "3")))
    return who, Said(witness, model, tier, amount, since, draw(st.integers(since, 4)))


def _identity(who: str, model: str, day: int) -> str:
    """What the name meant: the brute force's own knowledge of one alias that moved."""
    if who == "openai" and model == "gpt-4o":
        return NEW if day >= 0 else OLD
    return model


Key = tuple[str, str, str, str]


def _in_force(history: list[tuple[str, Said]], at: int, known: int) -> dict[Key, Said]:
    """By who bills, witness, model and tier: what that witness says it costs."""
    newest: dict[Key, Said] = {}
    for who, said in sorted(history, key=lambda one: one[1].since):
        if said.since <= at and said.known <= known:
            newest[who, said.witness, said.model, said.tier] = said
    return {key: said for key, said in newest.items() if said.amount is not None}


def _best_rank(told: dict[Key, Said], key: Key, at: int) -> int:
    """Of those that tell the same price: the rank of the best."""
    who, _, model, tier = key
    subject = (who, _identity(who, model, at), tier)
    ranks = [WITNESSES.index(k[1]) for k in told if (k[0], _identity(k[0], k[2], at), k[3]) == subject]
    return min(ranks, default=len(WITNESSES))


def _expected(history: list[tuple[str, Said]], at: int, known: int) -> list[tuple[str, ...]]:
    told = _in_force(history, at, known)
    best = [key for key in told if WITNESSES.index(key[1]) == _best_rank(told, key, at)]
    return sorted((*key, str(told[key].amount)) for key in best)


def _expected_versions(history: list[tuple[str, Said]]) -> list[tuple[str, ...]]:
    """Every version at whose start nobody better has a price in force, as believed when all is known."""
    kept = []
    for who, said in history:
        key = (who, said.witness, said.model, said.tier)
        if WITNESSES.index(said.witness) <= _best_rank(_in_force(history, said.since, 99), key, said.since):
            kept.append((*key, str(said.since), str(said.amount)))
    return sorted(kept)


def _write(engine: Engine, history: list[tuple[str, Said]]) -> None:
    with writing(engine) as connection:
        forget(connection)
    rows = Rows(engine)
    for who in NAMES:
        rows.source(who)
    for who, said in history:
        name = f"{who} {said.witness}"
        rows.source(name, kind="map", provider=name, witness=said.witness)
        rows.price(
            said.amount, MOVED + said.since * DAY, recorded_at=MOVED + said.known * DAY, source=name, model=said.model,
            tier=said.tier, provider_id=rows.known["provider", who],
        )  # fmt: skip


HISTORIES = st.lists(
    _said(), max_size=14, unique_by=lambda one: (one[0], one[1].witness, one[1].model, one[1].tier, one[1].since)
)


@given(history=HISTORIES, at=st.integers(-4, 4), known=st.integers(-4, 5), limit=st.integers(1, 9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_witnesses_say_the_best_is_told_as_a_brute_force_finds_it(
    engine: Engine, history: list[tuple[str, Said]], at: int, known: int, limit: int
) -> None:
    _write(engine, history)
    moments = MOVED + at * DAY, MOVED + known * DAY
    found, after = [], 0
    with reading(engine) as connection:
        while page := best_as_of(connection, Scope(), *moments, after=after, limit=limit):
            found += page
            after = page[-1].series_id
        everything = as_of(connection, Scope(), *moments)
    assert sorted((one.provider, one.witness, one.model, one.tier, str(one.amount)) for one in found) == _expected(
        history, at, known
    )
    assert {one.series_id for one in everything if one.witness == "first_party"} <= {one.series_id for one in found}


@given(history=HISTORIES, limit=st.integers(1, 9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_history_is_told_by_its_best_witnesses_as_a_brute_force_finds_it(
    engine: Engine, history: list[tuple[str, Said]], limit: int
) -> None:
    _write(engine, history)
    found: list[Version] = []
    with reading(engine) as connection:
        while page := best_timeline(connection, Scope(), after=found[-1].position if found else None, limit=limit):
            found += page
    assert sorted(
        (one.provider, one.witness, one.model, one.tier, str((one.valid_from - MOVED).days), str(one.amount))
        for one in found
    ) == _expected_versions(history)
