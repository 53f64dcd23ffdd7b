"""/v1/hosts: the companies that serve models through a gateway, and their countries."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import A_MINUTE, FOR_GOOD, Rendered, answers_of
from feed.api import schemas, shapes
from feed.api.asking import Asked, Moment, Text
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/hosts", tags=["volumes"])


class AskedHosts(Asked):
    """Which hosts, and as believed when."""

    slug: Text | None = Field(None, description="A host's slug at the gateway.", examples=["deepinfra"])
    headquarters: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="A country in two letters (ISO 3166-1).", examples=["US"]
    )
    known_at: Moment | None = Field(
        None, description="Recorded time: what was believed then; default: now.", examples=["2026-05-22T16:00:00Z"]
    )


@router.get(
    "", operation_id="list_hosts", summary="Who serves models through a gateway, and from which country",
    response_model=schemas.HostPage, responses=declared(422),
    openapi_extra=AskedHosts.parameters(),
)  # fmt: skip
async def list_hosts(request: Request) -> Response:
    """Every host by slug, as the gateway states it; one that it no longer names stays as it was last stated."""
    asked = AskedHosts.of(request)

    def render(connection: Connection, now: datetime) -> Rendered:
        found = queries.hosts(
            connection, asked.known_at or now, slug=asked.slug, headquarters=asked.headquarters
        )  # fmt: skip
        pages = queries.evidence_of(connection, {one.run_id for one in found})
        page: schemas.HostPage = {"hosts": [shapes.host(one, pages) for one in found]}
        return Rendered(msgspec.json.encode(page))

    answers = answers_of(request)
    settled = asked.known_at is not None and asked.known_at < answers.clock()
    return await answers.give(request, render, cache_control=FOR_GOOD if settled else A_MINUTE)
