"""All the versions of LiteLLM's map there are, imported, against an independent comparison of the same files."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

import migrations
from crawler.importing import import_all, versions
from history import tables as t
from history.db import connect
from history.db import reading as reading_from
from history.evidence import pages_of
from history.place import Place
from history.recorder import AlreadyRecorded
from tests.brute_maps import BruteForce, Page, Told, jumps, written
from tests.conftest import ROOT
from tests.crawler.reading_places import numbers_at
from tests.test_replay import rows_of

MAPS = ROOT.parent / "shared" / "maps" / "litellm"
# A key of the map, and not one of what an entry may hold.
OBJECT = re.compile(
    rb'"((?!search_context|off_peak|provider_specific|metadata|token_count|search_free|guardrail)[^"]+)"\s*:\s*\{'
)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def files() -> list[Path]:
    if not MAPS.is_dir():
        pytest.skip("no real price maps here: ../shared/maps is absent")
    return sorted(MAPS.iterdir())


@pytest.fixture(scope="module")
def imported(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('imported')}/tokentape.sqlite3")
    migrations.upgrade(engine)
    assert len(list(import_all(engine, "litellm", versions(files, None, NOW), NOW))) == len(files) == 51
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def independent(files: list[Path]) -> BruteForce:
    force = BruteForce()
    for version in versions(files, None, NOW):
        force.next_map(version.at.isoformat(), Page(version.file))
    return force


def told(engine: Engine) -> Counter[Told]:
    """The change events in the words of the independent comparison, which knows no terms."""
    event, provider, offer, series = t.change_event.c, t.provider.c, t.offer.c, t.series.c
    whole = (
        select(event.effective_at, event.kind, provider.slug, offer.model, offer.tier, offer.region)
        .add_columns(series.unit, series.conditions, event.old_amount, event.new_amount)
        .join_from(t.change_event, t.offer, offer.id == event.offer_id)
        .join(t.provider, provider.id == offer.provider_id)
        .outerjoin(t.series, series.id == event.series_id)
        .where(event.kind != "terms_changed")
    )
    with reading_from(engine) as connection:
        return Counter(
            (
                row[0].isoformat(),
                row[1],
                tuple(row[2:6]),
                (row[6] or "", row[7] or ""),
                # Brute force knows no price without conditions that stands in for one under them.
                written(None if row[1] == "price_added" else row[8]),
                written(None if row[1] == "price_removed" else row[9]),
            )
            for row in connection.execute(whole)
        )


def test_the_changes_are_exactly_those_of_an_independent_comparison(imported: Engine, independent: BruteForce) -> None:
    ours, theirs = told(imported), Counter(independent.told)
    assert ours - theirs == Counter()
    assert theirs - ours == Counter()
    assert len(theirs) > 25_000


def test_of_the_tenfold_jumps_in_the_maps_those_that_were_believable_in_themselves_are_held(
    imported: Engine, independent: BruteForce, files: list[Path]
) -> None:
    """Of the 345 in the raw fields many are the way back, or say the same of one offer under two keys; and 180 of
    novita's and W&B's go to or come from a price above any ever listed, which is left out by name instead."""
    assert jumps(files) == 345
    with reading_from(imported) as connection:
        by_rule = select(t.held.c.rule, func.count()).group_by(t.held.c.rule)
        rules: dict[str, int] = dict(connection.execute(by_rule).all())
        rejected = connection.execute(select(func.count()).where(t.rejection.c.rule == "absurd_price")).scalar_one()
        ever = connection.execute(select(func.sum(t.run.c.held))).scalar_one()
    assert rules == {"implausible_factor": 123, "implausible_together": 55}
    assert sum(rules.values()) == len(independent.waiting)
    assert ever == 233
    assert rejected > 300


def test_what_is_held_is_what_the_independent_comparison_waits_for(imported: Engine, independent: BruteForce) -> None:
    held = (
        select(t.provider.c.slug, t.offer.c.model, t.offer.c.tier, t.offer.c.region)
        .add_columns(t.series.c.unit, t.series.c.conditions, t.held.c.first_seen_at)
        .join_from(t.held, t.series, t.series.c.id == t.held.c.series_id)
        .join(t.offer, t.offer.c.id == t.series.c.offer_id)
        .join(t.provider, t.provider.c.id == t.offer.c.provider_id)
    )  # fmt: skip
    with reading_from(imported) as connection:
        ours = {(tuple(row[:4]), tuple(row[4:6]), row[6].isoformat()) for row in connection.execute(held)}
    assert ours == {(*waiting, first) for waiting, (_, first) in independent.waiting.items()}


def test_every_version_is_one_run_with_its_bytes_and_the_word_of_a_map(imported: Engine, files: list[Path]) -> None:
    with reading_from(imported) as connection:
        runs = connection.execute(select(t.run.c.observed_at, t.run.c.outcome).order_by(t.run.c.id)).all()
        kept = connection.execute(select(t.fetch.c.url, t.snapshot.c.size).join(t.snapshot)).all()
        bases = connection.execute(select(t.price.c.basis).distinct()).scalars().all()
    assert [run.observed_at.date().isoformat() for run in runs] == [file.name[:10] for file in files]
    assert {run.outcome for run in runs} == {"complete"}
    assert {row.url.partition("#")[2] for row in kept} == {file.name for file in files}
    assert bases == ["imported"]


def test_every_price_is_found_again_at_the_byte_of_its_file(imported: Engine) -> None:
    """Looked at there by itself: a number of that amount, in an entry whose key ends with the model's name."""
    stated = (
        select(t.price.c.run_id, t.price.c.place, t.price.c.amount, t.offer.c.model)
        .join_from(t.price, t.series, t.series.c.id == t.price.c.series_id)
        .join(t.offer, t.offer.c.id == t.series.c.offer_id)
        .where(t.price.c.amount.is_not(None))
    )
    with reading_from(imported) as connection:
        rows = connection.execute(stated).all()
        files = {run_id: pages_of(connection, run_id)[0].body for run_id in {row.run_id for row in rows}}
    assert len(rows) > 19_000
    for row in rows:
        body, place = files[row.run_id], Place.of_code(row.place)
        assert numbers_at(place, body, "application/json") == [row.amount]
        at = place.byte or 0
        key = OBJECT.findall(body, max(0, at - 8000), at)[-1].decode()
        assert key.endswith(row.model), (row, place.text)


def test_the_same_files_again_change_nothing(imported: Engine, files: list[Path]) -> None:
    before = rows_of(imported)
    again = import_all(imported, "litellm", versions(files, None, NOW), NOW)
    assert all(isinstance(result, AlreadyRecorded) for result in again)
    assert rows_of(imported) == before


def test_both_databases_hold_the_same_rows_of_the_first_versions(
    files: list[Path], engine: Engine, tmp_path: Path
) -> None:
    first = files[:6]
    alone = connect(f"sqlite:///{tmp_path}/alone.sqlite3")
    migrations.upgrade(alone)
    for database in (engine, alone):
        assert len(list(import_all(database, "litellm", versions(first, None, NOW), NOW))) == 6
    ours, theirs = rows_of(engine), rows_of(alone)
    for name, rows in ours.items():
        assert rows == theirs[name], name
    alone.dispose()
