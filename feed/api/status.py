"""/v1/status, /healthz, /readyz: how the sources and this service fare."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response

from feed.answers import JSON, answers_of
from feed.api import records, shapes
from feed.api.asking import Nothing
from feed.errors import Problem, declared
from feed.health import health
from history import queries
from history.db import reading

router = APIRouter(tags=["sources"])
_OK: records.Health = {"status": "ok"}


@router.get(
    "/v1/status", operation_id="read_status", summary="How each source fares",
    response_model=records.Status, responses=declared(422),
)  # fmt: skip
def read_status(request: Request) -> Response:
    """Last success, last failure and why, age, what is held back. Ages move: this answer has no ETag."""
    Nothing.of(request)
    answers = answers_of(request)
    now = answers.clock()
    with reading(answers.engine) as connection:
        page: records.Status = {"sources": [_shape(one, now) for one in queries.statuses(connection, now)]}
    return Response(msgspec.json.encode(page), headers={"cache-control": "no-cache"}, media_type=JSON)


@router.get(
    "/healthz", operation_id="read_health", summary="The process is alive",
    response_model=records.Health, responses=declared(422),
)  # fmt: skip
async def read_health(request: Request) -> Response:
    """Says nothing about the database."""
    Nothing.of(request)
    return _ok()


@router.get(
    "/readyz", operation_id="read_readiness", summary="The database is reachable and migrated",
    response_model=records.Health, responses=declared(422),
)  # fmt: skip
def read_readiness(request: Request) -> Response:
    """503 until then."""
    Nothing.of(request)
    with reading(answers_of(request).engine) as connection:
        if not queries.is_migrated(connection):
            raise Problem(503, "The database is not migrated: run `alembic upgrade head`, or `tokentape up`.")
    return _ok()


def _ok() -> Response:
    return Response(msgspec.json.encode(_OK), headers={"cache-control": "no-store"}, media_type=JSON)


def _shape(one: queries.SourceStatus, now: datetime) -> records.SourceStatus:
    word, sentence, age = health(one, now)
    return {
        "source": one.name,
        "provider": one.provider,
        "url": one.url,
        "health": word,
        "sentence": sentence,
        "last_success": shapes.happened(one.last_success),
        "last_failure": shapes.happened(one.last_failure),
        "age_s": None if age is None else int(age.total_seconds()),
        "interval_s": one.interval_s,
        "paused_until": one.paused_until,
        "verified": one.verified,
        "offers": one.offers,
        "unread": one.newest.unread if one.newest else {},
        "held": [shapes.held(waiting) for waiting in one.held],
        "drift": [shapes.drift(difference) for difference in one.drifting.drifts] if one.drifting else [],
        "drifting_since": one.drifting.since if one.drifting else None,
        "measured_by": one.drifting.baseline if one.drifting else None,
        "requests_today": one.requests_today,
        "daily_budget": one.daily_budget,
    }
