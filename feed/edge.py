"""The outermost layer: HEAD, CORS and the headers that keep scraped text harmless."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scraped HTML must never run in our origin; our own pages need a stylesheet and nothing else.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, Last-Modified, Retry-After",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}


class Edge:
    """ASGI middleware: everything is public and read-only, so any origin may GET, and HEAD is GET without a body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headless = scope["method"] == "HEAD"

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message)
            elif headless:
                message = {**message, "body": b""}
            await send(message)

        if scope["method"] == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        ):
            await _allow(send)
            return
        await self.app({**scope, "method": "GET"} if headless else scope, receive, send_on)


def _add_headers(message: Message) -> None:
    headers = MutableHeaders(raw=list(message["headers"]))
    for name, value in _ALWAYS.items():
        headers[name] = value
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("content-security-policy", CONTENT_POLICY)
    message["headers"] = headers.raw


async def _allow(send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in (_ALWAYS | _PREFLIGHT).items()]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
