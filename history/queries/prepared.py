"""The questions that are asked thousands of times a second: SQLAlchemy writes the SQL once, the driver runs it.

Running a compiled statement through SQLAlchemy costs 60 µs; SQLite finds the prices of a model in 30 (2026-11).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError

Convert = Callable[[Any], Any]


class Prepared:
    """A select, compiled for one dialect, with the conversions of its parameters and columns."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.dialect, self.sql = dialect, compiled.string
        self.positions: list[str] | None = compiled.positiontup
        self.fixed = dict(compiled.params)
        self.bind: dict[str, Convert] = {}
        for parameter, name in compiled.bind_names.items():
            if (bind := parameter.type.dialect_impl(dialect).bind_processor(dialect)) is not None:
                self.bind[name] = bind
                self.fixed[name] = None if self.fixed[name] is None else bind(self.fixed[name])
        self.types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
        self.converts: list[tuple[int, Convert]] | None = None

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
        """All rows; parameters by name. Errors of the driver arrive as SQLAlchemy's."""
        bound = self.fixed.copy()
        for name, value in parameters.items():
            bound[name] = self.bind[name](value) if name in self.bind else value
        given = bound if self.positions is None else [bound[name] for name in self.positions]
        cursor = connection.connection.cursor()
        errors = self.dialect.loaded_dbapi.Error
        try:
            cursor.execute(self.sql, given)
            rows = cursor.fetchall()
            if self.converts is None:
                self.converts = list(self._conversions(cursor.description))
        except errors as error:
            raise DBAPIError.instance(self.sql, None, error, errors, dialect=self.dialect) from error
        finally:
            cursor.close()
        return self._converted(rows)

    def _converted(self, rows: Sequence[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """Column by column, and each value once: the prices of a page share their amounts and moments."""
        if not rows or not self.converts:
            return rows
        columns: list[Iterable[Any]] = [map(itemgetter(place), rows) for place in range(len(self.types))]
        for place, convert in self.converts:
            columns[place] = map(_Once(convert).__getitem__, columns[place])
        return zip(*columns, strict=True)

    def _conversions(self, description: Sequence[Any]) -> Iterator[tuple[int, Convert]]:
        """What has to be done to which columns; the driver's own types are known from the first answer on."""
        for place, (type_, described) in enumerate(zip(self.types, description, strict=True)):
            if (convert := type_.result_processor(self.dialect, described[1])) is not None:
                yield place, convert


class _Once(dict[Any, Any]):
    """Value → what it is converted to, worked out when it is met first; nothing stays nothing."""

    def __init__(self, convert: Convert) -> None:
        super().__init__({None: None})
        self.convert = convert

    def __missing__(self, value: Any) -> Any:
        converted = self[value] = self.convert(value)
        return converted
