"""/v1/plans: subscriptions, their prices and what they include, at a time, as believed at a time."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Asked, Cursor, Limit, Moment, Text, scope
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/plans", tags=["prices"])


class AskedPlans(Asked):
    """Which plans, when, and as believed when."""

    provider: Text | None = Field(None, description="A provider's slug.", examples=["minimax"])
    plan: Text | None = Field(None, description="A plan's exact name.", examples=["Token Plan Plus"])
    region: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="A region; empty: plans without one."
    )
    as_of: Moment | None = Field(
        None, description="Valid time, RFC 3339 with an offset; default: now.", examples=["2026-05-22T16:00:00Z"]
    )
    known_at: Moment | None = Field(
        None, description="Recorded time: what was believed then; default: now.", examples=["2026-05-22T16:00:00Z"]
    )
    limit: Limit = 100
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_plans", summary="Subscriptions with their prices and quotas",
    response_model=schemas.PlanPage, responses=declared(422),
    openapi_extra=AskedPlans.parameters(),
)  # fmt: skip
async def list_plans(request: Request) -> Response:
    """By provider and name. A plan without a stated price ("contact us") is in /v1/models?tier=plan only."""
    asked = AskedPlans.of(request)
    question = asked.question()
    after = place_of(asked.cursor, question, tuple[str, str, str, str])

    def render(connection: Connection, now: datetime) -> Rendered:
        wanted = scope(asked, "any")._replace(model=asked.plan)
        at, known_at = asked.as_of or now, asked.known_at or now
        last = queries.PlanKey(*after) if after else None
        found = queries.plans(connection, wanted, at, known_at, after=last, limit=asked.limit + 1)
        shown = found[: asked.limit]
        pages = queries.evidence_of(connection, {price.run_id for one in shown for price in one.prices})
        following = cursor_to(shown[-1].key, question) if len(found) > len(shown) else None
        page: schemas.PlanPage = {"plans": [shapes.plan(one, pages) for one in shown], "next_cursor": following}
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    return await answers_of(request).give(request, render)
