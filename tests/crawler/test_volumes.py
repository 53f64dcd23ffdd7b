"""Volumes through the real child process: which days are asked for, and that the key is seen by nobody else."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from sqlalchemy import Engine, select, update

from crawler.apikey import ApiKey
from crawler.failures import KeyMissing, KeyRefused
from crawler.process import CrawlResult, Limits, Stopped, crawl
from crawler.reading import scheduled_names, spider_class, spider_names
from crawler.replay import Capture, replay, reread, runs_of
from crawler.settings import for_crawl
from history import queries
from history import tables as t
from history.db import reading, writing
from history.leases import paused_until
from history.model import Outcome
from history.recorder import Recorded
from history.settings import Settings
from tests import misbehaving_server
from tests.conftest import ROOT
from tests.crawler.patience import wait_until
from tests.crawler.test_process import child_of
from tests.misbehaving_server import Behaviour, Handler, MisbehavingServer, redirect, status

NAME, HOME = "openrouter_volumes", "https://openrouter.ai/api/v1/datasets/rankings-daily"
VARIABLE, SECRET = "TOKENTAPE_OPENROUTER_API_KEY", "sk-or-v1-nobody-may-see-this"
NOW = datetime(2026, 5, 14, 3, tzinfo=UTC)
# Enough rows a day for a month to be believed complete.
MODELS = 40


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, SECRET)
    return SECRET


class Dataset:
    """A data API on this machine: answers for whatever days are asked, restating some."""

    def __init__(self, server: MisbehavingServer) -> None:
        self.server, self.restated = server, dict[date, int]()
        self.url = server.url("/rankings-daily")
        server.behaviours = _Everything(self._answer)

    def asked(self) -> list[tuple[str, str]]:
        queries = [parse_qs(urlsplit(path).query) for path in self.server.pages_asked()]
        return [(query["start_date"][0], query["end_date"][0]) for query in queries]

    def keys(self) -> list[str | None]:
        return [asked.headers.get("authorization") for asked in self.server.asked if asked.path != "/robots.txt"]

    def _answer(self, handler: Handler) -> None:
        query = parse_qs(urlsplit(handler.path).query)
        start, end = (date.fromisoformat(query[name][0]) for name in ("start_date", "end_date"))
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        rows = [
            {"date": str(day), "model_permaslug": f"lab/m{model}", "total_tokens": str(self.restated.get(day, 7))}
            for day in days
            for model in range(MODELS)
        ]
        meta = {"as_of": f"{end}T02:00:00Z", "version": "v1", "start_date": str(start), "end_date": str(end)}
        body = json.dumps({"data": rows, "meta": meta}).encode()
        handler.answer(200, body, {"Content-Type": "application/json"})


class _Everything(dict[str, Behaviour]):
    """One behaviour for every path, but robots.txt."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__()
        self.behaviour = behaviour

    # The server asks for nothing but a path's behaviour, with a default that is one.
    def get(self, path: str, default: Behaviour | None = None) -> Behaviour:  # type: ignore[override]
        return status(404) if path == "/robots.txt" else self.behaviour


@pytest.fixture
def dataset(server: MisbehavingServer) -> Dataset:
    return Dataset(server)


def test_the_first_run_asks_for_all_days_in_spans_the_next_for_the_last_ones(
    database_url: str, engine: Engine, dataset: Dataset, key: str
) -> None:
    first = crawl(NAME, database_url=database_url, url=dataset.url, captured=NOW)
    days = (date(2026, 5, 13) - date(2025, 1, 1)).days + 1
    assert (first.outcome, first.volumes, first.restated) == (Outcome.COMPLETE, days * MODELS, 0)
    assert sorted(dataset.asked()) == [("2025-01-01", "2026-01-01"), ("2026-01-02", "2026-05-13")]
    assert dataset.keys() == [f"Bearer {key}"] * 2
    dataset.restated[date(2026, 5, 1)] = 8
    second = crawl(NAME, database_url=database_url, url=dataset.url, captured=NOW + timedelta(days=1))
    assert dataset.asked()[2:] == [("2026-04-08", "2026-05-14")]
    assert (second.outcome, second.restated) == (Outcome.COMPLETE, MODELS)
    asked = queries.AskedVolumes("lab/m0", first_day=date(2026, 5, 1), last_day=date(2026, 5, 1))
    with reading(engine) as connection:
        then, now = (queries.volumes(connection, asked, NOW + timedelta(hours=hours))[0] for hours in (1, 25))
        [notice] = queries.notices(connection, {first.run_id})
    assert (then.tokens, now.tokens) == (7, 8)
    assert notice.as_of == datetime(2026, 1, 1, 2, tzinfo=UTC), "two answers hold as of the older one"


