"""Waiting for other processes, with an end to it."""

import time
from collections.abc import Callable


def wait_until(true: Callable[[], object], patience_s: float = 40) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
