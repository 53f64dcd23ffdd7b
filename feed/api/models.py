"""/v1/models: what can be named in a request, at which provider."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Cursor, Identified, Limit, Text, scope
from feed.api.names import close_names
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/models", tags=["catalog"])


class AskedModels(Identified):
    """Which models."""

    provider: Text | None = Field(None, description="A provider's slug.", examples=["deepseek"])
    q: Text | None = Field(None, description="A part of the model's name; case does not matter.", examples=["flash"])
    tier: Text | None = Field(
        None, description="Only offers of that tier; plan: subscriptions, which are left out otherwise.",
        examples=["standard", "plan"],
    )  # fmt: skip
    withdrawn: bool | None = Field(None, description="true: only models no longer offered; false: only the others.")
    limit: Limit = 100
    cursor: Cursor | None = None


@router.get(
    "", operation_id="list_models", summary="Models and the ways to buy them",
    response_model=schemas.ModelPage, responses=declared(422),
    openapi_extra=AskedModels.parameters(),
)  # fmt: skip
async def list_models(request: Request) -> Response:
    """Models by provider and name, each with all its offers."""
    asked = AskedModels.of(request)
    question = asked.question()
    after = place_of(asked.cursor, question, tuple[str, str])

    def render(connection: Connection, now: datetime) -> Rendered:
        meant = scope(asked, "any").meant()
        found = queries.models(
            connection,
            provider_slug=asked.provider,
            contains=asked.q,
            withdrawn=asked.withdrawn,
            tier=asked.tier,
            called=None if meant is None else queries.called_then(meant, now),
            after=after,
            limit=asked.limit + 1,
        )
        shown = found[: asked.limit]
        following = cursor_to((shown[-1].provider, shown[-1].model), question) if len(found) > len(shown) else None
        page: schemas.ModelPage = {"models": [shapes.model(one, now) for one in shown], "next_cursor": following}
        if not shown and (close := close_names(connection, canonical=asked.canonical)):
            page["close_names"] = close
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    return await answers_of(request).give(request, render)
