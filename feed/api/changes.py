"""/v1/changes: what became different, behind a cursor that skips nothing."""

from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Id, Identified, Limit, Moment, Seller, Text, UnitName, scope
from feed.errors import Problem, declared
from history import queries
from history.model import EventKind

router = APIRouter(prefix="/v1/changes", tags=["changes"])


class Filters(Identified):
    """Which changes: the filters of the API and of the feeds."""

    provider: Text | None = Field(None, description="A provider's slug.", examples=["deepseek"])
    model: Text | None = Field(None, description="A model's exact name.", examples=["deepseek-v4-flash"])
    kind: EventKind | None = Field(None, description="What became different.", examples=["price_lowered"])
    direction: Literal["up", "down"] | None = Field(None, description="Dearer or cheaper.")
    min_pct: Decimal | None = Field(
        None, ge=0, le=1_000_000, examples=["10"],
        description="At least so many percent, up or down; what has no percentage (free → paid) is included.",
    )  # fmt: skip
    unit: UnitName | None = Field(None, description="A billable unit.", examples=["input_tokens"])
    seller: Seller = Field("any", description="first_party: labs that sell their own models.")
    since: Moment | None = Field(None, description="Recorded at this time or later.", examples=["2026-05-22T16:00:00Z"])
    until: Moment | None = Field(None, description="Recorded before this time.", examples=["2026-06-01T00:00:00Z"])

    def wanted(self) -> queries.Wanted:
        """These filters in history's words."""
        min_bp = None if self.min_pct is None else ceil(self.min_pct * 100)
        return queries.Wanted(scope(self, self.seller), self.kind, self.direction, min_bp, self.since, self.until)


class AskedChanges(Filters):
    """Which changes, from where on."""

    order: Literal["asc", "desc"] = Field("asc", description="asc: as recorded; desc: the newest first.")
    after: Id | None = Field(None, description="With asc: only changes after this id. 0 or nothing: from the first on.")
    before: Id | None = Field(None, description="With desc: only changes before this id.")
    limit: Limit = 100


@router.get(
    "", operation_id="list_changes", summary="Change events in the order they were recorded",
    response_model=schemas.ChangePage, responses=declared(422),
    openapi_extra=AskedChanges.parameters(),
)  # fmt: skip
async def list_changes(request: Request) -> Response:
    """Poll with `after` set to `resume_after` of the answer before: nothing is missed, nothing is told twice."""
    asked = AskedChanges.of(request)
    if (asked.order == "asc" and asked.before is not None) or (asked.order == "desc" and asked.after is not None):
        raise Problem(422, "after goes with order=asc, before goes with order=desc.", "invalid-parameter")

    def render(connection: Connection, now: datetime) -> Rendered:
        newest = queries.revision(connection, now).event_id or 0
        found = _found(connection, asked)
        shown, more = found[: asked.limit], len(found) > asked.limit
        pages = queries.evidence_of(connection, {one.run_id for one in shown})
        following = shown[-1].id if more else None
        page: schemas.ChangePage = {
            "changes": [shapes.change(one, pages) for one in shown],
            "next_cursor": following,
            "resume_after": following if more and asked.order == "asc" and following else max(newest, asked.after or 0),
        }
        parameter = "after" if asked.order == "asc" else "before"
        return Rendered(msgspec.json.encode(page), next_url(request, **{parameter: str(following)}) if more else None)

    return await answers_of(request).give(request, render, only_changes=True)


def _found(connection: Connection, asked: AskedChanges) -> list[queries.Change]:
    if asked.order == "desc":
        return queries.changes_before(connection, asked.wanted(), asked.before, asked.limit + 1)
    return queries.changes_after(connection, asked.wanted(), asked.after or 0, asked.limit + 1)
