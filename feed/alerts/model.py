"""The words of alerts: subscription, message, delivery, attempt; and what may become of an attempt."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

Channel = Literal["webhook", "apprise"]
Cadence = Literal["instant", "daily", "weekly"]
State = Literal["unproven", "active", "paused", "disabled", "deleted"]
DeliveryState = Literal["pending", "delivered", "failed"]

# The largest payload: https://github.com/standard-webhooks/standard-webhooks, "Payload size".
PAYLOAD_BYTES = 20_000
# Of an answer, so much is read and kept.
RESPONSE_BYTES = 20_000


class Secrets(NamedTuple):
    """What a subscription's messages are signed with: the newest secret first, then one that is being rotated out."""

    current: str
    former: str | None = None


class Target(NamedTuple):
    """Where one subscription's messages go, unsealed: `url` of a webhook, or of a service that Apprise knows. `trouble`
    says why nothing can be sent there."""

    subscription_id: int
    uid: str
    channel: Channel
    url: str
    secrets: Secrets | None
    state: State
    proof: str
    max_per_minute: int | None
    failing_since: datetime | None
    trouble: str = ""


class Message(NamedTuple):
    """What is told, frozen: `payload` is signed and sent byte for byte."""

    id: int
    uid: str
    type: str
    payload: str
    event_at: datetime


class Result(NamedTuple):
    """What became of one attempt. `error` is None where it succeeded; `is_final` where no other may follow (410);
    `retry_after` is what the receiver asked for."""

    status: int | None
    error: str | None = None
    response: str = ""
    retry_after: timedelta | None = None
    is_final: bool = False

    @property
    def succeeded(self) -> bool:
        return self.error is None

    @property
    def word(self) -> str:
        """For counting: "delivered", "3xx", "4xx", "5xx", "unanswered"."""
        if self.succeeded:
            return "delivered"
        return "unanswered" if self.status is None else f"{self.status // 100}xx"


class Attempt(NamedTuple):
    """One try to deliver one message to one subscription."""

    subscription_id: int
    message_id: int
    started_at: datetime
    took_ms: int
    result: Result
