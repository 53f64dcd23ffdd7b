"""Bad input over the network, to every spider: a good page, whatever else its server may say, the good page again."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, func, select

import migrations
from crawler.reading import spider_names
from history import tables as t
from history.columns import OPEN
from history.db import connect, reading
from history.times import to_rfc3339
from tests.crawler.bad_for_all import GOOD, OFFERS, Answer, answers
from tests.misbehaving_server import MisbehavingServer, page

ROOT = Path(__file__).parent.parent.parent
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT_ONCE = 6
# What their rows cover is said by what was asked.
READ_BY_QUERY = ("openrouter_rankings", "openrouter_volumes")
# One of each kind: an API, an API with many pages, Markdown, HTML, a stream, props, a browser's page.
SLICE = ("cerebras", "azure", "anthropic", "tencent_cn", "cohere", "openai", "zhipu_cn")


class Told:
    """The runs of all spiders in a database, by spider in time order."""

    def __init__(self, engine: Engine, spiders: tuple[str, ...]) -> None:
        self.engine, self.spiders = engine, spiders
        self.answers = {spider: answers(spider) for spider in spiders}
        query = select(t.run, t.source.c.name.label("spider")).join(t.source).order_by(t.run.c.observed_at)
        self.runs: dict[str, list[Any]] = {spider: [] for spider in spiders}
        for run in self.rows(query):
            self.runs[run["spider"]].append(run)

    def rows(self, query: Any) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(query).mappings())

    def bad(self) -> Iterator[tuple[Answer, Any]]:
        for spider in self.spiders:
            yield from zip(self.answers[spider], self.runs[spider][1:-1], strict=True)

    def count(self, table: Any, *where: Any) -> int:
        return int(self.rows(select(func.count().label("rows")).select_from(table).where(*where))[0]["rows"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """All spiders on SQLite, one of each kind on PostgreSQL."""
    if request.param == "sqlite":
        url, spiders = f"sqlite:///{tmp_path_factory.mktemp('all') / 'tokentape.sqlite3'}", tuple(spider_names())
    else:
        url, spiders = request.getfixturevalue("postgres").create_database(), SLICE
    engine = connect(url)
    migrations.upgrade(engine)
    with MisbehavingServer() as server:
        crawl_all(url, list(crawls(server, spiders)))
    yield Told(engine, spiders)
    engine.dispose()


def crawls(server: MisbehavingServer, spiders: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for spider in spiders:
        good = GOOD[spider]
        server.behaviours[f"/{spider}"] = page(good.body, good.media_type)
        bad = answers(spider)
        server.behaviours |= {answer.path: answer.behaviour for answer in bad}
        for hours, (path, timeout_s) in enumerate(
            [(f"/{spider}", 10.0), *((answer.path, answer.timeout_s) for answer in bad), (f"/{spider}", 10.0)]
        ):
            captured = to_rfc3339(MONDAY + timedelta(hours=hours))
            url = server.url(path + (f"?{urlsplit(good.url).query}" if spider in READ_BY_QUERY else ""))
            wanted = {"spider": spider, "url": url, "captured": captured, "timeout": timeout_s}
            yield wanted | {"least": OFFERS[spider]}


def crawl_all(database_url: str, wanted: list[dict[str, Any]]) -> None:
    command = [sys.executable, "-m", "tests.crawler.many_crawls", str(AT_ONCE)]
    environment = os.environ | {"TOKENTAPE_DATABASE_URL": database_url, "TOKENTAPE_OPENROUTER_API_KEY": "sk-or-test"}
    done = subprocess.run(
        command, input=json.dumps(wanted), env=environment, cwd=ROOT, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["crash"] for line in done.stdout.splitlines()] == [None] * len(wanted), done.stderr


def test_the_good_page_is_read_whole(told: Told) -> None:
    first = {spider: told.runs[spider][0] for spider in told.spiders}
    assert {spider: run["message"] for spider, run in first.items() if run["outcome"] != "complete"} == {}
    assert {spider: run["offers"] for spider, run in first.items()} == {
        spider: OFFERS[spider] for spider in told.spiders
    }


def test_every_bad_answer_has_its_name_and_says_why(told: Told) -> None:
    wrong = {
        (answer.spider, answer.name): (run["outcome"], run["failure"], run["message"])
        for answer, run in told.bad()
        if run["failure"] not in answer.failures or not re.search(answer.says, run["message"] or "")
    }
    assert wrong == {}


def test_what_arrived_is_kept_and_nothing_else(told: Told) -> None:
    kept = Counter(fetch["run_id"] for fetch in told.rows(select(t.fetch)))
    wrong = {
        (answer.spider, answer.name): kept[run["id"]] for answer, run in told.bad() if kept[run["id"]] != answer.kept
    }
    assert wrong == {}
    lost = select(t.fetch.c.sha256).where(t.fetch.c.sha256.not_in(select(t.snapshot.c.sha256)))
    assert told.rows(lost) == []


def test_nothing_was_withdrawn_held_or_told(told: Told) -> None:
    assert told.count(t.offer, t.offer.c.withdrawn) == 0
    assert told.count(t.held) == 0
    assert told.count(t.price, t.price.c.superseded_at != OPEN) == 0
    first = [told.runs[spider][0]["id"] for spider in told.spiders]
    assert told.count(t.price, t.price.c.run_id.not_in(first)) == 0
    assert told.count(t.change_event) == 0


def test_the_good_page_heals_it(told: Told) -> None:
    last = {spider: told.runs[spider][-1] for spider in told.spiders}
    assert {spider for spider, run in last.items() if run["outcome"] != "complete" or run["held"]} == set()
    assert {spider: run["offers"] for spider, run in last.items()} == {
        spider: OFFERS[spider] for spider in told.spiders
    }


def test_every_spider_met_every_answer(told: Told) -> None:
    assert {len(told.answers[spider]) for spider in told.spiders} == {17}
    assert {len(told.runs[spider]) for spider in told.spiders} == {19}
