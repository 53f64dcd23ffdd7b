"""The start page and the page of one story."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from feed.answers import answers_of
from feed.errors import Problem
from feed.health import health
from feed.site.tape import Tape, tape
from feed.syndication import is_web
from history import queries
from history.db import reading
from history.times import to_rfc3339

router = APIRouter()
HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_bytes()
STYLE_TAG = f'"{sha256(STYLE).hexdigest()[:24]}"'
NEWEST = 25
MORE = 12

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["rfc3339"] = to_rfc3339
_templates.tests["web"] = is_web


@router.get("/", response_class=HTMLResponse)
def read_start(request: Request) -> Response:
    """The newest changes, how the sources fare, and where everything is."""
    answers = answers_of(request)
    now = answers.clock()
    with reading(answers.engine) as connection:
        first_party = queries.stories(connection, _sold_by("lab"), None, NEWEST)
        resold = [
            story for kind in ("cloud", "gateway") for story in queries.stories(connection, _sold_by(kind), None, MORE)
        ]
        sources = [(source, health(source, now)) for source in queries.statuses(connection, now)]
    return _page(
        "start.html",
        public_url=answers.public_url,
        first_party=[tape(story) for story in first_party],
        resold=[tape(story) for story in sorted(resold, key=lambda story: -story.id)[:MORE]],
        sources=sources,
    )


@router.get("/stories/{story_id}", response_class=HTMLResponse)
def read_story(request: Request, story_id: int) -> Response:
    """One announcement, for good at this address."""
    answers = answers_of(request)
    with reading(answers.engine) as connection:
        found = queries.story(connection, story_id) if 0 < story_id < 2**63 else None
    if found is None:
        raise Problem(404, f"There is no story {story_id}.")
    told: Tape = tape(found)
    return _page("story.html", public_url=answers.public_url, told=told, evidence=found.evidence)


@router.get("/style.css", response_class=Response)
def read_style(request: Request) -> Response:
    headers = {"etag": STYLE_TAG, "cache-control": "public, max-age=3600"}
    if request.headers.get("if-none-match") == STYLE_TAG:
        return Response(status_code=304, headers=headers)
    return Response(STYLE, headers=headers, media_type="text/css")


def _sold_by(kind: Any) -> queries.Wanted:
    return queries.Wanted(queries.Scope(seller=kind))


def _page(template: str, **shown: Any) -> Response:
    return HTMLResponse(
        _templates.get_template(template).render(shown), headers={"cache-control": "public, max-age=30"}
    )
