"""Import of the 51 versions of LiteLLM's map against bare decoding of the same files and a dict comparison."""

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import migrations
from bench.figures import Figure
from bench.sides import compare, main
from crawler.importing import import_all, versions
from history.db import connect

MAPS = Path(__file__).parents[2] / "shared" / "maps" / "litellm"
RUNS = 3


def figures() -> list[Figure]:
    """Each side in fresh processes, in turn; time and peak memory are taken inside."""
    if not MAPS.is_dir():
        print(f"imports: skipped, there are no maps at {MAPS}")
        return []
    told = compare("bench.imports", RUNS)
    return [
        Figure("import of 51 maps / bare json + dict", told.ratio, 8, told.detail),
        Figure("import, peak memory in MB", told.peak_mb, 400, ""),
    ]


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


if __name__ == "__main__":
    main({"ours": ours, "bare": bare})
