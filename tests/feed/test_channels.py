"""Apprise's services: which are let, and what becomes of an attempt at one. Nothing but loopback is ever dialled."""

import asyncio
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import requests
from apprise import AppriseAttachment, NotifyBase
from apprise.manager_plugins import NotificationManager
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from hypothesis import example, given
from hypothesis import strategies as st

from feed.alerts import channels, services
from feed.alerts.confined import OutOfTime
from feed.alerts.model import RESPONSE_BYTES, Result
from history.addresses import Guard
from tests import misbehaving_server as server_that
from tests.misbehaving_server import Handler, MisbehavingServer, status

LOOPBACK = Guard.of("127.0.0.0/8")
NOBODY = Guard()
TOKEN = "t0ken-that-nobody-may-see"
SOON = 0.5
# Apprise has no types.
manager: Any = NotificationManager


class Posted(Handler):
    """Keeps what it is sent, and behaves."""

    server: "Endpoint"

    # http.server calls it by this name.
    def do_POST(self) -> None:  # noqa: N802
        self.server.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.do_GET()


class Endpoint(MisbehavingServer):
    """A service on this machine."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(certificate)
        self.RequestHandlerClass = Posted
        self.bodies: list[bytes] = []

    def service(self, path: str = "/hook", scheme: str = "json", user: str = f"me:{TOKEN}@") -> str:
        return f"{scheme}://{user}127.0.0.1:{self.server_port}{path}"

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.bodies[-1])
        return told


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as one:
        one.behaviours["/hook"] = status(200, b"thanks")
        yield one


def payload(headline: str = "v4: input −56 %", *sentences: str) -> str:
    data = {"headline": headline, "url": "https://tape.example/stories/1", "sentences": list(sentences)}
    return json.dumps({"type": "price.changed", "timestamp": "2026-05-22T16:10:00Z", "data": data})


def tell(url: str, guard: Guard = LOOPBACK, seconds: float = 5) -> Result:
    return channels.tell(url, payload("v4: input −56 %", "input: was $0.27, now $0.12"), guard, seconds)


@dataclass
class Mail:
    """An SMTP server on this machine, and what it was given; `greeting` None: it never says a word."""

    greeting: bytes | None = b"220 here"
    port: int = 0
    messages: list[str] = field(default_factory=list)
    _closing: threading.Event = field(default_factory=threading.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), closing(writer):
            while self.greeting is None:
                writer.write(b"2")
                await writer.drain()
                await asyncio.sleep(0.02)
            writer.write(self.greeting + b"\r\n")
            while (command := (await reader.readline())[:4].upper()) not in (b"", b"QUIT"):
                if command == b"DATA":
                    writer.write(b"354 go on\r\n")
                    self.messages.append((await reader.readuntil(b"\r\n.\r\n"))[:-5].decode())
                writer.write(b"250 fine\r\n")
            writer.write(b"221 bye\r\n")

    def _serve(self, ready: threading.Event) -> None:
        async def serve() -> None:
            listening = await asyncio.start_server(self.talk, "127.0.0.1", 0)
            self.port = listening.sockets[0].getsockname()[1]
            ready.set()
            async with listening:
                while not self._closing.is_set():
                    await asyncio.sleep(0.02)

        asyncio.run(serve())

    @contextmanager
    def running(self) -> Iterator["Mail"]:
        ready = threading.Event()
        thread = threading.Thread(target=self._serve, args=(ready,))
        thread.start()
        try:
            assert ready.wait(30)
            yield self
        finally:
            self._closing.set()
            thread.join()

    def url(self, **options: str) -> str:
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"mailto://127.0.0.1:{self.port}/?from=tape@tape.example&to=me@mine.example{more}"


def test_a_message_reaches_a_service_in_words(endpoint: Endpoint) -> None:
    assert tell(endpoint.service()) == Result(200, None, "thanks")
    assert endpoint.told()["title"] == "v4: input −56 %"
    assert endpoint.told()["message"] == "• input: was $0.27, now $0.12\n\nDetails: https://tape.example/stories/1"


def test_a_form_is_told_as_json_is(endpoint: Endpoint) -> None:
    assert tell(endpoint.service(scheme="form")).succeeded
    assert b"input%3A+was+%240.27" in endpoint.bodies[0]


@pytest.mark.parametrize(("form", "begins"), [("text", "• "), ("markdown", "- "), ("html", "<ul><li>")])
def test_the_url_may_say_in_which_format(endpoint: Endpoint, form: str, begins: str) -> None:
    assert tell(endpoint.service(f"/hook?format={form}")).succeeded
    assert endpoint.told()["message"].startswith(begins)


def test_plain_words_can_be_sent_too(endpoint: Endpoint) -> None:
    assert channels.send(endpoint.service(), "title", "body", LOOPBACK).succeeded
    assert (endpoint.told()["title"], endpoint.told()["message"]) == ("title", "body")


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500, 502, 503, 504])
def test_a_refusal_is_told_by_its_status(endpoint: Endpoint, code: int) -> None:
    endpoint.behaviours["/hook"] = status(code, b"no", Retry_After="7")
    assert tell(endpoint.service()) == Result(code, f"HTTP {code}", "no", timedelta(seconds=7))


def test_gone_is_final(endpoint: Endpoint) -> None:
    endpoint.behaviours["/hook"] = status(410)
    assert tell(endpoint.service()).is_final


def test_a_redirect_is_a_failure_and_is_not_followed(endpoint: Endpoint) -> None:
    endpoint.behaviours["/hook"] = server_that.redirect(endpoint.url("/elsewhere"))
    for url in (endpoint.service(), endpoint.service("/hook?redirect=yes")):
        assert tell(url).error == "HTTP 302: redirects are not followed"
    assert {asked.path for asked in endpoint.asked} == {"/hook"}


@pytest.mark.parametrize("behave", [server_that.hang, server_that.reset], ids=["hangs", "resets"])
def test_an_endpoint_without_an_answer_is_a_bounded_failure(endpoint: Endpoint, behave: Any) -> None:
    endpoint.behaviours["/hook"] = behave
    result = tell(endpoint.service(), seconds=SOON)
    assert result.status is None
    assert result.error


def test_headers_that_never_end_are_no_answer(endpoint: Endpoint) -> None:
    def drip_headers(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"a")

    endpoint.behaviours["/hook"] = drip_headers
    assert tell(endpoint.service(), seconds=SOON) == Result(None, f"no answer within {SOON} s")


def test_after_the_status_a_body_may_come_as_slowly_as_it_likes(endpoint: Endpoint) -> None:
    endpoint.behaviours["/hook"] = server_that.drip
    result = tell(endpoint.service(), seconds=SOON)
    assert (result.status, result.error) == (200, None)


@pytest.mark.parametrize(
    "behave",
    [server_that.endless, server_that.gzip_bomb(), server_that.cut_short],
    ids=["endless", "bomb", "cut short"],
)
def test_no_answer_is_too_long(endpoint: Endpoint, behave: Any) -> None:
    endpoint.behaviours["/hook"] = behave
    result = tell(endpoint.service(), seconds=SOON)
    assert result.succeeded
    assert len(result.response) <= RESPONSE_BYTES
    assert "\x00" not in result.response


@pytest.mark.parametrize("sent", [b"\x00\xff garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b""])
def test_garbage_is_a_failure_in_words(endpoint: Endpoint, sent: bytes) -> None:
    endpoint.behaviours["/hook"] = server_that.raw(sent)
    result = tell(endpoint.service())
    assert result.status is None
    assert result.error
    assert "Error" in result.error


def test_nobody_listening_is_a_failure_in_words() -> None:
    assert "refused" in str(tell("json://127.0.0.1:1/").error)


def test_no_token_stands_in_a_result(endpoint: Endpoint) -> None:
    secret = "s3cret-of-the-path"
    for behave in (status(200, f"{TOKEN} {secret}".encode()), status(500, secret.encode()), server_that.reset):
        endpoint.behaviours[f"/{secret}"] = behave
        told = repr(tell(endpoint.service(f"/{secret}"), seconds=SOON))
        assert TOKEN not in told
        assert secret not in told


def test_no_token_goes_to_a_log(endpoint: Endpoint) -> None:
    """urllib3 says the path where somebody turns DEBUG on for it; Apprise, which says more, says it to nobody."""
    heard: list[logging.LogRecord] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    ear, root = Ear(), logging.getLogger()
    root.addHandler(ear)
    try:
        endpoint.behaviours["/hook"] = status(500)
        tell(endpoint.service())
    finally:
        root.removeHandler(ear)
    assert TOKEN not in "".join(record.getMessage() for record in heard)
    assert not [record for record in heard if record.name == "apprise"]


def test_what_the_environment_says_of_proxies_and_passwords_is_not_heard(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login thief password here\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert tell(endpoint.service(user="")).succeeded
    assert "authorization" not in endpoint.asked[0].headers


def test_nothing_is_dialled_that_the_guard_refuses(endpoint: Endpoint) -> None:
    result = tell(endpoint.service(), NOBODY)
    assert "127.0.0.1 is not dialled" in str(result.error)
    assert endpoint.asked == []


def test_what_a_name_leads_to_is_seen_when_it_is_dialled(endpoint: Endpoint) -> None:
    """A name that is allowed when it is written down, and leads home."""
    plugin = services.plugin_of("jsons://me.example/", NOBODY)
    plugin.host, plugin.port = "127.0.0.1", endpoint.server_port
    result = channels._send(plugin, {}, "title", "body", "text", NOBODY, 5)
    assert "127.0.0.1 is not dialled" in str(result.error)
    assert endpoint.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = server_that.self_signed(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with Endpoint(certificate) as endpoint:
        endpoint.behaviours["/hook"] = status(200)
        for url in (endpoint.service(scheme="jsons"), endpoint.service("/hook?verify=no", scheme="jsons")):
            assert "CERTIFICATE_VERIFY_FAILED" in str(tell(url).error)
        assert endpoint.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert tell(endpoint.service(scheme="jsons")).succeeded


def test_two_threads_have_a_word_each(endpoint: Endpoint) -> None:
    endpoint.behaviours["/a"], endpoint.behaviours["/b"] = status(500, b"a"), server_that.hang
    results: dict[str, Result] = {}
    threads = [
        threading.Thread(target=lambda path=path: results.update({path: tell(endpoint.service(path), seconds=1)}))
        for path in ("/a", "/b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results["/a"] == Result(500, "HTTP 500", "a")
    assert results["/b"].error == "no answer within 1 s"


def test_mail_arrives_as_text_and_html() -> None:
    with Mail().running() as mail:
        assert tell(mail.url()).succeeded
    parts = message_from_string(mail.messages[0], policy=default)
    assert parts["subject"] == "v4: input −56 %"
    assert "Apprise" not in mail.messages[0]
    html = parts.get_body(("html",))
    text = parts.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "<li>input: was $0.27, now $0.12</li>" in html.get_content()
    assert "input: was $0.27, now $0.12" in text.get_content()


def test_a_mail_server_that_drips_its_greeting_is_a_bounded_failure() -> None:
    with Mail(greeting=None).running() as mail:
        assert tell(mail.url(), seconds=SOON).error == f"no answer within {SOON} s"


def test_a_mail_server_that_refuses_is_told_in_its_words() -> None:
    with Mail(greeting=b"554 go away").running() as mail:
        assert "go away" in str(tell(mail.url()).error)


def test_mail_is_not_sent_where_the_guard_refuses() -> None:
    with Mail().running() as mail:
        assert "127.0.0.1 is not dialled" in str(tell(mail.url(), NOBODY).error)
    assert mail.messages == []


HOSTILE = "*v4* @everyone <!channel> [a](https://evil.example)"


def test_slack_mentions_nobody(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifySlack, "webhook_url", endpoint.url("/hook").removesuffix("/hook"))
    endpoint.behaviours["/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"] = status(200, b"ok")
    url = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
    assert channels.tell(url, payload(HOSTILE, HOSTILE), LOOPBACK) == Result(200, None, "ok")
    for forbidden in (b"@everyone", b"<!channel>", b"https://evil.example", b"apprise"):
        assert forbidden not in endpoint.bodies[0]


def test_discord_mentions_nobody_and_has_no_masked_links(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyDiscord, "notify_url", endpoint.url("/hook").removesuffix("/hook"))
    endpoint.behaviours["/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"] = status(204)
    url = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
    long = [f"{HOSTILE} {number}" for number in range(100)]
    assert channels.tell(url, payload(HOSTILE, *long), LOOPBACK).succeeded
    content = endpoint.told()["content"]
    assert content.startswith("**\\*v4\\* @")
    assert "@everyone" not in content
    assert "[a]" not in content
    assert len(content) <= 2000
    assert len(endpoint.bodies) == 1
    assert " more: [tape.example/stories/1]" in content


def test_telegram_gets_html_that_it_knows(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyTelegram, "notify_url", endpoint.url("/bot"))
    endpoint.behaviours["/bot123456789:abcdefg_hijklmnop/sendMessage"] = status(200, b"{}")
    assert channels.tell("tgram://123456789:abcdefg_hijklmnop/12315544/", payload(HOSTILE, "1 < 2"), LOOPBACK).succeeded
    text = endpoint.told()["text"]
    assert text.startswith("<b>*v4* @")
    assert "- 1 &lt; 2" in text
    assert "<ul>" not in text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "slack://…"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack://…"),
        ("https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://…"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram://…"),
        ("mailto://user:password@gmail.com", "mailto://gmail.com/…"),
        ("mailtos://user:password@mail.example?to=me@mine.example", "mailtos://mail.example/…"),
        ("jsons://me:password@hooks.example/a/b?x=y", "jsons://hooks.example/…"),
        ("ntfys://ntfy.example/topic", "ntfys://ntfy.example/…"),
        ("workflows://prod-01.logic.example/643e69f83c8944/sigsigsig", "workflows://prod-01.logic.example/…"),
    ],
)
def test_a_service_on_the_network_is_let_and_shown_without_its_secrets(url: str, shown: str) -> None:
    assert channels.check(url, NOBODY) == shown


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "knows no service"),
        ("not a url", "knows no service"),
        ("https://example.com/hook", "knows no service"),
        ("file:///etc/passwd", "knows no service"),
        ("exec://reboot", "knows no service"),
        ("slack://", "does not accept this slack://"),
        ("syslog://", "only services that are reached"),
        ("dbus://", "only services that are reached"),
        ("kde://", "only services that are reached"),
        ("gnome://", "only services that are reached"),
        ("macosx://", "only services that are reached"),
        ("windows://", "only services that are reached"),
        ("blink1://", "only services that are reached"),
        ("rsyslog://log.example", "only services that are reached"),
        ("irc://irc.example/#room", "only services that are reached"),
        ("mqtt://mqtt.example/topic", "only services that are reached"),
        ("apprise://other.example/token", "another Apprise"),
        ("apprises://other.example/token", "another Apprise"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "template would be read"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd", "template would be read"),
        ("tgram://123456789:abcdefg_hijklmnop/1/?template=http://x.example/t", "template would be read"),
        ("workflows://prod.logic.example/643e69f83c8944/sigsigsig?template=/x", "template would be read"),
        ("fcm://project/device?keyfile=/etc/passwd", "keyfile would be read"),
        ("mailtos://u:p@mail.example?pgp=encrypt&pgppub=/etc/passwd", "pgp_key would be read"),
        ("mailtos://u:p@mail.example?pgp=sign&pgpprv=/etc/passwd", "pgp_privkey would be read"),
        ("json://hooks.example/", "write jsons://"),
        ("form://hooks.example/", "write forms://"),
        ("xml://hooks.example/", "write xmls://"),
        ("gotify://push.example/token", "write gotifys://"),
        ("mailto://u:p@mail.example", "write mailtos://"),
        ("mailtos://u:p@mail.example?smtp=10.1.2.3", "10.0.0.0/8 is a private network"),
        ("jsons://10.1.2.3/", "10.0.0.0/8 is a private network"),
        ("jsons://127.0.0.1/", "127.0.0.0/8 is this machine"),
        ("jsons://localhost/", "127.0.0.0/8 is this machine"),
        ("jsons://169.254.169.254/", "link-local"),
        ("jsons://2130706433/", "127.0.0.0/8 is this machine"),
        ("jsons://hooks.example:6379/", "port 6379"),
        ("mailtos://u:p@gmail.com?to=" + ",".join(f"a{one}@b.example" for one in range(20)), "20 recipients"),
        ("jsons://hooks.example/\n", "no line breaks"),
        ("jsons://hooks.example/" + "a" * 5000, "at most"),
    ],
)
def test_what_acts_here_or_cannot_be_reached_safely_is_refused_in_words(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)) as refused:
        channels.check(url, NOBODY)
    assert tell(url, NOBODY).error == str(refused.value)


SCHEMES = [
    "slack",
    "discord",
    "tgram",
    "mailtos",
    "jsons",
    "workflows",
    "fcm",
    "ntfys",
    "qt",
    "matrixs",
    "apprises",
    "",
]
PIECES = st.sampled_from(
    [*"ab01:/@?&=#[]%.-,; é", "://", "[::1]", "?to=", "u:p@", "x.example", "?cto=nan", "?port=99999999"]
)


@given(st.sampled_from(SCHEMES), st.lists(PIECES, max_size=14).map("".join))
@example("jsons", "0[x.example?to=a")
def test_whatever_is_given_as_a_service_is_checked(scheme: str, rest: str) -> None:
    with suppress(ValueError):
        shown = channels.check(f"{scheme}://{rest}", NOBODY)
        assert shown.endswith("…")
        assert "@" not in shown


def test_plain_http_is_for_addresses_that_the_operator_allows() -> None:
    assert channels.check("json://127.0.0.1:8080/x", LOOPBACK) == "json://127.0.0.1/…"
    with pytest.raises(ValueError, match="write jsons://"):
        channels.check("json://10.1.2.3/x", LOOPBACK)


def plugins() -> list[type[NotifyBase]]:
    services.load()
    return sorted(set(manager().plugins()), key=lambda plugin: plugin.__name__)


def test_by_the_rule_that_plugins_of_the_desktop_the_log_and_lamps_fail_most_others_are_let() -> None:
    let = {plugin.__name__ for plugin in plugins() if services._is_carried(plugin)}
    refused = {plugin.__name__ for plugin in plugins()} - let
    here = {"NotifyDBus", "NotifyGLib", "NotifyGnome", "NotifyMacOSX", "NotifyWindows", "NotifySyslog", "NotifyBlink1"}
    assert here <= refused
    assert {"NotifySlack", "NotifyDiscord", "NotifyTelegram", "NotifyWorkflows", "NotifyEmail"} <= let
    assert len(let) > 150
    assert len(refused) < 25


def test_every_let_plugin_that_reaches_the_network_does_so_bounded() -> None:
    """None has kept requests itself, nor dials by other means."""
    services.load()
    for plugin in plugins():
        module = sys.modules[plugin.__module__]
        assert getattr(module, "requests", None) is not requests, plugin.__name__


def test_every_argument_that_names_a_file_is_known_by_its_name() -> None:
    files = {(plugin.__name__, name) for plugin in plugins() for name in services._files_of(plugin)}
    assert {("NotifyDiscord", "template"), ("NotifyTelegram", "template"), ("NotifySlack", "template"),
            ("NotifyWorkflows", "template"), ("NotifyFCM", "keyfile"), ("NotifyVapid", "keyfile"),
            ("NotifyEmail", "pgp_key"), ("NotifyEmail", "pgp_privkey")} <= files  # fmt: skip
    assert ("NotifySendGrid", "template") not in files


def test_nothing_is_kept_on_disk(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    assert tell(endpoint.service("/hook?store=yes")).succeeded
    assert list(tmp_path.iterdir()) == []


def test_no_file_can_be_attached() -> None:
    services.load()
    attached = AppriseAttachment()
    with suppress(KeyError):
        attached.add(str(Path(__file__)))
    assert len(attached) == 0


def test_outside_of_an_attempt_apprise_sends_nothing(endpoint: Endpoint) -> None:
    plugin = services.plugin_of(endpoint.service(), LOOPBACK)
    with pytest.raises(OutOfTime):
        plugin.notify(body="body")
    assert endpoint.asked == []
