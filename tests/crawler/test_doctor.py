"""tokentape doctor: a machine that is well, and what it says of each thing that is not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from sqlalchemy import Engine

import migrations
from crawler import doctor
from crawler.doctor import Finding, examine
from crawler.reading import spider_class, spider_names
from history.db import connect, recording
from history.recorder import record
from history.settings import Settings
from history.settings import settings as house
from tests.conftest import ROOT
from tests.history.pages import offer, price
from tests.history.pages import reading as page_read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHECKS = ["python", "data folder", "database", "chromium", "disk", "clock", "contact", "time zones"]


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tests that are about it start one."""
    monkeypatch.setattr(house(), "chromium", "no-such-browser")
    monkeypatch.setattr(house(), "chromium_sandbox", False)


def found(
    settings: Settings, now: datetime = NOW, is_current: Callable[[Engine], bool] = migrations.is_current
) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(settings, now, is_current)}


def configured(folder: Path, database_url: str = "", contact: str = "prices@example.org") -> Settings:
    return Settings(data=folder, database_url=database_url, contact=contact)


def test_a_machine_that_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house(), "chromium", "")
    findings = found(configured(tmp_path / "data"))
    assert list(findings) == CHECKS
    assert {name: str(finding) for name, finding in findings.items() if finding.state != "ok"} == {}
    assert "starts" in findings["chromium"].found
    assert not (tmp_path / "data").exists(), "a look makes nothing"


def test_a_database_that_is_there_and_migrated(database_url: str, tmp_path: Path) -> None:
    finding = found(configured(tmp_path, database_url=database_url))["database"]
    assert (finding.state, "has this version's tables" in finding.found) == ("ok", True)


def test_a_database_without_this_versions_tables(blank_engine: Engine, tmp_path: Path) -> None:
    with recording(blank_engine):
        """The file is there."""
    url = blank_engine.url.render_as_string(hide_password=False)
    finding = found(configured(tmp_path, database_url=url))["database"]
    assert (finding.state, finding.do) == ("problem", "Run: tokentape migrate")


@pytest.mark.parametrize("url", ["postgresql://me:secret@127.0.0.1:9/prices", "mysql://me:secret@127.0.0.1/prices"])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(url: str, tmp_path: Path) -> None:
    finding = found(configured(tmp_path, database_url=url))["database"]
    assert finding.state == "problem"
    assert "TOKENTAPE_DATABASE_URL" in finding.do
    assert "secret" not in str(finding)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "tokentape.sqlite3").write_text("prices, written by hand, for years and years" * 40)
    finding = found(configured(tmp_path))["database"]
    assert (finding.state, "not a database" in finding.found) == ("problem", True)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = found(configured(tmp_path / "file" / "data"))["data folder"]
    assert (finding.state, "TOKENTAPE_DATA" in finding.do) == ("problem", True)
    elsewhere = configured(tmp_path / "file" / "data", database_url="postgresql://127.0.0.1:9/prices")
    assert found(elsewhere)["data folder"].state == "advice", "PostgreSQL needs none"


def test_no_browser_is_a_problem_that_says_whom_it_concerns_and_how_to_get_one(tmp_path: Path) -> None:
    finding = found(configured(tmp_path))["chromium"]
    assert finding.state == "problem"
    drawn = ", ".join(name for name in spider_names() if spider_class(name).rendered)
    for word in (drawn, "playwright install --with-deps chromium", "package"):
        assert word in finding.do


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("echo 'requires the chromium snap' >&2; exit 1", "requires the chromium snap"),
        ('[ "$1" = --version ] && echo Chromium 150.0.1 && exit; echo "no libnss3.so" >&2; exit 1',
         "Chromium 150.0.1 at"),
    ],
)  # fmt: skip
def test_a_browser_that_does_not_start(does: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "chromium"
    broken.write_text(f"#!/bin/sh\n{does}\n")
    broken.chmod(0o755)
    monkeypatch.setattr(house(), "chromium", str(broken))
    finding = found(configured(tmp_path))["chromium"]
    assert (finding.state, says in finding.found) == ("problem", True), finding
    assert "\n" not in str(finding)


@pytest.mark.parametrize(("free_mb", "state"), [(100, "problem"), (500, "advice"), (2000, "ok")])
def test_how_much_room_is_left(free_mb: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free_mb * 1024**2})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert found(configured(tmp_path))["disk"].state == state


def test_a_clock_that_goes_wrong(engine: Engine, database_url: str, tmp_path: Path) -> None:
    settings = configured(tmp_path, database_url=database_url)
    assert "before this program was written" in found(settings, datetime(2020, 1, 1, tzinfo=UTC))["clock"].found
    with recording(engine) as connection:
        record(connection, page_read(NOW, offer("small", price("input_tokens", "1"))), NOW)
    assert found(settings, NOW)["clock"].state == "ok"
    finding = found(settings, NOW - timedelta(hours=1))["clock"]
    assert (finding.state, "before the newest run" in finding.found) == ("problem", True)


def test_no_contact_is_an_advice(tmp_path: Path) -> None:
    finding = found(configured(tmp_path, contact=" "))["contact"]
    assert (finding.state, "TOKENTAPE_CONTACT" in finding.do) == ("advice", True)


def test_an_old_python_and_missing_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._python((3, 10, 14)).state == "problem"
    assert doctor._python((3, 11, 0)).state == "ok"

    def without(_: str) -> None:
        raise ZoneInfoNotFoundError

    monkeypatch.setattr(doctor, "ZoneInfo", without)
    assert "tzdata" in doctor._zones().do


@pytest.mark.parametrize("chromium", ["", "no-such-browser"])
def test_the_command_tells_each_check_and_exits_with_1_where_something_is_wrong(chromium: str, tmp_path: Path) -> None:
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "TOKENTAPE_DATA": str(tmp_path / "data"),
        "TOKENTAPE_CHROMIUM": chromium, "TOKENTAPE_CHROMIUM_SANDBOX": "false",
    }  # fmt: skip
    if not chromium:
        del environment["TOKENTAPE_CHROMIUM"]
    command = [sys.executable, "-m", "tokentape", "doctor"]

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *more], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    done = run("--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["check"] for each in told] == CHECKS
    assert done.returncode == (1 if chromium else 0), told
    if chromium:
        said = run()
        assert (said.returncode, "playwright install --with-deps chromium" in said.stderr) == (1, True)


def test_every_engine_is_given_back(sqlite_url: str, tmp_path: Path) -> None:
    found(configured(tmp_path, database_url=sqlite_url))
    engine = connect(sqlite_url)
    assert migrations.is_current(engine)
    engine.dispose()
