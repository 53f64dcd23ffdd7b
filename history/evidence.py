"""The only keeper of snapshots: bodies by their sha256, compressed, stored once."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import zstandard
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from history.model import Fetched
from history.tables import fetch, run, snapshot, source

LEVEL = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A kept body, as it was fetched (after the transfer's own compression was undone)."""

    sha256: str
    media_type: str
    body: bytes
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A crawl on record: the pages that it read, and by which extractor."""

    run_id: int
    observed_at: datetime
    extractor: str
    pages: tuple[Fetched, ...]


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request sends, and the snapshot that a 304 stands for."""

    etag: str | None
    last_modified: str | None
    sha256: str


def keep(connection: Connection, body: bytes, media_type: str, now: datetime) -> str:
    """Store the body if it is new; return its sha256 in hex."""
    digest = sha256(body).hexdigest()
    if connection.execute(select(snapshot.c.sha256).where(snapshot.c.sha256 == digest)).first() is None:
        packed = zstandard.ZstdCompressor(level=LEVEL).compress(body)
        row = {"sha256": digest, "media_type": media_type, "size": len(body), "stored_at": now, "body_zstd": packed}
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(snapshot).on_conflict_do_nothing(), row)
    return digest


def read(connection: Connection, digest: str) -> Snapshot | None:
    """The snapshot with that sha256, or None."""
    row = connection.execute(select(snapshot).where(snapshot.c.sha256 == digest)).first()
    if row is None:
        return None
    body = zstandard.ZstdDecompressor().decompress(row.body_zstd, max_output_size=row.size)
    return Snapshot(row.sha256, row.media_type, body, row.stored_at)


def validators(connection: Connection, source_name: str, url: str) -> Validators | None:
    """The validators of the newest good answer that this source had from this URL."""
    newest = (
        select(fetch.c.etag, fetch.c.last_modified, fetch.c.sha256)
        .join(run, run.c.id == fetch.c.run_id)
        .join(source, source.c.id == run.c.source_id)
        .where(
            source.c.name == source_name, fetch.c.url == url, fetch.c.status.in_((200, 304)), run.c.outcome != "failed"
        )
        .order_by(run.c.observed_at.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    return Validators(row.etag, row.last_modified, row.sha256) if row else None


def stored_runs(connection: Connection, source_name: str) -> list[StoredRun]:
    """Every crawl of the source that kept a good answer, oldest first."""
    good = (
        select(run.c.id, run.c.observed_at, run.c.extractor, fetch)
        .join(source, source.c.id == run.c.source_id)
        .join(fetch, fetch.c.run_id == run.c.id)
        .where(source.c.name == source_name, run.c.kind == "crawl", fetch.c.status.in_((200, 304)))
        .order_by(run.c.observed_at, fetch.c.ordinal)
    )
    runs: dict[int, StoredRun] = {}
    for row in connection.execute(good):
        page = Fetched(row.url, row.sha256, row.fetched_at, row.status, row.etag, row.last_modified)
        known = runs.get(row.id)
        runs[row.id] = StoredRun(row.id, row.observed_at, row.extractor, (*known.pages, page) if known else (page,))
    return list(runs.values())


def last_extractor(connection: Connection, source_name: str) -> str | None:
    """The extractor that read the source last, in a crawl or in a re-reading; None before the first run."""
    newest = (
        select(run.c.extractor)
        .join(source, source.c.id == run.c.source_id)
        .where(source.c.name == source_name)
        .order_by(run.c.id.desc())
        .limit(1)
    )
    extractor: str | None = connection.execute(newest).scalar()
    return extractor
