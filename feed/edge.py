"""The outermost layer: HEAD, CORS and the headers that keep scraped text harmless."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scraped HTML must never run in our origin; our own pages need a stylesheet and nothing else.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Idempotent-Replayed, Link, Last-Modified, Location, Retry-After"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_FOR_PAGES = [(b"content-security-policy", CONTENT_POLICY.encode())]
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, POST, PATCH, DELETE"),
    # The asterisk does not stand for Authorization: https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
    (b"access-control-allow-headers", b"*, Authorization"),
    (b"access-control-max-age", b"86400"),
]


class Edge:
    """ASGI middleware: HEAD is GET without a body, and any origin may ask: what is not public needs a key in a header,
    which no browser adds by itself."""

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
    headers = list(message["headers"])
    names = {name for name, _ in headers}
    is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
    more = _ALWAYS + _FOR_PAGES if is_page else _ALWAYS
    message["headers"] = headers + [header for header in more if header[0] not in names]


async def _allow(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": _ALWAYS + _PREFLIGHT})
    await send({"type": "http.response.body", "body": b""})
