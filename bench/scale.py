"""Ten million versions of 20,000 series: prices as of a time, and new versions, beside bare SQL on the same tables.

Ours is what the API calls, `history.queries.as_of`, inside a transaction that is open, with everything it answers
(names, the next version's start, decimals, times). Bare is SQL by hand in the database's own driver for the same rows
and columns as they are believed now, its values left as the driver gives them. The two take turns, each at times and
offers of its own, so that neither warms the other's pages.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bench.figures import Figure, paired, seconds
from bench.grown import APART, OFFERS, SERIES, START, UNITS, Grown, databases, model
from history.book import InForce, Verdict, Version
from history.db import reading, recording
from history.ledger import Ledger
from history.model import SeriesKey
from history.queries import Scope, as_of
from history.times import to_micros

ROWS, AT_ONCE, RUNS, WRITES = (100_000, 1_000_000, 10_000_000), 50, 21, 7
QUOTE = "2.5 USD/1000000"

ANSWER = """SELECT s.id, b.slug, w.name, o.model, o.tier, o.region, s.unit, s.conditions, p.amount, p.currency, p.per,
p.list_amount, p.ends_at, p.valid_from, (SELECT n.valid_from FROM price n WHERE n.series_id = s.id
AND n.valid_from > p.valid_from AND n.superseded_at = {open} ORDER BY n.valid_from LIMIT 1),
p.recorded_at, p.basis, p.run_id, p.place, w.witness"""
NAMES = "JOIN source w ON w.id = o.source_id JOIN provider b ON b.id = o.provider_id"
SOUGHT = """FROM price q WHERE q.series_id = s.id AND q.valid_from <= {at} AND q.superseded_at = {open}
ORDER BY q.valid_from DESC LIMIT 1"""
# SQLite keeps the order of CROSS JOIN; its own order reads the whole table.
BARE = {
    "sqlite": f"{ANSWER} FROM {{outer}} CROSS JOIN {{inner}} ON s.offer_id = o.id {NAMES} CROSS JOIN price p"
    f" ON p.series_id = s.id AND p.superseded_at = 0 AND p.valid_from = (SELECT q.valid_from {SOUGHT})",
    "postgresql": f"{ANSWER} FROM {{outer}} JOIN {{inner}} ON s.offer_id = o.id {NAMES}"
    f" CROSS JOIN LATERAL (SELECT q.* {SOUGHT}) p",
}
AMOUNTS = "SELECT (SELECT q.amount {sought}) FROM series s"
IDS = """SELECT s.id, o.model, o.tier, o.region, s.unit, s.conditions FROM series s JOIN offer o ON o.id = s.offer_id
WHERE o.source_id = 1"""
INSERT = """INSERT INTO price (series_id, valid_from, superseded_at, recorded_at, amount, currency, per, basis, run_id)
VALUES ({values})"""
UPDATE = "UPDATE series SET quote = {v}, in_force_from = {v} WHERE id = {v}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of ours, of bare SQL, and their ratio; `amounts` is the leanest seek over all series."""

    rows: int
    one: tuple[float, float, float]
    all: tuple[float, float, float]
    amounts: float
    written: tuple[float, float, float]
    bytes_a_row: float


def figures() -> list[Figure]:
    found = []
    with databases() as grown:
        for each in grown:
            measured = []
            for rows in ROWS:
                each.grow(rows)
                measured.append(measure(each))
                print(_growth(each, measured[-1]), flush=True)
            found += list(_figures(each.name, measured[-1]))
    return found


def measure(grown: Grown) -> Measured:
    bare = Bare(grown)
    with reading(grown.engine) as connection:
        bare.answers_the_same(connection)
        one = paired(lambda: bare.ours(connection), lambda: bare.theirs(connection), RUNS)
        everything = paired(lambda: bare.ours_of_all(connection), lambda: bare.theirs_of_all(connection), RUNS)
        lean = min(seconds(lambda: bare.amounts(connection)) for _ in range(RUNS))
    written = paired(lambda: _write(grown), lambda: _write_raw(grown), WRITES)
    return Measured(grown.rows, one, everything, lean, written, grown.bytes_a_row())


