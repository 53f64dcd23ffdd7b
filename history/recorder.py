"""The only writer of runs, prices and events: one run, one transaction, one recorder at a time."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Table, func, select, update

from history import tables as t
from history.agreement import Agreement
from history.book import Verdict
from history.compare import compare
from history.ledger import Ledger, insert, next_id
from history.model import Failure, Outcome, Provider, Reading, Rejection, Source, noun_of
from history.places import Locate, nowhere, with_places
from history.register import Register
from history.shapes import keep_shape
from history.shelf import Shelves
from history.statistics import examine
from history.validation import validate

TICK = timedelta(microseconds=1)


class AlreadyRecorded(Exception):
    """The source already has a run at this time or a later one; the past is corrected, not run again."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one run. `restated` counts volumes and hosts that had said something else before."""

    run_id: int
    source: str
    observed_at: datetime
    outcome: Outcome
    failure: Failure | None
    offers: int
    rejected: int
    held: int
    events: int
    volumes: int = 0
    hosts: int = 0
    restated: int = 0

    @property
    def statements(self) -> int:
        """How much of what the pages state is believed."""
        return self.offers + self.volumes + self.hosts


class Declared(NamedTuple):
    """What a source and its provider are called in the tables."""

    source_id: int
    provider_id: int


def declare_sources(connection: Connection, sources: Iterable[Source]) -> None:
    """Write down what is watched, so that a source is on record before its first run."""
    for source in sources:
        declare(connection, source)


def pause(connection: Connection, source_name: str, until: datetime | None) -> None:
    """Leave a source alone until then (None: no longer)."""
    connection.execute(update(t.source).where(t.source.c.name == source_name).values(paused_until=until))


def newest_run_at(connection: Connection, source_name: str) -> datetime | None:
    """When the source was last observed, well or not."""
    observed = (
        select(func.max(t.run.c.observed_at))
        .join(t.source)
        .where(t.source.c.name == source_name, t.run.c.kind == "crawl")
    )
    moment: datetime | None = connection.execute(observed).scalar()
    return moment


def record(
    connection: Connection,
    reading: Reading,
    now: datetime,
    locate: Locate = nowhere,
    shelves: Shelves | None = None,
) -> Recorded:
    """Record one run: validate what it read, compare it with what is believed, write what became different, and where
    `locate` finds it on the pages. Who records run after run of a source keeps its `shelves` in between, and throws
    them away when a transaction is taken back.

    Raises AlreadyRecorded when the source has a run at `reading.observed_at` or later.
    """
    newest = newest_run_at(connection, reading.source.name)
    if newest is not None and newest >= reading.observed_at:
        raise AlreadyRecorded(
            f"{reading.source.name} was already observed at {newest}, not before {reading.observed_at}"
        )
    declared = declare(connection, reading.source)
    now = _after_all_recorded(connection, declared.source_id, now)
    seen, rejections = validate(reading.offers, reading.source)
    stated, refused = examine(reading)
    rejections += refused
    believed, before = len(seen.offers) + len(stated), _offers_before(connection, declared.source_id)
    outcome, failure = judge(reading, believed, rejections, before)
    run_id, shelves, verdict = next_id(connection, t.run), shelves or Shelves(), Verdict()
    if outcome is not Outcome.FAILED:
        shelf = shelves.take(connection, declared.source_id)
        book = shelf.book(seen)
        book.agreed = Agreement(connection, declared.source_id, reading.observed_at, now, shelf.beginnings)
        verdict = compare(book, seen, reading.observed_at, complete=outcome is Outcome.COMPLETE)
        shelves.put_back(shelf, verdict, run_id)
    recorded = Recorded(
        run_id,
        reading.source.name,
        reading.observed_at,
        outcome,
        failure,
        len(seen.offers),
        len(rejections),
        sum(1 for held in verdict.held.values() if held),
        len(verdict.changes),
        len(stated.volumes),
        len(stated.hosts),
    )
    write_run(connection, declared.source_id, recorded, reading, now)
    keep_shape(connection, declared.source_id, run_id, outcome, reading, recorded.statements)
    _write_rejections(connection, run_id, rejections)
    verdict.versions = with_places(connection, verdict.versions, run_id, locate)
    billers = billers_of(connection, reading.source, verdict)
    Ledger(connection, declared.source_id, run_id, now, billers).write(verdict)
    register = Register(connection, declared.source_id, now)
    if outcome is not Outcome.FAILED:
        register.add(run_id, stated, reading.notices)
    return replace(recorded, restated=register.restated)


def _after_all_recorded(connection: Connection, source_id: int, now: datetime) -> datetime:
    """Recorded time never runs backwards for a source, though a machine's clock may be set back."""
    last = connection.execute(select(func.max(t.run.c.recorded_at)).where(t.run.c.source_id == source_id)).scalar()
    return now if last is None or now > last else last + TICK


def _offers_before(connection: Connection, source_id: int) -> int:
    """How many offers the last complete run of the source had; 0 before there is one."""
    complete = (t.run.c.source_id == source_id, t.run.c.kind == "crawl", t.run.c.outcome == Outcome.COMPLETE.value)
    newest = select(t.run.c.offers).where(*complete).order_by(t.run.c.observed_at.desc()).limit(1)
    return connection.execute(newest).scalar() or 0


