"""/v1/volumes: how many tokens a gateway served of a model, by day, as believed at a time."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed.answers import A_MINUTE, FOR_GOOD, Rendered, answers_of, next_url
from feed.api import schemas, shapes
from feed.api.asking import Asked, Cursor, Day, Limit, Moment, Text
from feed.cursors import cursor_to, place_of
from feed.errors import declared
from history import queries

router = APIRouter(prefix="/v1/volumes", tags=["volumes"])
TRAILING = "trailing_"


class AskedVolumes(Asked):
    """Which volumes, of which days, and as believed when."""

    model: Text | None = Field(
        None, description='A permaslug, variants apart; "other": all models below the fiftieth.',
        examples=["deepseek/deepseek-v4-flash-20260731:free"],
    )  # fmt: skip
    source: Text | None = Field(None, description="A source of volumes.", examples=["openrouter_volumes"])
    day: Day | None = Field(None, description="Only this day (UTC).", examples=["2026-05-11"])
    first_day: Annotated[Day | None, Field(alias="from", description="From this day on.")] = None
    last_day: Annotated[Day | None, Field(alias="to", description="Up to this day, inclusive.")] = None
    period: Literal["day", "week", "month"] | None = Field(None, description="How long a period the figures cover.")
    trailing: bool | None = Field(
        None, description="true: only aggregates over the period that ended with the day; false: only the day's own."
    )
    known_at: Moment | None = Field(
        None, description="Recorded time: what was believed then; default: now.", examples=["2026-05-22T16:00:00Z"]
    )
    limit: Limit = 100
    cursor: Cursor | None = None

    def asked(self) -> queries.AskedVolumes:
        firsts = [day for day in (self.day, self.first_day) if day]
        lasts = [day for day in (self.day, self.last_day) if day]
        periods = [f"{word}{self.period}" for word in ("", TRAILING)] if self.period else list(schemas.PERIODS)
        if self.trailing is not None:
            periods = [period for period in periods if period.startswith(TRAILING) == self.trailing]
        chosen = None if len(periods) == len(schemas.PERIODS) else periods
        first, last = max(firsts, default=None), min(lasts, default=None)
        return queries.AskedVolumes(self.model, self.source, chosen, first, last)


@router.get(
    "", operation_id="list_volumes", summary="Tokens by model and day, as believed at a time",
    response_model=schemas.VolumePage, responses=declared(422),
    openapi_extra=AskedVolumes.parameters(),
)  # fmt: skip
async def list_volumes(request: Request) -> Response:
    """The newest day first. A restated figure replaces the one before; `known_at` still finds what was believed."""
    asked = AskedVolumes.of(request)
    question = asked.question()
    after = place_of(asked.cursor, question, queries.VolumePlace)

    def render(connection: Connection, now: datetime) -> Rendered:
        limit = asked.limit
        found = queries.volumes(connection, asked.asked(), asked.known_at or now, after=after, limit=limit + 1)
        shown = found[:limit]
        runs = {one.run_id for one in shown}
        pages = queries.evidence_of(connection, runs)
        following = cursor_to(shown[-1].place, question) if len(found) > limit else None
        page: schemas.VolumePage = {
            "volumes": [shapes.volume(one) for one in shown],
            "notices": [shapes.notice(one, pages) for one in queries.notices(connection, runs)],
            "next_cursor": following,
        }
        return Rendered(msgspec.json.encode(page), following and next_url(request, cursor=following))

    answers = answers_of(request)
    settled = asked.known_at is not None and asked.known_at < answers.clock()
    return await answers.give(request, render, cache_control=FOR_GOOD if settled else A_MINUTE)
