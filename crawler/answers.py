"""What the network answered, and the sentence a person reads when it was not the page."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import cast

import msgspec
from lxml import etree
from scrapy import Request
from scrapy import exceptions as scrapy_says
from scrapy.http import Response
from twisted.internet.error import ConnectError, ConnectionClosed

from crawler.failures import FetchFailed, PageChanged
from crawler.page import Page
from history.addresses import AddressRefused

# Set on a response whose body could not be unpacked; what arrived is kept as it is.
PACKED = "packed"
# Set on a page that a browser could not draw to its end; as far as it was drawn, it is kept.
UNDRAWN = "undrawn"
_SEEN = etree.XPath("//body//text()[not(ancestor::script or ancestor::style)]")
LONGEST_WAIT_S = 24 * 3600
LONGEST_SAYING = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a price source, good or bad, with the validators for the next request."""

    page: Page
    status: int
    etag: str | None = None
    last_modified: str | None = None


def failure_of_response(response: Response, answer: Answer) -> FetchFailed | PageChanged | None:
    """Why this answer is not the page that was asked for; None where it is."""
    url = answer.page.url
    if PACKED in response.flags:
        return FetchFailed(f"{response.flags[-1]}: {url}")
    if UNDRAWN in response.flags:
        return _undrawn(answer.page, response.flags[-1])
    if response.status == 200 and not answer.page.body:
        return FetchFailed(f"200 OK, but an empty body from {url}")
    if response.status == 200 or (response.status == 304 and answer.page.body):
        return None
    wait_s = retry_after_s(response, answer.page.fetched_at)
    asks = "" if wait_s is None else f"; the server asks to wait {wait_s} s"
    said = _said(answer.page.body)
    says = f", which says {said!r}" if said else ""
    return FetchFailed(f"{_status_line(response.status)} from {url}{says}{asks}", wait_s)


class _Said(msgspec.Struct):
    message: str = ""


class _Error(msgspec.Struct):
    error: _Said


def _said(body: bytes) -> str:
    """The message in {"error": {"code": …, "message": …}}, the form of many an API; "" where there is none."""
    try:
        return msgspec.json.decode(body, type=_Error).error.message[:LONGEST_SAYING]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _undrawn(page: Page, why: str) -> FetchFailed | PageChanged:
    """A challenge page has no prices either, and says more."""
    try:
        seen = " ".join("".join(map(str, cast(list[str], _SEEN(page.tree)))).split())[:80]
    except PageChanged as challenged:
        return challenged
    do = "its scripts may have failed, or the page has changed: look at the snapshot"
    return FetchFailed(f"{why}; {do}. It says {seen!r}: {page.url}")


def header(response: Response, name: str) -> str | None:
    """A header's value as text that any database takes; None where there is none."""
    value = response.headers.get(name) or b""
    return "".join(char for char in value.decode("latin-1") if char.isprintable()).strip() or None


def retry_after_s(response: Response, now: datetime) -> int | None:
    """The server's wish in seconds, at most a day; None without a readable one."""
    wish = header(response, "Retry-After") or ""
    if wish.isdecimal():
        return min(int(wish[:9]), LONGEST_WAIT_S)
    until = _http_date(wish)
    if until is None:
        return None
    # Both times by the server's clock, where it tells: ours may differ.
    asked_at = _http_date(header(response, "Date") or "") or now
    return min(max(0, int((until - asked_at).total_seconds())), LONGEST_WAIT_S)


def failure_of_exception(exception: BaseException | None, request: Request) -> FetchFailed | None:
    """Why there is no answer; None for an exception that is not the network's."""
    if isinstance(exception, FetchFailed):
        return exception
    why = _why(exception, request)
    return FetchFailed(f"{why}: {request.meta['asked']}") if why else None


def _why(exception: BaseException | None, request: Request) -> str | None:
    match exception:
        case scrapy_says.IgnoreRequest() | AddressRefused():
            return str(exception)
        case scrapy_says.CannotResolveHostError():
            return "the host's name cannot be found (DNS)"
        case scrapy_says.DownloadConnectionRefusedError():
            return "the server refuses the connection"
        case scrapy_says.DownloadTimeoutError():
            return f"no complete answer within {request.meta.get('download_timeout'):g} s"
        case scrapy_says.DownloadCancelledError():
            return "the body is larger than what is read of any page"
        case scrapy_says.ResponseDataLossError():
            return "the connection broke off before the whole body had come"
        case scrapy_says.UnsupportedURLSchemeError() | scrapy_says.NotSupported():
            return "only http and https are fetched"
        case scrapy_says.DownloadFailedError() | ConnectError() | ConnectionClosed() | OSError():
            return f"the connection failed ({_innermost(exception)})"
    return None


def _innermost(exception: BaseException) -> str:
    """Twisted wraps what the socket or the TLS library said into lists of failures."""
    reasons = getattr(exception.__cause__, "reasons", None)
    if not reasons:
        return str(exception)
    cause = reasons[0].value
    match cause.args:
        case [list(errors), *_]:
            return ", ".join(str(error[-1]) for error in errors)
        case [str(what), *_]:
            return what
    return str(cause) or type(cause).__name__


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
