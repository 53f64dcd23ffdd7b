"""Replay of the recorded OpenRouter captures against bare decoding of the same files and a dict comparison."""

import gzip
import json
import tempfile
from pathlib import Path

import migrations
from bench.figures import Figure
from bench.sides import compare, main
from crawler.replay import captures_in, replay
from history.db import connect

RECORDED = Path(__file__).parents[2] / "shared" / "recorded" / "openrouter_models"
RUNS = 5


def figures() -> list[Figure]:
    """Each side in fresh processes, in turn; time and peak memory are taken inside."""
    if not RECORDED.is_dir():
        print(f"replay: skipped, there are no captures at {RECORDED}")
        return []
    told = compare("bench.replay", RUNS)
    return [
        Figure("replay of the captures / bare json + dict", told.ratio, 6, told.detail),
        Figure("replay, peak memory in MB", told.peak_mb, 250, ""),
    ]


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
    """The whole pipeline, into a new SQLite database on disk."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/tokentape.sqlite3")
        migrations.upgrade(engine)
        for _ in replay(engine, captures_in(RECORDED)):
            pass


if __name__ == "__main__":
    main({"ours": ours, "bare": bare})
