"""A crawl dials no private address unless the operator named it: not by redirect, by robots.txt, by name or from a
page's scripts. Nothing here leaves this machine: what must not be dialled is a server of the test, which looks."""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from crawler import browser, dialling
from crawler.dialling import CrawlGuard
from crawler.process import CrawlResult, Limits, crawl
from history.addresses import AddressRefused, Guard
from history.model import Outcome
from tests.conftest import ROOT
from tests.crawler.bad_answers import GOOD, OPENROUTER
from tests.crawler.drawn_pages import MONDAY, SPIDER, drawing, drawn
from tests.misbehaving_server import Behaviour, MisbehavingServer, page, redirect

NOBODY = Guard()
SPELLED = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "[::1]",
           "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0", "127.9.9.9", "prices.example"]  # fmt: skip


@pytest.fixture
def other() -> Iterator[MisbehavingServer]:
    """A private service that nobody has named."""
    with MisbehavingServer() as server:
        server.behaviours = {"/secret": page(b"secret", "text/html")}
        yield server


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that speaks no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def declared(*urls: str, names: dict[str, str] | None = None, **environment: str) -> dict[str, str]:
    """What became of each address that a spider declares."""
    command = [sys.executable, "-m", "tests.crawler.guarded_crawl", json.dumps(names or {}), *urls]
    # Not by way of any proxy of this machine.
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, env=ours | environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def crawled(url: str, database_url: str, **wanted: Any) -> CrawlResult:
    return crawl(OPENROUTER, database_url=database_url, url=url, captured=MONDAY, **wanted)


def test_no_spelling_of_this_machine_is_dialled_on_a_spiders_word(other: MisbehavingServer) -> None:
    urls = [f"http://{host}:{other.server_port}/secret" for host in SPELLED]
    told = declared(*urls, names={"prices.example": "127.0.0.1"})
    # Scrapy finds no addresses of six, so it never comes to dial one.
    says = {url: "cannot be found" if "[" in url else "127.0.0.0/8 is this machine" for url in urls}
    says[urls[SPELLED.index("0")]] = "0.0.0.0/8 is this machine"
    assert [url for url in urls if "FetchFailed" not in told[url] or says[url] not in told[url]] == [], told
    assert other.asked == [], "not even for robots.txt"


def test_with_tls_it_is_the_same(silent: socket.socket) -> None:
    urls = [f"https://{host}:{silent.getsockname()[1]}/" for host in ("127.0.0.1", "prices.example")]
    told = declared(*urls, names={"prices.example": "127.0.0.1"})
    assert all("127.0.0.0/8 is this machine" in told[url] for url in urls)
    assert select.select([silent], [], [], 0)[0] == []


def test_what_the_operator_allows_is_dialled(other: MisbehavingServer) -> None:
    urls = [f"http://{host}:{other.server_port}/secret" for host in ("127.0.0.1", "prices.example")]
    told = declared(*urls, names={"prices.example": "127.0.0.1"}, TOKENTAPE_ALLOWED_ADDRESSES="127.0.0.0/8")
    assert told == dict.fromkeys(urls, "secret")


def test_a_name_is_judged_by_the_address_that_is_dialled(other: MisbehavingServer) -> None:
    """Whatever it led to before: Scrapy asks for a name once a crawl, and what it was told is judged at each dial."""
    url = f"http://prices.example:{other.server_port}/secret"
    told = declared(url, names={"prices.example": "127.0.0.1"}, TOKENTAPE_ALLOWED_ADDRESSES="127.0.0.2")
    assert "127.0.0.1 is not dialled: 127.0.0.0/8 is this machine" in told[url]
    assert other.asked == []


