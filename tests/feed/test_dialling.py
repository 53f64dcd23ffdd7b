"""Endpoints of others are dialled through the guard. Nothing here leaves this machine: names are found by a resolver of
the test, and where the guard lets something pass, the socket is made by a factory that only says so."""

import asyncio
import select
import smtplib
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult

from feed.alerts.dialling import GuardedResolver, guarded, guarded_connector, refusal_in
from history.addresses import WEB_PORTS, AddressRefused, Guard
from tests.misbehaving_server import MisbehavingServer, page, redirect

PUBLIC, ALSO_PUBLIC, HERE = "1.1.1.1", "2606:4700::1111", "127.0.0.1"
NOBODY, LOOPBACK = Guard(), Guard.of("127.0.0.0/8")
Run = Callable[[Coroutine[Any, Any, Any]], Any]
# What must never be dialled, in the forms that it may have in a URL.
HOSTS = """127.0.0.1 localhost [::1] 169.254.169.254 10.0.0.1 172.16.0.1 192.168.0.1 0.0.0.0 [::ffff:127.0.0.1]
    [::ffff:a9fe:a9fe] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::1] [::127.0.0.1] 2130706433
    0x7f.1 0x7f000001 0177.0.0.1 127.1 100.64.0.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 192.0.0.1 192.0.2.1
    192.88.99.1 [fd00:ec2::254] [fe80::1] [ff02::1] [::] [2001:db8::1] [3fff::1] [100::1] [5f00::1] 168.63.129.16
    100.100.100.200"""


class Dialled(OSError):
    """The guard has let it pass."""


