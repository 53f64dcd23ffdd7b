"""/v1/subscriptions/{uid}/deliveries: what became of each message; and what would have been sent, or is sent again."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from feed.alerts import deliveries, queue, replays
from feed.alerts.model import DeliveryState
from feed.alerts.previews import preview
from feed.alerts.replays import TooMuchToReplay
from feed.alerts.subscriptions import Subscription
from feed.api.asking import Asked, Cursor
from feed.cursors import cursor_to, place_of
from feed.desk import bodies, records
from feed.desk.bodies import sent
from feed.desk.callers import Caller, asking, caller_of, checked, received
from feed.desk.subscriptions import Uid, refuse_impossible
from feed.errors import Problem, declared
from history.db import reading
from history.times import to_rfc3339

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])
MOST_PREVIEWED = 200
MessageUid = Annotated[str, Path(max_length=100, description="The message's id: webhook-id.")]


class AskedDeliveries(Asked):
    """Which deliveries."""

    state: DeliveryState | None = Field(None, description="What became of it; failed: given up after three days.")
    limit: Annotated[int, Field(ge=1, le=200, description="At most so many at once.")] = 50
    cursor: Cursor | None = None


@router.get(
    "/{uid}/deliveries", operation_id="list_deliveries", summary="What became of each message, with every attempt",
    response_model=records.DeliveryPage, responses=declared(401, 404, 422),
    openapi_extra={**AskedDeliveries.parameters(), **sent()},
)  # fmt: skip
def list_deliveries(request: Request, uid: Uid) -> Response:
    """The newest message first."""
    caller = caller_of(request)
    asked = AskedDeliveries.of(request)
    one = caller.subscription(uid)
    question = {**asked.question(), "subscription": uid}
    before = place_of(asked.cursor, question, int)
    with reading(caller.engine) as connection:
        found = deliveries.listed(connection, one.id, asked.state, before, asked.limit + 1)
    following = cursor_to(found[asked.limit - 1].message_id, question) if len(found) > asked.limit else None
    shown = [records.delivery(each) for each in found[: asked.limit]]
    return records.answer({"deliveries": shown, "next_cursor": following})


@router.get(
    "/{uid}/deliveries/{message}", operation_id="read_delivery", summary="One message, as it is signed and sent",
    response_model=records.DeliveryWithPayload, responses=declared(401, 404, 422), openapi_extra=sent(),
)  # fmt: skip
def read_delivery(request: Request, uid: Uid, message: MessageUid) -> Response:
    """With its payload, byte for byte, and the first 20,000 bytes of each answer."""
    caller = asking(request)
    found = _delivery(caller, caller.subscription(uid), message)
    return records.answer({**records.delivery(found), "payload": found.payload})


@router.post(
    "/{uid}/deliveries/{message}/replay", operation_id="replay_delivery", summary="Send one message again",
    response_model=records.Replayed, responses=declared(401, 404, 409, 422), openapi_extra=sent(),
)  # fmt: skip
def replay_delivery(request: Request, uid: Uid, message: MessageUid) -> Response:
    """With the same id and payload: whoever has it already knows it by its id."""
    caller = asking(request)
    one = _replayable(caller.subscription(uid))
    found = _delivery(caller, one, message)
    with queue.adding(caller.engine) as connection:
        replays.replay_one(connection, one.id, found.message_id, caller.now)
    return records.answer({"messages": 1})


@router.post(
    "/{uid}/replay", operation_id="replay_deliveries", summary="Send everything of a time again",
    response_model=records.Replayed, responses=declared(401, 404, 409, 413, 415, 422),
    openapi_extra=sent(bodies.Replay),
)  # fmt: skip
async def replay_deliveries(request: Request, uid: Uid) -> Response:
    """Also what was recorded while it was paused, and what its present filter wants. While paused, it waits."""
    return await run_in_threadpool(_replay, request, uid, await received(request))


def _replay(request: Request, uid: str, body: bytes) -> Response:
    caller = asking(request)
    asked = checked(bodies.Replay, body)
    since, until = asked.since, asked.end(caller.now)
    if since >= until:
        raise Problem(422, f"until: {to_rfc3339(until)} is not after {to_rfc3339(since)}.", "invalid-field")
    one = _replayable(caller.subscription(uid))
    with queue.adding(caller.engine) as connection:
        try:
            count = replays.replay_range(connection, one.id, since, until, caller.public_url, caller.now)
        except TooMuchToReplay as much:
            raise Problem(422, f"since: {much}.", "too-much-to-replay") from None
    return records.answer({"messages": count})


@router.post(
    "/preview", operation_id="preview_filter", summary="What a filter would have sent",
    response_model=records.PreviewAnswer, responses=declared(401, 413, 415, 422),
    openapi_extra=sent(bodies.Preview),
)  # fmt: skip
async def preview_filter(request: Request) -> Response:
    """Of the last days, at most 90. Nothing is sent, and nothing is kept."""
    return await run_in_threadpool(_preview, request, await received(request))


def _preview(request: Request, body: bytes) -> Response:
    caller = asking(request)
    asked = checked(bodies.Preview, body)
    refuse_impossible(caller, asked.filter)
    since = caller.now - timedelta(days=asked.days)
    with reading(caller.engine) as connection:
        found = preview(connection, asked.filter, since, caller.now, MOST_PREVIEWED)
    shown = records.previewed(found.stories, caller.public_url)
    times = {"since": to_rfc3339(since), "until": to_rfc3339(caller.now)}
    return records.answer({**times, "count": found.total, "stories": shown})


def _delivery(caller: Caller, one: Subscription, message: str) -> deliveries.Delivery:
    with reading(caller.engine) as connection:
        found = deliveries.one(connection, one.id, message)
    if found is None:
        raise Problem(404, f"No message {message!r} was for the subscription {one.uid}.", "unknown-message")
    return found


def _replayable(one: Subscription) -> Subscription:
    if one.state not in ("active", "paused"):
        raise Problem(409, f"Only what is active or paused is told again; this one is {one.state}.", "wrong-state")
    return one
