"""The published shapes of the desk: what subscribers are answered."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from msgspec.json import encode
from pydantic import Field
from typing_extensions import TypedDict

from feed.alerts import deliveries, subscriptions
from feed.alerts.messages import story_url
from feed.alerts.model import Cadence, Channel, DeliveryState, State
from feed.api.schemas import NextCursor
from feed.headlines import headline
from history.queries import Story
from history.times import to_rfc3339


class Subscription(TypedDict):
    """Who is told what. `target` is what may be shown of where."""

    id: Annotated[str, Field(examples=["sub_mzxw6ytboi2gk3tumvzxi3dpn4"])]
    name: str
    channel: Channel
    target: Annotated[str, Field(examples=["https://hooks.example/…"])]
    filter: Annotated[dict[str, Any], Field(description="As it was given, without what is default.")]
    cadence: Cadence
    max_per_minute: int | None
    state: State
    reason: Annotated[str, Field(description='Why it is in that state; "" where it is active.')]
    failing_since: Annotated[datetime | None, Field(description="Since when every attempt has failed.")]
    former_secret_until: Annotated[datetime | None, Field(description="Until when two secrets sign.")]
    key: Annotated[str, Field(description="The beginning of the key that it was made with.")]
    created_at: datetime
    updated_at: datetime


class CreatedSubscription(Subscription):
    """The same, with its secret: shown once. null where nothing is signed."""

    secret: str | None


class SubscriptionPage(TypedDict):
    """Subscriptions, the oldest first."""

    subscriptions: list[Subscription]
    next_cursor: NextCursor


class NewSecret(TypedDict):
    """A secret, shown once."""

    secret: str
    former_secret_until: datetime | None


class Attempt(TypedDict):
    """One try. `error` is null where it succeeded; `response` is cut, in lists at 500 characters."""

    started_at: datetime
    took_ms: int
    status: int | None
    error: str | None
    response: str


class Delivery(TypedDict):
    """What became of one message."""

    id: Annotated[str, Field(description="Of the message: webhook-id.", examples=["msg_mzxw6ytboi2gk3tumvzxi3dpn4"])]
    type: Annotated[str, Field(examples=["price.changed"])]
    timestamp: datetime
    state: DeliveryState
    created_at: datetime
    ended_at: datetime | None
    attempts: list[Attempt]


class DeliveryWithPayload(Delivery):
    """The same, with what is signed and sent, byte for byte."""

    payload: str


class DeliveryPage(TypedDict):
    """Deliveries, the newest message first."""

    deliveries: list[Delivery]
    next_cursor: NextCursor


class Sent(TypedDict):
    """A message that waits for its turn."""

    message: Annotated[str, Field(description="Its deliveries are at /deliveries/{message}.")]


class Replayed(TypedDict):
    """How many messages are told again."""

    messages: int


class Removed(TypedDict):
    """What is gone."""

    deleted: str


class PreviewedStory(TypedDict):
    """One message that would have been sent."""

    headline: str
    url: str
    timestamp: datetime
    changes: int


class PreviewAnswer(TypedDict):
    """What a filter would have sent, the newest first: `count` messages, of which at most 200 are told here."""

    since: datetime
    until: datetime
    count: int
    stories: list[PreviewedStory]


def answer(body: object, status: int = 200, **headers: str) -> Response:
    """Nobody but the caller may keep it."""
    return Response(encode(body), status, {"cache-control": "no-store", **headers}, "application/json")


def subscription(one: subscriptions.Subscription) -> dict[str, Any]:
    """As `Subscription`."""
    return {
        "id": one.uid,
        "name": one.name,
        "channel": one.channel,
        "target": one.shown,
        "filter": json.loads(one.filter),
        "cadence": one.cadence,
        "max_per_minute": one.max_per_minute,
        "state": one.state,
        "reason": one.reason,
        "failing_since": _when(one.failing_since),
        "former_secret_until": _when(one.former_until),
        "key": f"tt_{one.key}",
        "created_at": to_rfc3339(one.created_at),
        "updated_at": to_rfc3339(one.updated_at),
    }


def delivery(one: deliveries.Delivery) -> dict[str, Any]:
    """As `Delivery`."""
    return {
        "id": one.uid,
        "type": one.type,
        "timestamp": to_rfc3339(one.event_at),
        "state": one.state,
        "created_at": to_rfc3339(one.created_at),
        "ended_at": _when(one.ended_at),
        "attempts": [
            {"started_at": to_rfc3339(tried.started_at), "took_ms": tried.took_ms, "status": tried.status,
             "error": tried.error, "response": tried.response}
            for tried in one.attempts
        ],
    }  # fmt: skip


def previewed(stories: Iterable[Story], public_url: str) -> list[dict[str, Any]]:
    """As `PreviewedStory`."""
    return [
        {"headline": headline(one), "url": story_url(one, public_url), "timestamp": to_rfc3339(one.recorded_at),
         "changes": len(one.changes)}
        for one in stories
    ]  # fmt: skip


def _when(moment: datetime | None) -> str | None:
    return None if moment is None else to_rfc3339(moment)
