"""Volumes and hosts, append-only: a restated figure supersedes the one before, the same figure costs nothing."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, select, update

from history import tables as t
from history.ledger import insert
from history.model import Host, Notice, Volume
from history.statistics import Stated

Key = tuple[Any, ...]


class _Kind(NamedTuple):
    """A table of versions: what identifies a row within its source, and what it says."""

    table: Table
    key: tuple[str, ...]
    facts: tuple[str, ...]


VOLUMES = _Kind(t.volume, ("model", "period", "day"), ("tokens", "input_tokens", "output_tokens", "requests"))
HOSTS = _Kind(t.host, ("slug",), ("name", "headquarters", "datacenters"))


@dataclass(slots=True)
class Retold:
    """What a sequence of runs states at its end: each volume and host as last stated, by which run."""

    volumes: dict[Key, tuple[Volume, int]] = field(default_factory=dict)
    hosts: dict[Key, tuple[Host, int]] = field(default_factory=dict)
    notices: dict[int, tuple[Notice, ...]] = field(default_factory=dict)

    def take(self, run_id: int, stated: Stated, notices: tuple[Notice, ...]) -> None:
        """One more run: what it does not state stays as it was."""
        self.volumes.update((tuple(key), (volume, run_id)) for key, volume in stated.volumes.items())
        self.hosts.update(((slug,), (host, run_id)) for slug, host in stated.hosts.items())
        if notices:
            self.notices[run_id] = notices


@dataclass(slots=True)
class Register:
    """Writes the volumes and hosts of one source, as believed from `now` on; `restated` counts the rows that had said
    something else, or that are not believed at all any more."""

    connection: Connection
    source_id: int
    now: datetime
    restated: int = 0

    def add(self, run_id: int, stated: Stated, notices: tuple[Notice, ...]) -> None:
        """What one run states: what it does not state stays as it is."""
        told = Retold()
        told.take(run_id, stated, notices)
        self._write(told, whole=False)

    def replace(self, told: Retold) -> None:
        """All that there is: what it does not state was misread, and is superseded by nothing."""
        self._write(told, whole=True)

    def _write(self, told: Retold, *, whole: bool) -> None:
        volumes = {key: (_volume_facts(volume), run_id) for key, (volume, run_id) in told.volumes.items()}
        hosts = {key: (_host_facts(host), run_id) for key, (host, run_id) in told.hosts.items()}
        days = [volume.day for volume, _ in told.volumes.values()]
        within = () if whole or not days else (t.volume.c.day.between(min(days), max(days)),)
        if volumes or whole:
            self._keep(VOLUMES, volumes, self._live(VOLUMES, within), whole)
        if hosts or whole:
            self._keep(HOSTS, hosts, self._live(HOSTS), whole)
        self._write_notices(told.notices)

    def _live(self, kind: _Kind, within: Iterable[ColumnElement[bool]] = ()) -> dict[Key, Key]:
        """The facts that are believed, by key."""
        columns = [kind.table.c[name] for name in (*kind.key, *kind.facts)]
        believed = (kind.table.c.source_id == self.source_id, kind.table.c.superseded_at.is_(None))
        rows = self.connection.execute(select(*columns).where(*believed, *within))
        size = len(kind.key)
        return {tuple(row[:size]): tuple(row[size:]) for row in rows}

    def _keep(self, kind: _Kind, told: Mapping[Key, tuple[Key, int]], live: Mapping[Key, Key], whole: bool) -> None:
        new = [key for key, (facts, _) in told.items() if live.get(key) != facts]
        wrong = [key for key in new if key in live] + [key for key in live if whole and key not in told]
        self._supersede(kind, wrong)
        rows = [
            dict(zip((*kind.key, *kind.facts), (*key, *told[key][0]), strict=True))
            | {"source_id": self.source_id, "recorded_at": self.now, "run_id": told[key][1]}
            for key in new
        ]
        insert(self.connection, kind.table, rows)
        self.restated += len(wrong)

    def _supersede(self, kind: _Kind, keys: Iterable[Key]) -> None:
        rows = [{f"the_{name}": part for name, part in zip(kind.key, key, strict=True)} for key in keys]
        if rows:
            columns = kind.table.c
            these = (columns[name] == bindparam(f"the_{name}", type_=columns[name].type) for name in kind.key)
            live = (columns.source_id == self.source_id, columns.superseded_at.is_(None), *these)
            # What was believed for no time at all (a re-reading at the very moment of the crawl) leaves no trace.
            self.connection.execute(delete(kind.table).where(*live, columns.recorded_at == self.now), rows)
            self.connection.execute(update(kind.table).where(*live).values(superseded_at=self.now), rows)

    def _write_notices(self, notices: Mapping[int, tuple[Notice, ...]]) -> None:
        column = t.volume_notice.c.run_id
        known = set(self.connection.execute(select(column).where(column.in_(list(notices)))).scalars())
        rows = [_notice_row(run_id, said) for run_id, said in notices.items() if run_id not in known]
        insert(self.connection, t.volume_notice, rows)


def newest_day(connection: Connection, source_name: str) -> date | None:
    """The last day of which the source has told a volume; None: it has told none."""
    last = select(func.max(t.volume.c.day)).join(t.source, t.source.c.id == t.volume.c.source_id)
    newest: date | None = connection.execute(last.where(t.source.c.name == source_name)).scalar()
    return newest


def _volume_facts(volume: Volume) -> Key:
    return tuple(getattr(volume, name) for name in VOLUMES.facts)


def _host_facts(host: Host) -> Key:
    return host.name, host.headquarters, json.dumps(host.datacenters, ensure_ascii=False)


def _notice_row(run_id: int, said: tuple[Notice, ...]) -> dict[str, Any]:
    """What several pages say holds as of the oldest of them."""
    oldest = min(said, key=lambda notice: notice.as_of)
    meta = f"[{','.join(notice.meta for notice in said)}]"
    return {
        "run_id": run_id,
        "as_of": oldest.as_of,
        "citation": oldest.citation,
        "licence": oldest.licence,
        "meta": meta,
    }
