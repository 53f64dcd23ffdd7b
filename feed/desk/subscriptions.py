"""/v1/subscriptions: who is told what, and where."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from feed.alerts import channels, impossible, proving, queue, repeats, subscriptions
from feed.alerts.filters import Filter
from feed.alerts.impossible import Impossible
from feed.alerts.keys import NoKey
from feed.alerts.model import Channel
from feed.alerts.repeats import AskedOtherwise
from feed.alerts.subscriptions import New, QuotaReached
from feed.api.asking import Asked, Cursor, Limit, Nothing
from feed.cursors import cursor_to, place_of
from feed.desk import bodies, records
from feed.desk.bodies import sent
from feed.desk.callers import (
    Caller,
    Desk,
    asking,
    caller_of,
    checked,
    problems,
    received,
    refused,
    repeatable,
    secret_of,
)
from feed.errors import Problem, declared
from history.addresses import AddressRefused
from history.db import reading, writing

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])
Uid = Annotated[str, Path(max_length=100, description="The subscription's id.", examples=["sub_mzxw6ytboi2gk3tumvzx"])]


class AskedSubscriptions(Asked):
    """Which page."""

    limit: Limit = 100
    cursor: Cursor | None = None


@router.post(
    "", operation_id="subscribe", summary="Subscribe to changes", status_code=201,
    response_model=records.CreatedSubscription, responses=declared(401, 403, 413, 415, 422),
    openapi_extra={**sent(bodies.NewSubscription), "parameters": [bodies.ONCE]},
)  # fmt: skip
async def subscribe(request: Request) -> Response:
    """Nothing is told until it is proven: a challenge is sent at once. The secret is shown here only, and again to who
    asks again with the same Idempotency-Key and body within 24 hours."""
    Nothing.of(request)
    return await run_in_threadpool(_subscribe, request, await received(request))


def _subscribe(request: Request, body: bytes) -> Response:
    caller = caller_of(request)
    asked = checked(bodies.NewSubscription, body)
    desk = caller.taking_in
    shown = _shown(desk, asked.channel, asked.url)
    secret = secret_of(asked.secret) if asked.channel == "webhook" else None
    new = New(asked.name, asked.channel, asked.url, shown, secret, asked.filter, asked.cadence, asked.max_per_minute)
    refuse_impossible(caller, asked.filter)
    once = repeatable(request, caller, asked)
    with queue.adding(caller.engine) as connection, _refusals():
        before = once and repeats.answered(connection, once, desk.sealer, caller.now)
        if before:
            return _created(json.loads(before), {"idempotent-replayed": "true"})
        made = subscriptions.create(connection, caller.key, new, desk.sealer, caller.now)
        proving.challenge(connection, made, caller.public_url, caller.now)
        answer = {**records.subscription(made), "secret": secret}
        if once:
            repeats.keep(connection, once, made.id, json.dumps(answer), desk.sealer, caller.now)
    return _created(answer, {})


def _created(answer: dict[str, Any], headers: dict[str, str]) -> Response:
    return records.answer(answer, 201, location=f"{router.prefix}/{answer['id']}", **headers)


@contextmanager
def _refusals() -> Iterator[None]:
    """Why nothing is made, as problems."""
    try:
        yield
    except QuotaReached as full:
        raise Problem(403, f"{full}.", "quota-reached") from None
    except NoKey as why:
        raise refused(why) from None
    except AskedOtherwise as why:
        raise Problem(422, f"{why}.", "idempotency-key-reused") from None


@router.get(
    "", operation_id="list_subscriptions", summary="The key's subscriptions; an admin key's are all",
    response_model=records.SubscriptionPage, responses=declared(401, 422),
    openapi_extra={**AskedSubscriptions.parameters(), **sent()},
)  # fmt: skip
def list_subscriptions(request: Request) -> Response:
    """The oldest first."""
    caller = caller_of(request)
    asked = AskedSubscriptions.of(request)
    question = {**asked.question(), "key": caller.key.id}
    after = place_of(asked.cursor, question, int)
    with reading(caller.engine) as connection:
        found = subscriptions.listed(connection, caller.owner, after or 0, asked.limit + 1)
    following = cursor_to(found[asked.limit - 1].id, question) if len(found) > asked.limit else None
    shown = [records.subscription(one) for one in found[: asked.limit]]
    return records.answer({"subscriptions": shown, "next_cursor": following})


@router.get(
    "/{uid}", operation_id="read_subscription", summary="One subscription",
    response_model=records.Subscription, responses=declared(401, 404, 422), openapi_extra=sent(),
)  # fmt: skip
def read_subscription(request: Request, uid: Uid) -> Response:
    """With its state, and why it is in it."""
    caller = asking(request)
    return records.answer(records.subscription(caller.subscription(uid)))


@router.patch(
    "/{uid}", operation_id="change_subscription", summary="Change what is told, and how",
    response_model=records.Subscription, responses=declared(401, 404, 413, 415, 422),
    openapi_extra=sent(bodies.SubscriptionChange),
)  # fmt: skip
async def change_subscription(request: Request, uid: Uid) -> Response:
    """Only the fields that are given. The target stays: another one is another subscription, and proves itself."""
    return await run_in_threadpool(_change, request, uid, await received(request))


def _change(request: Request, uid: str, body: bytes) -> Response:
    caller = asking(request)
    one, given = caller.subscription(uid), checked(bodies.SubscriptionChange, body).given()
    if "filter" in given:
        refuse_impossible(caller, given["filter"])
    with writing(caller.engine) as connection:
        subscriptions.change(connection, one, caller.now, **given)
    return records.answer(records.subscription(caller.subscription(uid)))


@router.delete(
    "/{uid}", operation_id="unsubscribe", summary="Delete a subscription",
    response_model=records.Removed, responses=declared(401, 404, 422), openapi_extra=sent(),
)  # fmt: skip
def unsubscribe(request: Request, uid: Uid) -> Response:
    """It is told nothing more, not even what is pending; its target and secrets are wiped."""
    caller = asking(request)
    with queue.adding(caller.engine) as connection:
        subscriptions.remove(connection, caller.locked(connection, uid), caller.now)
    return records.answer({"deleted": uid})


@router.post(
    "/{uid}/pause", operation_id="pause_subscription", summary="Be told nothing for a while",
    response_model=records.Subscription, responses=declared(401, 404, 409, 422), openapi_extra=sent(),
)  # fmt: skip
def pause_subscription(request: Request, uid: Uid) -> Response:
    """What happens meanwhile is not kept: after resuming, replay the time, or read /v1/changes from your cursor."""
    caller = asking(request)
    with queue.adding(caller.engine) as connection, problems():
        subscriptions.pause(connection, caller.locked(connection, uid), caller.now)
    return records.answer(records.subscription(caller.subscription(uid)))


@router.post(
    "/{uid}/resume", operation_id="resume_subscription", summary="Be told again",
    response_model=records.Subscription, responses=declared(401, 404, 409, 422), openapi_extra=sent(),
)  # fmt: skip
def resume_subscription(request: Request, uid: Uid) -> Response:
    """Also of one that was paused for its failures, or disabled by a 410. What was pending is told first."""
    caller = asking(request)
    with queue.adding(caller.engine) as connection, problems():
        subscriptions.resume(connection, caller.locked(connection, uid), caller.now)
    return records.answer(records.subscription(caller.subscription(uid)))


def refuse_impossible(caller: Caller, asked: Filter) -> None:
    """Problem where the filter can match nothing, with the names that may have been meant."""
    with reading(caller.engine) as connection:
        known = subscriptions.known(connection)
    try:
        impossible.check(asked, known)
    except Impossible as why:
        raise Problem(422, str(why), "impossible-filter", close_names=why.close_names) from None


def _shown(desk: Desk, channel: Channel, url: str) -> str:
    """What may be shown of the target; Problem where nothing may be sent there."""
    try:
        if channel == "apprise":
            return channels.check(url, desk.guard)
        desk.guard.check_url(url)
    except (AddressRefused, ValueError) as why:
        raise Problem(422, f"url: {str(why).removesuffix('.')}.", "refused-target") from None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{'/…' if parts.path.strip('/') or parts.query else '/'}"
