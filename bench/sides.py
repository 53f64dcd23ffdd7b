"""Two sides that are measured in fresh processes, in turn: time and peak memory are taken inside of each."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple


class Compared(NamedTuple):
    """Medians: the ratio pair by pair, the seconds of both sides, and the peak of ours."""

    ratio: float
    ours: float
    bare: float
    peak_mb: float

    @property
    def detail(self) -> str:
        return f"{self.ours:.2f} s, bare {self.bare:.2f} s"


def compare(module: str, runs: int, ours_is: str = "ours") -> Compared:
    """`python -m module ours` (or what it is called) and `… bare`, after one uncounted pair."""
    pairs = [(_child(module, ours_is), _child(module, "bare")) for _ in range(runs + 1)][1:]
    ours, bare = (median(side[which]["seconds"] for side in pairs) for which in (0, 1))
    ratio = median(a["seconds"] / b["seconds"] for a, b in pairs)
    return Compared(ratio, ours, bare, median(a["peak_mb"] for a, _ in pairs))


def _child(module: str, which: str) -> dict[str, float]:
    # Our own interpreter and module; there is no shell.
    done = subprocess.run([sys.executable, "-m", module, which], check=True, capture_output=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main(sides: Mapping[str, Callable[[], object]]) -> None:
    """The side that is asked for; the time to import its modules is in no figure."""
    work = sides[sys.argv[1]]
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "peak_mb": peak}))
