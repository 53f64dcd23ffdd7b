"""Where Scrapy's own middlewares are kinder, or less careful, than a watcher of prices should be."""

import gzip

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawler import settings
from crawler.answers import PACKED
from crawler.failures import FetchFailed
from crawler.middlewares import HonourRetryAfter, KeepPacked, NoDowngrade

URL = "https://acme.example/pricing"
CRAWLER = get_crawler(settings_dict={"DOWNLOAD_MAXSIZE": settings.DOWNLOAD_MAXSIZE})


def asked(url: str = URL) -> Request:
    return Request(url, meta={"asked": url})


def redirected(to: str, source: str = URL) -> Request | Response:
    response = Response(source, 302, {"Location": to})
    return NoDowngrade.from_crawler(CRAWLER).process_response(asked(source), response)


def unpacked(body: bytes, encoding: str) -> Response:
    response = Response(URL, 200, {"Content-Encoding": encoding, "Content-Type": "text/html"}, body)
    result = KeepPacked.from_crawler(CRAWLER).process_response(asked(), response)
    assert isinstance(result, Response)
    return result


@pytest.mark.parametrize("to", ["https://acme.example/new", "/new", "//acme.example/new"])
def test_a_redirect_that_stays_safe_is_followed(to: str) -> None:
    onward = redirected(to)
    assert isinstance(onward, Request)
    assert onward.url == "https://acme.example/new"


def test_a_redirect_to_something_safer_is_followed() -> None:
    onward = redirected(URL, "http://acme.example/pricing")
    assert isinstance(onward, Request)
    assert onward.url == URL


def test_a_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(FetchFailed, match=r"redirected from https to http://acme\.example/new, which is not followed"):
        redirected("http://acme.example/new")


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://acme.example/x", "data:text/html,x"])
def test_a_redirect_out_of_the_web_stays_an_answer(to: str) -> None:
    assert isinstance(redirected(to), Response)


@pytest.mark.parametrize("to", ["javascript:x", "https://[::1", "mailto:prices@acme.example"])
def test_a_redirect_to_what_is_no_address_is_a_failure_of_the_fetch(to: str) -> None:
    with pytest.raises(FetchFailed, match="redirected to what is no address"):
        redirected(to)


def test_a_compressed_body_is_unpacked() -> None:
    assert unpacked(gzip.compress(b"prices"), "gzip").body == b"prices"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_that_is_not_what_it_says_is_kept_as_it_arrived(encoding: str) -> None:
    response = unpacked(b"not compressed at all", encoding)
    assert response.body == b"not compressed at all"
    assert PACKED in response.flags
    assert "cannot be unpacked" in response.flags[-1]
    assert response.headers["Content-Type"] == f"application/{encoding}".encode()


def test_a_bomb_in_a_bomb_is_kept_packed() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 200_000_000, 9), 9)
    response = unpacked(bomb, "gzip, gzip")
    assert response.body == bomb
    assert "unpacks to more" in response.flags[-1]


def test_a_server_that_says_when_to_come_back_is_not_asked_before() -> None:
    request = asked()
    HonourRetryAfter().process_response(request, Response(URL, 503, {"Retry-After": "120"}))
    assert request.meta["dont_retry"]
    request = asked()
    HonourRetryAfter().process_response(request, Response(URL, 503))
    assert "dont_retry" not in request.meta
