"""Volumes and hosts as believed at a time, and how the volumes have to be cited."""

import json
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select, tuple_

from history.tables import host, run, source, volume, volume_notice

# Newest day first; then an order that leaves nothing open.
_PLACE = (volume.c.model, volume.c.period, volume.c.source_id)


class AskedVolumes(NamedTuple):
    """Which volumes; None asks for any. The days are inclusive."""

    model: str | None = None
    source: str | None = None
    periods: Collection[str] | None = None
    first_day: date | None = None
    last_day: date | None = None


class VolumePlace(NamedTuple):
    """Where a listing goes on after a volume."""

    day: date
    model: str
    period: str
    source_id: int


class ListedVolume(NamedTuple):
    """The tokens of a model in a period, as believed since `recorded_at`."""

    source_id: int
    source: str
    model: str
    period: str
    day: date
    tokens: int | None
    input_tokens: int | None
    output_tokens: int | None
    requests: int | None
    recorded_at: datetime
    run_id: int

    @property
    def place(self) -> VolumePlace:
        return VolumePlace(self.day, self.model, self.period, self.source_id)


class ListedNotice(NamedTuple):
    """What a run's volumes say of themselves. `licence` "": none is stated."""

    run_id: int
    source: str
    as_of: datetime
    citation: str
    licence: str


class ListedHost(NamedTuple):
    """A company that serves models through a gateway. None: the source does not say."""

    source: str
    slug: str
    name: str
    headquarters: str | None
    datacenters: tuple[str, ...] | None
    recorded_at: datetime
    run_id: int


def volumes(
    connection: Connection, asked: AskedVolumes, known_at: datetime, *, after: VolumePlace | None = None,
    limit: int = 100,
) -> list[ListedVolume]:  # fmt: skip
    """The volumes believed at `known_at`, newest day first, from the place `after` on."""
    columns = [source.c.name if name == "source" else volume.c[name] for name in ListedVolume._fields]
    listed = (
        select(*columns)
        .join_from(volume, source, source.c.id == volume.c.source_id)
        .where(_known(volume, known_at), *_narrowed(asked))
        .order_by(volume.c.day.desc(), *_PLACE)
        .limit(limit)
    )
    if after is not None:
        same_day = and_(volume.c.day == after.day, tuple_(*_PLACE) > after[1:])
        listed = listed.where(volume.c.day <= after.day, or_(volume.c.day < after.day, same_day))
    return [ListedVolume._make(row) for row in connection.execute(listed)]


def notices(connection: Connection, run_ids: Collection[int]) -> list[ListedNotice]:
    """How what these runs recorded has to be cited, by run."""
    said = (
        select(volume_notice.c.run_id, source.c.name, *(volume_notice.c[name] for name in ListedNotice._fields[2:]))
        .join(run, run.c.id == volume_notice.c.run_id)
        .join(source, source.c.id == run.c.source_id)
        .where(volume_notice.c.run_id.in_(sorted(run_ids)))
        .order_by(volume_notice.c.run_id)
    )
    return [ListedNotice._make(row) for row in connection.execute(said)]


def hosts(
    connection: Connection, known_at: datetime, *, slug: str | None = None, headquarters: str | None = None
) -> list[ListedHost]:
    """The hosts believed at `known_at`, by slug."""
    columns = [host.c[name] for name in ListedHost._fields[1:]]
    listed = (
        select(source.c.name.label("source"), *columns)
        .join_from(host, source, source.c.id == host.c.source_id)
        .where(_known(host, known_at))
        .order_by(host.c.slug, source.c.name)
    )
    if slug is not None:
        listed = listed.where(host.c.slug == slug)
    if headquarters is not None:
        listed = listed.where(host.c.headquarters == headquarters)
    return [_host(row) for row in connection.execute(listed)]


def _known(version: Table, known_at: datetime) -> ColumnElement[bool]:
    superseded = version.c.superseded_at
    return and_(version.c.recorded_at <= known_at, or_(superseded.is_(None), superseded > known_at))


def _narrowed(asked: AskedVolumes) -> Iterator[ColumnElement[bool]]:
    if asked.model is not None:
        yield volume.c.model == asked.model
    if asked.source is not None:
        yield source.c.name == asked.source
    if asked.periods is not None:
        yield volume.c.period.in_(sorted(asked.periods))
    if asked.first_day is not None:
        yield volume.c.day >= asked.first_day
    if asked.last_day is not None:
        yield volume.c.day <= asked.last_day


def _host(row: Any) -> ListedHost:
    stated = json.loads(row.datacenters)
    return ListedHost._make(row)._replace(datacenters=None if stated is None else tuple(stated))
