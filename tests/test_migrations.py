"""The migrations: up and down with data on both databases, and exactly the tables that the code declares."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from msgspec import structs
from sqlalchemy import CheckConstraint, Column, Connection, Engine, Table, func, inspect, select
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError
from sqlalchemy.types import Boolean, Date, Integer, LargeBinary
from zstandard import ZstdDecompressor

import migrations
from feed.alerts.tables import metadata
from history import evidence
from history.columns import Moment, Money
from history.db import reading, recording, writing
from history.model import Fetched, Provider
from history.queries import Scope, as_of
from history.recorder import record
from history.tables import change_event, price, snapshot
from tests.history.pages import LAB, SOURCE, simple
from tests.history.pages import reading as seen

ROOT = Path(__file__).parent.parent
NOW = datetime(2026, 5, 22, 16, 0, 0, 123456, tzinfo=UTC)
# A word that each CHECK … IN (…) admits.
ADMITTED: dict[str, Any] = {
    "provider.kind": "lab",
    "run.kind": "crawl",
    "run.outcome": "complete",
    "price.basis": "stated",
    "source.witness": "first_party",
    "volume.period": "day",
    "snapshot.base": None,
    "api_key.scope": "admin",
    "subscription.channel": "webhook",
    "subscription.cadence": "instant",
    "subscription.state": "active",
    "delivery.state": "pending",
}
CHECKS = sorted(
    (str(table.name), str(check.name))
    for table in metadata.sorted_tables
    for check in table.constraints
    if isinstance(check, CheckConstraint)
)


def test_the_migrated_tables_are_those_that_the_code_declares(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    with blank_engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_the_migrated_tables_are_the_declared_ones_in_every_constraint_index_and_option(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    migrated = described(blank_engine)
    assert len(migrated) >= len(metadata.tables)
    migrations.downgrade(blank_engine)
    with writing(blank_engine) as connection:
        metadata.create_all(connection)
    assert migrated == described(blank_engine)


def test_a_database_with_data_goes_down_to_nothing_and_up_again(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    with writing(blank_engine) as connection:
        fill(connection)
    migrations.downgrade(blank_engine)
    assert inspect(blank_engine).get_table_names() == ["alembic_version"]
    assert migrations.current(blank_engine) is None
    migrations.upgrade(blank_engine)
    assert migrations.is_current(blank_engine)
    assert set(counted(blank_engine).values()) == {0}
    with writing(blank_engine) as connection:
        fill(connection)


def test_what_is_in_the_tables_survives_a_second_upgrade(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    with writing(blank_engine) as connection:
        fill(connection)
    migrations.upgrade(blank_engine)
    assert set(counted(blank_engine).values()) == {1}


def test_every_table_gives_back_what_it_was_given(engine: Engine) -> None:
    with writing(engine) as connection:
        fill(connection)
    with reading(engine) as connection:
        for table in metadata.sorted_tables:
            assert dict(connection.execute(select(table)).one()._mapping) == example(table)


def test_two_processes_that_start_at_once_migrate_once(blank_engine: Engine, tmp_path: Path) -> None:
    url = blank_engine.url.render_as_string(hide_password=False)
    program = f"import migrations; from history.db import connect; migrations.upgrade(connect({url!r}))"
    command = [sys.executable, "-W", "error", "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in started] == [0, 0]
    assert migrations.is_current(blank_engine)


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(blank_engine: Engine) -> None:
    with writing(blank_engine) as connection:
        connection.exec_driver_sql("CREATE TABLE change_event (mine INTEGER)")
    with pytest.raises(DatabaseError):
        migrations.upgrade(blank_engine)
    assert inspect(blank_engine).get_table_names() == ["change_event"]


def test_the_alembic_command_reads_its_settings_from_pyproject(sqlite_url: str) -> None:
    environment = {**os.environ, "TOKENTAPE_DATABASE_URL": sqlite_url}
    command = [sys.executable, "-m", "alembic", "check"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, "No new upgrade operations detected."), ended.stderr


def test_a_second_live_version_of_a_series_from_the_same_moment_is_refused(engine: Engine) -> None:
    later = {"recorded_at": NOW + timedelta(minutes=1), "amount": Decimal("0.07")}
    with writing(engine) as connection:
        fill(connection)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(price.insert(), {**example(price), **later})


def test_a_superseded_version_makes_room_for_the_one_that_corrects_it(engine: Engine) -> None:
    corrected_at = NOW + timedelta(minutes=1)
    with writing(engine) as connection:
        fill(connection)
        connection.execute(price.update().values(superseded_at=corrected_at))
        live = {"superseded_at": None, "recorded_at": corrected_at, "amount": Decimal("0.07")}
        connection.execute(price.insert(), {**example(price), **live})
    assert counted(engine)["price"] == 2


@pytest.mark.parametrize(("table", "check"), CHECKS, ids=[str(name) for _, name in CHECKS])
def test_a_word_outside_the_vocabulary_is_refused(engine: Engine, table: str, check: str) -> None:
    column = check.removeprefix(f"{table}_")
    # A word that is stored as its number is refused before it gets to the database.
    with pytest.raises((IntegrityError, StatementError)), writing(engine) as connection:
        fill(connection, {table: {column: "nonsense"}})


def test_a_row_that_names_nothing_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(price.insert(), example(price))


def fill(connection: Connection, other: dict[str, dict[str, Any]] | None = None) -> None:
    """One row in every table, with `other` values where they are given."""
    for table in metadata.sorted_tables:
        connection.execute(table.insert(), {**example(table), **(other or {}).get(table.name, {})})


def example(table: Table) -> dict[str, Any]:
    return {column.name: value(column) for column in table.columns}


def value(column: Column[Any]) -> Any:
    """A value for the column; every number is 1, so that every reference finds its row."""
    if column.name == "superseded_at":
        return None
    match column.type:
        case Boolean():
            return False
        case Integer():
            return 1
        case Money():
            return Decimal("0.000000140000000000000000001")
        case Moment():
            return NOW
        case Date():
            return NOW.date()
        case LargeBinary():
            return b"\x28\xb5\x2f\xfd"
    return ADMITTED.get(str(column), "words")


def counted(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        return {table.name: len(connection.execute(select(table)).all()) for table in metadata.sorted_tables}


def described(engine: Engine) -> set[tuple[Any, ...]]:
    """Everything that the database itself says of its tables, without Alembic's own; where lines end says nothing."""
    of_kind = {"sqlite": SQLITE_SCHEMA, "postgresql": POSTGRESQL_SCHEMA}[engine.dialect.name]
    with reading(engine) as connection:
        # SQLite adds a column without a line break.
        return {tuple(" ".join(str(cell).split()) for cell in row) for row in connection.exec_driver_sql(of_kind)}