def judge(
    reading: Reading, believed: int, rejections: list[Rejection], before: int = 0
) -> tuple[Outcome, Failure | None]:
    """How a run ended: failed keeps nothing, partial adds but takes nothing away. `believed` of its statements are.
    `before` are the offers of the last complete run: a map grows from a hundred to thousands, so that only its own past
    tells how many it should have."""
    if reading.failure is not None:
        return Outcome.FAILED, reading.failure
    stated, expected = believed + len(rejections), reading.source.offers_expected
    noun = noun_of((*reading.offers[:1], *reading.volumes[:1], *reading.hosts[:1]))
    if not believed:
        why = rejections[0].message if rejections else "the page was read, but it states no offer"
        return Outcome.FAILED, Failure(f"Rejection({rejections[0].rule})" if rejections else "PageChanged", why)
    is_map = reading.source.witness == "imported"
    least = max(expected.start, before // 2 + 1) if is_map else expected.start
    if stated < least:
        few = f"{stated} {noun} where at least {least} are expected; "
        if noun == "offers":
            return Outcome.PARTIAL, Failure("TooFewOffers", f"{few}nothing is withdrawn")
        return Outcome.FAILED, Failure(f"TooFew{noun.title()}", f"{few}none of them is recorded")
    if stated >= expected.stop:
        return Outcome.PARTIAL, Failure(
            f"TooMany{noun.title()}", f"{stated} {noun} where fewer than {expected.stop} are expected"
        )
    if rejections:
        named = "; ".join(f"{rejection.model}: {rejection.message}" for rejection in rejections[:3])
        why = f"{len(rejections)} of {stated} {noun} left out: {named}"
        # A map keeps a slip for years. What it leaves out goes on being there; what it drops meanwhile has gone.
        outcome = Outcome.COMPLETE if is_map else Outcome.PARTIAL
        return outcome, Failure(f"Rejection({rejections[0].rule})", why)
    return Outcome.COMPLETE, None


def declare(connection: Connection, source: Source) -> Declared:
    """The source's ids; its declaration is written down where it is new or has changed."""
    provider_id = _provider_id(connection, source.provider)
    stated: dict[str, Any] = {
        "provider_id": provider_id,
        "url": source.url,
        "interval_s": source.interval_s,
        "verified": source.verified,
        "daily_budget": source.daily_budget,
        "witness": source.witness,
    }
    return Declared(_upsert(connection, t.source, "name", source.name, **stated), provider_id)


def billers_of(connection: Connection, source: Source, verdict: Verdict) -> dict[str, int]:
    """The ids of who bills the offers of a verdict that may be new, by the slug in their keys."""
    named = {key.biller for key in verdict.offers} & source.billers.keys()
    rows = connection.execute(select(t.provider).where(t.provider.c.slug.in_(named))).all() if named else ()
    known = {row.slug: row.id for row in rows if source.billers[row.slug] == Provider(row.slug, row.name, row.kind)}
    others = {slug: _provider_id(connection, source.billers[slug]) for slug in sorted(named - known.keys())}
    return {"": _provider_id(connection, source.provider), **known, **others}


def _provider_id(connection: Connection, provider: Provider) -> int:
    return _upsert(connection, t.provider, "slug", provider.slug, name=provider.name, kind=provider.kind)


def _upsert(connection: Connection, table: Table, identity: str, value: str, **stated: Any) -> int:
    columns = [table.c.id, *(table.c[name] for name in stated)]
    row = connection.execute(select(*columns).where(table.c[identity] == value)).first()
    if row is None:
        new_id = next_id(connection, table)
        connection.execute(table.insert(), {"id": new_id, identity: value, **stated})
        return new_id
    if tuple(row[1:]) != tuple(stated.values()):
        connection.execute(table.update().where(table.c.id == row.id), stated)
    return int(row.id)


def write_run(
    connection: Connection,
    source_id: int,
    recorded: Recorded,
    reading: Reading,
    now: datetime,
    kind: Literal["crawl", "reread"] = "crawl",
) -> None:
    """The run itself, well or not, and what it fetched."""
    failure = recorded.failure or Failure("", "")
    row = {
        "id": recorded.run_id,
        "source_id": source_id,
        "observed_at": reading.observed_at,
        "recorded_at": now,
        "kind": kind,
        "outcome": recorded.outcome.value,
        "failure": failure.name or None,
        "message": failure.message or None,
        "extractor": reading.extractor,
        "offers": recorded.statements,
        "rejected": recorded.rejected,
        "held": recorded.held,
        "events": recorded.events,
        "unread": json.dumps(dict(reading.unread), ensure_ascii=False, sort_keys=True),
    }
    connection.execute(t.run.insert(), row)
    fetched = [{"run_id": recorded.run_id, "ordinal": n, **asdict(page)} for n, page in enumerate(reading.pages)]
    insert(connection, t.fetch, fetched)


def _write_rejections(connection: Connection, run_id: int, rejections: list[Rejection]) -> None:
    rows = [{"run_id": run_id, "ordinal": n, **asdict(rejection)} for n, rejection in enumerate(rejections)]
    insert(connection, t.rejection, rows)
