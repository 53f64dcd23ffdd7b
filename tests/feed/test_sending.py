"""One attempt at an endpoint that misbehaves: bounded, and told in words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import TCPConnector, web

from feed.alerts import sending
from feed.alerts.model import RESPONSE_BYTES, Result
from tests.feed.rows import NOW
from tests.feed.subscribers import Answer, endpoint

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"


WHOLE_SECOND = NOW.replace(microsecond=0)


async def sent(url: str) -> Result:
    async with sending.session(TCPConnector()) as session:
        return await sending.post(session, url, b'{"type":"x"}', {"content-type": "application/json"}, WHOLE_SECOND)


def answered(answer: Answer) -> Result:
    """What becomes of an attempt that is answered so."""

    async def run() -> Result:
        async with endpoint(answer) as one:
            return await sent(one.url)

    return asyncio.run(run())


@asynccontextmanager
async def speaker(talk: Talk) -> AsyncIterator[str]:
    """A server that reads the request's head and then says what it likes."""

    talks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.ensure_future(meet(reader, writer)))

    # From Python 3.12 on a server that is closed waits for those who still talk.
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for one in talks:
            one.cancel()


def told(talk: Talk) -> Result:
    async def run() -> Result:
        async with speaker(talk) as url:
            return await sent(url)

    return asyncio.run(run())


def says(words: bytes) -> Talk:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()

    return talk


def status(code: int, **headers: str) -> Callable[[web.BaseRequest], Coroutine[Any, Any, web.Response]]:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(code: int) -> None:
    assert answered(status(code)).succeeded


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(code: int) -> None:
    seen: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        seen.append(request.path)
        return web.Response(status=code, headers={"location": "/elsewhere"})

    result = answered(answer)
    assert (result.status, result.error) == (
        code, f"HTTP {code}: redirects are not followed; subscribe with the address where events are wanted",
    )  # fmt: skip
    assert seen == ["/"]


def test_410_is_final() -> None:
    result = answered(status(410))
    assert (result.is_final, result.error) == (True, "HTTP 410: the endpoint wants no more events")


@pytest.mark.parametrize("code", [400, 404, 429, 500, 502, 503, 504])
def test_other_statuses_are_failures_that_may_pass(code: int) -> None:
    result = answered(status(code))
    assert (result.succeeded, result.is_final, result.error) == (False, False, f"HTTP {code}")


@pytest.mark.parametrize(
    ("value", "waits"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        (f"{WHOLE_SECOND + timedelta(minutes=5):%a, %d %b %Y %H:%M:%S} GMT", timedelta(minutes=5)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", None),
        ("١٢", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_or_nothing(value: str, waits: timedelta | None) -> None:
    if not value.isascii():
        assert sending._retry_after(value, WHOLE_SECOND) is None
        return
    assert answered(status(503, retry_after=value)).retry_after == waits


def test_an_endpoint_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)

    async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    result = told(hang)
    assert (result.status, result.error) == (None, "no answer within 0.2 s")


def test_headers_that_drip_are_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.2)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        while True:
            writer.write(b"x-a: b\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    assert told(drip).error == "no answer within 0.2 s"


def test_a_success_whose_body_drips_is_a_success_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"content-length: 100000\r\n\r\n")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.05)

    result = told(drip)
    assert result.succeeded
    assert set(result.response) == {"a"}


def test_of_ten_gigabytes_the_first_twenty_kilobytes_are_read() -> None:
    written = 0

    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(OK + b"content-length: 10000000000\r\n\r\n")
        while written < 10_000_000_000:
            writer.write(b"a" * 65536)
            await writer.drain()
            written += 65536

    result = told(flood)
    assert (result.succeeded, len(result.response)) == (True, RESPONSE_BYTES)
    assert written < 100_000_000


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        OK + b"content-length: minus one\r\n\r\n",
        OK + b"bad header\x00name: x\r\n\r\n",
        OK + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
        OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
    ids=["nothing", "bytes", "no status", "no version", "length", "name", "long", "two lengths", "another protocol"],
)
def test_what_is_no_http_is_a_failure_in_words(words: bytes) -> None:
    result = told(says(words))
    assert result.error
    assert result.status is None
    assert len(result.error) < 400


def test_a_reset_is_a_failure_in_words() -> None:
    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    assert told(reset).error


def test_a_refused_connection_is_a_failure_in_words() -> None:
    async def run() -> Result:
        async with endpoint() as one:
            url = one.url
        return await sent(url)

    error = asyncio.run(run()).error
    assert error
    assert "refused" in error.lower() or "connect" in error.lower()


def test_a_body_that_is_no_text_is_kept_as_far_as_it_can_be() -> None:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=500, body=b"\xff\x00ok")

    assert answered(answer).response == "��ok"
