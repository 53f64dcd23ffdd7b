"""/v1/subscriptions/{uid}: proof that messages are wanted, tests that they arrive, and what they are signed with."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from feed.alerts import proving, queue
from feed.desk import bodies, records
from feed.desk.bodies import sent
from feed.desk.callers import asking, checked, problems, received, secret_of
from feed.desk.subscriptions import Uid
from feed.errors import Problem, declared
from history.db import writing
from history.times import to_rfc3339

router = APIRouter(prefix="/v1/subscriptions/{uid}", tags=["subscriptions"])


@router.post(
    "/proof", operation_id="prove_subscription", summary="Hand back the token that was posted to the endpoint",
    response_model=records.Subscription, responses=declared(401, 404, 413, 415, 422),
    openapi_extra=sent(bodies.Proof),
)  # fmt: skip
async def prove_subscription(request: Request, uid: Uid) -> Response:
    """For receivers that cannot answer the challenge themselves. The subscription is active from then on."""
    return await run_in_threadpool(_prove, request, uid, await received(request))


def _prove(request: Request, uid: str, body: bytes) -> Response:
    caller = asking(request)
    token = checked(bodies.Proof, body).token
    with writing(caller.engine) as connection:
        if not proving.prove(connection, caller.locked(connection, uid), token, caller.now):
            detail = (
                "token: this is not the one that was posted to the endpoint; challenge it again for another message."
            )
            raise Problem(422, detail, "wrong-token")
    return records.answer(records.subscription(caller.subscription(uid)))


@router.post(
    "/challenge", operation_id="challenge_subscription", summary="Post the token to the endpoint again",
    response_model=records.Subscription, responses=declared(401, 404, 409, 422, 429), openapi_extra=sent(),
)  # fmt: skip
def challenge_subscription(request: Request, uid: Uid) -> Response:
    """Once a minute, while it is unproven."""
    caller = asking(request)
    with queue.adding(caller.engine) as connection, problems():
        one = caller.locked(connection, uid)
        proving.challenge(connection, one, caller.public_url, caller.now)
    return records.answer(records.subscription(one))


@router.post(
    "/test", operation_id="test_subscription", summary="Send a test message at once",
    response_model=records.Sent, responses=declared(401, 404, 409, 422, 429), openapi_extra=sent(),
)  # fmt: skip
def test_subscription(request: Request, uid: Uid) -> Response:
    """Its type is subscription.test. Once a minute, while the subscription is active."""
    caller = asking(request)
    with queue.adding(caller.engine) as connection, problems():
        message = proving.test(connection, caller.locked(connection, uid), caller.public_url, caller.now)
    return records.answer({"message": message})


@router.post(
    "/secret", operation_id="rotate_secret", summary="Sign with a new secret",
    response_model=records.NewSecret, responses=declared(401, 404, 409, 413, 415, 422),
    openapi_extra=sent(bodies.Rotation),
)  # fmt: skip
async def rotate_secret(request: Request, uid: Uid) -> Response:
    """Until the overlap ends, messages are signed with the old one too. The new one is shown here only."""
    return await run_in_threadpool(_rotate, request, uid, await received(request))


def _rotate(request: Request, uid: str, body: bytes) -> Response:
    caller = asking(request)
    asked = checked(bodies.Rotation, body)
    given = None if asked.secret is None else secret_of(asked.secret)
    with writing(caller.engine) as connection, problems():
        one = caller.locked(connection, uid)
        secret = proving.rotate(connection, one, caller.taking_in.sealer, caller.now, given, asked.overlap)
    until = caller.now + asked.overlap if asked.overlap > timedelta(0) else None
    return records.answer({"secret": secret, "former_secret_until": until and to_rfc3339(until)})
