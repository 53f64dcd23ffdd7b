"""The API as a process: uvicorn on a listener that is already open."""

import logging
import signal
import socket

import uvicorn
from sqlalchemy import Engine

from feed.alerts.sealing import NoSecretKey, sealer
from feed.app import create_app
from feed.desk.callers import Desk
from history.settings import settings

log = logging.getLogger(__name__)


def serve(engine: Engine, listener: socket.socket, public_url: str) -> None:
    """Until SIGINT or SIGTERM; uvicorn raises the signal again when it is done, so it must not end the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        create_app(engine, public_url, desk=_desk()), log_level="warning", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])


def _desk() -> Desk | None:
    """None where there is no key to seal with: prices are served all the same."""
    try:
        return Desk(sealer(settings().key("secret_key"), settings().data), settings().guard)
    except NoSecretKey as why:
        log.warning("nobody can subscribe: %s", why)
        return None
