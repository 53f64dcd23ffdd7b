"""Which addresses may be dialled on somebody else's word: public ones, and those that the operator allows."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton
from typing import Self
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SETTING = "TOKENTAPE_ALLOWED_ADDRESSES"
HTTPS_PORTS = frozenset({443})
WEB_PORTS = frozenset({80, 443})
LONGEST_URL = 2_000

# IANA's registries of special-purpose addresses, and what clouds keep where only their own machines reach it.
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), what)
    for network, what in {
        "0.0.0.0/8": "this machine",
        "10.0.0.0/8": "a private network",
        "100.64.0.0/10": "a carrier's private network",
        "127.0.0.0/8": "this machine",
        # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
        "168.63.129.16/32": "Azure's metadata",
        "169.254.0.0/16": "link-local, where clouds keep their metadata",
        "172.16.0.0/12": "a private network",
        "192.0.0.0/24": "for protocols",
        "192.0.2.0/24": "for documentation",
        "192.88.99.0/24": "a relay of 6to4",
        "192.168.0.0/16": "a private network",
        "198.18.0.0/15": "for benchmarks",
        "198.51.100.0/24": "for documentation",
        "203.0.113.0/24": "for documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
        "::/128": "this machine",
        "::1/128": "this machine",
        "64:ff9b::/96": "a translation to IPv4",
        "64:ff9b:1::/48": "a translation to IPv4",
        "100::/64": "for what is thrown away",
        "2001::/23": "for protocols",
        "2001:db8::/32": "for documentation",
        "2002::/16": "a tunnel to IPv4",
        "3fff::/20": "for documentation",
        "5f00::/16": "for routing",
        "fc00::/7": "a private network",
        "fe80::/10": "link-local",
        "fec0::/10": "a private network",
        "ff00::/8": "multicast",
    }.items()
)
# All that is routed; whatever IPv6 address lies elsewhere, somebody will one day give a meaning of his own.
_ROUTED_V6 = IPv6Network("2000::/3")
# The last 32 bits of these are an IPv4 address.
_CARRIERS = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# :: and ::1, which look as if they did.
_LOWEST_CARRIER = 2
_LOOPBACK = "127.0.0.1"

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]+\](?::[0-9]*)?")
# Where the last word is a number, the WHATWG's URL standard, browsers and getaddrinfo see an IPv4 address.
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:0x[0-9a-f]*|[0-9]+)$")


class AddressRefused(OSError):
    """An address that is not dialled, or a URL that leads to none that is; says what would have to be allowed."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Says of each address whether it may be dialled. `allowed` is the operator's list; it is asked first."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, listed: str) -> Self:
        """ "10.1.0.0/16, fd00:1::/32, 127.0.0.1". ValueError says which part is no network."""
        return cls(tuple(_network(part.strip()) for part in listed.split(",") if part.strip()))

    def refusal(self, address: str, port: int | None = None, ports: Collection[int] = WEB_PORTS) -> str | None:
        """Why this address is not dialled, in all that it means; None where it may be. `ports` are those that are
        dialled at public addresses; at allowed ones any is. What is no address is refused."""
        why, freely = _judged(self.allowed, address)
        if why is None and port is not None and port not in ports and not freely:
            return f"port {port} is none of {_listed(ports)}"
        return why

    def check(self, address: str, port: int | None = None, ports: Collection[int] = WEB_PORTS, host: str = "") -> None:
        """Raises AddressRefused. `host` is the name that led to the address: it is told instead of it."""
        if why := self.refusal(address, port, ports):
            raise _refused(host or address, why)

    def check_url(self, url: str, *, https_only: bool = True) -> None:
        """Raises AddressRefused where the URL can lead to nothing that may be dialled. What a name leads to is seen
        when it is dialled, and only then: then the same is asked of each of its addresses, and of the port."""
        parts = _parts(url)
        port = _port(parts) or (443 if parts.scheme == "https" else 80)
        ports = HTTPS_PORTS if https_only else WEB_PORTS
        if literal := _literal((parts.hostname or "").removesuffix(".")):
            self.check(str(literal))
            _, freely = _judged(self.allowed, str(literal))
        else:
            # The name may lead to an allowed address. That http goes to nobody else, the port tells when it is dialled.
            freely = bool(self.allowed) and (parts.scheme == "https" or port not in ports)
        if not freely and https_only and parts.scheme != "https":
            raise _refused(f"http://{parts.netloc}", "only https is, but for addresses that the operator allows")
        if not freely and port not in ports:
            raise _refused(parts.netloc, f"port {port} is none of {_listed(ports)}")


