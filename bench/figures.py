"""How a figure is taken and printed: medians of paired runs, as ratios."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured ratio beside the bound it is held to; `at_most` False: the bound is a minimum."""

    name: str
    ratio: float
    bound: float
    detail: str
    at_most: bool = True

    @property
    def holds(self) -> bool:
        return self.ratio <= self.bound if self.at_most else self.ratio >= self.bound

    def __str__(self) -> str:
        relation = "≤" if self.at_most else "≥"
        verdict = "holds" if self.holds else "MISSED"
        return f"{self.name:<44} {self.ratio:8.2f}  ({relation} {self.bound:g}: {verdict})  {self.detail}"


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paired(ours: Callable[[], float], theirs: Callable[[], float], runs: int) -> tuple[float, float, float]:
    """Medians of ours, of theirs, and of the ratio pair by pair, after one uncounted pair."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs)


def pin(cores: Iterable[int]) -> None:
    """This process on those cores only, where there are that many."""
    if hasattr(os, "sched_setaffinity"):
        wanted = set(cores) & os.sched_getaffinity(0)
        os.sched_setaffinity(0, wanted or os.sched_getaffinity(0))
