"""API keys: shown once, kept as a digest, found by their beginning."""

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal
from zlib import crc32

from sqlalchemy import Connection, or_, select, text, update

from feed.alerts.tables import api_key

Scope = Literal["subscriber", "admin"]

PREFIX, SECRET, CHECKSUM = 8, 22, 6
DEFAULT_QUOTA = 100
# A key's last use is written at most this often.
USE_NOTED_EVERY = timedelta(minutes=1)
_ALPHABET = string.digits + string.ascii_letters
_BRAND = "tt"
# Any fixed number: who looks whether there is an admin key, and makes one, is alone.
_ADMIN_LOCK = 0x70C3_A9E2
# Compared where no key has that beginning, so that an answer takes as long as for one that has.
_NOBODY = "0" * 64


class NoKey(Exception):
    """Not a key that opens anything; says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key on record: everything but what it is compared with."""

    id: int
    prefix: str
    name: str
    scope: Scope
    subscriptions: int
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_admin(self) -> bool:
        return self.scope == "admin"

    def opens(self, now: datetime) -> bool:
        """Whether it opens anything then."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def create(
    connection: Connection, name: str, scope: Scope, subscriptions: int, now: datetime, expires_at: datetime | None
) -> tuple[str, Key]:  # fmt: skip
    """A new key: what is shown once, `tt_<8>_<28>` with 131 random bits and a checksum, and what is kept of it."""
    if expires_at is not None and expires_at <= now:
        raise ValueError(
            f"a key that expires at {expires_at.isoformat()} would open nothing: that is not in the future"
        )
    if subscriptions < 0:
        raise ValueError(f"{subscriptions} subscriptions: a key may have 0 or more")
    prefix = _random(PREFIX)
    unchecked = f"{_BRAND}_{prefix}_{_random(SECRET)}"
    shown = unchecked + _checksum(unchecked)
    row = {
        "prefix": prefix, "digest": _digest(shown), "name": name, "scope": scope, "subscriptions": subscriptions,
        "created_at": now, "expires_at": expires_at,
    }  # fmt: skip
    inserted = connection.execute(api_key.insert().values(row).returning(*_SHOWN)).one()
    return shown, Key(*inserted)


def find(connection: Connection, text: str, now: datetime) -> Key:
    """The key that was shown as `text`; NoKey says why it opens nothing. Writes nothing: `note_use` does."""
    prefix = _prefix(text)
    row = connection.execute(select(api_key.c.digest, *_SHOWN).where(api_key.c.prefix == prefix)).one_or_none()
    is_it = compare_digest(_digest(text), row.digest if row else _NOBODY)
    if row is None or not is_it:
        raise NoKey("No such key is known here")
    key = Key(*row[1:])
    if key.revoked_at is not None:
        raise NoKey(f"This key was revoked at {key.revoked_at.isoformat()}")
    if key.expires_at is not None and key.expires_at <= now:
        raise NoKey(f"This key expired at {key.expires_at.isoformat()}")
    return key


def is_use_noted(key: Key, now: datetime) -> bool:
    """Whether its last use is on record to the minute."""
    return key.last_used_at is not None and now - key.last_used_at < USE_NOTED_EVERY


def note_use(connection: Connection, key: Key, now: datetime) -> None:
    """The key was used; once a minute is often enough, whoever else notes it."""
    stale = or_(api_key.c.last_used_at.is_(None), api_key.c.last_used_at <= now - USE_NOTED_EVERY)
    connection.execute(update(api_key).where(api_key.c.id == key.id, stale).values(last_used_at=now))


def listed(connection: Connection) -> Sequence[Key]:
    """All keys, the oldest first, those that are revoked or expired too."""
    return [Key(*row) for row in connection.execute(select(*_SHOWN).order_by(api_key.c.id))]


def revoke(connection: Connection, prefix: str, now: datetime) -> Key:
    """The key opens nothing from now on; what becomes of its subscriptions: feed.alerts.closing. LookupError where
    there is none; revoking twice changes nothing."""
    known = named(connection, prefix)
    this = api_key.c.id == known.id, api_key.c.revoked_at.is_(None)
    connection.execute(update(api_key).where(*this).values(revoked_at=now))
    return named(connection, prefix)


def named(connection: Connection, prefix: str) -> Key:
    """The key with that beginning, alone or as in `tt_…`; LookupError where there is none."""
    wanted = prefix.removeprefix(f"{_BRAND}_")[:PREFIX]
    row = connection.execute(select(*_SHOWN).where(api_key.c.prefix == wanted)).one_or_none()
    if row is None:
        raise LookupError(f"no key begins with {_BRAND}_{wanted}")
    return Key(*row)


def is_there_an_admin(connection: Connection, now: datetime) -> bool:
    """Whether any admin key opens something now."""
    admins = (key for key in listed(connection) if key.is_admin)
    return any(key.opens(now) for key in admins)


def ensure_admin(connection: Connection, now: datetime) -> str | None:
    """An admin key, to be shown now and never again; None where there ever was one. Within a transaction that may
    write: any number of processes may start at once, one of them makes it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADMIN_LOCK})
    if connection.execute(select(api_key.c.id).where(api_key.c.scope == "admin").limit(1)).first():
        return None
    return create(connection, "made at first start", "admin", DEFAULT_QUOTA, now, None)[0]


_SHOWN: tuple[Any, ...] = tuple(getattr(api_key.c, name) for name in Key.__dataclass_fields__)


def _prefix(text: str) -> str:
    """What it is found by, where it has the form of a key and its checksum is right."""
    brand, _, rest = text.partition("_")
    prefix, _, tail = rest.partition("_")
    right_length = len(prefix) == PREFIX and len(tail) == SECRET + CHECKSUM
    if brand != _BRAND or not right_length or not set(prefix + tail) <= set(_ALPHABET):
        raise NoKey("This is not a key; keys look like tt_xxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxx")
    if _checksum(text[:-CHECKSUM]) != text[-CHECKSUM:]:
        raise NoKey("This key is mistyped or incomplete: its checksum does not fit")
    return prefix


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(text: str) -> str:
    number, digits = crc32(text.encode()), ""
    for _ in range(CHECKSUM):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _digest(text: str) -> str:
    """A fast hash is right for what is random enough not to be guessed."""
    return sha256(text.encode()).hexdigest()
