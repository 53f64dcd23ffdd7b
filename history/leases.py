"""Whose turn it is: one slot of a source's interval is taken by one scheduler, for as long as its lease lasts."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from history.model import Outcome
from history.tables import run, slot, source
from history.times import EPOCH


def offset_of(source_name: str, interval_s: int) -> int:
    """Seconds into its interval at which a source's slots start: always the same, and spread over all sources."""
    return int.from_bytes(sha256(source_name.encode()).digest()[:8]) % interval_s


def due_slot(now: datetime, interval_s: int, offset_s: int) -> datetime:
    """The start of the slot that `now` falls in."""
    elapsed_s = (now - EPOCH) // timedelta(seconds=1) - offset_s
    return EPOCH + timedelta(seconds=elapsed_s // interval_s * interval_s + offset_s)


def is_free(connection: Connection, source_name: str, starts_at: datetime, now: datetime) -> bool:
    """Whether a claim would succeed at this moment: not paused, and not taken. Only reads."""
    taken = exists().where(slot.c.source_id == source.c.id, slot.c.starts_at == starts_at, ~_may_take_over(now))
    return connection.execute(_id_unless_paused(source_name, now).where(~taken)).first() is not None


def claim(
    connection: Connection, source_name: str, starts_at: datetime, holder: str, now: datetime, lease_s: float
) -> bool:
    """Take the slot until `lease_s` from now. False: it is done, another holder's lease lasts, or the source is paused.

    A holder that died leaves a lease that runs out. If a run was recorded in the slot before that, the slot is
    done and nobody fetches again.
    """
    source_id = connection.execute(_id_unless_paused(source_name, now)).scalar()
    if source_id is None:
        return False
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    wanted = {"holder": holder, "leased_until": now + timedelta(seconds=lease_s)}
    took = connection.execute(
        insert(slot)
        .values(source_id=source_id, starts_at=starts_at, **wanted)
        .on_conflict_do_update(
            index_elements=[slot.c.source_id, slot.c.starts_at], set_=wanted, where=_may_take_over(now)
        )
        .returning(slot.c.source_id)
    ).first()
    if took is None:
        return False
    if _was_crawled(connection, source_id, starts_at):
        finish(connection, source_name, starts_at, holder, now)
        return False
    return True


def finish(connection: Connection, source_name: str, starts_at: datetime, holder: str, now: datetime) -> bool:
    """The slot is done. False where another holder had taken it over."""
    done = update(slot).where(_held_by(source_name, starts_at, holder)).values(done_at=now)
    return connection.execute(done).rowcount == 1


def release(connection: Connection, source_name: str, starts_at: datetime, holder: str) -> None:
    """Give the slot back unfinished: the next scheduler to ask may take it at once."""
    connection.execute(delete(slot).where(_held_by(source_name, starts_at, holder)))


def paused_until(connection: Connection, source_name: str) -> datetime | None:
    """Until when the source is to be left alone, or None; a moment that has passed may stand there."""
    return connection.execute(select(source.c.paused_until).where(source.c.name == source_name)).scalar()


def failures_in_a_row(connection: Connection, source_name: str, most: int = 20) -> int:
    """How many of the newest crawls of a source failed, one after the other (counted up to `most`)."""
    newest = (
        select(run.c.outcome)
        .join(source)
        .where(source.c.name == source_name, run.c.kind == "crawl")
        .order_by(run.c.observed_at.desc())
        .limit(most)
    )
    outcomes = list(connection.execute(newest).scalars())
    return next((count for count, outcome in enumerate(outcomes) if outcome != Outcome.FAILED), len(outcomes))


def _id_unless_paused(source_name: str, now: datetime) -> Select[Any]:
    paused = and_(source.c.paused_until.is_not(None), source.c.paused_until > now)
    return select(source.c.id).where(source.c.name == source_name, ~paused)


def _may_take_over(now: datetime) -> ColumnElement[bool]:
    return and_(slot.c.done_at.is_(None), slot.c.leased_until <= now)


def _held_by(source_name: str, starts_at: datetime, holder: str) -> ColumnElement[bool]:
    source_id: ScalarSelect[int] = select(source.c.id).where(source.c.name == source_name).scalar_subquery()
    return and_(
        slot.c.source_id == source_id, slot.c.starts_at == starts_at, slot.c.holder == holder, slot.c.done_at.is_(None)
    )


def _was_crawled(connection: Connection, source_id: int, since: datetime) -> bool:
    crawled = select(run.c.id).where(run.c.source_id == source_id, run.c.kind == "crawl", run.c.observed_at >= since)
    return connection.execute(crawled.limit(1)).first() is not None
