"""Subscriptions on record: made, read, changed, paused and deleted. Whatever is secret of them is sealed."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from feed.alerts import queue, repeats
from feed.alerts.digests import next_digest
from feed.alerts.filters import Filter
from feed.alerts.impossible import Known
from feed.alerts.keys import Key, NoKey
from feed.alerts.model import Cadence, Channel, State
from feed.alerts.sealing import Sealer
from feed.alerts.tables import api_key, delivery, subscription, subscription_filter
from history.identity import ROUTER
from history.tables import change_event, offer, provider, source

# A deleted subscription counts for so long: else one key could make any number of them challenge somebody.
COUNTED_FOR = timedelta(hours=1)
# What is news to somebody: what a page of a seller or a gateway showed us (docs/decisions/013).
_TOLD = ("first_party", "gateway")


class QuotaReached(Exception):
    """The key has as many subscriptions as it may have; says how many that is."""


class NotNow(Exception):
    """The subscription is in a state in which this cannot be asked of it."""


class New(NamedTuple):
    """What is asked for. `shown` is what may be read of the target; `secret` None where nothing is signed."""

    name: str
    channel: Channel
    target: str
    shown: str
    secret: str | None
    filter: Filter
    cadence: Cadence = "instant"
    max_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as it may be read: without its target and its secrets. `filter` is canonical JSON; `key` the
    beginning of the key that it was made with."""

    id: int
    uid: str
    key_id: int
    name: str
    channel: Channel
    shown: str
    cadence: Cadence
    max_per_minute: int | None
    state: State
    reason: str
    proof: str
    failing_since: datetime | None
    former_until: datetime | None
    created_at: datetime
    updated_at: datetime
    filter: str
    key: str


