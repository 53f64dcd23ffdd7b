"""Where a connection to somebody's endpoint is dialled: the guard is asked of each concrete address, just before."""

import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache, partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from history.addresses import HTTPS_PORTS, WEB_PORTS, AddressRefused, Guard

# What channels speak besides the web: mail, to a relay or by submission.
CHANNEL_PORTS = WEB_PORTS | {25, 465, 587, 2525}

SocketFactory = Callable[[tuple[Any, ...]], socket.socket]


class GuardedResolver(AbstractResolver):
    """Finds what `inner` finds, unless any of it may not be dialled: a name is as good as its worst address."""

    def __init__(self, guard: Guard, inner: AbstractResolver, ports: Collection[int] = HTTPS_PORTS) -> None:
        self.guard, self.inner, self.ports = guard, inner, ports

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self.inner.resolve(host, port, family)
        for each in found:
            self.guard.check(each["host"], port, self.ports, host)
        return found

    async def close(self) -> None:
        await self.inner.close()


def guarded_connector(
    guard: Guard, *, ports: Collection[int] = HTTPS_PORTS, resolver: AbstractResolver | None = None,
    socket_factory: SocketFactory | None = None, **options: Any,
) -> aiohttp.TCPConnector:  # fmt: skip
    """For a ClientSession with `trust_env=False`: behind a proxy it is the proxy that dials. With `ports` as they are,
    http reaches only what the operator allows. Literal addresses pass no resolver, so the socket asks again;
    `socket_factory` is what makes it after that."""
    create = socket_factory or _socket

    def checked(info: tuple[Any, ...]) -> socket.socket:
        _check(guard, ports, info[4])
        return create(info)

    found_by = GuardedResolver(guard, resolver or aiohttp.DefaultResolver(), ports)
    return aiohttp.TCPConnector(resolver=found_by, socket_factory=checked, **options)


def refusal_in(error: BaseException) -> AddressRefused | None:
    """The guard's refusal, where that is why a connection could not be made; its text says what to do."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AddressRefused):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


@contextmanager
def guarded(guard: Guard, ports: Collection[int] = CHANNEL_PORTS) -> Iterator[list[AddressRefused]]:
    """For code that blocks and dials by itself: whatever it sends, from this thread or task and from the threads that
    it starts meanwhile, has to pass the guard; the rest of the process is left alone. Yields what was refused, for
    such code often keeps its exceptions to itself."""
    refused: list[AddressRefused] = []

    def check(address: object) -> None:
        try:
            _check(guard, ports, address)
        except AddressRefused as refusal:
            refused.append(refusal)
            raise

    _watch()
    entered = _guarding.set(check)
    try:
        yield refused
    finally:
        _guarding.reset(entered)


_guarding: ContextVar[Callable[[object], None] | None] = ContextVar("guarding", default=None)
_DIALS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


@cache
def _watch() -> None:
    """Once: an audit hook stays as long as the process, and so does what takes the guard into threads."""
    sys.addaudithook(_audit)
    start = threading.Thread.start

    def start_guarded(thread: threading.Thread) -> None:
        if _guarding.get() is not None:
            # mypy knows only the class's.
            thread.run = partial(copy_context().run, thread.run)  # type: ignore[method-assign]
        start(thread)

    # Apprise sends from a thread of its own, and a thread begins with an empty context.
    threading.Thread.start = start_guarded  # type: ignore[assignment, method-assign]


def _audit(event: str, args: tuple[Any, ...]) -> None:
    check = _guarding.get() if event in _DIALS else None
    # A datagram without an address goes where its socket was connected to.
    if check is not None and (event == "socket.connect" or args[1] is not None):
        check(args[1])


def _check(guard: Guard, ports: Collection[int], address: object) -> None:
    """`address` as a socket takes it. A path of this machine is refused, and a name: nobody knows yet what it means."""
    match address:
        case (str(host), int(port)) | (str(host), int(port), _):
            guard.check(host, port, ports)
        case (str(host), int(port), _, int(interface)):
            guard.check(f"{host}%{interface}" if interface else host, port, ports)
        case _:
            raise AddressRefused(f"{address!r} is not dialled: it is no address of the internet")


def _socket(info: tuple[Any, ...]) -> socket.socket:
    return socket.socket(info[0], info[1], info[2])
