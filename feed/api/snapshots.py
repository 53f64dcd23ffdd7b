"""/v1/snapshots: the evidence behind a price, as it was fetched."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection

from feed.answers import FOR_GOOD, Rendered, answers_of
from feed.api import records
from feed.api.asking import Nothing
from feed.errors import Problem, declared
from history import evidence, queries
from history.db import reading

router = APIRouter(prefix="/v1/snapshots", tags=["evidence"])
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The sha256 of the bytes, in lower-case hex.")]
# Scraped bytes never run in our origin: not even as text that a browser takes for HTML.
_HARMLESS = {
    "cache-control": FOR_GOOD,
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}


@router.get(
    "/{sha256}", operation_id="read_snapshot", summary="A kept page: where and when it was fetched",
    response_model=records.Snapshot, responses=declared(404, 422),
)  # fmt: skip
async def read_snapshot(request: Request, sha256: Digest) -> Response:
    """The bytes themselves are at `body`."""
    Nothing.of(request)

    def render(connection: Connection, _now: datetime) -> Rendered:
        found = queries.snapshot(connection, sha256)
        if found is None:
            raise _no_such(sha256)
        return Rendered(msgspec.json.encode(_shape(found)))

    return await answers_of(request).give(request, render)


@router.get(
    "/{sha256}/body", operation_id="read_snapshot_body", summary="The bytes of a kept page",
    response_class=Response,
    responses={
        200: {
            "description": "The bytes as fetched, as plain text or as a file: never to be run.",
            "content": {name: {"schema": {"type": "string"}} for name in ("text/plain", "application/octet-stream")},
        },
        **declared(404, 422),
    },
)  # fmt: skip
def read_snapshot_body(request: Request, sha256: Digest) -> Response:
    """Their sha256 is the address."""
    Nothing.of(request)
    etag = f'"{sha256}"'
    with reading(answers_of(request).engine) as connection:
        if request.headers.get("if-none-match") == etag and queries.snapshot(connection, sha256) is not None:
            return Response(status_code=304, headers={**_HARMLESS, "etag": etag})
        found = evidence.read(connection, sha256)
    if found is None:
        raise _no_such(sha256)
    is_text = found.media_type.startswith("text/") or found.media_type.endswith(("json", "xml"))
    name = f"{sha256[:16]}.{'txt' if is_text else 'bin'}"
    headers = {**_HARMLESS, "etag": etag, "content-disposition": f'attachment; filename="{name}"'}
    # The charset is the page's own affair; Starlette would add utf-8 to a media type given the usual way.
    headers["content-type"] = "text/plain" if is_text else "application/octet-stream"
    return Response(found.body, headers=headers)


def _no_such(sha256: str) -> Problem:
    return Problem(404, f"No snapshot {sha256} is kept here.", "unknown-snapshot")


def _shape(one: queries.SnapshotRecord) -> records.Snapshot:
    uses: list[records.SnapshotUse] = [
        {"run": use.run_id, "source": use.source, "url": use.url, "fetched_at": use.fetched_at, "status": use.status}
        for use in one.uses
    ]
    return {
        "sha256": one.sha256,
        "media_type": one.media_type,
        "size": one.size,
        "stored_at": one.stored_at,
        "body": f"/v1/snapshots/{one.sha256}/body",
        "times_used": one.times_used,
        "uses": uses,
    }
