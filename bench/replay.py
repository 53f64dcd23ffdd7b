"""Replay of the recorded OpenRouter captures against bare decoding of the same files and a dict comparison."""

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import migrations
from bench.figures import Figure
from crawler.replay import captures_in, replay
from history.db import connect

RECORDED = Path(__file__).parents[2] / "shared" / "recorded" / "openrouter_models"
RUNS = 5


def figures() -> list[Figure]:
    """Each side in fresh processes, in turn; time and peak memory are taken inside."""
    if not RECORDED.is_dir():
        print(f"replay: skipped, there are no captures at {RECORDED}")
        return []
    sides = [(_child("ours"), _child("bare"), _child("placed")) for _ in range(RUNS + 1)][1:]
    ours, bare, placed = [median(run[which]["seconds"] for run in sides) for which in (0, 1, 2)]
    ratio = median(a["seconds"] / b["seconds"] for a, b, _ in sides)
    with_places = median(c["seconds"] / b["seconds"] for _, b, c in sides)
    peak = median(max(a["peak_mb"], c["peak_mb"]) for a, _, c in sides)
    return [
        Figure(
            "replay of the captures / bare json + dict",
            ratio,
            6,
            f"{ours:.2f} s, bare {bare:.2f} s",
        ),
        Figure("the same, each new price found on its page", with_places, 9, f"{placed:.2f} s"),
        Figure("replay, peak memory in MB", peak, 250, ""),
    ]


def _child(which: str) -> dict[str, float]:
    # Our own interpreter and module; there is no shell.
    done = subprocess.run([sys.executable, "-m", "bench.replay", which], check=True, capture_output=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def bare() -> None:
    """What a script would do that only wants to know which prices moved."""
    before: dict[str, object] = {}
    moved = 0
    for folder in sorted(RECORDED.iterdir()):
        answer = json.loads(gzip.decompress((folder / "body.json.gz").read_bytes()))
        now = {model["id"]: model["pricing"] for model in answer["data"]}
        moved += sum(now.get(model) != before.get(model) for model in now.keys() | before.keys())
        before = now


def ours() -> None:
    """The whole pipeline, into a new SQLite database on disk, without the places: bare finds none either."""
    _replay(places=False)


def placed() -> None:
    """As a crawl does it."""
    _replay(places=True)


def _replay(*, places: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/tokentape.sqlite3")
        migrations.upgrade(engine)
        for _ in replay(engine, captures_in(RECORDED), places=places):
            pass


def main() -> None:
    """One side, in a process of its own; the time to import is in neither figure."""
    work = {"ours": ours, "bare": bare, "placed": placed}[sys.argv[1]]
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "peak_mb": peak}))


if __name__ == "__main__":
    main()
