"""The API as a process: uvicorn on a listener that is already open."""

import logging
import signal
import socket

import uvicorn
from sqlalchemy import Engine

from feed.alerts.opening import opener
from feed.alerts.sealing import NoSecretKey
from feed.app import create_app
from feed.desk.callers import Desk
from history.settings import settings

log = logging.getLogger(__name__)


def serve(engine: Engine, listener: socket.socket, public_url: str) -> None:
    """Until SIGINT or SIGTERM; uvicorn raises the signal again when it is done, so it must not end the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        create_app(engine, public_url, desk=_desk(engine)), log_level="warning", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])


def _desk(engine: Engine) -> Desk | None:
    """None where there is no key to seal with, or another one than before: prices are served all the same."""
    try:
        return Desk(opener(engine, settings().key("secret_key"), settings().data), settings().guard)
    except NoSecretKey as why:
        log.warning("nobody can subscribe: %s", why)
        return None
