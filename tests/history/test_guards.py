"""What the database refuses, whoever writes to it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from history import tables as t
from history.db import reading, writing
from tests.feed.rows import NOW, Rows

HOUR = timedelta(hours=1)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


def kept(engine: Engine) -> list[tuple[Any, ...]]:
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(t.price).order_by(*t.price.primary_key))]


@pytest.mark.parametrize(
    ("recorded", "superseded"),
    [(0, None), (1, None), (0, 1), (1, 3), (-1, 1), (-2, None), (0, 2), (4, 3), (4, 4)],
    ids=["live", "live inside", "inside", "over the end", "over the start", "around", "the same", "backwards", "empty"],
)
def test_versions_of_one_moment_that_were_believed_at_one_time_cannot_both_be_written(
    rows: Rows, recorded: int, superseded: int | None
) -> None:
    """The one that is there was believed from 0 until 2 hours after NOW."""
    rows.price("1", NOW, recorded_at=NOW, superseded_at=NOW + 2 * HOUR)
    before = kept(rows.engine)
    with pytest.raises(IntegrityError):
        rows.price(
            "2", NOW, recorded_at=NOW + recorded * HOUR, run=1,
            superseded_at=None if superseded is None else NOW + superseded * HOUR,
        )  # fmt: skip
    assert kept(rows.engine) == before


@pytest.mark.parametrize(("recorded", "superseded"), [(2, None), (2, 3), (-2, 0)])
def test_versions_of_one_moment_that_were_believed_one_after_the_other_can(
    rows: Rows, recorded: int, superseded: int | None
) -> None:
    rows.price("1", NOW, recorded_at=NOW, superseded_at=NOW + 2 * HOUR)
    until = None if superseded is None else NOW + superseded * HOUR
    rows.price("2", NOW, recorded_at=NOW + recorded * HOUR, superseded_at=until, run=1)
    assert len(kept(rows.engine)) == 2


CHANGED = {
    "amount": 2, "currency": "EUR", "per": 1, "valid_from": NOW - HOUR, "recorded_at": NOW - HOUR, "run_id": 2,
    "place": 7, "basis": "stated",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGED)
def test_a_recorded_version_is_never_changed(rows: Rows, column: str) -> None:
    rows.price("1", NOW)
    rows.run(NOW + HOUR)
    before = kept(rows.engine)
    with pytest.raises(IntegrityError, match="never changed or deleted"), writing(rows.engine) as connection:
        connection.execute(update(t.price).values({column: CHANGED[column]}))
    assert kept(rows.engine) == before


def test_a_version_is_closed_once_and_not_before_it_was_recorded(rows: Rows) -> None:
    rows.price("1", NOW)
    for too_early in (NOW, NOW - HOUR):
        with pytest.raises(IntegrityError), writing(rows.engine) as connection:
            connection.execute(update(t.price).values(superseded_at=too_early))
    with writing(rows.engine) as connection:
        connection.execute(update(t.price).values(superseded_at=NOW + HOUR))
    for other in (NOW + 2 * HOUR, None):
        with pytest.raises(IntegrityError, match="never changed"), writing(rows.engine) as connection:
            connection.execute(update(t.price).values(superseded_at=other))


@pytest.mark.parametrize("table", ["price", "change_event", "fetch", "run", "snapshot"])
def test_what_is_on_record_is_never_deleted(rows: Rows, table: str) -> None:
    rows.price("1", NOW)
    rows.story(None, {"kind": "price_raised", "old": None, "new": None, "unit": "input_tokens"})
    known = t.metadata.tables[table]
    with pytest.raises(IntegrityError, match="never changed or deleted"), writing(rows.engine) as connection:
        connection.execute(delete(known))


@pytest.mark.parametrize(
    ("table", "values"),
    [("change_event", {"change_bp": 1}), ("run", {"events": 9}), ("fetch", {"url": "x"}), ("snapshot", {"size": 1})],
)
def test_what_is_on_record_is_never_written_anew(rows: Rows, table: str, values: dict[str, Any]) -> None:
    rows.price("1", NOW)
    rows.story(None, {"kind": "price_raised", "old": None, "new": None, "unit": "input_tokens"})
    with pytest.raises(IntegrityError, match="never changed or deleted"), writing(rows.engine) as connection:
        connection.execute(update(t.metadata.tables[table]).values(values))


def test_the_guards_hold_against_sql_that_knows_nothing_of_us(rows: Rows) -> None:
    rows.price("1", NOW)
    with pytest.raises(IntegrityError), writing(rows.engine) as connection:
        connection.execute(text("UPDATE price SET amount = '0'"))
    copied = insert(t.price).from_select([column.name for column in t.price.c], select(t.price))
    with pytest.raises(IntegrityError), writing(rows.engine) as connection:
        connection.execute(copied)
