"""make capture: one page, fetched as a crawl would, becomes a fixture with what its spider reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

from crawler.capture import save
from crawler.page import Page
from history.times import from_rfc3339
from tests.crawler.bad_answers import CHALLENGE, DEEPSEEK, DEEPSEEK_PAGE, GOOD, as_html
from tests.misbehaving_server import MisbehavingServer, status

ROOT = Path(__file__).parent.parent.parent


def capture(into: Path, url: str, spider: str = DEEPSEEK) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "crawler.capture", spider, url, "--into", str(into)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False)


def only_folder(into: Path) -> Path:
    (folder,) = (into / DEEPSEEK).iterdir()
    return folder


def test_a_page_is_saved_with_where_it_came_from_and_what_it_says(tmp_path: Path, server: MisbehavingServer) -> None:
    server.behaviours["/pricing"] = GOOD[DEEPSEEK]
    done = capture(tmp_path, server.url("/pricing"))
    assert (done.returncode, done.stderr) == (0, "")
    folder = only_folder(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["body.html", "capture.json", "offers.json"]
    assert (folder / "body.html").read_text() == DEEPSEEK_PAGE
    stated = json.loads((folder / "capture.json").read_text())
    assert (stated["url"], stated["media_type"]) == (server.url("/pricing"), "text/html; charset=utf-8")
    assert from_rfc3339(stated["captured"]).date().isoformat() == folder.name
    offers = json.loads((folder / "offers.json").read_text())
    assert [offer["model"] for offer in offers] == ["deepseek-quick", "deepseek-deep"]
    assert "2 offers" in done.stdout
    assert "1. Cut " in done.stdout


def test_the_first_capture_of_a_provider_comes_before_its_spider(tmp_path: Path, server: MisbehavingServer) -> None:
    server.behaviours["/pricing"] = GOOD[DEEPSEEK]
    done = capture(tmp_path, server.url("/pricing"), "newlab")
    assert (done.returncode, done.stderr) == (0, "")
    (folder,) = (tmp_path / "newlab").iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["body.html", "capture.json"]
    assert "Write crawler/spiders/newlab.py" in done.stdout


def test_a_page_that_is_not_understood_is_saved_all_the_same(tmp_path: Path, server: MisbehavingServer) -> None:
    server.behaviours["/pricing"] = as_html(CHALLENGE)
    done = capture(tmp_path, server.url("/pricing"))
    assert done.returncode == 1
    assert "PageChanged: challenge page" in done.stdout
    assert sorted(path.name for path in only_folder(tmp_path).iterdir()) == ["body.html", "capture.json"]


def test_an_error_answer_is_told_by_its_status(tmp_path: Path, server: MisbehavingServer) -> None:
    server.behaviours["/pricing"] = status(404, b"no such page")
    done = capture(tmp_path, server.url("/pricing"))
    assert done.returncode == 1
    assert "FetchFailed: 404 Not Found" in done.stdout


def test_a_capture_of_the_same_day_is_not_written_over(tmp_path: Path, server: MisbehavingServer) -> None:
    server.behaviours["/pricing"] = GOOD[DEEPSEEK]
    assert capture(tmp_path, server.url("/pricing")).returncode == 0
    body = only_folder(tmp_path) / "body.html"
    body.write_text("cut down by hand")
    done = capture(tmp_path, server.url("/pricing"))
    assert done.returncode == 1
    assert "exists; nothing was changed" in done.stdout
    assert body.read_text() == "cut down by hand"


def test_the_bodys_name_says_what_it_is(tmp_path: Path) -> None:
    moment = from_rfc3339("2026-03-02T12:00:00Z")
    kinds = ["text/html; charset=gbk", "application/json", "text/markdown", "text/plain", "application/pdf"]
    saved = [save(Page("u", b"x", kind, moment), tmp_path / str(number)) for number, kind in enumerate(kinds)]
    assert [path.name for path in saved] == ["body.html", "body.json", "body.md", "body.txt", "body.bin"]
