"""One attempt over HTTP: signed as stored, bounded in time and in what it takes in, told in words."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aiohttp import BaseConnector, ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar

from feed.alerts.dialling import refusal_in
from feed.alerts.model import RESPONSE_BYTES, Result

CONNECT_S = 5
TIMEOUT_S = 15
GONE = 410


def session(connector: BaseConnector) -> ClientSession:
    """For all attempts of one process: no cookies, no proxies of the environment, and no time limit but `post`'s."""
    timeout = ClientTimeout(total=None, sock_connect=CONNECT_S)
    return ClientSession(connector=connector, timeout=timeout, trust_env=False, cookie_jar=DummyCookieJar())


async def post(
    session: ClientSession, url: str, payload: bytes, headers: Mapping[str, str], now: datetime
) -> Result:  # fmt: skip
    """Post it once. 2xx alone is success, however the rest of the answer comes; no redirect is followed."""
    ends_at = asyncio.get_running_loop().time() + TIMEOUT_S
    try:
        async with asyncio.timeout_at(ends_at):
            response = await session.post(url, data=payload, headers=headers, allow_redirects=False)
    except TimeoutError:
        return Result(None, f"no answer within {TIMEOUT_S} s")
    # aiohttp lets ValueErrors of its parser and of the URL through (3.14): garbage is no answer either.
    except (ClientError, OSError, ValueError) as error:
        return Result(None, _in_words(error))
    try:
        return _result(response, await _read(response, ends_at), now)
    finally:
        if response.content.at_eof():
            response.release()
        else:
            response.close()


async def _read(response: ClientResponse, ends_at: float) -> str:
    """The beginning of the answer's body; whatever becomes of the rest, the status stands."""
    body = bytearray()
    with suppress(TimeoutError, ClientError, OSError, ValueError):
        async with asyncio.timeout_at(ends_at):
            while len(body) < RESPONSE_BYTES and (chunk := await response.content.read(RESPONSE_BYTES - len(body))):
                body += chunk
    # NUL is a character that PostgreSQL's text cannot hold.
    return body.decode(errors="replace").replace("\x00", "\ufffd")


def _result(response: ClientResponse, body: str, now: datetime) -> Result:
    status = response.status
    if 200 <= status < 300:
        return Result(status, None, body)
    error = f"HTTP {status}"
    if 300 <= status < 400:
        error += ": redirects are not followed; subscribe with the address where events are wanted"
    if status == GONE:
        error += ": the endpoint wants no more events"
    wait = _retry_after(response.headers.get("retry-after", ""), now)
    return Result(status, error, body, wait, status == GONE)


def _retry_after(value: str, now: datetime) -> timedelta | None:
    """Seconds, or a date (RFC 9110, 10.2.3); None for anything else."""
    if value.isascii() and value.isdigit() and len(value) < 10:
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0))


def _in_words(error: Exception) -> str:
    if (refusal := refusal_in(error)) is not None:
        return str(refusal)
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