class Bare:
    """Both sides' questions about one database."""

    def __init__(self, grown: Grown) -> None:
        self.grown, self.chance = grown, random.Random(grown.rows)
        self.sqlite = grown.engine.dialect.name == "sqlite"
        words = {"open": "0" if self.sqlite else "'epoch'", "at": "?" if self.sqlite else "%s"}
        statement = BARE[grown.engine.dialect.name]
        self.of_all = statement.format(outer="series s", inner="offer o", **words)
        where = f" WHERE o.model = {words['at']}"
        self.of_one = statement.format(outer="offer o", inner="series s", **words) + where
        self.lean = AMOUNTS.format(sought=SOUGHT.format(**words))

    def ours(self, connection: Connection) -> float:
        asked = [(Scope(provider="bench", model=self._model()), self._moment()) for _ in range(AT_ONCE)]
        known = self.grown.ends_at()
        return seconds(lambda: [as_of(connection, scope, at, known, limit=100) for scope, at in asked])

    def theirs(self, connection: Connection) -> float:
        asked = [(self._native(self._moment()), self._model()) for _ in range(AT_ONCE)]
        return seconds(lambda: [_fetch(connection, self.of_one, each) for each in asked])

    def ours_of_all(self, connection: Connection) -> float:
        at, known, scope = self._moment(), self.grown.ends_at(), Scope(provider="bench")
        return seconds(lambda: as_of(connection, scope, at, known, limit=SERIES))

    def theirs_of_all(self, connection: Connection) -> float:
        at = self._native(self._moment())
        return seconds(lambda: _fetch(connection, self.of_all, (at,)))

    def amounts(self, connection: Connection) -> list[Any]:
        return _fetch(connection, self.lean, (self._native(self._moment()),))

    def answers_the_same(self, connection: Connection) -> None:
        """Both say the same prices, or the comparison means nothing."""
        at = self._moment()
        mine = [one.amount for one in as_of(connection, Scope(), at, self.grown.ends_at(), limit=SERIES)]
        peer = [str(row[8]) for row in sorted(_fetch(connection, self.of_all, (self._native(at),)))]
        if [str(amount) for amount in mine] != peer or len(mine) != SERIES:
            raise AssertionError(f"{self.grown.name}: {len(mine)} prices and {len(peer)} are not the same")

    def _native(self, moment: datetime) -> Any:
        return to_micros(moment) if self.sqlite else moment

    def _moment(self) -> datetime:
        """Any, from when each series had a price."""
        begun = START + APART + timedelta(hours=1)
        span = (self.grown.ends_at() - begun).total_seconds()
        return begun + timedelta(seconds=self.chance.random() * span)

    def _model(self) -> str:
        return model(self.chance.randrange(1, OFFERS + 1))


def _fetch(connection: Connection, sql: str, parameters: tuple[Any, ...]) -> list[Any]:
    cursor = connection.connection.cursor()
    cursor.execute(sql, parameters)
    return list(cursor.fetchall())


def _write(grown: Grown) -> float:
    """A new version of each series by the ledger, and the quote in force; taken back afterwards."""
    now = grown.ends_at()
    keys = [SeriesKey(model(n), "standard", "", unit, "") for n in range(1, OFFERS + 1) for unit in UNITS]
    verdict = Verdict(
        versions=[Version(key, now, QUOTE, "first_seen") for key in keys],
        in_force={key: InForce(QUOTE, now) for key in keys},
    )
    return _taken_back(
        grown,
        lambda connection: (
            lambda: Ledger(connection, 1, grown.runs, now + timedelta(seconds=2), {"": 1}).write(verdict)
        ),
    )


def _write_raw(grown: Grown) -> float:
    """The same rows and updates by the driver, from the same names: one select finds all ids."""
    sqlite = grown.engine.dialect.name == "sqlite"
    now, later, never = grown.ends_at(), grown.ends_at() + timedelta(seconds=2), START - timedelta(days=19723)
    begin, seen, end = (to_micros(moment) if sqlite else moment for moment in (now, later, never))
    mark = "?" if sqlite else "%s"
    keys = [(model(n), "standard", "", unit, "") for n in range(1, OFFERS + 1) for unit in UNITS]

    def prepared(connection: Connection) -> Callable[[], None]:
        def work() -> None:
            cursor = connection.connection.cursor()
            cursor.execute(IDS)
            ids = {row[1:]: row[0] for row in cursor.fetchall()}
            inserted = [(ids[key], begin, end, seen, "2.5", "USD", 1_000_000, 1, grown.runs) for key in keys]
            updated = [(QUOTE, begin, ids[key]) for key in keys]
            cursor.executemany(INSERT.format(values=", ".join([mark] * 9)), inserted)
            cursor.executemany(UPDATE.format(v=mark), updated)

        return work

    return _taken_back(grown, prepared)


def _taken_back(grown: Grown, work: Callable[[Connection], Callable[[], None]]) -> float:
    with recording(grown.engine) as connection:
        took = seconds(work(connection))
        connection.rollback()
    return took


def _growth(grown: Grown, measured: Measured) -> str:
    one, everything, written = measured.one, measured.all, measured.written
    return (
        f"  {grown.name:<11}{measured.rows:>12,} rows: one offer {one[0] / AT_ONCE * 1e6:.0f} µs"
        f" (bare {one[1] / AT_ONCE * 1e6:.0f}), all series {everything[0] * 1e3:.0f} ms"
        f" (bare {everything[1] * 1e3:.0f}, amounts alone {measured.amounts * 1e3:.0f}),"
        f" {SERIES / written[0]:,.0f} new versions a second"
        f" (raw {SERIES / written[1]:,.0f}), {measured.bytes_a_row:.0f} bytes a row"
    )


def _figures(name: str, measured: Measured) -> Iterator[Figure]:
    one, everything, written = measured.one, measured.all, measured.written
    micros = f"{one[0] / AT_ONCE * 1e6:.0f} µs, bare {one[1] / AT_ONCE * 1e6:.0f} µs"
    yield Figure(f"as of, one offer of 10M rows, {name}", one[2], 3, micros)
    millis = f"{everything[0] * 1e3:.0f} ms, bare {everything[1] * 1e3:.0f} ms"
    millis += f", amounts alone {measured.amounts * 1e3:.0f} ms"
    yield Figure(f"as of, all {SERIES:,} series, {name}", everything[2], 1.5, millis)
    speeds = f"{SERIES / written[0]:,.0f}/s, raw {SERIES / written[1]:,.0f}/s"
    yield Figure(f"writing new versions / raw driver, {name}", 1 / written[2], 0.6, speeds, at_most=False)
    if name == "SQLite":
        yield Figure("bytes a row of history, SQLite", measured.bytes_a_row, 60, f"{measured.rows:,} rows")
