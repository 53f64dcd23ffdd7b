"""Many endpoints in one process: most behave, the others do what endpoints do. `python -m tests.endpoints GOOD BAD LOG`

Prints the ports, the well-behaved ones first; writes a line into LOG for each message that one of these got.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import Any

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Answer = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
LATE_S = 16


async def hangs(_to: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def drips(to: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x-drip: drop\r\n" * 1000:
        to.write(bytes([byte]))
        await to.drain()
        await asyncio.sleep(1)


async def floods(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
    for _ in range(100_000):
        to.write(b"a" * 100_000)
        await to.drain()


async def resets(to: asyncio.StreamWriter) -> None:
    to.transport.abort()


async def babbles(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 200 OK\r\n\x00\xff: \x00\r\ncontent-length: many\r\n\r\n")
    to.close()


async def redirects(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/trap\r\ncontent-length: 0\r\n\r\n")


async def fails(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")


async def is_late(to: asyncio.StreamWriter) -> None:
    await asyncio.sleep(LATE_S)
    to.write(OK)


async def is_busy(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 429 Slow\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n")


async def is_gone(to: asyncio.StreamWriter) -> None:
    to.write(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")


def flips() -> Answer:
    up_and_down = cycle((OK, b"HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n"))

    async def answer(to: asyncio.StreamWriter) -> None:
        to.write(next(up_and_down))

    return answer


BAD = (hangs, drips, floods, resets, babbles, redirects, fails, is_late, is_busy, is_gone, flips())


class Good(asyncio.Protocol):
    """Answers at once, and writes down who was told what."""

    def __init__(self, number: int, log: list[str]) -> None:
        self.number, self.log, self.read = number, log, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        while (head := self.read.find(b"\r\n\r\n")) >= 0:
            lines = self.read[:head].decode("latin-1").split("\r\n")[1:]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            end = head + 4 + int(headers["content-length"])
            if len(self.read) < end:
                return
            body, self.read = self.read[head + 4 : end], self.read[end:]
            self.log.append(f"{self.number} {headers['webhook-id']} {sha256(body).hexdigest()[:12]}\n")
            self.transport.write(OK)


async def serve(good: int, bad: int, log: Path) -> None:
    loop, told = asyncio.get_running_loop(), list[str]()
    servers = [await loop.create_server(partial(Good, number, told), "127.0.0.1", 0) for number in range(good)]
    for number in range(bad):
        answer = BAD[number % len(BAD)]

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer = answer) -> None:
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                    await reader.readexactly(length)
                    await answer(writer)
            except (OSError, EOFError, asyncio.CancelledError):
                writer.transport.abort()

        servers.append(await asyncio.start_server(meet, "127.0.0.1", 0))
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    with log.open("a") as file:
        while True:
            await asyncio.sleep(0.1)
            lines, told[:] = list(told), []
            file.writelines(lines)
            file.flush()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
