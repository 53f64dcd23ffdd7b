"""The long storm: 1,000 endpoints of which 30 % misbehave, 200 changes, dispatchers killed, PostgreSQL restarted."""

import tempfile
from pathlib import Path

from bench.deliveries import DURABLE, sqlite
from bench.figures import Figure
from history.db import connect
from migrations import upgrade
from tests.chaos import Aftermath, Storm, weather
from tests.postgres import restart, running

GOOD, BAD, CHANGES, PATIENCE_S = 700, 300, 200, 900


def figures() -> list[Figure]:
    return [_figure("PostgreSQL", _on_postgresql()), _figure("SQLite", _on_sqlite())]


def _figure(name: str, after: Aftermath) -> Figure:
    assert after.told == dict.fromkeys(range(GOOD), after.expected), "a message was lost, or came out of order"
    assert {len(bodies) for bodies in after.bodies.values()} == {1}, "a message came with another body"
    detail = f"{after.arrivals:,} arrivals in {after.took_s:.0f} s, {after.kills} times kill -9; none lost, in order"
    return Figure(f"storm on {name}, duplicates in %", 100 * after.duplicates / after.arrivals, 1, detail)


def _on_postgresql() -> Aftermath:
    with running(*DURABLE) as server, tempfile.TemporaryDirectory() as folder:
        url = server.create_database()
        engine = connect(url)
        upgrade(engine)
        engine.dispose()
        storm = Storm(GOOD, BAD, CHANGES, 3, 4, 0.1, PATIENCE_S, restart=lambda: restart(server))
        return weather(url, Path(folder), storm)


def _on_sqlite() -> Aftermath:
    with sqlite() as engine, tempfile.TemporaryDirectory() as folder:
        url = engine.url.render_as_string(hide_password=False)
        return weather(url, Path(folder), Storm(GOOD, BAD, CHANGES, 1, 8, 0.1, PATIENCE_S))
