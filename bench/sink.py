"""An endpoint that only answers 204, in a process of its own; it can tell when each message began to arrive."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def sink(log: Path | None = None) -> Iterator[str]:
    """Its URL; with `log`, a line `webhook-id seconds-since-1970` for each message."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.set_inheritable(True)
        command = [sys.executable, "-m", "bench.sink", str(listener.fileno()), str(log or "")]
        with subprocess.Popen(command, pass_fds=[listener.fileno()]) as process:
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
            finally:
                process.kill()


class _Answers(asyncio.Protocol):
    def __init__(self, log: "Log | None") -> None:
        self.log, self.read, self.began = log, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's.
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        if not self.read:
            self.began = time.time()
        self.read += data
        while (head := self.read.find(b"\r\n\r\n")) >= 0:
            lower = self.read[:head].lower()
            start = lower.index(b"content-length:") + 15
            end = head + 4 + int(lower[start:].split(b"\r\n")[0])
            if len(self.read) < end:
                return
            if self.log is not None:
                uid = lower[lower.index(b"webhook-id:") + 11 :].split(b"\r\n")[0].strip()
                self.log.write(f"{uid.decode()} {self.began}\n")
            self.read = self.read[end:]
            self.transport.write(OK)


class Log:
    """Written line by line, so that it can be read meanwhile."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def write(self, line: str) -> None:
        self._file.write(line)


async def _serve(descriptor: int, path: str) -> None:
    log = Log(Path(path)) if path else None
    listener = socket.socket(fileno=descriptor)
    server = await asyncio.get_running_loop().create_server(lambda: _Answers(log), sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
