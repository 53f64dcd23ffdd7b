"""Everything a price source may answer instead of its page, and the failure that each must end in."""

import json
from dataclasses import dataclass
from typing import Any

from tests import misbehaving_server as server
from tests.misbehaving_server import Behaviour

OPENROUTER, DEEPSEEK = "openrouter_models", "deepseek"
# Enough models for OpenRouter's list to be believed complete.
MODELS = 210

DEEPSEEK_PAGE = """<!doctype html><html><head><title>Models &amp; Pricing</title></head><body>
<h1>Models &amp; Pricing</h1><table>
<tr><th colspan="2">MODEL</th><th>deepseek-quick</th><th>deepseek-deep</th></tr>
<tr><td colspan="2">CONTEXT LENGTH</td><td colspan="2">128K</td></tr>
<tr><td rowspan="3">PRICING</td><td>1M INPUT TOKENS (CACHE HIT)</td><td>$0.02</td><td>$0.04</td></tr>
<tr><td>1M INPUT TOKENS (CACHE MISS)</td><td>$0.2</td><td>$0.4</td></tr>
<tr><td>1M OUTPUT TOKENS</td><td>$0.8</td><td>$1.6</td></tr>
</table></body></html>"""
CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><div id='cf-chl-w'></div></body></html>"
)


def models(count: int = MODELS, **changed: Any) -> list[dict[str, Any]]:
    """OpenRouter's list; `changed` are the prices of its first model."""
    prices = {"prompt": "0.000001", "completion": "0.000002"}
    listed = [{"id": f"lab/model-{number}", "pricing": dict(prices)} for number in range(count)]
    listed[0]["pricing"] = {**prices, **changed}
    return listed


def model_list(listed: object) -> bytes:
    return json.dumps({"data": listed}).encode()


def as_json(body: bytes) -> Behaviour:
    return server.page(body, "application/json")


def as_html(text: str) -> Behaviour:
    return server.page(text.encode(), "text/html; charset=utf-8")


GOOD = {OPENROUTER: as_json(model_list(models())), DEEPSEEK: as_html(DEEPSEEK_PAGE)}


@dataclass(frozen=True, slots=True)
class Bad:
    """One bad answer: the failure's name, a word that its sentence has, and how the run ends."""

    name: str
    behaviour: Behaviour
    failure: str | None
    says: str
    outcome: str = "failed"
    spider: str = OPENROUTER
    kept: bool = True
    path: str = ""

    @property
    def url_path(self) -> str:
        return self.path or f"/{self.name.replace(' ', '-')}"


