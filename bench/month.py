"""A simulated month of every declared source, on both databases: each slot fetched once, though one scheduler dies.

The clock is moved by the test of the same name (tests/crawler/test_month.py), which lives through the daily sources;
here are the hourly ones too, some 30,000 fetches a database. No page is fetched: what is measured is order.
"""

import multiprocessing
import tempfile

import migrations
from bench.figures import Figure
from history.db import connect
from tests.crawler.test_month import DECLARED, lives_through
from tests.postgres import running

DAYS = 30


def figures() -> list[Figure]:
    """Each database in a process of its own."""
    pool = multiprocessing.get_context("spawn").Pool(2)
    with tempfile.TemporaryDirectory() as folder, running() as server, pool:
        urls = {"SQLite": f"sqlite:///{folder}/bench.sqlite3", "PostgreSQL": server.create_database()}
        return pool.starmap(_month, urls.items())


def _month(name: str, url: str) -> Figure:
    engine = connect(url)
    migrations.upgrade(engine)
    world, wrong = lives_through(engine, DECLARED, DAYS)
    engine.dispose()
    detail = f"of {len(world.fetched):,} of {len(DECLARED)} sources, two schedulers, 12 hours dark, one killed"
    return Figure(f"slots fetched twice or forgotten, {name}", len(wrong), 0, detail)
