"""Six simulated days: a local server, the real spider, the real scheduler; the same history as a replay."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine

import migrations
from crawler.process import CrawlResult, crawl
from crawler.reading import spider_class
from crawler.replay import Capture, captures_in, replay
from crawler.schedule import Schedule
from history.db import connect
from history.model import Outcome, Source
from history.recorder import Recorded
from tests.misbehaving_server import MisbehavingServer, page
from tests.test_replay import Rows, rows_of

DAYS = 6
# Slots are the scheduler's own; a replay has none, and it sends no requests.
SLOTS, SHAPES = "slot", "run_shape"


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        yield server


@pytest.fixture
def days(recorded: Path, server: MisbehavingServer, tmp_path: Path) -> list[Capture]:
    """The first six captures, as if they had been fetched from the local server."""
    for capture in captures_in(recorded / "openrouter_models")[:DAYS]:
        folder = tmp_path / "openrouter_models" / capture.folder.name
        folder.mkdir(parents=True)
        (folder / "body.json.gz").symlink_to(capture.folder / "body.json.gz")
        stated = {
            "url": server.url("/models"),
            "captured": capture.captured.isoformat(),
            "media_type": capture.media_type,
        }
        (folder / "capture.json").write_text(json.dumps(stated))
    return captures_in(tmp_path / "openrouter_models")


def test_six_scheduled_days_make_the_same_history_as_a_replay(
    engine: Engine, database_url: str, days: list[Capture], server: MisbehavingServer, tmp_path: Path
) -> None:
    def launch(source: Source, now: datetime, stopping: Event) -> CrawlResult:
        url = server.url("/models")
        return crawl(source.name, database_url=database_url, url=url, captured=now, stopping=stopping)

    present = days[0].captured
    schedule = Schedule(engine, [spider_class("openrouter_models").source()], launch, clock=lambda: present)
    for capture in days:
        present = capture.captured
        body = gzip.decompress((capture.folder / "body.json.gz").read_bytes())
        server.behaviours["/models"] = page(body, capture.media_type)
        assert schedule.run_due(present) == ["openrouter_models"]
        assert schedule.run_due(present) == []
    assert server.pages_asked() == ["/models"] * DAYS
    scheduled, replayed = rows_of(engine), _replayed(days, tmp_path)
    for name in replayed.keys() - {SLOTS, SHAPES}:
        assert scheduled[name] == replayed[name], name
    assert len(scheduled[SLOTS]) == DAYS
    sent = [(run, requests) for run, requests, *_ in scheduled[SHAPES]]
    assert sent == [(run, 2) for run in range(1, DAYS + 1)], "the page and robots.txt"
    assert [(run, *shape) for run, _, *shape in scheduled[SHAPES]] == [
        (run, *shape) for run, _, *shape in replayed[SHAPES]
    ]


def _replayed(days: list[Capture], tmp_path: Path) -> Rows:
    engine = connect(f"sqlite:///{tmp_path}/replayed.sqlite3")
    migrations.upgrade(engine)
    outcomes = [recorded.outcome for recorded in replay(engine, days) if isinstance(recorded, Recorded)]
    assert outcomes == [Outcome.COMPLETE] * DAYS
    rows = rows_of(engine)
    engine.dispose()
    return rows
