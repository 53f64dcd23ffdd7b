"""The dispatcher beside the server: a process of its own, started again should it die, gone when the server is."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

log = logging.getLogger(__name__)

AGAIN_S = 5.0
# It ends what is under way, each attempt of which takes fifteen seconds at most.
ENDS_WITHIN_S = 20.0


@contextmanager
def dispatching(environment: Mapping[str, str]) -> Iterator[None]:
    """While this lasts, `tokentape dispatch` runs, and ends with this process even where that is killed."""
    stopping = Event()
    keeper = Thread(target=_keep, args=(dict(environment), stopping), name="dispatcher", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        keeper.join()


def _keep(environment: dict[str, str], stopping: Event) -> None:
    command = [sys.executable, "-P", "-m", "tokentape", "dispatch", "--with-parent"]
    while not stopping.is_set():
        # Our own command; the pipe ends when we do.
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as child:  # noqa: S603
            while child.poll() is None and not stopping.wait(0.2):
                pass
            if stopping.is_set():
                _end(child)
                return
        log.error("the dispatcher ended with code %s; starting it again in %.0f s", child.returncode, AGAIN_S)
        stopping.wait(AGAIN_S)


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        child.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
