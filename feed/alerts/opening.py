"""Whether what is sealed in the database can be opened here: asked before anybody is told, or asked for a target."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, asc, desc, select

from feed.alerts.sealing import FILE, SETTING, CannotOpen, NoSecretKey, Sealer, sealer
from feed.alerts.tables import subscription
from history.db import reading

_WHAT_TO_DO = (
    f"Set {SETTING} to the key that they were sealed with, as on the other machines of this database, or put its "
    f"{FILE} back; where it is lost for good, delete the subscriptions (DELETE /v1/subscriptions/… with an admin key)"
)


def opener(engine: Engine, setting: str, folder: Path) -> Sealer:
    """The keys of the setting, or of the data folder's file (which is made where nothing is sealed yet). NoSecretKey
    where there is none, or none that opens anything of what is sealed in this database."""
    with reading(engine) as connection:
        sealed = list(_samples(connection))
    file = folder / FILE
    if sealed and not setting.strip(" ,") and not file.exists():
        raise NoSecretKey(f"{SETTING} is empty and {file} is not there, but subscriptions are sealed. {_WHAT_TO_DO}")
    keys = sealer(setting, folder)
    if sealed and not any(_opens(keys, one) for one in sealed):
        where = SETTING if setting.strip(" ,") else str(file)
        raise NoSecretKey(f"the key from {where} opens none of the subscriptions on record. {_WHAT_TO_DO}")
    return keys


def _samples(connection: Connection) -> Iterator[bytes]:
    """The oldest target and the newest: where one of several keys is lost, what the others seal is still told."""
    for end in (asc, desc):
        asked = select(subscription.c.target).where(subscription.c.target.is_not(None))
        yield from connection.execute(asked.order_by(end(subscription.c.id)).limit(1)).scalars()


def _opens(keys: Sealer, sealed: bytes) -> bool:
    try:
        keys.open(sealed)
    except CannotOpen:
        return False
    return True