def test_the_key_is_in_no_log_no_row_no_evidence_and_no_command_line(
    sqlite_url: str, server: MisbehavingServer, key: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Even where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    said = json.dumps({"error": {"code": 500, "message": f"no luck with {key}"}}).encode()
    server.behaviours["/rankings?start_date=2026-05-01"] = status(403, said)
    result = crawl(NAME, database_url=sqlite_url, url=server.url("/rankings?start_date=2026-05-01"))
    assert server.asked[-1].headers["authorization"] == f"Bearer {key}"
    assert "which says 'no luck with [key]'" in (result.message or "")
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"rankings?start_date" in kept
    assert key.encode() not in kept
    assert key not in caplog.text
    assert key not in repr(Settings()) + repr(ApiKey("openrouter_api_key", key))
    seen = " ".join(command_line(sqlite_url, server))
    assert NAME in seen
    assert key not in seen


def command_line(database_url: str, server: MisbehavingServer) -> Iterator[str]:
    server.behaviours["/hang?start_date=1"] = misbehaving_server.hang
    stopping, seen = threading.Event(), list[str]()

    def look() -> None:
        wait_until(lambda: "/hang?start_date=1" in server.pages_asked())
        seen.extend(child_of(psutil.Process()).cmdline())
        stopping.set()

    threading.Thread(target=look).start()
    with pytest.raises(Stopped):
        crawl(NAME, database_url=database_url, url=server.url("/hang?start_date=1"), stopping=stopping)
    yield from seen


def test_a_redirect_does_not_carry_the_key_away(sqlite_url: str, server: MisbehavingServer, key: str) -> None:
    server.behaviours["/there?start_date=1"] = redirect("/elsewhere")
    result = crawl(NAME, database_url=sqlite_url, url=server.url("/there?start_date=1"), captured=NOW)
    assert (result.failure, server.pages_asked()) == ("FetchFailed", ["/there?start_date=1"])
    assert "302" in (result.message or "")
    assert [asked for asked in server.asked if asked.path == "/robots.txt" and "authorization" in asked.headers] == []


def error(code: int, message: str, **headers: str) -> Behaviour:
    return status(code, json.dumps({"error": {"code": code, "message": message}}).encode(), **headers)


def failed(database_url: str, server: MisbehavingServer, behaviour: Behaviour) -> CrawlResult:
    server.behaviours["/daily?start_date=1"] = behaviour
    return crawl(NAME, database_url=database_url, url=server.url("/daily?start_date=1"), captured=NOW)


def test_a_refused_key_is_a_failure_that_says_which_setting(
    sqlite_url: str, server: MisbehavingServer, key: str
) -> None:
    result = failed(sqlite_url, server, error(401, "User not found."))
    assert (result.outcome, result.failure) == (Outcome.FAILED, "KeyRefused")
    assert "401 Unauthorized" in (result.message or "")
    assert f"which says 'User not found.'; is {VARIABLE} right?" in (result.message or "")


def test_too_many_requests_pause_the_source_as_long_as_the_server_wishes(
    sqlite_url: str, sqlite_engine: Engine, server: MisbehavingServer, key: str
) -> None:
    result = failed(sqlite_url, server, error(429, "Rate limit exceeded", Retry_After="90"))
    assert (result.outcome, result.failure) == (Outcome.FAILED, "FetchFailed")
    assert "429 Too Many Requests" in (result.message or "")
    assert "'Rate limit exceeded'; the server asks to wait 90 s" in (result.message or "")
    with reading(sqlite_engine) as connection:
        assert paused_until(connection, NAME) == NOW + timedelta(seconds=90)
    assert server.pages_asked() == ["/daily?start_date=1"], "429 is not tried again at once"


def test_days_that_the_server_refuses_are_a_failure_in_its_words(
    sqlite_url: str, server: MisbehavingServer, key: str
) -> None:
    result = failed(sqlite_url, server, error(400, "span exceeds 366 days"))
    assert (result.failure, "400 Bad Request" in (result.message or "")) == ("FetchFailed", True)
    assert "'span exceeds 366 days'" in (result.message or "")


def test_without_a_key_nothing_is_asked_and_the_setting_is_named(sqlite_url: str, sqlite_engine: Engine) -> None:
    result = crawl(NAME, database_url=sqlite_url, captured=NOW, limits=Limits(time_s=60))
    assert (result.outcome, result.failure) == (Outcome.FAILED, "KeyMissing")
    assert f"set {VARIABLE}" in (result.message or "")
    with reading(sqlite_engine) as connection:
        assert connection.execute(select(t.fetch)).all() == []


def test_without_a_key_a_copy_on_this_machine_is_read_all_the_same(sqlite_url: str, dataset: Dataset) -> None:
    assert crawl(NAME, database_url=sqlite_url, url=dataset.url, captured=NOW).outcome is Outcome.COMPLETE
    assert dataset.keys() == [None, None]


def test_the_key_goes_home_over_https_or_to_this_machine_and_nowhere_else() -> None:
    key = ApiKey("openrouter_api_key", SECRET)
    shown = {"Authorization": f"Bearer {SECRET}"}
    for url in (f"{HOME}?start_date=1", "https://openrouter.ai/other", "http://127.0.0.1:8/x", "http://[::1]/x"):
        assert key.headers(url, [HOME]) == shown, url
    for url in (
        "http://openrouter.ai/api", "https://openrouter.ai.evil.example/api", "https://openrouter.ai@evil.example/",
        "https://evil.example/?u=https://openrouter.ai", "https://openrouter.ai:8443/api", "http://localhost/x",
        "http://10.0.0.1/x", "https://api.openrouter.ai/x",
    ):  # fmt: skip
        assert key.headers(url, [HOME]) == {}, url


def test_what_is_no_key_is_refused_before_it_is_sent() -> None:
    for secret in ("sk\r\nX-Evil: 1", "schlüssel"):
        with pytest.raises(KeyRefused, match=f"what {VARIABLE} holds"):
            ApiKey("openrouter_api_key", secret).headers(HOME, [HOME])
    with pytest.raises(KeyMissing, match=VARIABLE):
        ApiKey("openrouter_api_key", "").headers(HOME, [HOME])


def test_a_body_without_the_key_stays_as_it_is() -> None:
    assert ApiKey("openrouter_api_key", "").hidden(b"abc") == b"abc"
    assert ApiKey("openrouter_api_key", "b").hidden(b"abc") == b"a[key]c"


def test_spaces_around_a_key_are_not_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f" {SECRET}\n")
    assert Settings().key("openrouter_api_key") == SECRET
    assert Settings().key("") == ""


