"""What any price source may answer instead of its page, made from the saved pages of the source itself."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from crawler.page import Page
from crawler.reading import spider_names
from crawler.replay import Capture
from history.model import Notice
from tests import misbehaving_server as server
from tests.crawler.bad_answers import CHALLENGE, DEEPSEEK_PAGE, as_html
from tests.misbehaving_server import Behaviour
from tests.spiders.reading import PAGES, stated

LOGIN = """<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1>
<form><input name="user"><input name="password" type="password"><button>Continue</button></form></body></html>"""
# Of a lab that there is no spider for, with what nearly every price page has.
STRANGER = "# Pricing\n\n| Plan | Seats | Price |\n| --- | --- | --- |\n| Team | 5 | $25 per month |\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one spider; `failures`: what the run may be called, `says`: a pattern for its sentence."""

    spider: str
    name: str
    behaviour: Behaviour
    failures: frozenset[str]
    says: str = ""
    kept: bool = True
    timeout_s: float = 10

    @property
    def path(self) -> str:
        return f"/{self.spider}/{self.name.replace(' ', '-')}"


def good(spider: str) -> Page:
    """The newest page of the source that was saved, without a way to another one."""
    page = Capture.load(max((PAGES / spider).iterdir())).page()
    return replace(page, body=re.sub(rb'"NextPageLink": "[^"]+"', b'"NextPageLink": null', page.body))


GOOD = {spider: good(spider) for spider in spider_names()}
OFFERS = {spider: sum(not isinstance(one, Notice) for one in stated(page, spider)) for spider, page in GOOD.items()}
# A row of an HTML table or of a Markdown table, also within a JSON string.
_ROW = re.compile(r"<tr\b.*?</tr>|\|(?:(?!\\n)[^\n])*\|(?=\n|\\n|$)", re.DOTALL)
_AMOUNT = re.compile(r"[$¥￥]\\?[0-9]|[0-9] ?元|[0-9]\.[0-9]|(?<=Price\\\\\":)[0-9]")
_CHANGED, _LOST = frozenset({"PageChanged"}), frozenset({"FetchFailed"})


def answers(spider: str) -> list[Answer]:
    page = GOOD[spider]
    return [
        Answer(spider, name, behaviour, failures, says, *rest)
        for name, behaviour, failures, says, *rest in (*_other_pages(page), *_lost(page))
    ]


def _other_pages(page: Page) -> list[tuple[Any, ...]]:
    """Status 200, and not the page."""
    kind, half = page.media_type, _half(page)
    other = server.page(b'{"prices": []}', "application/json") if "json" not in kind else as_html(DEEPSEEK_PAGE)
    foreign = server.page(STRANGER.encode(), "text/markdown; charset=utf-8")
    return [
        ("a challenge", as_html(CHALLENGE), _CHANGED, "challenge page"),
        ("a login page", as_html(LOGIN), _CHANGED, ""),
        ("another kind of document", other, _CHANGED, ""),
        ("the page of a stranger", foreign, _CHANGED, ""),
        ("half the page", server.page(half, kind), _CHANGED | {"TooFewOffers"}, ""),
        ("another encoding", server.page(page.text.encode("utf-16"), kind), _CHANGED, "is not utf-8"),
        ("no rows", server.page(without_rows(page), kind), _CHANGED | {"TooFewOffers"}, ""),
    ]


def _lost(page: Page) -> list[tuple[Any, ...]]:
    """Nothing that could be the page."""
    packed = server.page(page.body, page.media_type, Content_Encoding="gzip")
    return [
        ("a challenge with 403", server.status(403, CHALLENGE.encode()), _LOST | {"KeyRefused"}, "403 Forbidden"),
        ("404", server.status(404, b"no such page"), _LOST, "404 Not Found"),
        ("500", server.status(500, b"oh no"), _LOST, "500 Internal Server Error"),
        ("429", server.status(429, b"slow down", Retry_After="1"), _LOST, "wait 1 s"),
        ("nothing", server.page(b"", page.media_type), _LOST, "an empty body", False),
        ("no gzip", packed, _LOST, "be unpacked"),
        ("a gzip bomb", server.gzip_bomb(), _LOST, "unpacks to more"),
        ("a body cut short", server.cut_short, _LOST, "broke off", False),
        ("a redirect loop", _loop, _LOST, "redirections|302 Found", False),
        ("a slow drip", server.drip, _LOST, "no complete answer within 0.3 s", False, 0.3),
    ]


def _loop(handler: server.Handler) -> None:
    server.redirect(handler.path)(handler)


def without_rows(page: Page) -> bytes:
    """The page with its headings and headers, and not one row with an amount."""
    text = page.text
    if "<tr" not in text and page.media_type.startswith("application/json") and "\\n|" not in text:
        return json.dumps(_emptied(json.loads(text))).encode()
    text = _ROW.sub(lambda row: "" if _AMOUNT.search(row[0]) else row[0], text)
    text = re.sub(r"<script>.*?</script>|<astro-island.*?</astro-island>", "", text, flags=re.DOTALL)
    return re.sub(r'"models": ?\[.*?\]|[$¥￥][0-9.]+|<p>[0-9.]+</p>', "", text, flags=re.DOTALL).encode()


def _emptied(value: Any) -> Any:
    """The same answer, in which every list is empty, and every dictionary that is a list by name."""
    if isinstance(value, dict):
        is_list = all(isinstance(inner, dict) for inner in value.values())
        return {} if is_list else {key: _emptied(inner) for key, inner in value.items()}
    return [] if isinstance(value, list) else value


def _half(page: Page) -> bytes:
    """The page up to an amount in the middle of its amounts."""
    amounts = [match.start() for match in _AMOUNT.finditer(page.text)]
    end = amounts[len(amounts) // 2] if amounts else len(page.text) // 2
    return page.text[:end].encode()