def create(connection: Connection, key: Key, new: New, sealer: Sealer, now: datetime) -> Subscription:
    """One that is not proven yet. Within queue.adding(), so that no two are counted at once, and the key is not closed
    meanwhile; raises QuotaReached, and NoKey."""
    if _is_closed(connection, key.id):
        raise NoKey("This key was revoked or has expired")
    check_quota(connection, key, now)
    row = {
        "uid": f"sub_{_random()}", "key_id": key.id, "name": new.name, "channel": new.channel,
        "target": sealer.seal(new.target), "shown": new.shown,
        "secret": None if new.secret is None else sealer.seal(new.secret),
        "filter_id": _filter_id(connection, new.filter), "cadence": new.cadence,
        "max_per_minute": new.max_per_minute, "state": "unproven", "reason": "it is not proven yet", "proof": _random(),
        "digested": newest_change(connection), "digest_at": _first_digest(new.cadence, now),
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    uid = connection.execute(subscription.insert().returning(subscription.c.uid), row).scalar_one()
    return Subscription(*connection.execute(_asked(key.id).where(subscription.c.uid == uid)).one())


def check_quota(connection: Connection, key: Key, now: datetime) -> None:
    """Raises QuotaReached where the key may make no more."""
    lately = and_(subscription.c.state == "deleted", subscription.c.updated_at > now - COUNTED_FOR)
    mine = subscription.c.key_id == key.id, or_(subscription.c.state != "deleted", lately)
    if (
        connection.execute(select(func.count()).select_from(subscription).where(*mine)).scalar_one()
        >= key.subscriptions
    ):
        raise QuotaReached(
            f"This key may have {key.subscriptions} subscriptions, and has as many; delete one (it counts for another "
            "hour), or ask the operator for a key with more"
        )


def get(connection: Connection, uid: str, key_id: int | None = None) -> Subscription | None:
    """The subscription of that name, by default whoever's; None where it is deleted, or another key's."""
    # PostgreSQL refuses to look for a NUL.
    if not uid.isprintable():
        return None
    row = connection.execute(_asked(key_id).where(subscription.c.uid == uid)).one_or_none()
    return Subscription(*row) if row else None


def listed(connection: Connection, key_id: int | None, after: int, limit: int) -> list[Subscription]:
    """A key's subscriptions, or all (None), the oldest first, from after that id on."""
    following = _asked(key_id).where(subscription.c.id > after).order_by(subscription.c.id).limit(limit)
    return [Subscription(*row) for row in connection.execute(following)]


def change(
    connection: Connection, one: Subscription, now: datetime, *, name: str | None = None, filter: Filter | None = None,
    cadence: Cadence | None = None, **limits: int | None,
) -> None:  # fmt: skip
    """Change what is given; `max_per_minute=None` takes the limit away. What is pending already is still told."""
    values: dict[str, Any] = {**limits, "updated_at": now}
    if name is not None:
        values["name"] = name
    if filter is not None:
        values["filter_id"] = _filter_id(connection, filter)
    if cadence is not None and cadence != one.cadence:
        values |= {"cadence": cadence, "digest_at": _first_digest(cadence, now), "digested": newest_change(connection)}
    _set(connection, one.id, **values)


def pause(connection: Connection, one: Subscription, now: datetime) -> None:
    """Nothing is told any more, and nothing new is kept for later. Within queue.adding(); raises NotNow."""
    if one.state != "active":
        raise NotNow(f"Only an active subscription can be paused; this one is {one.state}")
    _set(connection, one.id, state="paused", reason="its owner paused it", updated_at=now)
    queue.dequeue(connection, one.id)


def resume(connection: Connection, one: Subscription, now: datetime) -> None:
    """What was pending is told at once. Within queue.adding(); raises NotNow where it is not paused or disabled, or
    its key opens nothing any more."""
    if one.state not in ("paused", "disabled"):
        hint = "; it becomes active when it is proven" if one.state == "unproven" else ""
        raise NotNow(f"Only a paused or disabled subscription can be resumed; this one is {one.state}{hint}")
    if _is_closed(connection, one.key_id):
        raise NotNow(
            f"Its key tt_{one.key} was revoked or has expired; its operator can hand it over to another one: "
            f"`tokentape keys revoke tt_{one.key} --hand-over-to tt_…`"
        )
    _set(connection, one.id, state="active", reason="", failing_since=None, updated_at=now)
    queue.hurry(connection, one.id, now)


def remove(connection: Connection, one: Subscription, now: datetime, reason: str = "its owner deleted it") -> None:
    """It is told nothing any more; its target and secrets are wiped. Its row and its deliveries stay, so that what is
    under way can be written down. Within queue.adding()."""
    _set(
        connection, one.id, state="deleted", reason=reason, target=None, secret=None,
        former_secret=None, former_until=None, proof="", digest_at=None, updated_at=now,
    )  # fmt: skip
    repeats.wipe(connection, one.id)
    still = delivery.c.subscription_id == one.id, delivery.c.state == "pending"
    connection.execute(update(delivery).where(*still).values(state="failed", ended_at=now))
    queue.dequeue(connection, one.id)


def known(connection: Connection) -> Known:
    """What a filter can ask for: who was ever seen, and what OpenRouter ever listed."""
    providers = {row.slug: row.kind for row in connection.execute(select(provider.c.slug, provider.c.kind))}
    sources = connection.execute(select(source.c.name).where(source.c.witness.in_(_TOLD))).scalars()
    routed = select(offer.c.model).distinct().join(provider).where(provider.c.slug == ROUTER)
    return Known(providers, frozenset(sources), frozenset(connection.execute(routed).scalars()))


def newest_change(connection: Connection) -> int:
    """The cursor of /v1/changes that has seen everything until now."""
    return connection.execute(select(func.max(change_event.c.id))).scalar() or 0


def _asked(key_id: int | None) -> Any:
    own = (getattr(subscription.c, name) for name in Subscription.__dataclass_fields__ if name not in ("filter", "key"))
    asked = (
        select(*own, subscription_filter.c.text, api_key.c.prefix)
        .join(subscription_filter, subscription_filter.c.id == subscription.c.filter_id)
        .join(api_key, api_key.c.id == subscription.c.key_id)
        .where(subscription.c.state != "deleted")
    )
    return asked if key_id is None else asked.where(subscription.c.key_id == key_id)


def _first_digest(cadence: Cadence, now: datetime) -> datetime | None:
    return None if cadence == "instant" else next_digest(cadence, now)


def _filter_id(connection: Connection, asked: Filter) -> int:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"text": asked.text}
    connection.execute(insert(subscription_filter).values(row).on_conflict_do_nothing(index_elements=["text"]))
    this = subscription_filter.c.text == asked.text
    found: int = connection.execute(select(subscription_filter.c.id).where(this)).scalar_one()
    return found


def _is_closed(connection: Connection, key_id: int) -> bool:
    closed = select(api_key.c.id).where(api_key.c.id == key_id, api_key.c.closed_at.is_not(None))
    return connection.execute(closed).first() is not None


def _set(connection: Connection, subscription_id: int, **values: Any) -> None:
    """Nothing comes back to what somebody else has deleted meanwhile."""
    this = subscription.c.id == subscription_id, subscription.c.state != "deleted"
    connection.execute(update(subscription).where(*this).values(**values))


def _random() -> str:
    """130 random bits."""
    return b32encode(token_bytes(17)).decode()[:26].lower()
