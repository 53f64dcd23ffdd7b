"""The only writer of what is documented: the file of facts → versions and changes from before the first crawl."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from sqlalchemy import Connection, Engine, bindparam, func, select

from history import evidence
from history import tables as t
from history.book import Change, InForce, OfferState, Verdict, Version
from history.db import reading, recording
from history.documented import WHERE, Fact, facts_in, file_of_facts, sellers, source_of
from history.ledger import Ledger, next_id
from history.model import EventKind, Failure, Fetched, Outcome, Quote, Reading, SeriesKey, Source
from history.recorder import TICK, Declared, Recorded, declare, write_run

# Non-authoritative: the bytes on record are our file of facts, the address is where the fact is stated.
NOT_ITS_OWN_BYTES = 203
REASONS_IN_WORDS = 20
Place = tuple[SeriesKey, datetime]


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of a file: how many of its facts are new, and how many of an older file's it corrects."""

    facts: int
    corrected: int


def archive(engine: Engine, now: datetime, body: bytes | None = None) -> Archived | None:
    """Record what the file says and the history does not know; None where this very file is on record."""
    body = file_of_facts() if body is None else body
    version = sha256(body).hexdigest()
    with reading(engine) as connection:
        if _is_on_record(connection, version):
            return None
    with recording(engine) as connection:
        return None if _is_on_record(connection, version) else _write(connection, body, version, now)


def _is_on_record(connection: Connection, version: str) -> bool:
    return connection.execute(_NEWEST).scalar() == version


_OURS = t.run.c.source_id.in_(select(t.source.c.id).where(t.source.c.witness == "documented"))
_LAST = select(func.max(t.run.c.recorded_at)).where(_OURS)
_SELLERS = select(t.provider.c.slug).join(t.source).where(t.source.c.witness == "documented")
# A run's extractor is what made its prices: here the file, by its digest.
_NEWEST = select(t.run.c.extractor).where(t.run.c.id == select(func.max(t.run.c.id)).where(_OURS).scalar_subquery())


def _write(connection: Connection, body: bytes, version: str, now: datetime) -> Archived:
    stated: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts_in(body):
        stated[fact.provider].append(fact)
    evidence.keep(connection, body, "application/x-ndjson", now)
    last = connection.execute(_LAST).scalar()
    now = now if last is None else max(now, last + TICK)
    known, facts, corrected = sellers(), 0, 0
    on_record = connection.execute(_SELLERS).scalars()
    for slug in sorted({*stated, *on_record}):
        source = source_of(known[slug])
        clerk = _Clerk(connection, source, declare(connection, source), version, now)
        corrected += clerk.correct(stated[slug])
        facts += clerk.add(stated[slug])
        clerk.sum_up(stated[slug])
    return Archived(facts, corrected)


