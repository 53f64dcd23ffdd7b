"""The questions that are asked thousands of times a second: SQLAlchemy writes the SQL once, the driver runs it.

Running a compiled statement through SQLAlchemy costs 60 µs; SQLite finds the prices of a model in 30 (2026-11).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, starmap
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningUpdate

Convert = Callable[[Any], Any]
Made = TypeVar("Made")
AT_ONCE = 300


class Prepared:
    """A select, or an update that returns, compiled for one dialect, with the conversions of its parameters and
    columns."""

    def __init__(self, statement: Select[Any] | ReturningUpdate[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.dialect, self.sql = dialect, compiled.string
        self.positions: list[str] | None = compiled.positiontup
        self.fixed = dict(compiled.params)
        self.bind: dict[str, Convert] = {}
        for parameter, name in compiled.bind_names.items():
            if (bind := parameter.type.dialect_impl(dialect).bind_processor(dialect)) is not None:
                self.bind[name] = bind
                self.fixed[name] = None if self.fixed[name] is None else bind(self.fixed[name])
        self.types = [column.type.dialect_impl(dialect) for column in statement.exported_columns]
        self.converts: list[tuple[int, Convert]] | None = None

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """All rows; parameters by name. Errors of the driver arrive as SQLAlchemy's."""
        return list(chain.from_iterable(self._answered(connection, parameters)))

    def made(self, connection: Connection, parameters: Mapping[str, Any], make: Callable[..., Made]) -> list[Made]:
        """What `make` makes of the columns of each row."""
        return list(starmap(make, chain.from_iterable(self._answered(connection, parameters))))

    def _answered(self, connection: Connection, parameters: Mapping[str, Any]) -> Iterator[Iterable[tuple[Any, ...]]]:
        bound = self.fixed.copy()
        for name, value in parameters.items():
            bound[name] = self.bind[name](value) if name in self.bind else value
        given = bound if self.positions is None else [bound[name] for name in self.positions]
        cursor = connection.connection.cursor()
        errors = self.dialect.loaded_dbapi.Error
        try:
            cursor.execute(self.sql, given)
            yield from self._fetched(cursor)
        except errors as error:
            raise DBAPIError.instance(self.sql, None, error, errors, dialect=self.dialect) from error
        finally:
            cursor.close()

    def _fetched(self, cursor: Any) -> Iterator[Iterable[tuple[Any, ...]]]:
        """Some rows at a time: what the driver gave of them is gone again before the next ones come. Kept until the
        end, it made the collector of garbage look through all of it, which took as long as the conversions."""
        if self.converts is None:
            self.converts = list(self._conversions(cursor.description))
        known: list[dict[Any, Any]] = [{None: None} for _ in self.converts]
        while rows := cursor.fetchmany(AT_ONCE):
            yield self._converted(rows, known) if known else rows
            if len(rows) < AT_ONCE:
                break

    def _converted(self, rows: Sequence[tuple[Any, ...]], known: Sequence[dict[Any, Any]]) -> Iterable[tuple[Any, ...]]:
        """Column by column, and each value once: the prices of a page share their amounts and moments."""
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for (place, convert), converted in zip(self.converts or (), known, strict=True):
            column = columns[place]
            if column.count(None) < len(rows):
                for value in set(column).difference(converted):
                    converted[value] = convert(value)
                columns[place] = list(map(converted.__getitem__, column))
        return zip(*columns, strict=True)

    def _conversions(self, description: Sequence[Any]) -> Iterator[tuple[int, Convert]]:
        """What has to be done to which columns; the driver's own types are known from the first answer on."""
        for place, (type_, described) in enumerate(zip(self.types, description, strict=True)):
            if (convert := type_.result_processor(self.dialect, described[1])) is not None:
                yield place, convert
