"""Where the prices of a run were read: asked of who reads, only for what becomes a version, from the kept bytes."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from history import evidence
from history.book import Version
from history.model import SeriesKey
from history.place import Place


class Sought(NamedTuple):
    """A price as a run believed it, whose place is sought; `starts_at` tells apart what a page states twice."""

    key: SeriesKey
    quote: str
    starts_at: datetime


# From the pages of a run to the places of those of the prices of which it is certain.
Locate = Callable[[Sequence[evidence.KeptPage], Collection[Sought]], Mapping[Sought, Place]]


def nowhere(_pages: Sequence[evidence.KeptPage], _sought: Collection[Sought]) -> Mapping[Sought, Place]:
    """Of a reader that does not know."""
    return {}


def with_places(connection: Connection, versions: Iterable[Version], run_id: int, locate: Locate) -> list[Version]:
    """The versions, each with its place on the pages of the run that saw it: this one, or an earlier one."""
    found = list(versions)
    runs: dict[int, set[Sought]] = defaultdict(set)
    for version in found if locate is not nowhere else ():
        if version.quote is not None:
            runs[version.run_id or run_id].add(Sought(version.key, version.quote, version.valid_from))
    places: dict[tuple[int, Sought], Place] = {}
    for run, sought in runs.items():
        pages = evidence.pages_of(connection, run)
        places |= {(run, one): place for one, place in locate(pages, sought).items()}
    return [_placed(version, places, version.run_id or run_id) for version in found]


def _placed(version: Version, places: Mapping[tuple[int, Sought], Place], run_id: int) -> Version:
    if version.quote is None:
        return version
    place = places.get((run_id, Sought(version.key, version.quote, version.valid_from)))
    return version if place is None else replace(version, place=place)