@dataclass(slots=True)
class _Clerk:
    """Writes down what is documented of one provider, in one run for every address that states it."""

    connection: Connection
    source: Source
    declared: Declared
    version: str
    now: datetime
    runs: int = 0
    believed: dict[Place, str | None] = field(default_factory=dict)
    taken_back: set[Place] = field(default_factory=set)
    set_right: set[Place] = field(default_factory=set)

    def correct(self, stated: list[Fact]) -> int:
        """Supersede what an older file said and this one does not, each with the reason."""
        self._read_what_is_believed()
        facts = {fact.place: fact for fact in stated}
        wrong = [place for place, quote in self.believed.items() if not _says(facts.get(place), quote)]
        if wrong:
            self.set_right.update(wrong)
            changes = [_correction(place, self.believed.pop(place), facts.get(place)) for place in wrong]
            reasons = "; ".join(_reason(place, facts.get(place)) for place in wrong[:REASONS_IN_WORDS])
            self._ledger(self._begin(WHERE, len(wrong), reasons)).write(Verdict(superseded=wrong, changes=changes))
        return len(wrong)

    def add(self, stated: list[Fact]) -> int:
        """Record what is not on record, told as what it was where it corrects nothing."""
        cancelled = {fact.place for fact in stated if fact.kind == "cancelled"}
        known = self.believed.keys() | (cancelled & (self.taken_back | self.set_right))
        new = sorted((fact for fact in stated if fact.place not in known), key=lambda fact: fact.source)
        for url, facts in groupby(new, key=lambda fact: fact.source):
            self._write_down(url, sorted(facts, key=lambda fact: fact.effective_at))
        return len(new)

    def sum_up(self, stated: list[Fact]) -> None:
        """Each series shows what it came to."""
        come = sorted((fact for fact in stated if fact.effective_at <= self.now), key=lambda fact: fact.effective_at)
        in_force = {fact.key: InForce(fact.quote, fact.effective_at) for fact in come if fact.kind != "cancelled"}
        self._ledger(0).write(Verdict(in_force=in_force))

    def _read_what_is_believed(self) -> None:
        for row in self.connection.execute(_VERSIONS, {"source_id": self.declared.source_id}):
            place = SeriesKey(*row[:5]), row.valid_from
            if row.superseded_at is not None:
                self.taken_back.add(place)
            elif row.per is None:
                self.believed[place] = None
            else:
                self.believed[place] = Quote(row.amount, row.currency, row.per, row.list_amount, row.ends_at).text

    def _write_down(self, url: str, facts: list[Fact]) -> None:
        """One story for each model and moment. What was announced and cancelled stays on record as taken back."""
        run_id = self._begin(url, len(facts), "")
        for _, of_one in groupby(facts, key=lambda fact: fact.effective_at):
            verdict, taken_back = Verdict(), Verdict()
            for fact in of_one:
                verdict.offers[fact.key.offer] = OfferState(())
                verdict.versions.append(
                    Version(
                        fact.key,
                        fact.effective_at,
                        fact.quote,
                        "documented",
                        place=fact.read_at if fact.quote else None,
                    )
                )
                if fact.kind == "cancelled":
                    taken_back.superseded.append(fact.place)
                if fact.place not in self.set_right:
                    verdict.changes.append(fact.change)
            self._ledger(run_id).write(verdict)
            self._ledger(run_id, self.now + TICK).write(taken_back)

    def _begin(self, url: str, facts: int, why: str) -> int:
        """A run of its own, so that every price leads to the address that states it."""
        self.runs += 1
        at = self.now + self.runs * TICK
        page = Fetched(url, self.version, self.now, NOT_ITS_OWN_BYTES)
        run_id, failure = next_id(self.connection, t.run), Failure("", why) if why else None
        recorded = Recorded(run_id, self.source.name, at, Outcome.COMPLETE, failure, facts, 0, 0, facts)
        of_file = Reading(self.source, self.version, at, (page,))
        write_run(self.connection, self.declared.source_id, recorded, of_file, at)
        return run_id

    def _ledger(self, run_id: int, at: datetime | None = None) -> Ledger:
        source_id, provider_id = self.declared
        return Ledger(self.connection, source_id, run_id, at or self.now, {"": provider_id})


def _says(fact: Fact | None, quote: str | None) -> bool:
    return fact is not None and fact.kind != "cancelled" and fact.quote == quote


def _correction(place: Place, was: str | None, fact: Fact | None) -> Change:
    """What was announced and is cancelled now was no mistake of ours."""
    key, start = place
    if fact is not None and fact.kind == "cancelled":
        return fact.change
    return Change(EventKind.PRICE_CORRECTED, key.offer, start, key, was, fact and fact.quote)


def _reason(place: Place, fact: Fact | None) -> str:
    key, start = place
    what = f"{key.model} {key.unit} from {start:%Y-%m-%d %H:%M} on"
    return f"{what}: {(fact and fact.why) or 'the file of facts says it otherwise now, and not why'}"


_VERSIONS = (
    select(t.offer.c.model, t.offer.c.tier, t.offer.c.region, t.series.c.unit, t.series.c.conditions, t.price)
    .join_from(t.price, t.series, t.series.c.id == t.price.c.series_id)
    .join(t.offer, t.offer.c.id == t.series.c.offer_id)
    .where(t.offer.c.source_id == bindparam("source_id"))
)
