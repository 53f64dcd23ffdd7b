"""The only keeper of snapshots: bodies by their sha256, compressed, stored once.

A page that differs a little from what its address answered before is kept as that difference (docs/decisions/011).
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import zstandard
from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from history.model import Fetched
from history.tables import fetch, run, snapshot, source

LEVEL = 3
# A difference is kept where it is worth its while, and read through so many others at most.
WORTH, CHAIN = 2, 16
# Where an address was asked before is looked for among so many runs: a day and a night of forty sources.
RECENT_RUNS = 1000


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
class KeptPage:
    """One good answer of a run with its bytes; `ordinal` is its place among all that the run fetched."""

    ordinal: int
    url: str
    fetched_at: datetime
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request sends, and the snapshot that a 304 stands for."""

    etag: str | None
    last_modified: str | None
    sha256: str


def keep(connection: Connection, body: bytes, media_type: str, now: datetime, url: str | None = None) -> str:
    """Store the body if it is new; return its sha256 in hex. `url` is where it came from, and may come from again."""
    digest = sha256(body).hexdigest()
    if connection.execute(select(snapshot.c.sha256).where(snapshot.c.sha256 == digest)).first() is None:
        base, packed = _packed(connection, body, url)
        row = {"sha256": digest, "media_type": media_type, "size": len(body), "stored_at": now, "body_zstd": packed}
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(snapshot).on_conflict_do_nothing(), {**row, "base": base})
    return digest


def read(connection: Connection, digest: str) -> Snapshot | None:
    """The snapshot with that sha256, or None."""
    chain = _chain(connection, digest)
    if not chain:
        return None
    row = chain[0]
    return Snapshot(row.sha256, row.media_type, _unpacked(chain), row.stored_at)


def _packed(connection: Connection, body: bytes, url: str | None) -> tuple[str | None, bytes]:
    """Compressed against the last answer of the same address; whole, where that saves little or there is none."""
    whole = zstandard.ZstdCompressor(level=LEVEL).compress(body)
    chain = _chain(connection, _newest_of(connection, url)) if url is not None else []
    if chain:
        like = chain if len(chain) < CHAIN else chain[-1:]
        difference = _difference(_unpacked(like), body)
        if len(difference) * WORTH < len(whole):
            return like[0].sha256, difference
    return None, whole


def _difference(base: bytes, body: bytes) -> bytes:
    """zstd must reach back to the base's beginning, and find each of its lines: a table of 2¹⁷ places, which the
    level gives, forgets most of a page of 2 MB (244 kB where 300 bytes will do)."""
    logs = {"window_log": _log(len(base) + len(body)), "hash_log": _log(len(base))}
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, source_size=len(body), **logs)
    return zstandard.ZstdCompressor(dict_data=_dictionary(base), compression_params=parameters).compress(body)


def _log(size: int) -> int:
    return min(max(size.bit_length(), 17), 27)


def _newest_of(connection: Connection, url: str) -> str | None:
    """The last good answer of an address."""
    recent = fetch.c.run_id > select(func.coalesce(func.max(run.c.id), 0) - RECENT_RUNS).scalar_subquery()
    good = (fetch.c.url == url, fetch.c.status.in_((200, 304)), recent)
    newest = select(fetch.c.sha256).where(*good).order_by(fetch.c.run_id.desc()).limit(1)
    digest: str | None = connection.execute(newest).scalar()
    return digest


def _chain(connection: Connection, digest: str | None) -> list[Row[Any]]:
    """A snapshot, what it differs from, and so on to the one that is kept whole."""
    chain: list[Row[Any]] = []
    while digest is not None and (
        row := connection.execute(select(snapshot).where(snapshot.c.sha256 == digest)).first()
    ):
        chain.append(row)
        digest = row.base
    return chain


def _unpacked(chain: list[Row[Any]]) -> bytes:
    """The body of the first in the chain."""
    body = b""
    for row in reversed(chain):
        unpacker = zstandard.ZstdDecompressor(dict_data=_dictionary(body)) if row.base else zstandard.ZstdDecompressor()
        body = unpacker.decompress(row.body_zstd, max_output_size=row.size)
    return body


def _dictionary(body: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


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


def pages_of(connection: Connection, run_id: int) -> list[KeptPage]:
    """What a run read, in order."""
    good = (fetch.c.run_id == run_id, fetch.c.status.in_((200, 304)))
    rows = connection.execute(select(fetch).where(*good).order_by(fetch.c.ordinal)).all()
    return [
        KeptPage(row.ordinal, row.url, row.fetched_at, kept.media_type, kept.body)
        for row in rows
        if (kept := read(connection, row.sha256)) is not None
    ]


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
