"""Chromium on this machine: which one is taken, how it is started, and what its memory may be."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from crawler import browser
from crawler.failures import FetchFailed
from history.settings import settings


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine where nothing is installed; its PATH is `bin`, its home the folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(browser, "_USUAL", (str(tmp_path / "usual" / "chromium"),))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    for name in ("PLAYWRIGHT_BROWSERS_PATH", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(settings(), "chromium", "")
    return tmp_path


def program(path: Path, does: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


def test_playwrights_own_comes_first_then_the_path_then_the_usual_places(bare: Path) -> None:
    usual = program(bare / "usual" / "chromium")
    assert browser.find() == usual
    chrome = program(bare / "bin" / "google-chrome")
    assert browser.find() == chrome
    chromium = program(bare / "bin" / "chromium")
    assert browser.find() == chromium
    windowless = program(bare / ".cache/ms-playwright/chromium_headless_shell-1187/chrome-linux/headless_shell")
    assert browser.find() == windowless
    program(bare / ".cache/ms-playwright/chromium-999/chrome-linux/chrome")
    newest = program(bare / ".cache/ms-playwright/chromium-1187/chrome-linux64/chrome")
    assert browser.find() == newest
    elsewhere = program(bare / "browsers" / "chromium-1190" / "chrome-linux64" / "chrome")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PLAYWRIGHT_BROWSERS_PATH", str(bare / "browsers"))
        assert browser.find() == elsewhere


def test_what_cannot_be_started_is_no_browser(bare: Path) -> None:
    program(bare / "bin" / "chromium").chmod(0o644)
    with pytest.raises(FetchFailed, match=r"no Chromium was found; `tokentape doctor`.*playwright install"):
        browser.find()


def test_the_one_that_is_named_is_taken_or_missed_but_never_replaced(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare / "bin" / "chromium")
    mine = program(bare / "mine")
    monkeypatch.setattr(settings(), "chromium", "~/mine")
    assert browser.find() == mine
    monkeypatch.setattr(settings(), "chromium", "~/yours")
    with pytest.raises(FetchFailed, match="TOKENTAPE_CHROMIUM names ~/yours"):
        browser.find()


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo 'Chromium 150.0.7871.100 built on Debian GNU/Linux 12'", "Chromium 150.0.7871.100"),
        ("echo 'Google Chrome 142.0.7444.59 '", "Google Chrome 142.0.7444.59"),
        ("echo 'Google Chrome for Testing 143.0.1 '", "Google Chrome for Testing 143.0.1"),
    ],
)
def test_its_version_is_its_own_word(does: str, said: str, tmp_path: Path) -> None:
    assert said.endswith(browser.version(program(tmp_path / "chromium", does)))


@pytest.mark.parametrize("does", ["echo 'requires the chromium snap' >&2; exit 1", "exit 0", "echo hello"])
def test_a_placeholder_is_not_a_browser(does: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="chromium --version"):
        browser.version(program(tmp_path / "chromium", does))


def test_the_sandbox_is_used_unless_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert browser.launch_options(Path("chromium"))["chromium_sandbox"] is True
    monkeypatch.setattr(settings(), "chromium_sandbox", False)
    assert browser.launch_options(Path("chromium"))["chromium_sandbox"] is False
    monkeypatch.setattr(settings(), "chromium_sandbox", True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert browser.launch_options(Path("chromium"))["chromium_sandbox"] is False


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("launch: closed\nlogs:\n [pid=7][err] [7:7:FATAL:zygote_host_impl_linux.cc(127)] No usable sandbox! Update",
         "TOKENTAPE_CHROMIUM_SANDBOX=false"),
        ("launch: closed\nlogs:\n [pid=7][err] chrome: error while loading shared libraries: libnss3.so", "libnss3.so"),
        ("launch: Executable doesn't exist\nelse", "launch: Executable doesn't exist"),
    ],
)  # fmt: skip
def test_why_it_does_not_start_is_one_line(said: str, why: str) -> None:
    told = browser.why_not(OSError(said))
    assert why in told
    assert "\n" not in told


def test_what_is_started_for_drawing_has_a_limit_that_a_browser_can_live_with() -> None:
    """In a process of its own: a limit of this one would stay."""
    code = (
        "import resource; from crawler.browser import room_to_start;"
        "limit = lambda: resource.getrlimit(resource.RLIMIT_DATA)[0] >> 20; top = resource.getrlimit(2)[1];"
        "resource.setrlimit(resource.RLIMIT_DATA, (300 << 20, top)); print(limit());"
        "\nwith room_to_start(): print(limit())\nprint(limit())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    room = browser.PROCESS_MB if hard == resource.RLIM_INFINITY else min(browser.PROCESS_MB, hard >> 20)
    assert told.stdout.split() == ["300", str(room), "300"]


def test_only_what_works_in_the_folder_is_ended() -> None:
    other = subprocess.Popen(["sleep", "60"])
    with browser.own_folder() as folder:
        mine = subprocess.Popen(["sh", "-c", "sleep 60; :", str(folder)])
        # Linux lets the parent go on a moment before the new program's arguments can be read.
        while not Path(f"/proc/{mine.pid}/cmdline").read_bytes():
            sleep(0.01)
    assert mine.wait(10) != 0
    assert not folder.exists()
    assert other.poll() is None
    browser.sweep(Path("/"))
    assert other.poll() is None, "a folder that is no crawl's is left alone"
    other.kill()
    other.wait()


def test_what_a_dying_process_still_writes_is_removed_too() -> None:
    code = """if True:
        import os, sys
        folder = sys.stdin.readline().strip()
        for n in range(3_000):
            os.mkdir(f"{folder}/{n}")
            n or print(flush=True)
    """
    # A pipe tells it where to work, not its arguments: so it is not ended.
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe) as writer:
        assert writer.stdin
        assert writer.stdout
        with browser.own_folder() as folder:
            writer.stdin.write(f"{folder}\n".encode())
            writer.stdin.flush()
            writer.stdout.readline()
        writer.communicate()
        assert not folder.exists()


@pytest.mark.parametrize(("does", "code"), [("echo Chromium 150.0.1", 0), ("exit 1", 1)])
def test_the_command_for_scripts_says_which_and_exits_with_1_where_there_is_none(
    does: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "chromium", str(program(tmp_path / "chromium", does)))
    assert browser.main() == code