SQLITE_SCHEMA = "SELECT name, sql FROM sqlite_schema WHERE tbl_name <> 'alembic_version'"
POSTGRESQL_SCHEMA = """
    SELECT 'column', table_name, column_name, format('%s %s %s', udt_name, is_nullable, ordinal_position)
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
    UNION ALL SELECT 'index', tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
"""


def test_what_was_told_before_says_since_when_it_was_held_as_far_as_its_price_does(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    pages = [("3", "2"), ("0.03", "1.9"), ("0.03", "1.9"), ("0.02", "1.8")]
    for number, (input_price, other) in enumerate(pages):
        at = NOW + timedelta(hours=number)
        with recording(blank_engine) as connection:
            record(connection, seen(at, simple("a", input_price), simple("b", other)), at)
    told = events(blank_engine)
    held = [row["held_since"] for row in told]
    assert held == [None, NOW + timedelta(hours=1), None, None]
    migrations.downgrade(blank_engine, "0005")
    migrations.upgrade(blank_engine)
    assert events(blank_engine) == told
    with pytest.raises(DatabaseError), writing(blank_engine) as connection:
        connection.execute(change_event.update().values(held_since=NOW))


def events(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(select(change_event).order_by("id")).mappings()]


def test_a_map_of_many_billers_refuses_to_go_where_nobody_knows_them_and_nothing_is_touched(
    blank_engine: Engine,
) -> None:
    """Two billers share a model's name."""
    migrations.upgrade(blank_engine)
    map_of_two = replace(
        SOURCE, name="a_map", provider=Provider("map", "A map", "map"), witness="imported",
        billers={"acme": LAB, "other": Provider("other", "Other", "cloud")},
    )  # fmt: skip
    offers = [structs.replace(simple("a", amount), provider=who) for who, amount in (("acme", "1"), ("other", "2"))]
    with recording(blank_engine) as connection:
        record(connection, seen(NOW, *offers, source=map_of_two), NOW)
    before, told = described(blank_engine), counted(blank_engine)
    with pytest.raises(CommandError, match="2 offers of a_map are billed by others; map is a map"):
        migrations.downgrade(blank_engine, "0002")
    assert (described(blank_engine), counted(blank_engine)) == (before, told)
    assert migrations.is_current(blank_engine)


def test_a_history_of_first_parties_goes_back_before_witnesses_and_comes_again(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    with recording(blank_engine) as connection:
        record(connection, seen(NOW, simple("a", "1"), simple("b", "2")), NOW)
    with reading(blank_engine) as connection:
        told = as_of(connection, Scope(), NOW, NOW)
    migrations.downgrade(blank_engine, "0002")
    migrations.upgrade(blank_engine)
    with reading(blank_engine) as connection:
        assert as_of(connection, Scope(), NOW, NOW) == told
    assert [one.model for one in told] == ["a", "a", "b", "b"]


def test_pages_that_are_kept_as_differences_are_kept_whole_again_on_the_way_down(blank_engine: Engine) -> None:
    migrations.upgrade(blank_engine)
    bodies = [
        "\n".join(f"{n * n * 7919:x} costs {n + (n == moved)}" for n in range(500)).encode() for moved in range(3)
    ]
    for number, body in enumerate(bodies):
        at = NOW + timedelta(hours=number)
        with recording(blank_engine) as connection:
            digest = evidence.keep(connection, body, "text/plain", at, SOURCE.url)
            record(connection, seen(at, simple("a", "3"), pages=(Fetched(SOURCE.url, digest, at),)), at)
    with reading(blank_engine) as connection:
        assert connection.execute(select(func.count(snapshot.c.base))).scalar() == 2
    migrations.downgrade(blank_engine, "0003")
    with reading(blank_engine) as connection:
        packed = connection.execute(select(snapshot.c.body_zstd, snapshot.c.size).order_by(snapshot.c.stored_at)).all()
    assert [ZstdDecompressor().decompress(row.body_zstd, max_output_size=row.size) for row in packed] == bodies
    with pytest.raises(DatabaseError), writing(blank_engine) as connection:
        connection.execute(snapshot.update().values(size=1))
    migrations.upgrade(blank_engine)
    with reading(blank_engine) as connection:
        kept = [evidence.read(connection, sha256(body).hexdigest()) for body in bodies]
    assert [one and one.body for one in kept] == bodies
