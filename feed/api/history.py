"""/v1/history: every version of a model's prices, on both time axes."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Asked, Cursor, Limit, Text, UnitName, WitnessAsked, scope
from feed.api.names import close_names
from feed.cursors import cursor_to, place_of
from feed.errors import Problem, declared
from history import queries

router = APIRouter(prefix="/v1/history", tags=["prices"])


class AskedHistory(Asked):
    """Of which model."""

    provider: Text = Field(description="A provider's slug.", examples=["deepseek"])
    model: Text = Field(description="A model's exact name.", examples=["deepseek-v4-flash"])
    tier: Text | None = Field(None, description="A service tier.", examples=["standard"])
    unit: UnitName | None = Field(None, description="A billable unit.", examples=["input_tokens"])
    witness: WitnessAsked = Field(
        "best",
        description="Whose word: a version at whose start a better witness has a price in force is left out, unless "
        "all are asked for, or only these.",
    )
    limit: Limit = 1000
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_versions", summary="All versions of a model's prices",
    response_model=schemas.HistoryPage, responses=declared(404, 422),
    openapi_extra=AskedHistory.parameters(),
)  # fmt: skip
async def list_versions(request: Request) -> Response:
    """By component, valid time and recorded time; corrected and cancelled versions are there too."""
    asked = AskedHistory.of(request)
    question = asked.question()
    after = place_of(asked.cursor, question, tuple[int, datetime, datetime])

    def render(connection: Connection, _now: datetime) -> Rendered:
        if not queries.has_model(connection, asked.provider, asked.model):
            detail = f"{asked.provider!r} never offered {asked.model!r}, as far as we know; /v1/models?q= finds names."
            close = close_names(connection, asked.provider, asked.model)
            raise Problem(404, detail, "unknown-model", **({"close_names": close} if close else {}))
        ask = queries.best_timeline if asked.witness == "best" else queries.timeline
        found = ask(connection, scope(asked, "any"), after=after, limit=asked.limit + 1)
        pages = queries.evidence_of(connection, {one.run_id for one in found})
        shown = found[: asked.limit]
        following = cursor_to(shown[-1].position, question) if len(found) > len(shown) else None
        page: schemas.HistoryPage = {
            "versions": [shapes.version(one, pages) for one in shown],
            "next_cursor": following,
        }
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    return await answers_of(request).give(request, render)
