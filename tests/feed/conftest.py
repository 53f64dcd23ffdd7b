"""A database with rows in it, and a reader before the application."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from feed.app import create_app
from tests.feed.audience import Audience
from tests.feed.rows import HOUR, NOW, Rows

PUBLIC_URL = "https://tape.example"


@dataclass
class Clock:
    """The time that the application is told."""

    now: datetime = NOW + HOUR

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Statements:
    """The statements that went through SQLAlchemy: all but the revision, the prices and the evidence."""

    seen: list[str] = field(default_factory=list)

    def __call__(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            self.seen.append(statement)


@pytest.fixture
def rows(engine: Engine) -> Rows:
    return Rows(engine)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(engine: Engine, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(engine, PUBLIC_URL, clock), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """Every statement from now on that SQLAlchemy runs."""
    recorded = Statements()
    event.listen(engine, "before_cursor_execute", recorded)
    yield recorded.seen
    event.remove(engine, "before_cursor_execute", recorded)


@pytest.fixture
def audience(engine: Engine) -> Audience:
    return Audience(engine)
