"""What tests of the crawler share: a server that misbehaves, and SQLite where the kind of database does not matter."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from history.db import connect
from tests.crawler.bad_answers import GOOD, OPENROUTER
from tests.crawler.drawn_pages import RENDERED, data, drawing
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


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the crawls of one test have their folders: it shall not end the browsers of others. Its path is short,
    for a browser makes a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="t-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> Iterator[MisbehavingServer]:
    """Pages for every rendered spider."""
    # They are our own, and some machines of CI allow no sandbox.
    monkeypatch.setenv("TOKENTAPE_CHROMIUM_SANDBOX", "false")
    with MisbehavingServer() as server:
        server.behaviours = {f"/{name}.json": data(name) for name in RENDERED}
        server.behaviours |= {f"/{name}": drawing(name) for name in RENDERED}
        yield server
