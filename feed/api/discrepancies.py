"""/v1/discrepancies: where a gateway or a map says another price than the provider itself."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Asked, Cursor, Limit, Text
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/discrepancies", tags=["prices"])


class AskedDiscrepancies(Asked):
    """Which disagreements."""

    provider: Text | None = Field(None, description="Whose prices, by slug.", examples=["deepseek"])
    model: Text | None = Field(None, description="A canonical model.", examples=["deepseek/deepseek-v4-flash"])
    witness: Text | None = Field(None, description="The source that disagrees.", examples=["openrouter_endpoints"])
    ended: bool | None = Field(None, description="false: those that last; true: those that are over.")
    limit: Limit = 100
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_discrepancies", summary="Where witnesses disagree with a provider, the newest first",
    response_model=schemas.DiscrepancyPage, responses=declared(422),
    openapi_extra=AskedDiscrepancies.parameters(),
)  # fmt: skip
async def list_discrepancies(request: Request) -> Response:
    """Neither side is overwritten: the price is what the provider's own source says, and both have their evidence."""
    asked = AskedDiscrepancies.of(request)
    question = asked.question()
    before = place_of(asked.cursor, question, int)

    def render(connection: Connection, _now: datetime) -> Rendered:
        found = queries.disagreements(
            connection, provider=asked.provider, model=asked.model, witness=asked.witness, ended=asked.ended,
            before=before, limit=asked.limit + 1,
        )  # fmt: skip
        pages = queries.evidence_of(connection, {run for one in found for run in (one.run_id, one.witness_run_id)})
        following = cursor_to(found[asked.limit - 1].id, question) if len(found) > asked.limit else None
        page: schemas.DiscrepancyPage = {
            "discrepancies": [shapes.discrepancy(one, pages) for one in found[: asked.limit]],
            "next_cursor": following,
        }
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    return await answers_of(request).give(request, render)
