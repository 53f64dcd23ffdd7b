"""Rows by the thousand come back as they were given, and the database's refusals arrive as ever."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from history import tables as t
from history.bulk import Columns, insert_columns, update_columns
from history.db import reading as reading_from
from history.db import recording
from history.ledger import MANY, insert
from history.recorder import record
from tests.history.pages import day, reading, simple


@pytest.fixture
def recorded(engine: Engine) -> Engine:
    """One offer with two series, in run 1."""
    with recording(engine) as connection:
        record(connection, reading(day(0), simple("a", "3")), day(0))
    return engine


def versions(number: int) -> Columns:
    """So many versions of series 1, a day apart, announced on the day after the first run."""
    return {
        "series_id": [1] * number,
        "valid_from": [day(2 + n) for n in range(number)],
        "recorded_at": [day(1)] * number,
        "superseded_at": [None] * number,
        "amount": [Decimal(n) / 8 if n % 2 else None for n in range(number)],
        "ends_at": [day(400) if n % 3 else None for n in range(number)],
        "basis": ["stated"] * number,
        "run_id": [1] * number,
    }


def test_columns_come_back_as_rows(recorded: Engine) -> None:
    given = versions(20)
    with recording(recorded) as connection:
        insert_columns(connection, t.price, given)
    kept = select(*(t.price.c[name] for name in given)).where(t.price.c.recorded_at == day(1))
    with reading_from(recorded) as connection:
        rows = connection.execute(kept.order_by(t.price.c.valid_from)).all()
    assert [tuple(row) for row in rows] == list(zip(*given.values(), strict=True))


def test_only_the_rows_that_are_named_are_updated(recorded: Engine) -> None:
    with recording(recorded) as connection:
        before = connection.execute(select(t.series.c.quote).where(t.series.c.id == 2)).scalar()
        update_columns(connection, t.series, [1], {"quote": ["7 USD/1000000"], "in_force_from": [day(1)]})
    series = select(t.series.c.id, t.series.c.quote, t.series.c.in_force_from).order_by(t.series.c.id)
    with reading_from(recorded) as connection:
        first, second = connection.execute(series).all()
    assert (first.quote, first.in_force_from) == ("7 USD/1000000", day(1))
    assert (second.quote, second.in_force_from) == (before, day(0))


def test_what_the_database_refuses_is_an_error_of_sqlalchemy(recorded: Engine) -> None:
    twice = {name: [*column, *column] for name, column in versions(1).items()}
    with pytest.raises(IntegrityError), recording(recorded) as connection:
        insert_columns(connection, t.price, twice)


def test_a_moment_without_an_offset_is_refused(recorded: Engine) -> None:
    naive = {**versions(1), "valid_from": [(day(2) + timedelta(0)).replace(tzinfo=None)]}
    with pytest.raises(ValueError, match="no offset"), recording(recorded) as connection:
        insert_columns(connection, t.price, naive)


@pytest.mark.parametrize("number", [1, MANY - 1, MANY, 3 * MANY])
def test_few_rows_and_many_come_back_alike(recorded: Engine, number: int) -> None:
    rows = [
        {"run_id": 1, "ordinal": n, "rule": "not_a_price", "model": f"m{n % 3}", "message": f"{n} is none"}
        for n in range(number)
    ]
    with recording(recorded) as connection:
        insert(connection, t.rejection, rows)
    with reading_from(recorded) as connection:
        found = connection.execute(select(t.rejection).order_by(t.rejection.c.ordinal)).mappings()
        assert [dict(row) for row in found] == rows