# Seven microseconds without it, at every connection.
@lru_cache(maxsize=4096)
def _judged(allowed: tuple[Network, ...], address: str) -> tuple[str | None, bool]:
    """Why the address is refused, if it is; and whether it is the operator's list that has it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"{address!r} is no address", False
    if "%" in address:
        return f"{address} is an address of one network interface", False
    meanings = [(each, any(each in network for network in allowed)) for each in _meanings(parsed)]
    for meaning, known in meanings:
        if not known and (why := _special(meaning)):
            return why if meaning == parsed else f"it leads to {meaning}, and {why}", False
    return None, meanings[0][1]


def _network(part: str) -> Network:
    try:
        network = ip_network(part)
        if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
            raise ValueError("write IPv4 addresses as such")
    except ValueError as error:
        raise ValueError(f"{SETTING} has {part!r}, which is no network such as 10.1.0.0/16: {error}") from error
    return network


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and each IPv4 address that it carries; of ::ffff:127.0.0.1 only that, for it is the same."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if int(address) >= _LOWEST_CARRIER and any(address in carrier for carrier in _CARRIERS):
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _special(address: Address) -> str | None:
    for network, what in _SPECIAL:
        if address in network:
            return f"{network} is {what}"
    if isinstance(address, IPv6Address) and address not in _ROUTED_V6:
        return f"nothing but {_ROUTED_V6} is public"
    return None


def _parts(url: str) -> SplitResult:
    """Raises AddressRefused for what is no plain URL of the web. Its path may be a secret, and is never said."""
    if len(url) > LONGEST_URL:
        raise AddressRefused(f"the URL has {len(url)} characters, and may have {LONGEST_URL}")
    if odd := next((char for char in url if not "!" <= char <= "~" or char == "\\"), None):
        name = unicodedata.name(odd, f"U+{ord(odd):04X}")
        raise AddressRefused(f"the URL has a character that belongs in none ({name}); write it as %XX, names as xn--…")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AddressRefused(f"it is no URL: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise AddressRefused("it is no URL that begins with https://")
    if "[" in parts.netloc and not _BRACKETED.fullmatch(parts.netloc):
        raise AddressRefused("it is no URL: what stands in brackets is no address")
    if "@" in parts.netloc:
        raise AddressRefused(f"the URL to {parts.hostname} has a user or password before its host; leave it out")
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"the URL to {parts.hostname} has no port that there is: {error}") from error
    if port == 0:
        raise AddressRefused(f"the URL to {parts.hostname} has no port that there is: 0")
    return port


def _literal(host: str) -> Address | None:
    """The address that the host of a URL is, however it is written; None for a name. Raises AddressRefused."""
    if host == "localhost" or host.endswith(".localhost"):
        return IPv4Address(_LOOPBACK)
    with suppress(ValueError):
        return ip_address(host)
    if not _ENDS_IN_A_NUMBER.search(host):
        if _NAME.fullmatch(host):
            return None
    else:
        # 2130706433, 0x7f.1, 0177.0.0.1 and 127.1 are what getaddrinfo makes of them.
        with suppress(OSError):
            return IPv4Address(inet_aton(host))
    raise AddressRefused(f"{host!r} is no host: neither a name nor an address")


def _listed(ports: Collection[int]) -> str:
    return " and ".join(map(str, sorted(ports)))


def _refused(what: str, why: str) -> AddressRefused:
    return AddressRefused(f"{what} is not dialled: {why}. The operator may allow an address in {SETTING}")
