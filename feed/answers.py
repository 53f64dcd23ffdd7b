"""Answers to conditional requests: a 304 before anything is asked or rendered, and what was rendered is kept."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import Connection, Engine

from history import identity
from history.db import reading
from history.queries import Revision, revision

JSON = "application/json"
A_MINUTE = "public, max-age=60, stale-while-revalidate=300, stale-if-error=86400"
FOR_GOOD = "public, max-age=31536000, immutable"


class Rendered(NamedTuple):
    """A body, and where it goes on."""

    body: bytes
    next_url: str | None = None


class Kept:
    """What was rendered lately, by ETag: at most `room` bytes, the least recently used leave first."""

    def __init__(self, room: int = 32 * 2**20) -> None:
        self.room, self._size = room, 0
        self._held: OrderedDict[str, Rendered] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, etag: str) -> Rendered | None:
        with self._lock:
            if etag in self._held:
                self._held.move_to_end(etag)
            return self._held.get(etag)

    def put(self, etag: str, rendered: Rendered) -> None:
        with self._lock:
            if etag in self._held or len(rendered.body) > self.room // 8:
                return
            self._held[etag] = rendered
            self._size += len(rendered.body)
            while self._size > self.room:
                self._size -= len(self._held.popitem(last=False)[1].body)


class Answers:
    """How this service answers: from which database, at which time, under which name."""

    def __init__(self, engine: Engine, public_url: str, clock: Callable[[], datetime]) -> None:
        self.engine, self.public_url, self.clock = engine, public_url.rstrip("/"), clock
        self.kept = Kept()
        self._is_local = engine.dialect.name == "sqlite"

    async def give(
        self, request: Request, render: Callable[[Connection, datetime], Rendered], *, media_type: str = JSON,
        cache_control: str = A_MINUTE, only_changes: bool = False, brief: bool = False,
    ) -> Response:  # fmt: skip
        """Render unless the reader has it already. `only_changes`: nothing but a change event alters the answer.
        `brief`: a handful of index seeks.

        `render` must be a function of the request, the database and, as far as prices in force go, of the time.
        SQLite is read on the spot as long as that is brief: a hop to a thread costs more than its queries do.
        """
        asked = _Asked(request, render, media_type, cache_control, only_changes)
        if self._is_local:
            with suppress(_TakesLong):
                return self._answer(asked if brief else asked._replace(render=_not_here))
        return await run_in_threadpool(self._answer, asked)

    def _answer(self, asked: "_Asked") -> Response:
        now = self.clock()
        with reading(self.engine) as connection:
            state = revision(connection, now)
            if asked.only_changes:
                state = state._replace(run_id=None, run_at=None, effective_at=None)
            headers = self._headers(asked, state)
            if _has_it(asked.request, headers):
                return Response(status_code=304, headers=headers)
            rendered = self.kept.get(headers["etag"])
            if rendered is None:
                rendered = asked.render(connection, now)
                self.kept.put(headers["etag"], rendered)
        if rendered.next_url:
            headers["link"] = f'<{rendered.next_url}>; rel="next"'
        return Response(rendered.body, headers=headers, media_type=asked.media_type)

    def _headers(self, asked: "_Asked", state: Revision) -> dict[str, str]:
        scope = asked.request.scope
        asked_for = f"{self.public_url}\n{scope['path']}\n{scope['query_string']}"
        version = f"{software()}\n{identity.version()}\n{asked_for}\n{state}"
        etag = f'"{blake2b(version.encode(), digest_size=12).hexdigest()}"'
        headers = {"etag": etag, "cache-control": asked.cache_control}
        changed = [at for at in (state.event_at, state.run_at, state.effective_at) if at is not None]
        if changed:
            headers["last-modified"] = format_datetime(max(changed).replace(microsecond=0), usegmt=True)
        return headers


class _TakesLong(Exception):
    """Not to be rendered on the event loop."""


def _not_here(_connection: Connection, _now: datetime) -> Rendered:
    raise _TakesLong


class _Asked(NamedTuple):
    request: Request
    render: Callable[[Connection, datetime], Rendered]
    media_type: str
    cache_control: str
    only_changes: bool


def answers_of(request: Request) -> Answers:
    found: Answers = request.app.state.answers
    return found


def next_url(request: Request, **changed: str) -> str:
    """This request's URL, with these parameters set: relative to the origin."""
    return f"{request.scope['path']}?{urlencode({**request.query_params, **changed})}"


def utc_now() -> datetime:
    return datetime.now(UTC)


@cache
def software() -> str:
    """Which version of this software answers: another one may answer otherwise."""
    try:
        return version("tokentape")
    except PackageNotFoundError:
        return "not installed"


def _has_it(request: Request, headers: dict[str, str]) -> bool:
    """RFC 9110 §13.2.2: If-None-Match decides alone where it is present; a date has to be the very one we gave."""
    theirs = request.headers.get("if-none-match")
    if theirs is None:
        return request.headers.get("if-modified-since") == headers.get("last-modified", "")
    tags = [tag.strip().removeprefix("W/") for tag in theirs.split(",")]
    return headers["etag"] in tags or "*" in tags