class Names(AbstractResolver):
    """Answers for names, one after the other; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        coming = self.answers.get(host.partition(".")[0])
        if coming is None:
            return [found(address, host, port) for address in spelled(host)]
        return [found(address, host, port) for address in (coming.pop(0) if len(coming) > 1 else coming[0])]

    async def close(self) -> None: ...


def spelled(host: str) -> list[str]:
    """What getaddrinfo makes of a number; no name is ever asked of a server."""
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return [HERE] if host == "localhost" else []


def found(address: str, host: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


class Sockets:
    """In place of sockets: remembers what was to be dialled."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    def __call__(self, info: tuple[Any, ...]) -> socket.socket:
        self.dialled.append(info[4][0])
        raise Dialled("the guard let it pass")


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    # pytest knows no type of what it hands over.
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that must see no connection."""
    with socket.create_server((HERE, 0)) as listening:
        yield listening
        assert not seen(listening), "somebody came through"


def seen(listening: socket.socket) -> bool:
    return bool(select.select([listening], [], [], 0)[0])


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


async def asked(connector: aiohttp.TCPConnector, *urls: str, **options: Any) -> list[BaseException | bytes]:
    """What comes of each URL, one after the other."""
    told: list[BaseException | bytes] = []
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        for url in urls:
            try:
                async with session.get(url, **options) as answer:
                    told.append(await answer.read())
            except (aiohttp.ClientError, OSError) as error:
                told.append(error)
    return told


def test_no_form_of_a_private_address_reaches_a_socket(run: Run, listener: socket.socket) -> None:
    sockets = Sockets()

    async def try_all() -> list[BaseException | bytes]:
        connector = guarded_connector(NOBODY, ports={443, port_of(listener)}, resolver=Names(), socket_factory=sockets)
        return await asked(connector, *(f"https://{host}:{port_of(listener)}/" for host in HOSTS.split()))

    for host, told in zip(HOSTS.split(), run(try_all()), strict=True):
        # aiohttp itself takes some spellings for no address at all.
        assert isinstance(told, aiohttp.InvalidURL) or refusal_in(told), (host, told)
    assert sockets.dialled == []


def test_with_real_sockets_nobody_comes_to_the_listener(run: Run, listener: socket.socket) -> None:
    """Only addresses of this machine, for here a guard that fails would dial them."""
    hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "0177.0.0.1", "[::]"]

    async def try_all() -> list[BaseException | bytes]:
        connector = guarded_connector(NOBODY, ports={port_of(listener)})
        return await asked(connector, *(f"http://{host}:{port_of(listener)}/" for host in hosts))

    assert all(isinstance(told, aiohttp.InvalidURL) or refusal_in(told) for told in run(try_all()))


def test_a_public_name_is_dialled_at_the_address_that_was_checked(run: Run) -> None:
    sockets = Sockets()

    async def try_it() -> list[BaseException | bytes]:
        names = Names(hook=[[PUBLIC]], both=[[PUBLIC, ALSO_PUBLIC]])
        connector = guarded_connector(NOBODY, resolver=names, socket_factory=sockets)
        return await asked(connector, "https://hook.example/", "https://both.example/")

    told = run(try_it())
    assert {*sockets.dialled} == {PUBLIC, ALSO_PUBLIC}
    assert not any(refusal_in(each) for each in told)


def test_a_name_that_changes_its_mind_is_checked_each_time(run: Run, listener: socket.socket) -> None:
    """Rebinding: public when it is asked for first, private when it is dialled again."""
    sockets = Sockets()

    async def try_twice() -> list[BaseException | bytes]:
        names = Names(hook=[[PUBLIC], [HERE]])
        connector = guarded_connector(NOBODY, resolver=names, socket_factory=sockets, use_dns_cache=False)
        return await asked(connector, "https://hook.example/", "https://hook.example/")

    first, second = run(try_twice())
    assert (refusal_in(first), sockets.dialled) == (None, [PUBLIC])
    assert "hook.example is not dialled: 127.0.0.0/8 is this machine" in str(refusal_in(second))


def test_what_was_found_before_is_checked_again_at_the_socket(run: Run, listener: socket.socket) -> None:
    """A resolver that says one thing to the guard and another to the socket."""

    class Liar(GuardedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
            await super().resolve(host, port, family)
            return [found(HERE, host, port)]

    async def try_it() -> list[BaseException | bytes]:
        connector = guarded_connector(NOBODY, ports={port_of(listener)}, resolver=Names(hook=[[PUBLIC]]))
        # What aiohttp asks in place of the one that it was given.
        connector._resolver = Liar(NOBODY, Names(hook=[[PUBLIC]]), {port_of(listener)})
        return await asked(connector, f"https://hook.example:{port_of(listener)}/")

    assert "127.0.0.1 is not dialled" in str(refusal_in(run(try_it())[0]))


@pytest.mark.parametrize(
    "answers", [[PUBLIC, HERE], [HERE, PUBLIC], [PUBLIC, ALSO_PUBLIC, "fe80::1%eth0"], [PUBLIC, "::"], [PUBLIC, "odd"]]
)
def test_one_bad_answer_spoils_the_name(run: Run, answers: list[str]) -> None:
    sockets = Sockets()

    async def try_it() -> list[BaseException | bytes]:
        connector = guarded_connector(NOBODY, resolver=Names(hook=[answers]), socket_factory=sockets)
        return await asked(connector, "https://hook.example/")

    assert refusal_in(run(try_it())[0])
    assert sockets.dialled == []


def test_only_the_port_of_https_is_dialled_at_public_addresses(run: Run) -> None:
    sockets = Sockets()
    urls = ["http://hook.example/", "https://hook.example:8443/", f"http://{PUBLIC}/", f"https://{PUBLIC}:25/"]

    async def try_all(**options: Any) -> list[BaseException | bytes]:
        names = Names(hook=[[PUBLIC]])
        return await asked(guarded_connector(NOBODY, resolver=names, socket_factory=sockets, **options), *urls)

    assert all("is none of 443" in str(refusal_in(told)) for told in run(try_all()))
    assert sockets.dialled == []
    told = run(try_all(ports=WEB_PORTS))
    assert [bool(refusal_in(each)) for each in told] == [False, True, False, True]


def test_what_the_operator_allows_is_reached_by_name_and_by_number_at_any_port(run: Run) -> None:
    with MisbehavingServer() as server:
        server.behaviours["/hook"] = page(b"thanks", "text/plain")

        async def try_both() -> list[BaseException | bytes]:
            urls = [server.url("/hook"), f"http://hook.internal:{server.server_port}/hook"]
            return await asked(guarded_connector(LOOPBACK, resolver=Names(hook=[[HERE]])), *urls)

        assert run(try_both()) == [b"thanks", b"thanks"]


def test_a_redirect_leads_no_further_than_its_beginning(run: Run) -> None:
    """We follow none; a client that does is held at the socket."""
    sockets = Sockets()

    def real_for_the_first(info: tuple[Any, ...]) -> socket.socket:
        return socket.socket(*info[:3]) if info[4][0] == HERE else sockets(info)

    with MisbehavingServer() as server:
        targets = ["http://127.0.0.2/", "https://[::1]/", "http://169.254.169.254/", "http://10.0.0.1:8080/"]
        server.behaviours = {f"/{number}": redirect(to) for number, to in enumerate(targets)}

        async def try_all() -> list[BaseException | bytes]:
            guard = Guard.of(HERE)
            connector = guarded_connector(guard, resolver=Names(), socket_factory=real_for_the_first)
            return await asked(connector, *(server.url(path) for path in server.behaviours), allow_redirects=True)

        assert all(refusal_in(told) for told in run(try_all()))
        assert len(server.asked) == len(targets)
    assert sockets.dialled == []


def test_another_failure_is_no_refusal() -> None:
    assert refusal_in(ValueError("x")) is None
    assert refusal_in(OSError("x")) is None


BLOCKING: dict[str, Callable[[int], object]] = {
    "the web": lambda port: HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/"),
    "the web by name": lambda port: HTTPConnection("localhost", port, timeout=5).request("GET", "/"),
    "mail": lambda port: smtplib.SMTP("127.0.0.1", port, timeout=5),
    "a number": lambda port: socket.create_connection(("2130706433", port), 5),
    "a short form": lambda port: socket.create_connection(("127.1", port), 5),
    "mapped": lambda port: socket.create_connection(("::ffff:127.0.0.1", port), 5),
    "six": lambda port: socket.create_connection(("::1", port), 5),
    "this host": lambda port: socket.create_connection(("0", port), 5),
    "a name without a look at it": lambda port: connected("localhost", port),
    "without an exception": lambda port: asked_without_exception("127.0.0.1", port),
}


def asked_without_exception(host: str, port: int) -> int:
    with socket.socket() as dialling:
        return dialling.connect_ex((host, port))


def connected(host: str, port: int) -> None:
    with socket.socket() as dialling:
        dialling.connect((host, port))


@pytest.mark.parametrize("way", BLOCKING)
def test_code_that_dials_by_itself_is_held_where_it_connects(way: str, listener: socket.socket) -> None:
    with pytest.raises(AddressRefused, match="is not dialled"), guarded(NOBODY, {port_of(listener)}) as refused:
        BLOCKING[way](port_of(listener))
    assert refused


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd00::1"])
def test_every_connect_of_the_process_comes_by_the_guard(address: str) -> None:
    """The event that Python raises before a socket connects, without a socket."""
    for event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        with pytest.raises(AddressRefused), guarded(NOBODY):
            sys.audit(event, None, (address, 443))
    with guarded(NOBODY):
        sys.audit("socket.connect", None, (PUBLIC, 587))
        sys.audit("socket.connect", None, (ALSO_PUBLIC, 443, 0, 0))
        sys.audit("socket.sendmsg", None, None)
        with pytest.raises(AddressRefused, match="port 5432"):
            sys.audit("socket.connect", None, (PUBLIC, 5432))


@pytest.mark.parametrize(
    "address",
    ["/run/docker.sock", b"\0abstract", ("localhost", 443), (b"1.1.1.1", 443), ("", 443), None, (1, 2), (),
     ("1.1.1.1", "443"), (ALSO_PUBLIC, 443, 0, 3), (16, 0)],
)  # fmt: skip
def test_what_is_no_address_of_the_internet_is_refused(address: object) -> None:
    with pytest.raises(AddressRefused), guarded(Guard.of("0.0.0.0/0, ::/0")):
        sys.audit("socket.connect", None, address)


def test_a_socket_of_this_machine_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as dialling:
        listening.bind(path)
        listening.listen()
        with pytest.raises(AddressRefused, match="no address of the internet"), guarded(LOOPBACK):
            dialling.connect(path)
        assert not seen(listening)
        dialling.connect(path)


def test_what_is_allowed_is_dialled_and_without_the_guard_all_is() -> None:
    with socket.create_server((HERE, 0)) as listening:
        with guarded(LOOPBACK) as refused, socket.create_connection((HERE, port_of(listening)), 5):
            assert seen(listening)
        with socket.create_connection((HERE, port_of(listening)), 5):
            assert refused == []


def test_threads_that_it_starts_are_guarded_and_others_are_not(listener: socket.socket) -> None:
    """Apprise 2.2 sends from a pool of its own."""
    told: list[BaseException | None] = []

    def dial() -> None:
        try:
            connected(HERE, port_of(listener))
        except OSError as error:
            told.append(error)

    with guarded(NOBODY) as refused:
        thread = threading.Thread(target=dial)
        thread.start()
        thread.join()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: dial(), range(3)))
    assert len(told) == len(refused) == 4
    assert all(isinstance(each, AddressRefused) for each in told)


def test_threads_of_others_go_on_as_they_were() -> None:
    entered, done = threading.Event(), threading.Event()
    with socket.create_server((HERE, 0)) as listening:

        def dial() -> None:
            entered.wait(10)
            connected(HERE, port_of(listening))
            done.set()

        other = threading.Thread(target=dial)
        other.start()
        with guarded(NOBODY):
            entered.set()
            assert done.wait(10)
        other.join()
        assert seen(listening)


def test_a_task_takes_its_guard_along_and_leaves_the_loop_alone(run: Run) -> None:
    async def dial(port: int) -> bool:
        try:
            with guarded(NOBODY):
                await asyncio.to_thread(connected, HERE, port)
        except AddressRefused:
            return True
        return False

    async def both() -> tuple[bool, bool]:
        with socket.create_server((HERE, 0)) as listening:
            refused = await dial(port_of(listening))
            assert not seen(listening)
            # The same thread of the same pool, without a guard.
            await asyncio.to_thread(connected, HERE, port_of(listening))
            return refused, seen(listening)

    assert run(both()) == (True, True)


def test_it_serves_as_a_decorator_and_may_be_nested(listener: socket.socket) -> None:
    @guarded(NOBODY)
    def send() -> None:
        connected(HERE, port_of(listener))

    with guarded(LOOPBACK), pytest.raises(AddressRefused):
        send()
    with guarded(NOBODY):
        with guarded(LOOPBACK):
            sys.audit("socket.connect", None, (HERE, 1))
        with pytest.raises(AddressRefused):
            sys.audit("socket.connect", None, (HERE, 1))
