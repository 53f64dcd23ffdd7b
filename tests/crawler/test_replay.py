"""Captures: what makes a folder one, in which order they are taken, and what is left alone."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from crawler.replay import Capture, body_of, captures_in, replay, unpacked
from history import tables as t
from history.db import reading
from history.model import Outcome
from history.recorder import AlreadyRecorded, Recorded
from tests.crawler.bad_answers import CHALLENGE, DEEPSEEK, DEEPSEEK_PAGE

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def saved(into: Path, days: int, body: str = DEEPSEEK_PAGE, spider: str = DEEPSEEK, **stated: str) -> Path:
    """A capture so many days after Monday."""
    folder = into / spider / f"{days:02d}"
    folder.mkdir(parents=True)
    (folder / "body.html").write_text(body)
    captured = (MONDAY + timedelta(days=days)).isoformat()
    told = {"url": "https://api.example/pricing", "captured": captured, "media_type": "text/html", **stated}
    (folder / "capture.json").write_text(json.dumps(told))
    return folder


def test_captures_are_taken_in_the_order_of_their_own_times(tmp_path: Path) -> None:
    for days in (3, 1, 2):
        saved(tmp_path, days)
    assert [capture.captured for capture in captures_in(tmp_path)] == [MONDAY + timedelta(days=n) for n in (1, 2, 3)]


def test_one_capture_a_source_or_all_of_them_can_be_named(tmp_path: Path) -> None:
    folder = saved(tmp_path, 1)
    saved(tmp_path, 1, spider="anthropic")
    saved(tmp_path, 1, spider="nobody_reads_this")
    assert len(captures_in(tmp_path)) == 2
    assert [capture.spider for capture in captures_in(tmp_path, ["anthropic"])] == ["anthropic"]
    assert [capture.spider for capture in captures_in(folder)] == [DEEPSEEK]
    assert captures_in(tmp_path / DEEPSEEK / "99") == []


@pytest.mark.parametrize(
    ("stated", "said"),
    [({"captured": "yesterday"}, "RFC 3339"), ({"captured": "2026-03-02T12:00:00"}, "no offset")],
)
def test_a_capture_without_a_time_that_can_be_read_is_named(tmp_path: Path, stated: dict[str, str], said: str) -> None:
    folder = saved(tmp_path, 1, **stated)
    with pytest.raises(ValueError, match=f"{folder.name} is not a capture: .*{said}"):
        Capture.load(folder)


def test_a_folder_without_capture_json_or_with_half_of_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a capture"):
        Capture.load(tmp_path)
    (tmp_path / "capture.json").write_text('{"url": ')
    with pytest.raises(ValueError, match=r"in capture\.json"):
        Capture.load(tmp_path)


def test_a_body_is_the_only_one_and_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has 0 files named body\.\*"):
        body_of(tmp_path)
    (tmp_path / "body.json.gz").write_bytes(gzip.compress(b"[]"))
    assert body_of(tmp_path) == b"[]"
    (tmp_path / "body.html").write_text("two")
    with pytest.raises(ValueError, match="has 2 files"):
        body_of(tmp_path)


@pytest.mark.parametrize("packed", [b"not gzip", gzip.compress(b"cut short" * 100, mtime=0)[:-9], b""])
def test_a_packed_body_that_is_broken_is_named(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "body.json.gz").write_bytes(packed)
    if packed:
        with pytest.raises(ValueError, match=r"body\.json\.gz is not a gzip file"):
            unpacked(tmp_path / "body.json.gz")
    else:
        assert unpacked(tmp_path / "body.json.gz") == b""


def test_what_lies_before_the_newest_run_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    saved(tmp_path / "new", 5)
    saved(tmp_path / "old", 1)
    assert [type(result) for result in replay(engine, captures_in(tmp_path / "new"))] == [Recorded]
    assert [type(result) for result in replay(engine, captures_in(tmp_path / "old"))] == [AlreadyRecorded]


def test_a_page_that_is_not_understood_is_a_failed_run_with_its_evidence(engine: Engine, tmp_path: Path) -> None:
    saved(tmp_path, 1, body=CHALLENGE)
    saved(tmp_path, 2)
    failed, healed = replay(engine, captures_in(tmp_path))
    assert isinstance(failed, Recorded)
    assert isinstance(healed, Recorded)
    assert (failed.outcome, failed.failure and failed.failure.name) == (Outcome.FAILED, "PageChanged")
    assert (healed.outcome, healed.offers) == (Outcome.COMPLETE, 2)
    with reading(engine) as connection:
        bodies = connection.execute(select(t.snapshot.c.size)).scalars().all()
    assert sorted(bodies) == sorted([len(CHALLENGE.encode()), len(DEEPSEEK_PAGE.encode())])
