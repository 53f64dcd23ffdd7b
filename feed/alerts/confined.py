"""What other people's code sends for us: once, to nowhere else, for so long and no longer; and what was answered."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from threading import Lock, Timer
from time import monotonic
from types import ModuleType
from typing import Any

import requests

# Of an answer, so much is taken in: more than any service says, and no burden.
MOST_BYTES = 2**20
CONNECT_S = 5


class OutOfTime(OSError):
    """The attempt has had its time."""


@dataclass(slots=True)
class Attempt:
    """One attempt that is under way in this thread, and what came of it so far."""

    seconds: float
    ends_at: float
    response: requests.Response | None = None
    failure: Exception | None = None
    words: list[str] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @property
    def is_over(self) -> bool:
        return monotonic() >= self.ends_at

    def check(self) -> None:
        """Raises OutOfTime."""
        if self.is_over:
            raise OutOfTime(f"no answer within {self.seconds:g} s")

    def watch(self, dialled: socket.socket) -> None:
        """TLS takes a socket over, so that only a duplicate can still end it."""
        self.check()
        duplicate = socket.socket(dialled.family, dialled.type, dialled.proto, os.dup(dialled.fileno()))
        with self._lock:
            self._sockets.append(duplicate)

    def end(self) -> None:
        """Whoever waits for bytes in either direction waits no longer, however slowly they still came."""
        with self._lock:
            for dialled in self._sockets:
                with suppress(OSError):
                    dialled.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            for dialled in self._sockets:
                dialled.close()
            self._sockets.clear()


@contextmanager
def confined(seconds: float) -> Iterator[Attempt]:
    """Whatever this thread dials in here ends with that time."""
    _watch()
    attempt = Attempt(seconds, monotonic() + seconds)
    timer = Timer(seconds, attempt.end)
    timer.daemon = True
    timer.start()
    entered = _current.set(attempt)
    try:
        yield attempt
    finally:
        _current.reset(entered)
        timer.cancel()
        attempt.close()


def current() -> Attempt | None:
    """The attempt that is under way in this thread, if one is."""
    return _current.get()


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


@cache
def _watch() -> None:
    """Once: an audit hook stays as long as the process."""
    sys.addaudithook(_audit)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and (attempt := _current.get()) is not None:
        attempt.watch(args[0])


class Session(requests.Session):
    """No proxies and no passwords of the environment, no redirects, certificates verified, answers bounded."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        if (attempt := _current.get()) is None:
            raise OutOfTime("nothing is sent outside of an attempt")
        attempt.check()
        verify = os.environ.get("SSL_CERT_FILE") or True
        bounds = {"allow_redirects": False, "stream": True, "verify": verify, "proxies": None,
                  "timeout": (min(CONNECT_S, attempt.seconds), attempt.seconds)}  # fmt: skip
        try:
            response = super().request(method, url, *args, **(options | bounds))
            if attempt.is_over:
                # Headers that time alone has ended are no answer.
                response.close()
                attempt.check()
        except (requests.RequestException, OSError, ValueError) as failure:
            attempt.failure = failure
            raise
        attempt.response = response
        _take_in(response)
        return response


def _take_in(response: requests.Response) -> None:
    """The beginning of the answer; whatever becomes of the rest, the status stands."""
    body = bytearray()
    with suppress(Exception):
        while len(body) < MOST_BYTES and (chunk := response.raw.read(2**16, decode_content=True)):
            body += chunk
    response.close()
    # What `content` hands out once it has been read.
    response._content, response._content_consumed = bytes(body[:MOST_BYTES]), True


def _request(method: str, url: str, **options: Any) -> requests.Response:
    with Session() as session:
        return session.request(method, url, **options)


def bounded_requests() -> ModuleType:
    """requests, for modules that say `requests.post(…)`; all its other names are its own."""
    bounded = ModuleType("requests")
    bounded.__dict__.update(vars(requests))
    verbs = {verb: partial(_request, verb) for verb in ("get", "post", "put", "patch", "delete", "head", "options")}
    bounded.__dict__.update(verbs, request=_request, Session=Session, session=Session)
    return bounded
