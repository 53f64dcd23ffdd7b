"""Where a crawl dials: each concrete address is asked of the guard, over redirects, robots.txt and drawn pages too."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from history.addresses import WEB_PORTS, Guard

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class CrawlGuard:
    """The operator's guard, and what he has named himself for this crawl: these hosts at these ports, and no others."""

    guard: Guard
    named: frozenset[tuple[str, int]] = frozenset()

    def check(self, address: str, port: int, host: str = "") -> None:
        """Raises AddressRefused. `host` is the name that led there."""
        if (_plain(address), port) not in self.named:
            ports = WEB_PORTS | {port for _, port in self.named}
            self.guard.check(address, port, ports, host)


def for_crawl(guard: Guard, url: str | None) -> CrawlGuard:
    """Somebody who types an address, or tells of a proxy in the environment, means it, wherever it lies."""
    typed = [url] if url else []
    return CrawlGuard(guard, frozenset(place for each in [*typed, *proxies()] for place in _places(each)))


def proxies() -> list[str]:
    """Those in the environment. What a crawl asks of them, they dial, and they have to guard."""
    return [proxy if "://" in proxy else f"http://{proxy}" for kind, proxy in getproxies().items() if kind != "no"]


def keep(guard: CrawlGuard) -> None:
    """From now on, Twisted dials what the guard lets pass. It finds the addresses of a name before it comes here."""
    # To be imported only once Scrapy has installed the one that it wants.
    from twisted.internet import reactor

    # A module to mypy.
    dialler: Any = reactor
    dial = dialler.connectTCP

    def connect_tcp(host: str, port: int, *args: Any, **options: Any) -> Any:
        guard.check(host, port)
        return dial(host, port, *args, **options)

    dialler.connectTCP = connect_tcp


def _places(url: str) -> Iterator[tuple[str, int]]:
    """The host and port of the URL, and every address that the host has now; nothing where it is no URL."""
    with suppress(ValueError, OSError):
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
        if host and port:
            yield _plain(host), port
            for *_, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                yield _plain(str(found[0])), port


def _plain(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host
