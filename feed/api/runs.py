"""/v1/runs: each execution of each spider, well or not."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import records, shapes
from feed.api.asking import Asked, Cursor, Limit, Text
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries
from history.model import Outcome

router = APIRouter(prefix="/v1/runs", tags=["sources"])


class AskedRuns(Asked):
    """Which runs."""

    source: Text | None = Field(None, description="A price source.", examples=["openrouter_models"])
    outcome: Outcome | None = Field(None, description="How the run ended.")
    limit: Limit = 100
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_runs", summary="Runs, the newest first",
    response_model=records.RunPage, responses=declared(422),
    openapi_extra=AskedRuns.parameters(),
)  # fmt: skip
async def list_runs(request: Request) -> Response:
    """Each with what it found and the pages it read."""
    asked = AskedRuns.of(request)
    question = asked.question()
    before = place_of(asked.cursor, question, int)

    def render(connection: Connection, _now: datetime) -> Rendered:
        limit = asked.limit
        found = queries.runs(
            connection, source_name=asked.source, outcome=asked.outcome, before=before, limit=limit + 1
        )  # fmt: skip
        pages = queries.evidence_of(connection, {one.id for one in found})
        following = cursor_to(found[limit - 1].id, question) if len(found) > limit else None
        page: records.RunPage = {"runs": [shapes.run(one, pages) for one in found[:limit]], "next_cursor": following}
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    return await answers_of(request).give(request, render)
