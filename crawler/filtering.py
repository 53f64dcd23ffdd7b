"""A small proxy on this machine through which a browser reaches the web, so that what it dials passes the guard too."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from socket import SOCK_STREAM
from typing import Any
from urllib.parse import urlsplit

from crawler.dialling import CrawlGuard
from history.addresses import AddressRefused

DIAL_S, CHUNK, LONGEST_HEAD = 10, 64 * 1024, 256 * 1024
# Of one request on one connection; what comes next may be for another host.
_OF_THE_CONNECTION = (b"connection:", b"proxy-connection:", b"keep-alive:")


class FilteringProxy:
    """CONNECT for https and WebSockets, plain requests for http. `troubles` has why connections were not
    made, by host and port; they are told here, for a browser has other words."""

    def __init__(self, guard: CrawlGuard) -> None:
        self.guard = guard
        self.troubles: dict[tuple[str, int], OSError] = {}
        self._serving: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    def trouble(self, url: str) -> OSError | None:
        """Why the host of the URL was not reached."""
        parts = urlsplit(url)
        return self.troubles.get((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))

    def refusal(self) -> AddressRefused | None:
        """The first address that was refused; a page has led the browser there."""
        return next((trouble for trouble in self.troubles.values() if isinstance(trouble, AddressRefused)), None)

    async def start(self) -> str:
        """Where it listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._answer(reader, writer))
        self._serving.add(task)
        # What is cut off is what a browser takes for a failed connection.
        with suppress(OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            await task
        self._serving.discard(task)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        method, target, version = head[0].split(b" ")
        tunnel = method == b"CONNECT"
        parts = urlsplit(f"//{target.decode()}" if tunnel else target.decode())
        if not parts.hostname or (not tunnel and parts.scheme != "http"):
            raise ValueError("no place to go to")
        there, onward = await self._dial(parts.hostname, parts.port or 80)
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _first(_pump(reader, onward), _pump(there, writer))
            else:
                kept = [line for line in head[1:-2] if not line.lower().startswith(_OF_THE_CONNECTION)]
                path = b"/" + target.partition(b"://")[2].partition(b"/")[2]
                asked = [b" ".join((method, path, version)), *kept, b"Connection: close", b"", b""]
                onward.write(b"\r\n".join(asked))
                await _first(_body(reader, onward, _length(kept)), _last_answer(there, writer))
        finally:
            onward.close()

    async def _dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """All addresses of a name have to pass. The older kind comes first, as Scrapy has no other."""
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=SOCK_STREAM)
            addresses = [str(place[0]) for *_, place in sorted(found, key=lambda each: each[0])]
            for address in addresses:
                self.guard.check(address, port, host)
            return await _any_of(addresses, port)
        except OSError as error:
            self.troubles[host, port] = error
            raise


async def _any_of(addresses: list[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for address in addresses[:-1]:
        with suppress(OSError):
            return await asyncio.wait_for(asyncio.open_connection(address, port), DIAL_S)
    return await asyncio.wait_for(asyncio.open_connection(addresses[-1], port), DIAL_S)


async def _first(*ways: Coroutine[Any, Any, None]) -> None:
    """Where one way has ended, the other ends too."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()


async def _body(reader: asyncio.StreamReader, onward: asyncio.StreamWriter, length: int) -> None:
    """What the request says that it has; anything after that, and the browser's leaving, ends the connection."""
    while length and (chunk := await reader.read(min(length, CHUNK))):
        length -= len(chunk)
        onward.write(chunk)
        await onward.drain()
    await reader.read(1)


async def _last_answer(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The answer, which says that it is the last of its connection."""
    line = await there.readline()
    writer.write(line + b"Connection: close\r\n" if line.startswith(b"HTTP/1.") else line)
    await _pump(there, writer)


def _length(headers: list[bytes]) -> int:
    return next((int(line.partition(b":")[2]) for line in headers if line.lower().startswith(b"content-length:")), 0)