def test_a_redirect_from_an_address_that_was_named_leads_to_no_other(
    sqlite_url: str, server: MisbehavingServer, other: MisbehavingServer
) -> None:
    server.behaviours["/moved"] = redirect(other.url("/secret"))
    result = crawled(server.url("/moved"), sqlite_url)
    assert (result.outcome, result.failure) == (Outcome.FAILED, "FetchFailed")
    assert "127.0.0.1 is not dialled: 127.0.0.0/8 is this machine" in (result.message or "")
    assert "TOKENTAPE_ALLOWED_ADDRESSES" in (result.message or "")
    assert other.asked == []
    assert server.pages_asked() == ["/moved"], "and it is not tried again"


def test_a_redirect_within_what_the_operator_allows_is_followed(
    sqlite_url: str, server: MisbehavingServer, other: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENTAPE_ALLOWED_ADDRESSES", "127.0.0.1")
    server.behaviours["/moved"] = redirect(other.url("/good"))
    other.behaviours["/good"] = GOOD[OPENROUTER]
    assert crawled(server.url("/moved"), sqlite_url).outcome is Outcome.COMPLETE


def test_the_address_that_is_typed_is_meant_by_name_too(sqlite_url: str, server: MisbehavingServer) -> None:
    url = server.url("/good").replace("127.0.0.1", "localhost")
    assert crawled(url, sqlite_url).outcome is Outcome.COMPLETE


def test_what_is_typed_is_meant_with_its_port_and_nothing_beside_it() -> None:
    guard = dialling.for_crawl(NOBODY, "http://127.0.0.1:8000/pricing")
    guard.check("127.0.0.1", 8000)
    for address, port in [("127.0.0.1", 80), ("127.0.0.1", 8001), ("127.0.0.2", 8000), ("::1", 8000), ("10.0.0.1", 80)]:
        with pytest.raises(AddressRefused):
            guard.check(address, port)
    guard.check("1.1.1.1", 443)


def test_a_typed_public_address_may_have_any_port() -> None:
    guard = dialling.for_crawl(NOBODY, "https://1.1.1.1:8443/")
    guard.check("1.1.1.1", 8443)
    # The name has other addresses tomorrow.
    guard.check("1.0.0.1", 8443)
    with pytest.raises(AddressRefused, match="port 8444 is none of 80 and 443 and 8443"):
        guard.check("1.1.1.1", 8444)


@pytest.mark.parametrize("url", [None, "", "no url", "http://[::1", "http://127.0.0.1:x/", "file:///etc/passwd", "//x"])
def test_what_names_no_place_allows_none(url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "getproxies", dict)
    assert dialling.for_crawl(NOBODY, url) == CrawlGuard(NOBODY)


def test_a_proxy_of_the_environment_was_named_by_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "getproxies", lambda: {"http": "10.0.0.9:3128", "https": "http://10.0.0.9:3129"})
    guard = dialling.for_crawl(NOBODY, None)
    guard.check("10.0.0.9", 3128)
    guard.check("10.0.0.9", 3129)
    with pytest.raises(AddressRefused):
        guard.check("10.0.0.9", 443)
    options = browser.launched_through("http://me:s%40x@10.0.0.9:3129", {"args": ["--disable-gpu"]})
    proxy = {"server": "http://10.0.0.9:3129", "bypass": "<-loopback>", "username": "me", "password": "s@x"}
    assert options["proxy"] == proxy
    assert "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 10.0.0.9" in options["args"]


