"""The API as a process: uvicorn on a listener that is already open."""

import signal
import socket

import uvicorn
from sqlalchemy import Engine

from feed.app import create_app


def serve(engine: Engine, listener: socket.socket, public_url: str) -> None:
    """Until SIGINT or SIGTERM; uvicorn raises the signal again when it is done, so it must not end the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(create_app(engine, public_url), log_level="warning", timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])
