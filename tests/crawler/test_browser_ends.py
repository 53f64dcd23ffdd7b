"""A browser that crashes, hangs or loses its crawl: a named failure, and nothing of it is left running."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from crawler.process import Limits
from tests import misbehaving_server
from tests.conftest import ROOT
from tests.crawler.drawn_pages import SPIDER, drawn
from tests.crawler.patience import wait_until
from tests.misbehaving_server import Behaviour, Handler, MisbehavingServer

PARENT = "import sys; from crawler.process import crawl; crawl(sys.argv[1], database_url=sys.argv[2], url=sys.argv[3])"


def crawls(folder: Path) -> list[psutil.Process]:
    """Every process that works in the folder."""
    return [each for each in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(each.info["cmdline"] or [])]


def to_every(kind: str, number: signal.Signals, folder: Path) -> Behaviour:
    """While it is asked for data, send the signal to every process of the browser that is of this kind."""

    def behave(handler: Handler) -> None:
        for process in crawls(folder):
            if any(kind in word for word in process.cmdline()):
                process.send_signal(number)
        misbehaving_server.hang(handler)

    return behave


@pytest.mark.parametrize(
    ("kind", "number", "says"),
    [
        ("--type=renderer", signal.SIGKILL, "the browser ended while it drew"),
        ("--remote-debugging-pipe", signal.SIGKILL, "the browser ended while it drew"),
        ("--remote-debugging-pipe", signal.SIGSTOP, "no complete answer within 8 s"),
    ],
)
def test_a_browser_that_crashes_or_hangs_is_a_named_failure_and_is_gone_afterwards(
    kind: str, number: signal.Signals, says: str, sqlite_url: str, own_folder: Path, drawings: MisbehavingServer
) -> None:
    drawings.behaviours[f"/{SPIDER}.json"] = to_every(kind, number, own_folder)
    result = drawn(drawings, sqlite_url, limits=Limits(fetch_timeout_s=8))
    assert (result.failure, says in (result.message or "")) == ("FetchFailed", True), result
    wait_until(lambda: not crawls(own_folder))


@pytest.mark.parametrize("stopped", [False, True], ids=["a browser that is well", "a browser that hangs"])
def test_nothing_outlives_a_parent_that_is_killed(
    stopped: bool, sqlite_url: str, own_folder: Path, drawings: MisbehavingServer
) -> None:
    drawings.behaviours[f"/{SPIDER}.json"] = misbehaving_server.hang
    code = (
        "import sys; from crawler.process import crawl; crawl(sys.argv[1], database_url=sys.argv[2], url=sys.argv[3])"
    )
    command = [sys.executable, "-c", code, SPIDER, sqlite_url, drawings.url(f"/{SPIDER}")]
    with subprocess.Popen(command, cwd=ROOT) as parent:
        wait_until(lambda: f"/{SPIDER}.json" in drawings.pages_asked())
        family = psutil.Process(parent.pid).children(recursive=True)
        assert len(crawls(own_folder)) > 2
        for process in crawls(own_folder) if stopped else []:
            process.send_signal(signal.SIGSTOP)
        parent.kill()
    wait_until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family))
    wait_until(lambda: not crawls(own_folder))
    wait_until(lambda: [*own_folder.iterdir()] == [])


def test_nothing_is_left_of_a_crawl_that_is_ended_at_its_limit(
    sqlite_url: str, own_folder: Path, drawings: MisbehavingServer
) -> None:
    drawings.behaviours[f"/{SPIDER}.json"] = misbehaving_server.hang
    result = drawn(drawings, sqlite_url, limits=Limits(time_s=10))
    assert result.failure == "Killed"
    wait_until(lambda: not crawls(own_folder))
    assert [*own_folder.iterdir()] == []
