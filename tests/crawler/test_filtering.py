"""The proxy in front of a browser: it dials what the guard lets pass, one place a connection, and ends all else."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from crawler.dialling import CrawlGuard
from crawler.filtering import FilteringProxy
from history.addresses import AddressRefused, Guard
from tests.crawler.patience import wait_until
from tests.misbehaving_server import Handler, MisbehavingServer, hang, page, raw

NOBODY, ALL_HERE = CrawlGuard(Guard()), CrawlGuard(Guard.of("127.0.0.0/8"))


@pytest.fixture
def behind() -> Iterator[MisbehavingServer]:
    """What lies behind the proxy."""
    with MisbehavingServer() as server:
        server.behaviours = {"/page": page(b"prices", "text/plain"), "/raw": raw(b"no HTTP at all"), "/hang": hang}
        yield server


def through(
    guard: CrawlGuard, *sent: bytes, names: dict[str, list[str]] | None = None
) -> tuple[list[bytes], FilteringProxy]:
    """What the proxy answers to each of these bytes, each on a connection of its own, until it ends that."""

    async def talk() -> tuple[list[bytes], FilteringProxy]:
        loop = asyncio.get_running_loop()
        real = loop.getaddrinfo

        async def found(host: str, port: int, **wanted: Any) -> list[Any]:
            """In place of DNS: only the test's own names, and what needs no server."""
            known = (names or {}).get(host)
            if known is None:
                return await real(host, port, flags=socket.AI_NUMERICHOST, **wanted)
            return [each for address in known for each in await found(address, port, **wanted)]

        # A method of the class, to mypy.
        loop.getaddrinfo = found  # type: ignore[method-assign,assignment]
        proxy = FilteringProxy(guard)
        where = await proxy.start()
        told = [await answer(int(where.rpartition(":")[2]), each) for each in sent]
        await proxy.close()
        return told, proxy

    return asyncio.run(talk())


async def answer(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def get(url: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {url} HTTP/1.1", f"Host: {url.split('/')[2]}", *headers, "", ""]).encode()


def connect(host: str, port: int) -> bytes:
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


def test_what_is_allowed_is_fetched(behind: MisbehavingServer) -> None:
    [told], proxy = through(ALL_HERE, get(behind.url("/page?a=b"), "Proxy-Connection: keep-alive", "X-Mine: 1"))
    assert told.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    assert told.endswith(b"prices")
    [asked] = behind.asked
    assert (asked.path, asked.headers["x-mine"], asked.headers["connection"]) == ("/page?a=b", "1", "close")
    assert "proxy-connection" not in asked.headers
    assert proxy.troubles == {}


def test_a_tunnel_carries_bytes_both_ways(behind: MisbehavingServer) -> None:
    inside = b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    [told], _ = through(ALL_HERE, connect("127.0.0.1", behind.server_port) + inside)
    assert told.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 OK")
    assert told.endswith(b"prices")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "inside.example"]
)
def test_what_is_not_allowed_is_not_dialled_in_any_spelling(host: str, behind: MisbehavingServer) -> None:
    port = behind.server_port
    names = {"inside.example": ["127.0.0.1"]}
    told, proxy = through(NOBODY, get(f"http://{host}:{port}/page"), connect(host, port), names=names)
    assert told == [b"", b""]
    assert behind.asked == []
    assert isinstance(proxy.refusal(), AddressRefused)
    assert proxy.trouble(f"http://{host}:{port}/page") is proxy.refusal()


def test_one_bad_answer_spoils_the_name(behind: MisbehavingServer) -> None:
    names = {"mixed.example": ["127.0.0.1", "10.0.0.1"], "public.example": ["1.1.1.1", "169.254.169.254"]}
    told, proxy = through(
        ALL_HERE, get(f"http://mixed.example:{behind.server_port}/page"), connect("public.example", 443), names=names
    )
    assert told == [b"", b""]
    assert behind.asked == []
    assert "mixed.example is not dialled: 10.0.0.0/8 is a private network" in str(proxy.refusal())


def test_every_address_of_a_name_is_tried(behind: MisbehavingServer) -> None:
    names = {"prices.example": ["127.0.0.99", "127.0.0.1"]}
    [told], _ = through(ALL_HERE, get(f"http://prices.example:{behind.server_port}/page"), names=names)
    assert told.endswith(b"prices")


def test_a_second_request_on_the_same_connection_goes_nowhere(behind: MisbehavingServer) -> None:
    """It may be for another host."""
    with MisbehavingServer() as second:
        through(ALL_HERE, get(behind.url("/hang")) + get(second.url("/page")))
        # The proxy may be gone before the server has read what it was sent.
        wait_until(lambda: behind.asked)
        assert [asked.path for asked in behind.asked] == ["/hang"]
        assert second.asked == []


def test_the_body_of_a_request_goes_along_as_far_as_it_says() -> None:
    with MisbehavingServer() as server:
        bodies: list[bytes] = []

        def taking(handler: Handler) -> None:
            bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])))
            handler.answer(200, b"thanks", {})

        server.behaviours["/form"] = taking
        # The server knows only one method; what it does with it is the test's.
        [told], _ = through(ALL_HERE, get(server.url("/form"), "Content-Length: 5") + b"12345")
        assert (told[-6:], bodies) == (b"thanks", [b"12345"])


@pytest.mark.parametrize(
    "sent",
    [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET ftp://x/ HTTP/1.1\r\n\r\n", b"\xff\xfe a b\r\n\r\n",
     b"GET http://[::1 HTTP/1.1\r\n\r\n", b"CONNECT x:y HTTP/1.1\r\n\r\n", b"CONNECT : HTTP/1.1\r\n\r\n",
     b"GET https://127.0.0.1/ HTTP/1.1\r\n\r\n", b"x" * 300_000, b"GET http://127.0.0.1:99999/ HTTP/1.1\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_ends_its_connection(sent: bytes) -> None:
    told, proxy = through(ALL_HERE, sent)
    assert told == [b""]
    assert proxy.refusal() is None


def test_what_does_not_answer_as_a_server_should_is_handed_on(behind: MisbehavingServer) -> None:
    [told], _ = through(ALL_HERE, get(behind.url("/raw")))
    assert told == b"no HTTP at all"


def test_why_a_place_is_not_reached_is_remembered() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    _, proxy = through(ALL_HERE, connect("127.0.0.1", port), connect("nowhere.example", 443), names={})
    assert isinstance(proxy.trouble(f"https://127.0.0.1:{port}/"), ConnectionRefusedError)
    assert isinstance(proxy.trouble("https://nowhere.example/"), socket.gaierror)
    assert proxy.trouble("https://elsewhere.example/") is None
    assert proxy.refusal() is None


def test_its_end_ends_what_is_under_way(behind: MisbehavingServer) -> None:
    async def leave() -> bytes:
        proxy = FilteringProxy(ALL_HERE)
        where = await proxy.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", int(where.rpartition(":")[2]))
        writer.write(get(behind.url("/hang")))
        while not behind.asked:
            await asyncio.sleep(0.01)
        await proxy.close()
        told = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return told

    assert asyncio.run(leave()) == b""
