"""How money, times, words and ids are stored, alike on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Numeric, SmallInteger, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from history.model import plain
from history.times import EPOCH, aware, from_micros, to_micros


class Money(TypeDecorator[Decimal]):
    """Exact decimals: NUMERIC on PostgreSQL, plain decimal text on SQLite (whose NUMERIC is a float)."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | str | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value if isinstance(value, str) else plain(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        # PostgreSQL's driver gives decimals; to look at each of them again costs as much as the answer.
        return super().result_processor(dialect, coltype) if dialect.name == "sqlite" else None


class Moment(TypeDecorator[datetime]):
    """Aware UTC times: timestamptz on PostgreSQL, microseconds since 1970 on SQLite (which drops offsets)."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return to_micros(value) if dialect.name == "sqlite" else aware(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return from_micros(value) if dialect.name == "sqlite" else aware(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        # PostgreSQL's driver gives aware times in the zone of its session, which is UTC (history.db).
        return _moment if dialect.name == "sqlite" else None


def _moment(micros: int | None) -> datetime | None:
    # from_micros, without another call for each of twenty thousand.
    return None if micros is None else EPOCH + timedelta(0, 0, micros)


class Closing(Moment):
    """When a version ceased to be believed; None while it is. Stored as 1970-01-01, so that it can be part of a key
    and costs no byte on SQLite: compare with OPEN, never with NULL."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return super().process_bind_param(value or OPEN, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        closed = super().process_result_value(value, dialect)
        return None if closed == OPEN else closed

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return TypeDecorator.result_processor(self, dialect, coltype)


class Word(TypeDecorator[str]):
    """One of a few fixed words, stored as its number: a word in every row of ten million is 90 MB."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else self.words.index(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else self.words[value]


OPEN = from_micros(0)

# SQLite makes only INTEGER PRIMARY KEY an alias of the row's own id.
Id = BigInteger().with_variant(Integer(), "sqlite")