# What a page may open by itself.
REACHING = """
const there = '127.0.0.1:%(port)d';
const soon = new Promise(done => setTimeout(done, 2500));
const blind = {mode: 'no-cors'}, port = %(port)d;
await Promise.allSettled([
  fetch(`http://${there}/secret`, blind), fetch(`https://${there}/secret`, blind),
  fetch(`http://localhost:${port}/secret`, blind), fetch(`http://[::1]:${port}/secret`, blind),
  fetch(`http://2130706433:${port}/secret`, blind),
  fetch(`http://${there}/secret`, {...blind, method: 'POST', body: 'x'})
]);
const frame = document.createElement('iframe'); frame.src = `http://${there}/secret`; document.body.append(frame);
const script = document.createElement('script'); script.src = `http://${there}/secret`; document.body.append(script);
const link = document.createElement('link'); link.rel = 'preconnect'; link.href = `http://${there}`;
document.head.append(link);
navigator.sendBeacon(`http://${there}/secret`, 'x');
try { new WebSocket(`ws://${there}/secret`); } catch (refused) {}
try { new EventSource(`http://${there}/secret`); } catch (refused) {}
try { new WebTransport(`https://${there}/secret`); } catch (refused) {}
try {
  const turn = {urls: 'turn:127.0.0.1:%(silent)d?transport=tcp', username: 'u', credential: 'p'};
  const servers = [{urls: `stun:${there}`}, turn];
  const peer = new RTCPeerConnection({iceServers: servers}); peer.createDataChannel('x');
  await peer.setLocalDescription(await peer.createOffer());
} catch (refused) {}
await soon
"""


@pytest.fixture
def datagrams(other: MisbehavingServer) -> Iterator[socket.socket]:
    """The same port for datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", other.server_port))
        yield listening


def reaching(other: MisbehavingServer, silent: socket.socket) -> Behaviour:
    return drawing(SPIDER, REACHING % {"port": other.server_port, "silent": silent.getsockname()[1]})


def test_what_a_drawn_page_opens_by_itself_reaches_nobody(
    sqlite_url: str, drawings: MisbehavingServer, other: MisbehavingServer, silent: socket.socket,
    datagrams: socket.socket,
) -> None:  # fmt: skip
    """Without the words for WebRTC, its datagram came (Chromium 150, 2026-11-22)."""
    drawings.behaviours["/reaching"] = reaching(other, silent)
    result = drawn(drawings, sqlite_url, "/reaching")
    assert result.outcome is Outcome.COMPLETE, result
    assert other.asked == []
    assert select.select([silent, datagrams], [], [], 0)[0] == []


def test_the_same_page_reaches_it_where_the_operator_allows(
    sqlite_url: str, drawings: MisbehavingServer, other: MisbehavingServer, silent: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Or else the test above would not see what it is about."""
    monkeypatch.setenv("TOKENTAPE_ALLOWED_ADDRESSES", "127.0.0.0/8, ::1")
    drawings.behaviours["/reaching"] = reaching(other, silent)
    result = drawn(drawings, sqlite_url, "/reaching")
    assert result.outcome is Outcome.COMPLETE, result
    assert other.pages_asked().count("/secret") >= 5


def test_a_drawn_page_is_not_led_elsewhere(
    sqlite_url: str, drawings: MisbehavingServer, other: MisbehavingServer
) -> None:
    drawings.behaviours["/moved"] = redirect(other.url("/secret"))
    drawings.behaviours["/secure"] = redirect(other.url("/secret").replace("http:", "https:"))
    for hour, path in enumerate(("/moved", "/secure")):
        result = drawn(drawings, sqlite_url, path, hour)
        assert result.failure == "FetchFailed"
        assert "127.0.0.1 is not dialled: 127.0.0.0/8 is this machine" in (result.message or ""), result
    assert other.asked == []


def test_a_page_that_needs_what_is_refused_says_so(
    sqlite_url: str, drawings: MisbehavingServer, other: MisbehavingServer
) -> None:
    drawings.behaviours["/lacking"] = drawing(SPIDER, before=f"await fetch('{other.url('/secret')}')")
    result = drawn(drawings, sqlite_url, "/lacking", limits=Limits(fetch_timeout_s=8))
    assert "was not drawn after 6 s (127.0.0.1 is not dialled" in (result.message or ""), result
    assert other.asked == []


def test_a_server_that_is_not_there_is_told_as_ever(sqlite_url: str, drawings: MisbehavingServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    result = crawl(SPIDER, database_url=sqlite_url, url=f"http://127.0.0.1:{port}/", captured=MONDAY)
    assert "the server refuses the connection" in (result.message or ""), result
