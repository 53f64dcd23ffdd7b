"""Import of the 51 versions of LiteLLM's map against bare decoding of the same files and a dict comparison."""

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import migrations
from bench.figures import Figure
from crawler.importing import import_all, versions
from history.db import connect

MAPS = Path(__file__).parents[2] / "shared" / "maps" / "litellm"
RUNS = 3


def figures() -> list[Figure]:
    """Each side in fresh processes, in turn; time and peak memory are taken inside."""
    if not MAPS.is_dir():
        print(f"imports: skipped, there are no maps at {MAPS}")
        return []
    pairs = [(_child("ours"), _child("bare")) for _ in range(RUNS + 1)][1:]
    ours, bare = [median(side[which]["seconds"] for side in pairs) for which in (0, 1)]
    ratio = median(a["seconds"] / b["seconds"] for a, b in pairs)
    peak = median(a["peak_mb"] for a, _ in pairs)
    return [
        Figure("import of 51 maps / bare json + dict", ratio, 8, f"{ours:.2f} s, bare {bare:.2f} s"),
        Figure("import, peak memory in MB", peak, 400, ""),
    ]


def _child(which: str) -> dict[str, float]:
    # Our own interpreter and module; there is no shell.
    done = subprocess.run([sys.executable, "-m", "bench.imports", which], check=True, capture_output=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def bare() -> None:
    """What a script would do that only wants to know which entries became different."""
    before: dict[str, object] = {}
    moved = 0
    for file in sorted(MAPS.iterdir()):
        now = json.loads(gzip.decompress(file.read_bytes()))
        moved += sum(now.get(key) != before.get(key) for key in now.keys() | before.keys())
        before = now


def ours() -> None:
    """The whole pipeline, into a new SQLite database on disk."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/tokentape.sqlite3")
        migrations.upgrade(engine)
        for _ in import_all(engine, "litellm", versions([MAPS], None, now), now):
            pass


def main() -> None:
    """One side, in a process of its own; the time to import the modules is in neither figure."""
    work = {"ours": ours, "bare": bare}[sys.argv[1]]
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "peak_mb": peak}))


if __name__ == "__main__":
    main()
