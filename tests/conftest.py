"""What every test may ask for: migrated, empty databases of both kinds, and the recorded captures."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine

import migrations
from history.db import connect
from tests.postgres import Postgres, empty, running

ROOT = Path(__file__).parent.parent
RECORDED = ROOT.parent / "shared" / "recorded"

# A slow machine is not a bug.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    """The settings of whoever runs the tests are not the tests' settings."""
    for name in [
        name for name in os.environ if name.startswith("TOKENTAPE_") and not name.startswith("TOKENTAPE_TEST_")
    ]:
        del os.environ[name]
    # Many tests start the program: it need not be compiled each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, one a test process; where none can be had, the tests that need it fail."""
    with running() as server:
        yield server


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'tokentape.sqlite3')}"


@pytest.fixture
def postgresql_url(_postgresql_database: Engine) -> str:
    """A migrated, empty PostgreSQL database: the same one for each test of this process, emptied before."""
    empty(_postgresql_database)
    return _postgresql_database.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database, once of each kind; for tests that start processes."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated, empty database, once of each kind."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of its own where no migration has run, once of each kind."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'blank.sqlite3'}")
        yield engine
        engine.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    engine = connect(server.create_database())
    yield engine
    engine.dispose()
    server.drop_database(engine.url.render_as_string(hide_password=False))


@pytest.fixture
def recorded() -> Path:
    """The folder of real captures; they belong to others and are not part of the project."""
    if not RECORDED.is_dir():
        pytest.skip("no real captures here: ../shared/recorded is absent")
    return RECORDED


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "tokentape.sqlite3"
    engine = connect(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def _postgresql_database(postgres: Postgres) -> Iterator[Engine]:
    url = postgres.create_database()
    engine = connect(url)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()
    postgres.drop_database(url)
