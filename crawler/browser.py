"""Chromium on this machine: where it is, whether it may use its sandbox, and that nothing of it is left running."""

import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import unquote, urlsplit

from crawler.failures import FetchFailed
from history.settings import settings

HOW = "`playwright install --with-deps chromium`, or your distribution's package chromium"
# What the driver, and each process of the browser, may have as data. With 512 the driver cannot even start, with 1024
# a small page is drawn (playwright 1.65, Chromium 150, 2026-11-22).
PROCESS_MB = 2048
PREFIX = "tokentape-crawl-"
# How often a folder is cleared until it is gone, and how long what was killed has to die between.
_CLEARED, _PAUSE_S = 50, 0.1

# What would go another way finds no address: no name, and nothing for WebRTC.
_NO_OTHER_WAY = (
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {host}",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)

_ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_USUAL = (
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/var/lib/flatpak/exports/bin/org.chromium.Chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# As playwright 1.65 names them (its lib/coreBundle.js), the whole browser before the one without a window.
_DOWNLOADED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium_headless_shell-*/chrome-*/*headless*shell",
)


def find() -> Path:
    """Chromium's executable: the one that TOKENTAPE_CHROMIUM names, playwright's own, or an installed one."""
    if named := settings().chromium:
        if found := shutil.which(Path(named).expanduser()):
            return Path(found)
        raise FetchFailed(f"TOKENTAPE_CHROMIUM names {named}, which is no program here; `tokentape doctor` says more")
    for candidate in _candidates():
        if found := shutil.which(candidate):
            return Path(found)
    raise FetchFailed(f"no Chromium was found; `tokentape doctor` says more. To get one: {HOW}")


def version(chromium: Path) -> str:
    """ "Chromium 150.0.7871.100". OSError, also where it is only a placeholder that cannot start (Ubuntu has such)."""
    # The path was found by `find`; there is no shell.
    told = subprocess.run([chromium, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    said = re.search(r"(?:Chromium|Chrome)\D* [0-9.]+", told.stdout)
    if told.returncode or not said:
        line = next(iter((told.stderr or told.stdout).splitlines()), "it says nothing")
        raise OSError(f"{chromium} --version: {line[:300]}")
    return said[0]


def sandboxed() -> bool:
    """Chromium refuses to use its sandbox as root; a container that is itself a sandbox says so by its setting."""
    return settings().chromium_sandbox and os.geteuid() != 0


def launch_options(chromium: Path) -> dict[str, Any]:
    """How playwright is to start it."""
    # There is nothing to look at, and a script that hoards memory should fail before the machine does.
    words = ["--disable-gpu", "--js-flags=--max-old-space-size=512"]
    # Signals are for the crawl's process; the browser ends with it.
    alone = {"handle_sigint": False, "handle_sigterm": False, "handle_sighup": False}
    return {"executable_path": str(chromium), "chromium_sandbox": sandboxed(), "args": words, **alone}


def launched_through(proxy: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options for playwright, with this proxy as the only way out; by itself, Chromium asks none for this machine."""
    parts = urlsplit(proxy)
    only = {"server": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", "bypass": "<-loopback>"}
    if parts.username is not None:
        only |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    words = [word.format(host=parts.hostname) for word in _NO_OTHER_WAY]
    return {**options, "args": [*options.get("args", ()), *words], "proxy": only}


def why_not(error: Exception) -> str:
    """Why a browser did not start: it said so on its standard error, which the driver quotes."""
    said = str(error)
    if "No usable sandbox" in said:
        return "no sandbox is allowed here; TOKENTAPE_CHROMIUM_SANDBOX=false only where a container shuts it in"
    quoted = re.search(r"\[err\] (?:\[[^\]]*\] ?)?(.+)", said)
    return quoted[1][:300] if quoted else first_line(error)


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


@contextmanager
def room_to_start() -> Iterator[None]:
    """What is started meanwhile may have as much memory as a browser needs, not only as much as a crawl."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = PROCESS_MB * 1024 * 1024
    room = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for temporary files whose name tells a crawl's browser from any other; both are gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        yield folder
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    """End what works in the folder and remove it: again, where something that is dying has written meanwhile."""
    for _ in range(_CLEARED):
        sweep(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        sleep(_PAUSE_S)


def sweep(folder: Path) -> None:
    """Kill every process that works in the folder. A browser leads a process group of its own, so no other call
    reaches one that hangs."""
    if not folder.name.startswith(PREFIX):
        return
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.fsencode(folder) in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def end_here() -> None:
    """End this crawl's browser and this process's group: for a child whose parent has died."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(PREFIX):
        _clear(folder)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


def _candidates() -> Iterator[str]:
    for pattern in _DOWNLOADED:
        yield from map(str, sorted(_download_folder().glob(pattern), key=_revision, reverse=True))
    yield from _ON_PATH
    yield from _USUAL


def _download_folder() -> Path:
    if said := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(said)
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"


def _revision(path: Path) -> int:
    """chromium-1187/chrome-linux64/chrome: the number of the download."""
    return next((int(part.rpartition("-")[2]) for part in path.parts if re.fullmatch(r"chromium\w*-[0-9]+", part)), 0)


def main() -> int:
    """For .ci/chromium: prints which Chromium would be used; exit 1 where there is none that starts."""
    try:
        chromium = find()
        print(f"{version(chromium)} at {chromium}")
    except (FetchFailed, OSError, subprocess.TimeoutExpired) as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
