"""What tests of the crawler share: a server that misbehaves, and SQLite where the kind of database does not matter."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from history.db import connect
from tests.crawler.bad_answers import GOOD, OPENROUTER
from tests.misbehaving_server import MisbehavingServer


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        server.behaviours["/good"] = GOOD[OPENROUTER]
        yield server


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()
