"""/v1/providers: who bills you."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of
from feed.api import schemas
from feed.api.asking import Nothing
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/providers", tags=["catalog"])


@router.get(
    "", operation_id="list_providers", summary="Who sells, and where the prices are read",
    response_model=schemas.ProviderPage, responses=declared(422),
)  # fmt: skip
async def list_providers(request: Request) -> Response:
    """Every provider with its sources."""
    Nothing.of(request)
    return await answers_of(request).give(request, _render)


def _render(connection: Connection, _now: datetime) -> Rendered:
    page: schemas.ProviderPage = {"providers": [_shape(one) for one in queries.providers(connection)]}
    return Rendered(msgspec.json.encode(page))


def _shape(one: queries.ListedProvider) -> schemas.Provider:
    sources: list[schemas.Source] = [{"name": source.name, "url": source.url} for source in one.sources]
    return {"slug": one.slug, "name": one.name, "kind": one.kind, "offers": one.offers, "sources": sources}
