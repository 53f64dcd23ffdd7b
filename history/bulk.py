"""Rows by the thousand: SQLAlchemy writes the statement once, the driver runs it with columns that are converted whole.

Through SQLAlchemy each value of each row is looked up and converted by itself, which takes longer than the writing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam
from sqlalchemy.exc import DBAPIError

Columns = Mapping[str, Sequence[Any]]


def insert_columns(connection: Connection, table: Table, columns: Columns) -> None:
    """Rows that are given column by column."""
    _run(connection, _insert(table, tuple(columns), connection.dialect), columns)


def update_columns(connection: Connection, table: Table, ids: Sequence[int], columns: Columns) -> None:
    """What the rows with these ids say from now on."""
    _run(connection, _update(table, tuple(columns), connection.dialect), {"the_id": ids, **columns})


class _Statement:
    """A statement of one dialect, the order of its parameters, and what has to be done to them."""

    def __init__(self, compiled: Any, dialect: Dialect) -> None:
        named: list[str] = compiled.positiontup or re.findall(r"%\((\w+)\)s", compiled.string)
        self.names = named
        self.sql = compiled.string if compiled.positiontup else re.sub(r"%\(\w+\)s", "%s", compiled.string)
        self.converts: dict[str, Callable[[Any], Any]] = {}
        for parameter, name in compiled.bind_names.items():
            if (convert := parameter.type.dialect_impl(dialect).bind_processor(dialect)) is not None:
                self.converts[name] = convert


@lru_cache
def _insert(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Statement:
    return _Statement(table.insert().compile(dialect=dialect, column_keys=list(names)), dialect)


@lru_cache
def _update(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Statement:
    values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in names}
    statement = table.update().where(table.c.id == bindparam("the_id")).values(values)
    return _Statement(statement.compile(dialect=dialect), dialect)


def _run(connection: Connection, statement: _Statement, columns: Columns) -> None:
    given = [_converted(columns[name], statement.converts.get(name)) for name in statement.names]
    # Both drivers take any iterable; SQLAlchemy's type of their cursors says sequences.
    cursor: Any = connection.connection.cursor()
    errors = connection.dialect.loaded_dbapi.Error
    try:
        cursor.executemany(statement.sql, zip(*given, strict=True))
    except errors as error:
        raise DBAPIError.instance(statement.sql, None, error, errors, dialect=connection.dialect) from error
    finally:
        cursor.close()


def _converted(column: Sequence[Any], convert: Callable[[Any], Any] | None) -> Iterable[Any]:
    """Each value once: the rows of a run share their times, and many of them their amounts."""
    if convert is None:
        return column
    known = {value: convert(value) for value in set(column)}
    return map(known.__getitem__, column)
