"""The address that readers connect to, taken before anything else is done."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class NotFree(Exception):
    """The address cannot be listened on."""


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listener on that address. Raises NotFree."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as taken:
        raise NotFree(f"cannot listen on {host}:{port} ({taken.strerror}); choose another with --port") from taken
    with listener:
        yield listener
