"""Whether this machine has what the program needs, and what to do where it has not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from crawler import browser
from crawler.failures import FetchFailed
from crawler.reading import spider_class, spider_names
from history import queries
from history.db import connect, reading
from history.settings import Settings

State = Literal["ok", "advice", "problem"]
# An hour of every source takes a few hundred megabytes while it is read; a year of history fits into a gigabyte.
LOW_DISK, SCARCE_DISK = 200 * 1024**2, 1024**3
# No clock that is right shows a time before this program was written.
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
SLACK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: a problem keeps something from working, an advice does not."""

    check: str
    state: State
    found: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.found}" + (f". {self.do}" if self.do else "")


def examine(settings: Settings, now: datetime, is_current: Callable[[Engine], bool]) -> Iterator[Finding]:
    """Every check, one after the other; `is_current` tells whether a database has this version's tables."""
    yield _python(sys.version_info[:3])
    yield _data(settings)
    database = _database(settings, is_current)
    yield database
    yield _chromium()
    yield _disk(settings)
    yield _clock(settings, now, database.state == "ok" and _exists(settings))
    yield _contact(settings)
    yield _zones()


def _python(version: tuple[int, int, int]) -> Finding:
    said = ".".join(map(str, version))
    if version < (3, 11, 0):
        return Finding("python", "problem", said, "Python 3.11 or newer is needed")
    return Finding("python", "ok", said)


def _data(settings: Settings) -> Finding:
    folder = settings.data.absolute()
    there = _nearest(folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        once = "" if there == folder else ", once it is made"
        return Finding("data folder", "ok", f"{folder} can be written{once}")
    do = "Give this user the folder, or name another in TOKENTAPE_DATA"
    # What lies in PostgreSQL needs no folder.
    state: State = "problem" if _is_file(settings) else "advice"
    return Finding("data folder", state, f"{folder} cannot be written, because of {there}", do)


def _database(settings: Settings, is_current: Callable[[Engine], bool]) -> Finding:
    try:
        where = make_url(settings.database).render_as_string(hide_password=True)
        if not _exists(settings):
            return Finding("database", "ok", f"{where} is made by the first `tokentape up` or `tokentape crawl`")
        engine = connect(settings.database)
        try:
            current = is_current(engine)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ValueError, OSError) as error:
        why = str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__]
        do = "Start it, or mend TOKENTAPE_DATABASE_URL"
        return Finding("database", "problem", f"it cannot be used: {why[0]}", do)
    if not current:
        return Finding("database", "problem", f"{where} has not this version's tables", "Run: tokentape migrate")
    return Finding("database", "ok", f"{where} has this version's tables")


def _chromium() -> Finding:
    need = ", ".join(name for name in spider_names() if spider_class(name).rendered)
    get = f"{need} cannot be read without it; all others can. To get one: {browser.HOW}"
    try:
        chromium = browser.find()
        version = browser.version(chromium)
    except (FetchFailed, OSError, subprocess.TimeoutExpired) as missing:
        said = str(missing).partition(";")[0] if isinstance(missing, FetchFailed) else str(missing)
        return Finding("chromium", "problem", said.partition("; ")[0], get)
    if why := _does_not_start(chromium):
        do = "As root it has no sandbox; in a container without one, TOKENTAPE_CHROMIUM_SANDBOX=false. Otherwise: "
        return Finding("chromium", "problem", f"{version} at {chromium} does not start ({why})", do + browser.HOW)
    shut_in = "" if browser.sandboxed() else ", without its sandbox"
    return Finding("chromium", "ok", f"{version} at {chromium} starts{shut_in}")


def _does_not_start(chromium: Path) -> str | None:
    """Start it as a crawl would; why it did not."""
    # A second that the other commands need not wait for.
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as driver:
            driver.chromium.launch(**browser.launch_options(chromium)).close()
    except (Error, OSError) as error:
        return browser.why_not(error)
    return None


def _disk(settings: Settings) -> Finding:
    there = _nearest(settings.data.absolute())
    free = shutil.disk_usage(there).free
    found = f"{free / 1024**3:.1f} GiB free at {there}"
    if free >= SCARCE_DISK:
        return Finding("disk", "ok", found)
    return Finding("disk", "problem" if free < LOW_DISK else "advice", found, "Make room, or move TOKENTAPE_DATA")


def _clock(settings: Settings, now: datetime, readable: bool) -> Finding:
    said, do = f"{now:%Y-%m-%d %H:%M} UTC", "Set the clock (NTP): the times of prices and the schedule depend on it"
    if now < WRITTEN:
        return Finding("clock", "problem", f"{said} is before this program was written", do)
    newest = _newest_run(settings, now) if readable else None
    if newest is not None and newest > now + SLACK:
        return Finding("clock", "problem", f"{said} is before the newest run, of {newest:%Y-%m-%d %H:%M} UTC", do)
    return Finding("clock", "ok", said)


def _newest_run(settings: Settings, now: datetime) -> datetime | None:
    engine = connect(settings.database)
    try:
        with reading(engine) as connection:
            runs = [source.newest.observed_at for source in queries.statuses(connection, now) if source.newest]
    finally:
        engine.dispose()
    return max(runs, default=None)


def _contact(settings: Settings) -> Finding:
    if settings.contact.strip():
        return Finding("contact", "ok", settings.contact.strip())
    do = "Set TOKENTAPE_CONTACT to an address, so that the operators of price pages can reach you"
    return Finding("contact", "advice", "none is set", do)


def _zones() -> Finding:
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        do = "Install your distribution's package tzdata"
        return Finding("time zones", "problem", "there are no data of time zones", do)
    return Finding("time zones", "ok", "their data are there")


def _is_file(settings: Settings) -> bool:
    return make_url(settings.database).get_backend_name() == "sqlite"


def _exists(settings: Settings) -> bool:
    """Not to be made by a look at it."""
    return not _is_file(settings) or Path(make_url(settings.database).database or "").is_file()


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())