def not_the_page() -> list[Bad]:
    """Answers with status 200 that are something else."""
    good = model_list(models())
    return [
        Bad("a challenge with status 200", as_html(CHALLENGE), "PageChanged", "challenge page"),
        Bad("a web page", as_html("<html><body>Welcome</body></html>"), "PageChanged", "is not JSON"),
        Bad("truncated JSON", as_json(good[: len(good) // 2]), "PageChanged", "is not JSON"),
        Bad("no JSON", as_json(b"upstream connect error"), "PageChanged", "is not JSON"),
        Bad("another shape", as_json(b'{"models": []}'), "PageChanged", "data"),
        Bad("an empty list", as_json(model_list([])), "PageChanged", "empty"),
        Bad("another charset than declared", server.page(good, "application/json; charset=utf-16-be"),
            "PageChanged", "is not JSON"),
        Bad("bytes of no charset", as_json(good.replace(b"model-7", b"model-\xff")), "PageChanged", "is not utf-8"),
        Bad("an unknown price key", as_json(model_list(models(per_wish="1"))), "PageChanged", "per_wish"),
        Bad("a negative price", as_json(model_list(models(prompt="-0.000001"))), "PageChanged", "-0.000001"),
        Bad("a price that is not a number", as_json(model_list(models(prompt="NaN"))), "PageChanged", "NaN"),
        Bad("a page without a table", as_html("<html><body><h1>Pricing</h1></body></html>"), "PageChanged",
            "no price", spider=DEEPSEEK),
        Bad("a renamed header", as_html(DEEPSEEK_PAGE.replace(">MODEL<", ">PLAN<")), "PageChanged",
            "does not begin with 'MODEL'", spider=DEEPSEEK),
        Bad("a renamed row", as_html(DEEPSEEK_PAGE.replace("1M OUTPUT TOKENS", "1M OUTPUTS")), "PageChanged",
            "1M OUTPUTS", spider=DEEPSEEK),
        Bad("a missing row", as_html(without_output_prices()), "PageChanged", "lacks a price", spider=DEEPSEEK),
        Bad("another currency", as_html(DEEPSEEK_PAGE.replace("$0.8", "€0.8")), "PageChanged", "€0.8", spider=DEEPSEEK),
    ]  # fmt: skip


def not_believed() -> list[Bad]:
    """The page, with something on it that is not to be believed."""
    twice = models(MODELS - 1)
    return [
        Bad("a model stated twice", as_json(model_list([*twice, twice[0]])), "Rejection(duplicate_offer)",
            "2 times", "partial"),
        Bad("a price a million times too high", as_json(model_list(models(prompt="1"))), "Rejection(absurd_price)",
            "above any price", "partial"),
        Bad("a price twenty times higher", as_json(model_list(models(prompt="0.00002"))), None, "", "complete"),
        Bad("too few models", as_json(model_list(models(150))), "TooFewOffers", "150 offers", "partial"),
    ]  # fmt: skip


def not_fetched() -> list[Bad]:
    """No good answer at all."""
    good = model_list(models())
    later = {"Date": "Mon, 02 Mar 2026 12:00:00 GMT", "Retry_After": "Mon, 02 Mar 2026 12:02:00 GMT"}
    return [
        Bad("429 with seconds", server.status(429, b"slow down", Retry_After="120"), "FetchFailed", "wait 120 s"),
        Bad("429 with a date", server.status(429, b"slow down", **later), "FetchFailed", "wait 120 s"),
        Bad("403", server.status(403, b"go away"), "FetchFailed", "403 Forbidden"),
        Bad("404", server.status(404, b"no such page"), "FetchFailed", "404 Not Found"),
        Bad("500", server.status(500, b"oh no"), "FetchFailed", "500 Internal Server Error"),
        Bad("503 with a wish", server.status(503, b"later", Retry_After="30"), "FetchFailed", "wait 30 s"),
        Bad("524", server.status(524, b"origin is slow"), "FetchFailed", "524"),
        Bad("an empty body", as_json(b""), "FetchFailed", "an empty body", kept=False),
        Bad("nothing but a status", server.status(502), "FetchFailed", "502 Bad Gateway", kept=False),
        Bad("304 that nobody asked for", server.status(304), "FetchFailed", "304 Not Modified", kept=False),
        Bad("a gzip bomb", server.gzip_bomb(), "FetchFailed", "unpacks to more"),
        Bad("no gzip", server.page(good, "application/json", Content_Encoding="gzip"), "FetchFailed", "be unpacked"),
        Bad("silence", server.hang, "FetchFailed", "no complete answer within 1 s", kept=False),
        Bad("a slow drip", server.drip, "FetchFailed", "no complete answer within 1 s", kept=False),
        Bad("a reset", server.reset, "FetchFailed", "the connection failed", kept=False),
        Bad("no HTTP", server.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "FetchFailed", "the connection failed", kept=False),
        Bad("an impossible length", server.raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"), "FetchFailed",
            "the connection failed", kept=False),
        Bad("a type with a NUL", server.raw(b"HTTP/1.1 200 OK\r\nContent-Type: a\0b\r\nContent-Length: 2\r\n\r\n\0\0"),
            "PageChanged", "is not JSON"),
        Bad("a redirect to nowhere", server.redirect("https://[x"), "FetchFailed", "no address", kept=False),
        Bad("a body cut short", server.cut_short, "FetchFailed", "broke off", kept=False),
        Bad("an announced oversize", server.oversize, "FetchFailed", "larger than", kept=False),
        Bad("an endless body", server.endless, "FetchFailed", "larger than", kept=False),
        Bad("a redirect loop", server.redirect("/a-redirect-loop"), "FetchFailed", "redirections", kept=False),
        Bad("a redirect to a file", server.redirect("file:///etc/passwd"), "FetchFailed", "302 Found", kept=False),
        Bad("robots", as_json(good), "FetchFailed", "robots.txt", kept=False, path="/private/models"),
    ]  # fmt: skip


def without_output_prices() -> str:
    page = DEEPSEEK_PAGE.replace('rowspan="3"', 'rowspan="2"')
    return "\n".join(line for line in page.splitlines() if "OUTPUT" not in line)


EVERY = [*not_the_page(), *not_believed(), *not_fetched()]
