"""Who may be told anything: an endpoint that answers a challenge, or whose owner hands back what was posted there."""

from base64 import b32encode
from datetime import datetime, timedelta
from hmac import compare_digest
from secrets import token_bytes
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, update

from feed.alerts import outbox, queue
from feed.alerts.messages import Draft
from feed.alerts.rounds import CHALLENGE
from feed.alerts.sealing import Sealer
from feed.alerts.signing import check_secret, new_secret
from feed.alerts.subscriptions import NotNow, Subscription, newest_change
from feed.alerts.tables import delivery, message, subscription
from history.times import to_micros, to_rfc3339

TEST = "subscription.test"
# An endpoint is challenged, and a subscription tested, at most this often.
ASKED_EVERY = timedelta(minutes=1)
DEFAULT_OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=7)


class TooSoon(Exception):
    """It was asked a moment ago; `again_at` says when it may be asked again."""

    def __init__(self, sentence: str, again_at: datetime) -> None:
        super().__init__(sentence)
        self.again_at = again_at


def challenge(connection: Connection, one: Subscription, public_url: str, now: datetime) -> None:
    """Post the token to the endpoint. Within queue.adding(); raises NotNow where nothing is to be proven."""
    if one.state != "unproven":
        raise NotNow(f"Only an unproven subscription is challenged; this one is {one.state}")
    _wait(connection, one, CHALLENGE, now)
    hand_back = f"{public_url}/v1/subscriptions/{one.uid}/proof"
    data = {
        "subscription": one.uid,
        "name": one.name,
        "token": one.proof,
        "how": [
            "Somebody who has a key of this service asked for price changes to be sent here.",
            'To agree, answer this request with 2xx and the token as the body, or with {"challenge": "<token>"}.',
            f'Or have its owner POST {{"token": "<token>"}} to {hand_back} with the key it was made with.',
            "To refuse, do nothing: nothing else will be sent.",
        ],
        "resume_after": newest_change(connection),
    }
    _tell(connection, one, CHALLENGE, data, now)


def test(connection: Connection, one: Subscription, public_url: str, now: datetime) -> str:
    """Send a message that says it is a test; its uid. Within queue.adding(); raises NotNow where it is not active."""
    if one.state != "active":
        raise NotNow(f"Only an active subscription is tested; this one is {one.state}")
    _wait(connection, one, TEST, now)
    data = {
        "subscription": one.uid,
        "name": one.name,
        "headline": "This is a test: no price has changed",
        "url": public_url,
        "resume_after": newest_change(connection),
    }
    return _tell(connection, one, TEST, data, now)


def prove(connection: Connection, one: Subscription, token: str, now: datetime) -> bool:
    """Whether that is the token that was posted to the endpoint; if so, the subscription is active from now on."""
    if not one.proof or not compare_digest(token.encode(), one.proof.encode()):
        return False
    unproven = subscription.c.id == one.id, subscription.c.state == "unproven"
    connection.execute(update(subscription).where(*unproven).values(state="active", reason="", updated_at=now))
    return True


def rotate(
    connection: Connection, one: Subscription, sealer: Sealer, now: datetime, given: str | None, overlap: timedelta
) -> str:  # fmt: skip
    """A new secret, given or made: returned, and never again. Until the overlap ends messages are signed with both; one
    that was being rotated out already is gone. Within a transaction that may write; ValueError for a bad secret."""
    if one.channel != "webhook":
        raise NotNow("Only webhooks are signed: there is no secret to rotate")
    secret = new_secret() if given is None else check_secret(given)
    values: dict[str, Any] = {
        "secret": sealer.seal(secret),
        "updated_at": now,
        "former_secret": None,
        "former_until": None,
    }
    if overlap > timedelta(0):
        values |= {"former_secret": subscription.c.secret, "former_until": now + overlap}
    this = subscription.c.id == one.id, subscription.c.state != "deleted"
    connection.execute(update(subscription).where(*this).values(**values))
    return secret


def _wait(connection: Connection, one: Subscription, type_: str, now: datetime) -> None:
    lately = (
        select(func.max(message.c.created_at))
        .join(delivery, delivery.c.message_id == message.c.id)
        .where(delivery.c.subscription_id == one.id, message.c.type == type_, message.c.created_at > now - ASKED_EVERY)
    )
    if (last := connection.execute(lately).scalar()) is not None:
        noun = type_.rpartition(".")[2]
        raise TooSoon(f"A {noun} was sent at {to_rfc3339(last)}; one a minute is sent", last + ASKED_EVERY)


def _tell(connection: Connection, one: Subscription, type_: str, data: dict[str, Any], now: datetime) -> str:
    """It is its turn at once: but in its order, behind what is pending already."""
    payload = msgspec.json.encode({"type": type_, "timestamp": to_rfc3339(now), "data": data}).decode()
    random = b32encode(token_bytes(5)).decode().lower()
    about = f"{type_.rpartition('.')[2]}/{one.uid}/{to_micros(now)}-{random}"
    told = outbox.add_message(connection, Draft(about, type_, now, payload, data["resume_after"]), now)
    outbox.deliver(connection, [(one.id, told)], now)
    queue.hurry(connection, one.id, now)
    uid: str = connection.execute(select(message.c.uid).where(message.c.id == told)).scalar_one()
    return uid
