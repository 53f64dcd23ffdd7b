"""How far the fan-out has come."""

from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, select, update

from feed.alerts.tables import position
from history import queries
from history.queries.prepared import Prepared


class Positions(NamedTuple):
    """Up to which change event and up to which run of volumes everything has been told."""

    changes: int
    volumes: int


def read(connection: Connection) -> Positions | None:
    """None: nothing was ever told here."""
    at = dict(_asked(connection.dialect).rows(connection, {}))
    return Positions(at["changes"], at["volumes"]) if at else None


def begin(connection: Connection) -> None:
    """What is on record when alerts begin is the past, and no news."""
    newest = queries.newest(connection)
    at = [{"name": "changes", "at": newest.event_id}, {"name": "volumes", "at": newest.volumes_run_id}]
    connection.execute(position.insert(), at)


def move(connection: Connection, before: Positions, after: Positions) -> None:
    for name, at in after._asdict().items():
        if at != before._asdict()[name]:
            connection.execute(update(position).where(position.c.name == name).values(at=at))


@lru_cache
def _asked(dialect: Dialect) -> Prepared:
    return Prepared(select(position.c.name, position.c.at), dialect)
