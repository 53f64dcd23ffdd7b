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
    placed = compare("bench.replay", RUNS, "placed")
    return [
        Figure("replay of the captures / bare json + dict", told.ratio, 6, told.detail),
        Figure("the same, each new price found on its page", placed.ratio, 9, placed.detail),
        Figure("replay, peak memory in MB", max(told.peak_mb, placed.peak_mb), 250, ""),
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


if __name__ == "__main__":
    main({"ours": ours, "bare": bare, "placed": placed})
