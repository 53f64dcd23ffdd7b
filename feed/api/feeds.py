"""/feeds: the stories of the changes, for feed readers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from feed import syndication
from feed.answers import Rendered, answers_of
from feed.api.asking import Id, Seller
from feed.api.changes import Filters
from feed.errors import declared
from feed.syndication import AUTHORITY, Channel, Entry
from feed.wording import clean
from history import queries

router = APIRouter(prefix="/feeds", tags=["feeds"])
DESCRIPTION = "What language-model APIs cost, and what changed: one entry for each model and announcement."
_IN_WORDS = {"any": "all sellers", "up": "raised", "down": "lowered"}


class AskedFeed(Filters):
    """Which stories: those with at least one such change, told whole."""

    seller: Seller = Field("first_party", description="first_party: labs that sell their own models; or any.")
    limit: Annotated[int, Field(ge=1, le=200, description="At most so many entries.")] = 50
    before: Id | None = Field(None, description="Only stories before this one: the next page.")

    def filters(self) -> dict[str, Any]:
        """What was asked besides the page, in canonical order."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"limit", "before"})


def _declared(media_type: str) -> dict[int | str, dict[str, Any]]:
    is_json = media_type == syndication.JSON_FEED
    schema = {"type": "object", "required": ["version", "title", "items"]} if is_json else {"type": "string"}
    feed = {"description": "The feed, the newest story first.", "content": {media_type: {"schema": schema}}}
    return {200: feed, **declared(422)}


@router.get(
    "/changes.atom", operation_id="read_atom_feed", summary="Price changes as Atom 1.0",
    response_class=Response, responses=_declared(syndication.ATOM),
    openapi_extra=AskedFeed.parameters(),
)  # fmt: skip
async def read_atom(request: Request) -> Response:
    """One entry for each model and run, with the filters of /v1/changes."""
    asked = AskedFeed.of(request)
    return await _give(request, asked, syndication.atom, syndication.ATOM)


@router.get(
    "/changes.rss", operation_id="read_rss_feed", summary="Price changes as RSS 2.0",
    response_class=Response, responses=_declared(syndication.RSS),
    openapi_extra=AskedFeed.parameters(),
)  # fmt: skip
async def read_rss(request: Request) -> Response:
    """One item for each model and run, with the filters of /v1/changes."""
    asked = AskedFeed.of(request)
    return await _give(request, asked, syndication.rss, syndication.RSS)


@router.get(
    "/changes.json", operation_id="read_json_feed", summary="Price changes as JSON Feed 1.1",
    response_class=Response, responses=_declared(syndication.JSON_FEED),
    openapi_extra=AskedFeed.parameters(),
)  # fmt: skip
async def read_json(request: Request) -> Response:
    """One item for each model and run, with the filters of /v1/changes."""
    asked = AskedFeed.of(request)
    return await _give(request, asked, syndication.json_feed, syndication.JSON_FEED)


async def _give(
    request: Request, asked: AskedFeed, form: Callable[[Channel, Sequence[Entry]], bytes], media_type: str
) -> Response:  # fmt: skip
    answers = answers_of(request)

    def render(connection: Connection, _now: datetime) -> Rendered:
        found = queries.stories(connection, asked.wanted(), asked.before, asked.limit + 1)
        shown = found[: asked.limit]
        older = shown[-1].id if len(found) > len(shown) else None
        channel = _channel(answers.public_url + request.scope["path"], answers.public_url, asked, older)
        return Rendered(form(channel, [syndication.entry(one, answers.public_url) for one in shown]), channel.next_url)

    return await answers.give(request, render, media_type=media_type, only_changes=True)


def _channel(url: str, home_url: str, asked: AskedFeed, older: int | None) -> Channel:
    filters = asked.filters()
    limited = filters | ({} if asked.limit == 50 else {"limit": asked.limit})
    page = limited | ({} if asked.before is None else {"before": asked.before})
    about = ", ".join(_IN_WORDS.get(value, str(value)).replace("_", " ") for value in filters.values())
    return Channel(
        id=f"{AUTHORITY}feed/changes" + (f"?{urlencode(filters)}" if filters else ""),
        title=clean(f"Tokentape: price changes{f' ({about})' if about else ''}"),
        description=DESCRIPTION,
        home_url=f"{home_url}/",
        self_url=_with(url, page),
        first_url=_with(url, limited),
        next_url=_with(url, limited | {"before": older}) if older is not None else None,
    )


def _with(url: str, parameters: dict[str, Any]) -> str:
    return f"{url}?{urlencode(parameters)}" if parameters else url