def test_without_a_key_the_public_view_is_scheduled_with_one_the_data_api() -> None:
    without = scheduled_names(lambda _: "")
    having = scheduled_names(lambda _: SECRET)
    assert {*spider_names()} - {*without} == {NAME}
    assert {*spider_names()} - {*having} == {"openrouter_rankings"}
    assert spider_class(NAME).key_setting == "openrouter_api_key"


def test_no_more_than_thirty_requests_a_minute_are_made() -> None:
    """Scrapy waits between half and one and a half of the delay."""
    delay_s = for_crawl("", 60, HOME, spider_class(NAME).delay_s).getfloat("DOWNLOAD_DELAY")
    assert delay_s / 2 >= 60 / 30
    assert for_crawl("", 60, "http://127.0.0.1/", delay_s).getfloat("DOWNLOAD_DELAY") == 0


def view(folder: Path, name: str) -> Capture:
    """A ranking of two hundred models."""
    row = json.loads((ROOT / "tests/pages/openrouter_rankings/2026-08-10/body.json").read_text())["data"][4]
    slugs = [f"{row['model_permaslug']}-{number}" for number in range(200)]
    rows = [{**row, "model_permaslug": slug, "variant_permaslug": slug} for slug in slugs]
    saved = folder / "openrouter_rankings" / name
    saved.mkdir(parents=True)
    (saved / "body.json").write_text(json.dumps({"data": rows}))
    url = f"https://openrouter.ai/api/frontend/v1/rankings/models?view={name}"
    told = {"url": url, "captured": "2026-08-10T07:00:00Z", "media_type": "application/json"}
    (saved / "capture.json").write_text(json.dumps(told))
    return Capture.load(saved)


def test_captures_of_one_source_and_moment_are_the_pages_of_one_run(engine: Engine, tmp_path: Path) -> None:
    captures = [view(tmp_path, name) for name in ("day", "week", "month")]
    [recorded] = replay(engine, captures)
    assert isinstance(recorded, Recorded)
    assert (recorded.outcome, recorded.volumes) == (Outcome.COMPLETE, 600)


def test_stored_rankings_are_read_again_whole_and_a_wrong_figure_is_corrected(engine: Engine, tmp_path: Path) -> None:
    list(replay(engine, [view(tmp_path, name) for name in ("day", "week", "month")]))
    again = reread(engine, "openrouter_rankings", NOW + timedelta(days=300), force=True)
    assert again is not None
    assert (again.restated, again.volumes) == (0, 600)
    slug = "lab/pictures-7"
    with writing(engine) as connection:
        connection.execute(update(t.volume).where(t.volume.c.model == slug).values(requests=1))
    mended = reread(engine, "openrouter_rankings", NOW + timedelta(days=301), force=True)
    assert mended is not None
    assert mended.restated == 3, "of the day, the week and the month"
    with reading(engine) as connection:
        found = queries.volumes(connection, queries.AskedVolumes(slug), NOW + timedelta(days=302))
    assert [one.requests for one in found] == [77] * 3


def test_two_captures_of_one_address_are_two_runs(tmp_path: Path) -> None:
    day, week = view(tmp_path, "day"), view(tmp_path, "week")
    assert runs_of([day, week, day]) == [(day, week), (day,)]
