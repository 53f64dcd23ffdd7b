"""Who asks, and with what: the key in the header, the body checked field by field."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Engine

from feed.alerts import keys, repeats, subscriptions
from feed.alerts.keys import Key, NoKey
from feed.alerts.proving import TooSoon
from feed.alerts.sealing import Sealer
from feed.alerts.signing import check_secret, new_secret
from feed.alerts.subscriptions import NotNow, Subscription
from feed.answers import answers_of
from feed.api.asking import Nothing
from feed.desk import bodies
from feed.errors import Problem
from history.addresses import Guard
from history.db import reading, writing

LARGEST_BODY = 64 * 2**10
_REALM = 'Bearer realm="tokentape"'
_JSON = "application/json"

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to take somebody's target in: what it is sealed with, and which addresses may be dialled."""

    sealer: Sealer
    guard: Guard


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a key, now."""

    key: Key
    engine: Engine
    public_url: str
    now: datetime
    desk: Desk | None

    @property
    def owner(self) -> int | None:
        """Whose subscriptions the caller sees; None: everybody's."""
        return None if self.key.is_admin else self.key.id

    @property
    def taking_in(self) -> Desk:
        """Problem where this service can take nobody's secrets in."""
        if self.desk is None:
            raise Problem(
                503, "This service has nothing to seal secrets with; its operator has to start it with a key."
            )
        return self.desk

    def subscription(self, uid: str) -> Subscription:
        """The caller's subscription of that name; Problem 404 where it is somebody else's, or nobody's."""
        with reading(self.engine) as connection:
            return self.locked(connection, uid)

    def locked(self, connection: Connection, uid: str) -> Subscription:
        """The same, as it stands in this transaction."""
        found = subscriptions.get(connection, uid, self.owner)
        if found is None:
            raise Problem(404, f"No subscription of this key is called {uid!r}.", "unknown-subscription")
        return found


def caller_of(request: Request) -> Caller:
    """Who asks; Problem 401 says why nobody is believed to. Its use is noted once a minute. Blocks."""
    answers = answers_of(request)
    now = answers.clock()
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not shown.strip():
        detail = (
            "A key is needed here: Authorization: Bearer tt_…; the operator makes them with `tokentape keys create`."
        )
        raise Problem(401, detail, "no-key").sending("www-authenticate", _REALM)
    try:
        with reading(answers.engine) as connection:
            key = keys.find(connection, shown.strip(), now)
    except NoKey as why:
        raise refused(why) from None
    if not keys.is_use_noted(key, now):
        with writing(answers.engine) as connection:
            keys.note_use(connection, key, now)
    return Caller(key, answers.engine, answers.public_url, now, getattr(request.app.state, "desk", None))


def refused(why: NoKey) -> Problem:
    """401: the key that was shown opens nothing."""
    return Problem(401, f"{why}.", "invalid-key").sending("www-authenticate", f'{_REALM}, error="invalid_token"')


def asking(request: Request) -> Caller:
    """Who asks, where nothing else is asked in the query."""
    caller = caller_of(request)
    Nothing.of(request)
    return caller


@contextmanager
def problems() -> Iterator[None]:
    """What a subscription's state, or the time, forbids, as problems."""
    try:
        yield
    except NotNow as why:
        raise Problem(409, f"{why}.", "wrong-state") from None
    except TooSoon as why:
        raise Problem(429, f"{why}.", "too-soon").sending("retry-after", "60") from None


def repeatable(request: Request, caller: Caller, asked: BaseModel) -> repeats.Asked | None:
    """What is asked, where it is asked under an Idempotency-Key; Problem where that is none."""
    given = request.headers.getlist(bodies.IDEMPOTENCY_KEY)
    if not given:
        return None
    token = given[0]
    if len(given) > 1 or not (0 < len(token) <= repeats.LONGEST and token.isascii() and token.isprintable()):
        detail = f"one of 1 to {repeats.LONGEST} visible ASCII characters is taken, such as a UUID"
        raise Problem(422, f"{bodies.IDEMPOTENCY_KEY}: {detail}.", "invalid-header")
    return repeats.Asked.of(caller.key.id, token, asked.model_dump_json())


def secret_of(given: str | None) -> str:
    """The secret that is asked for, or one that is made; Problem where it is none."""
    try:
        return new_secret() if given is None else check_secret(given)
    except ValueError as why:
        raise Problem(422, f"secret: {why}", "invalid-secret") from None


async def received(request: Request) -> bytes:
    """The body as far as it is small enough, JSON by its own word; "" where there is none."""
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise Problem(413, f"The body is more than {LARGEST_BODY} bytes.", "body-too-large")
        parts.append(part)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if size and kind != _JSON:
        raise Problem(415, f"{kind or 'No content type'} is not taken here; send {_JSON}.")
    if size and request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "A packed body is not taken here.")
    return b"".join(parts)


def checked(kind: type[Body], body: bytes) -> Body:
    """The body as that; Problem says which field is wrong. What was sent is never repeated: it may be a secret."""
    try:
        return kind.model_validate_json(body or b"{}")
    except ValidationError as error:
        valid = sorted(kind.model_fields)
        wrong = error.errors(include_url=False, include_input=False)
        told = " ".join(dict.fromkeys(_told(one, valid) for one in wrong))
        unknown = any(one["type"] == "extra_forbidden" for one in wrong)
        raise Problem(422, told, "unknown-field" if unknown else "invalid-field", valid=valid) from None


def _told(error: Mapping[str, Any], valid: list[str]) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "json_invalid":
        return f"The body is not JSON: {error['ctx']['error']}."
    if error["type"] == "missing":
        return f"{name} is required."
    if error["type"] == "extra_forbidden":
        return f"{name!r} is not a field here" + (
            f"; valid are: {', '.join(valid) or 'none'}." if "." not in name else "."
        )
    reason = str(error.get("ctx", {}).get("error") or error["msg"]).removesuffix(".")
    return f"{name or 'The body'}: {reason}."
