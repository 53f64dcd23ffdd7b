"""Six simulated days: a local server, the real spider, the real scheduler; the same history as a replay."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

import migrations
from crawler.process import CrawlResult, crawl
from crawler.reading import spider_class
from crawler.replay import Capture, captures_in, replay
from crawler.schedule import Schedule
from history.db import connect
from history.model import Outcome, Source
from tests.test_replay import Rows, rows_of

DAYS = 6
# What depends on how the bytes came, not on what they say.
TRANSPORT = {"slot", "source"}


class Shelf(ThreadingHTTPServer):
    """Serves whatever body is put on it, at any path but /robots.txt."""

    body = b""


class Handler(BaseHTTPRequestHandler):
    server: Shelf

    def do_GET(self) -> None:
        found = self.path != "/robots.txt"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(self.server.body if found else b"")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def days(recorded: Path, shelf: Shelf, tmp_path: Path) -> list[Capture]:
    """The first six captures after a gap-free start, as if they had been fetched from the local server."""
    for capture in captures_in(recorded / "openrouter_models")[:DAYS]:
        folder = tmp_path / "openrouter_models" / capture.folder.name
        folder.mkdir(parents=True)
        (folder / "body.json.gz").symlink_to(capture.folder / "body.json.gz")
        told = {
            "url": f"http://127.0.0.1:{shelf.server_port}/models",
            "captured": capture.captured.isoformat(),
            "media_type": capture.media_type,
        }
        (folder / "capture.json").write_text(json.dumps(told))
    return captures_in(tmp_path / "openrouter_models")


def test_six_scheduled_days_make_the_same_history_as_a_replay(
    engine: Engine, database_url: str, days: list[Capture], shelf: Shelf, tmp_path: Path
) -> None:
    present = days[0].captured

    def launch(source: Source, now: datetime) -> CrawlResult:
        url = f"http://127.0.0.1:{shelf.server_port}/models"
        return crawl(source.name, database_url=database_url, url=url, captured=now)

    schedule = Schedule(engine, [spider_class("openrouter_models").source()], launch, clock=lambda: present)
    for capture in days:
        present = capture.captured
        shelf.body = gzip.decompress((capture.folder / "body.json.gz").read_bytes())
        assert schedule.run_due(present) == ["openrouter_models"]
        assert schedule.run_due(present) == []
    assert _story(rows_of(engine)) == _story(_replayed(days, tmp_path))


def _replayed(days: list[Capture], tmp_path: Path) -> Rows:
    engine = connect(f"sqlite:///{tmp_path}/replayed.sqlite3")
    migrations.upgrade(engine)
    assert [recorded.outcome for recorded in replay(engine, days)] == [Outcome.COMPLETE] * DAYS  # type: ignore[union-attr]
    rows = rows_of(engine)
    engine.dispose()
    return rows


def _story(rows: Rows) -> Rows:
    return {name: table for name, table in rows.items() if name not in TRANSPORT}
