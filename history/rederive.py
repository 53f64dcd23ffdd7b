"""A newer extractor over the same bytes: derive the history again and record where it differs, as corrections."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from history import tables as t
from history.agreement import Agreement
from history.book import Agreed, Book, Change, InForce, Verdict, Version, nobody
from history.columns import OPEN
from history.compare import compare
from history.ledger import Ledger, next_id
from history.model import EventKind, Outcome, Quote, Reading, SeriesKey, Source
from history.places import Locate, nowhere, with_places
from history.recorder import Recorded, billers_of, declare, judge, write_run
from history.register import Register, Retold
from history.shelf import IDENTITY
from history.statistics import examine
from history.validation import validate

Timeline = dict[SeriesKey, dict[datetime, Version]]


@dataclass(slots=True)
class Derived:
    """The history that a sequence of readings makes, in memory."""

    book: Book = field(default_factory=Book)
    timeline: Timeline = field(default_factory=lambda: defaultdict(dict))
    since: dict[SeriesKey, datetime] = field(default_factory=dict)
    before: int = 0
    agreed: Callable[[int, Reading], Agreed] = lambda _run_id, _reading: nobody
    told: Retold = field(default_factory=Retold)

    def take(self, run_id: int, reading: Reading) -> None:
        """One more run, by the same rules as when it was recorded."""
        seen, rejections = validate(reading.offers, reading.source)
        stated, refused = examine(reading)
        outcome, _ = judge(reading, len(seen.offers) + len(stated), rejections + refused, self.before)
        if outcome is Outcome.FAILED:
            return
        self.told.take(run_id, stated, reading.notices)
        complete = outcome is Outcome.COMPLETE
        self.before = len(seen.offers) if complete else self.before
        self.book.since, self.book.agreed = self.since, self.agreed(run_id, reading)
        self._fold(compare(self.book, seen, reading.observed_at, complete=complete), run_id, reading.observed_at)
        self.book.baseline = self.book.baseline and not complete

    def _fold(self, verdict: Verdict, run_id: int, at: datetime) -> None:
        book = self.book
        book.offers.update(verdict.offers)
        for key, start in verdict.superseded:
            del self.timeline[key][start]
            self._unschedule(key, start)
        for version in verdict.versions:
            self.timeline[version.key][version.valid_from] = replace(version, run_id=version.run_id or run_id)
            if version.valid_from > at and version.quote is not None:
                book.scheduled.setdefault(version.key, {})[version.valid_from] = version.quote
        for key, now in verdict.in_force.items():
            self._put_in_force(key, now)
        for key, held in verdict.held.items():
            if held is None:
                book.held.pop(key, None)
            else:
                book.held[key] = replace(held, run_id=held.run_id or run_id)

    def _put_in_force(self, key: SeriesKey, now: InForce) -> None:
        self.since[key] = now.since
        if now.quote is None:
            self.book.in_force.pop(key, None)
        else:
            self.book.in_force[key] = now.quote
        for start in [start for start in self.book.scheduled.get(key, ()) if start <= now.since]:
            self._unschedule(key, start)

    def _unschedule(self, key: SeriesKey, start: datetime) -> None:
        starts = self.book.scheduled.get(key, {})
        starts.pop(start, None)
        if not starts:
            self.book.scheduled.pop(key, None)


def correct(
    connection: Connection, source: Source, readings: Iterable[tuple[int, Reading]], extractor: str, now: datetime,
    locate: Locate = nowhere,
) -> Recorded:  # fmt: skip
    """Re-read every stored run of a source, in time order, and record what turns out different as corrections."""
    declared = declare(connection, source)
    derived = Derived()
    derived.agreed = _agreed_then(connection, declared.source_id, derived)
    for run_id, reading in readings:
        derived.take(run_id, reading)
    believed = _believed(connection, declared.source_id)
    verdict = _difference(believed, derived)
    outcome = Outcome.PARTIAL if derived.book.baseline else Outcome.COMPLETE
    live = sum(1 for state in derived.book.offers.values() if not state.withdrawn)
    run_id = next_id(connection, t.run)
    recorded = Recorded(
        run_id, source.name, now, outcome, None, live, 0, len(derived.book.held), len(verdict.changes),
        len(derived.told.volumes), len(derived.told.hosts),
    )  # fmt: skip
    write_run(connection, declared.source_id, recorded, Reading(source, extractor, now), now, kind="reread")
    verdict.versions = with_places(connection, verdict.versions, run_id, locate)
    Ledger(connection, declared.source_id, run_id, now, billers_of(connection, source, verdict)).write(verdict)
    register = Register(connection, declared.source_id, now)
    register.replace(derived.told)
    return replace(recorded, restated=register.restated)


def _agreed_then(connection: Connection, source_id: int, derived: Derived) -> Callable[[int, Reading], Agreed]:
    """What the other witnesses said when a run was recorded, whatever they have said since."""
    stated = select(t.run.c.id, t.run.c.recorded_at).where(t.run.c.source_id == source_id)
    recorded: dict[int, datetime] = {row.id: row.recorded_at for row in connection.execute(stated)}

    def agreed(run_id: int, reading: Reading) -> Agreed:
        return Agreement(connection, source_id, reading.observed_at, recorded[run_id], lambda _keys: derived.since)

    return agreed


def _believed(connection: Connection, source_id: int) -> Timeline:
    believed: Timeline = defaultdict(dict)
    for row in connection.execute(_LIVE, {"source_id": source_id}):
        quote = Quote(row.amount, row.currency, row.per, row.list_amount, row.ends_at).text if row.per else None
        key = SeriesKey._make(row[:6])
        believed[key][row.valid_from] = Version(key, row.valid_from, quote, row.basis, row.run_id)
    return believed


_LIVE = (
    select(*IDENTITY, t.price)
    .join_from(t.price, t.series, t.series.c.id == t.price.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(t.offer.c.source_id == bindparam("source_id"), t.price.c.superseded_at == OPEN)
)


def _difference(believed: Timeline, derived: Derived) -> Verdict:
    verdict = Verdict(offers=derived.book.offers)
    for key in sorted(believed.keys() | derived.timeline.keys()):
        old, new = believed.get(key, {}), derived.timeline.get(key, {})
        wrong = [start for start, version in old.items() if start not in new or new[start].quote != version.quote]
        right = [version for start, version in new.items() if start not in old or old[start].quote != version.quote]
        verdict.superseded.extend((key, start) for start in wrong)
        verdict.versions.extend(right)
        verdict.changes.extend(_corrections(key, old, new))
        verdict.held[key] = derived.book.held.get(key)
        if key in derived.since:
            verdict.in_force[key] = InForce(derived.book.in_force.get(key), derived.since[key])
    for key, held in derived.book.held.items():
        verdict.held[key] = held
    return verdict


def _corrections(key: SeriesKey, old: dict[datetime, Version], new: dict[datetime, Version]) -> list[Change]:
    """One correction for every stretch of time in which the belief was another."""
    corrections: list[Change] = []
    before: str | None = None
    after: str | None = None
    for start in sorted(old.keys() | new.keys()):
        was = (before, after)
        before = old[start].quote if start in old else before
        after = new[start].quote if start in new else after
        if before != after and (before, after) != was:
            corrections.append(Change(EventKind.PRICE_CORRECTED, key.offer, start, key, before, after))
    return corrections
