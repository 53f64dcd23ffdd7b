"""What subscribers send, field by field; what is not named here is refused."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import models_json_schema

from feed.alerts.filters import Filter
from feed.alerts.model import Cadence, Channel
from feed.alerts.proving import DEFAULT_OVERLAP, LONGEST_OVERLAP
from feed.alerts.repeats import LONGEST as LONGEST_TOKEN
from feed.api.asking import Moment

MOST_DAYS = 90
_HOURS = timedelta(hours=1)
EVERYTHING = Filter.model_validate({})
IDEMPOTENCY_KEY = "Idempotency-Key"
# For the routes that heed it: `openapi_extra`.
ONCE: dict[str, Any] = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "Asked again with the same one within 24 hours, the same answer comes, and nothing is made twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_TOKEN},
}

Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$", description="For you to know it by.")]
Url = Annotated[str, Field(min_length=1, max_length=2000, description="Where messages go; never shown again in full.")]
Secret = Annotated[str, Field(max_length=200, description="whsec_ and 24 to 64 random bytes in base64.")]
PerMinute = Annotated[int, Field(ge=1, le=6000, description="At most so many messages a minute.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSubscription(_Body):
    """A subscription to be made."""

    url: Url
    name: Name = ""
    channel: Channel = Field("webhook", description="webhook: Standard Webhooks 1.0.0; apprise: a service by its URL.")
    secret: Secret | None = Field(None, description="What messages are signed with; unset: one is made.")
    filter: Filter = Field(EVERYTHING, description="Which changes are told; {}: all that first parties charge.")
    cadence: Cadence = Field("instant", description="A message for each story, or a digest.")
    max_per_minute: PerMinute | None = None

    @model_validator(mode="after")
    def _is_signed_only_where_somebody_verifies(self) -> Self:
        if self.channel != "webhook" and self.secret is not None:
            raise ValueError("secret is for webhooks alone: nothing else is signed")
        return self


class SubscriptionChange(_Body):
    """What is to be changed of a subscription. The target cannot be: a new one has to prove itself."""

    name: Name = ""
    filter: Filter = EVERYTHING
    cadence: Cadence = "instant"
    max_per_minute: PerMinute | None = Field(None, description="null takes the limit away.")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def given(self) -> dict[str, Any]:
        """The fields that are given."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Proof(_Body):
    """The token that was posted to the endpoint."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


class Rotation(_Body):
    """A new secret, and for how long messages are signed with the old one too."""

    secret: Secret | None = Field(None, description="Unset: one is made.")
    overlap_hours: int = Field(DEFAULT_OVERLAP // _HOURS, ge=0, le=LONGEST_OVERLAP // _HOURS)

    @property
    def overlap(self) -> timedelta:
        return self.overlap_hours * _HOURS


class Replay(_Body):
    """Messages of stories recorded in this time: since ≤ recorded < until."""

    since: Moment
    until: Moment | None = Field(None, description="Unset: now.")

    def end(self, now: datetime) -> datetime:
        return now if self.until is None else self.until


class Preview(_Body):
    """A filter to be tried on the past."""

    filter: Filter = EVERYTHING
    days: int = Field(MOST_DAYS, ge=1, le=MOST_DAYS)


class Empty(_Body):
    """No body, or {}."""


_BODIES: tuple[type[BaseModel], ...] = (NewSubscription, SubscriptionChange, Proof, Rotation, Replay, Preview)
# For components.schemas of the contract.
DEFINITIONS: dict[str, Any] = models_json_schema(
    [(body, "validation") for body in _BODIES], ref_template="#/components/schemas/{model}"
)[1]["$defs"]


def sent(body: type[BaseModel] | None = None) -> dict[str, Any]:
    """How a route declares that it wants a key, and this body: `openapi_extra`."""
    secured: dict[str, Any] = {"security": [{"key": []}]}
    if body is not None:
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        secured["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return secured
