"""Everything that goes wrong for a reader, as RFC 9457 problem details."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NotRequired, Self

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match
from typing_extensions import TypedDict

MEDIA_TYPE = "application/problem+json"
# PostgreSQL's "undefined table": nobody has migrated this database.
_UNDEFINED_TABLE = "42P01"
# From Python 3.13 on http has other words for these (RFC 9110's). What was published stays, whatever Python serves it.
_PHRASES = {413: "Request Entity Too Large", 422: "Unprocessable Entity"}
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

log = logging.getLogger(__name__)


class ProblemDetails(TypedDict):
    """RFC 9457. `type` is "about:blank" where the status says it all; `valid` lists what could have been asked,
    `close_names` what may have been meant."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    valid: NotRequired[list[str]]
    close_names: NotRequired[list[str]]


class Problem(Exception):
    """An answer that is a problem: raise it anywhere below a route."""

    def __init__(self, status: int, detail: str, kind: str = "", **extra: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.extra = status, detail, kind, extra
        self.headers: dict[str, str] = {}

    def sending(self, name: str, value: str) -> Self:
        """The same, with that header."""
        self.headers[name] = value
        return self


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route declares the problems it may answer with."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    return {
        status: {"description": _phrase(status), "content": {MEDIA_TYPE: schema}} for status in (*statuses, 500, 503)
    }


def _phrase(status: int) -> str:
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def install(app: FastAPI) -> None:
    """Answer every failure of the app with a problem."""
    app.exception_handler(Problem)(_on_problem)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http)
    app.exception_handler(DBAPIError)(_on_database)
    app.exception_handler(PoolTimeout)(_on_database)
    app.exception_handler(Exception)(_on_crash)


def respond(
    request: Request, status: int, detail: str, kind: str = "", headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:  # fmt: skip
    """A problem+json answer."""
    body = {
        "type": f"tag:tokentape.dev,2026:problem/{kind}" if kind else "about:blank",
        "title": kind.replace("-", " ").capitalize() or _phrase(status),
        "status": status,
        "detail": detail,
        "instance": request.scope["path"],
        **extra,
    }
    return Response(msgspec.json.encode(body), status, {"cache-control": "no-store", **(headers or {})}, MEDIA_TYPE)


def _on_problem(request: Request, error: Problem) -> Response:
    return respond(request, error.status, error.detail, error.kind, error.headers, **error.extra)


def _on_http(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405:
        return _on_other_method(request)
    detail = f"Nothing is at {request.scope['path']}; / lists what there is."
    return respond(
        request, error.status_code, detail if error.status_code == 404 else str(error.detail), headers=error.headers
    )


def _on_other_method(request: Request) -> Response:
    """With all methods of that path: Starlette names those of the first route that has it."""
    answered = [method for method in _METHODS if _is_answered(request, method)]
    # Edge answers HEAD where GET is answered.
    allowed = ["GET", "HEAD", *answered[1:]] if "GET" in answered else answered
    *others, last = allowed
    detail = f"Only {', '.join(others)} and {last} are answered here." if others else f"{last} alone is answered here."
    return respond(request, 405, detail, headers={"allow": ", ".join(allowed)})


def _is_answered(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def refused(errors: Sequence[Mapping[str, Any]], valid: list[str]) -> Problem:
    """What pydantic found wrong in a question, told to the person who typed it."""
    unknown = any(error["type"] == "extra_forbidden" for error in errors)
    told = " ".join(_told(error, valid) for error in errors)
    return Problem(422, told, "unknown-parameter" if unknown else "invalid-parameter", valid=valid)


def _told(error: Mapping[str, Any], valid: list[str]) -> str:
    name = str(error["loc"][-1])
    if error["type"] == "extra_forbidden":
        return f"{name!r} is not a parameter here; valid are: {', '.join(valid) or 'none'}."
    if error["type"] == "missing":
        return f"{name} is required."
    reason = error.get("ctx", {}).get("error") or error["msg"]
    return f"{name}={error['input']}: {reason}."


def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    return _on_problem(request, refused(error.errors(), []))


def _on_database(request: Request, error: Exception) -> Response:
    undefined_table = getattr(getattr(error, "orig", None), "sqlstate", "") == _UNDEFINED_TABLE
    if not isinstance(error, (OperationalError, InterfaceError, PoolTimeout)) and not undefined_table:
        raise error
    log.error("the database does not answer: %s", error)
    detail = "The database does not answer, or is not migrated yet; /readyz says when it is."
    return respond(request, 503, detail, headers={"retry-after": "10"})


def _on_crash(request: Request, _error: Exception) -> Response:
    headers = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}
    return respond(request, 500, "This is our mistake; it has been logged.", headers=headers)
