"""Where Scrapy's own middlewares are kinder, or less careful, than a watcher of prices should be."""

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.answers import PACKED
from crawler.failures import FetchFailed
from crawler.spider import PricingSpider


class NoDowngrade(RedirectMiddleware):
    """Follows redirects, but never from https to something that anybody on the way may change."""

    # Scrapy's own still takes a deprecated argument `spider`.
    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        try:
            onward = super().process_response(request, response)
        except ValueError as error:
            raise FetchFailed(f"redirected to what is no address ({error}): {request.meta['asked']}") from error
        if isinstance(onward, Request) and _scheme(request) == "https" != _scheme(onward):
            raise FetchFailed(f"redirected from https to {onward.url}, which is not followed: {request.meta['asked']}")
        return onward


class KeepPacked(HttpCompressionMiddleware):
    """Unpacks bodies up to DOWNLOAD_MAXSIZE; what unpacks to more, or not at all, is handed on as it arrived."""

    # Scrapy's own still takes a deprecated argument `spider`.
    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        try:
            return super().process_response(request, response)
        except IgnoreRequest:
            why = "the compressed body unpacks to more than what is read of any page"
        # Each decompressor has its own exceptions for bytes that are not what Content-Encoding says.
        except Exception as broken:
            why = f"the body cannot be unpacked ({type(broken).__name__}: {broken})"
        packed = response.headers.get("Content-Encoding") or b"octet-stream"
        headers = {**response.headers, "Content-Type": b"application/" + packed}
        return response.replace(headers=headers, flags=[*response.flags, PACKED, why])


class KeepToBudget:
    """Counts what is sent, next to the wire: robots.txt, redirects and second tries come by here too. What the day's
    budget has no room for is not sent."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        if isinstance(self.crawler.spider, PricingSpider):
            self.crawler.spider.spend()


class HonourRetryAfter:
    """A server that says when to come back is not asked again before."""

    def process_response(self, request: Request, response: Response) -> Response:
        if "Retry-After" in response.headers:
            request.meta["dont_retry"] = True
        return response


def _scheme(request: Request) -> str:
    return urlsplit(request.url).scheme
