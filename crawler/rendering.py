"""Fetching with a browser: what Chromium has drawn is the answer. Loaded for sources that need it, and for no other."""

import asyncio
from contextlib import suppress
from pathlib import Path
from socket import gaierror
from tempfile import gettempdir
from typing import Any, NamedTuple

from playwright.async_api import Browser, Page, Request, Route
from playwright.async_api import Error as PlaywrightError
from scrapy import Request as Wanted
from scrapy import Spider
from scrapy import exceptions as scrapy_says
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response

# scrapy-playwright has no types.
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler  # type: ignore[import-untyped]
from scrapy_playwright.provider import PlaywrightBrowserProvider  # type: ignore[import-untyped]

from crawler import browser, dialling
from crawler.answers import UNDRAWN
from crawler.failures import FetchFailed
from crawler.filtering import FilteringProxy
from history.addresses import AddressRefused

LOOK_S, STEADY_S = 0.25, 1.0
# Of the time for the fetch; the rest is for the way there and back.
DRAWING = 0.75
START_S, CLOSE_S = 30, 5
# What is about the shell that the server sent, and not about what its scripts made of it.
_OF_THE_SHELL = ("content-encoding", "content-length", "transfer-encoding", "etag", "last-modified")
_DRAWN = """selector => {
  const found = document.querySelectorAll(selector);
  let length = 0;
  for (const each of found) length += each.textContent.length;
  return [found.length, length];
}"""
_SIZE = "document.documentElement.outerHTML.length"


# Without types, the base class is Any.
class Chromium(PlaywrightBrowserProvider):  # type: ignore[misc]
    """Starts playwright's driver and the browser together, and not before there is something to draw."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.filter = FilteringProxy(config.launch_options.pop("guard"))

    async def start(self) -> None:
        """robots.txt may forbid the page: then nothing is started."""

    async def launch_browser(self) -> Browser:
        try:
            if "proxy" not in self.config.launch_options:
                # Where only a proxy leads out, it is that one that dials.
                proxy = next(iter(dialling.proxies()), None) or await self.filter.start()
                self.config.launch_options = browser.launched_through(proxy, self.config.launch_options)
            with browser.room_to_start():
                await super().start()
                started: Browser = await super().launch_browser()
                return started
        except (PlaywrightError, OSError) as error:
            where = self.config.launch_options.get("executable_path")
            raise FetchFailed(
                f"{where} does not start ({browser.why_not(error)}); `tokentape doctor` says what to do"
            ) from error

    async def close(self) -> None:
        await self.filter.close()
        if self.playwright_context_manager:
            await super().close()


class Drawn(NamedTuple):
    """How many elements match, and how long their text is."""

    found: int
    length: int


class Traffic:
    """What a page still waits for. `broken` has the reason why no answer will come of it, if there is one."""

    def __init__(self, page: Page) -> None:
        self.under_way: set[Request] = set()
        self.broken: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        page.on("request", self.began)
        page.on("requestfinished", self.ended)
        page.on("requestfailed", self.ended)
        page.on("crash", self.gone)
        page.on("close", self.gone)

    def began(self, request: Request) -> None:
        if request.resource_type in ("xhr", "fetch", "script"):
            self.under_way.add(request)

    def ended(self, request: Request) -> None:
        self.under_way.discard(request)

    def gone(self, page: Page) -> None:
        if not self.broken.done():
            self.broken.set_result(FetchFailed(f"the browser ended while it drew {page.url}"))


# Without types, the base class is Any.
class DrawnByScripts(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]
    """scrapy-playwright's handler, with an answer of its own: the page as it stands when its prices are drawn."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        # A browser that crashes over a page is a failure like any other; the schedule comes round again.
        self.config.target_closed_max_retries = 0

    @property
    def filter(self) -> FilteringProxy:
        found: FilteringProxy = self.browser_provider.filter
        return found

    async def download_request(self, request: Wanted) -> Response:
        if not request.meta.get("playwright"):
            plain: Response = await super().download_request(request)
            return plain
        request.meta["playwright_context_kwargs"] = {"accept_downloads": False, "service_workers": "block"}
        # That is: leave it to us to close the page, even one that does not want to.
        request.meta["playwright_include_page"] = True
        self.filter.troubles.clear()
        try:
            drawing = super().download_request(request)
            drawn: Response = await asyncio.wait_for(drawing, START_S + request.meta["download_timeout"])
            return drawn
        except TimeoutError as error:
            raise scrapy_says.DownloadTimeoutError from error
        except PlaywrightError as error:
            raise _in_other_words(error, request, self.filter) from error

    async def close(self) -> None:
        """A browser that does not end when it is told to is ended."""
        try:
            await asyncio.wait_for(super().close(), CLOSE_S)
        except (TimeoutError, PlaywrightError):
            browser.sweep(Path(gettempdir()))

    async def _download_request_with_page(self, request: Wanted, page: Page, spider: Spider) -> Response:
        """In place of the parent's, which waits for every image and takes whatever there is, however large."""
        traffic = Traffic(page)
        answering = asyncio.ensure_future(self._answer(request, page, traffic))
        try:
            either: list[asyncio.Future[Any]] = [answering, traffic.broken]
            patience_s = request.meta["download_timeout"]
            await asyncio.wait(either, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            if traffic.broken.done() and not answering.done():
                raise traffic.broken.result()
            if not answering.done():
                raise TimeoutError
            return answering.result()
        finally:
            answering.cancel()
            await _close(page)

    async def _answer(self, request: Wanted, page: Page, traffic: Traffic) -> Response:
        await page.route("**/*", _lighten)
        arrived = await page.goto(request.url, wait_until="commit", timeout=0)
        if arrived is None:
            raise scrapy_says.DownloadFailedError("the browser went nowhere")
        # One that leads back, with a cookie, is none.
        if arrived.request.redirected_from and arrived.url != request.url.partition("#")[0]:
            # Scrapy asks robots.txt of the new place, and follows or does not.
            return Response(request.url, 302, {"Location": arrived.url}, request=request)
        headers = dict(arrived.headers)
        length = headers.get("content-length", "")[:18]
        self._refuse_if_larger(int(length) if length.isdecimal() else 0)
        flags = await self._until_drawn(page, traffic, request) if arrived.status == 200 else []
        await page.wait_for_load_state("domcontentloaded", timeout=0)
        self._refuse_if_larger(await page.evaluate(_SIZE))
        body = (await page.content()).encode("utf-8", "replace")
        headers = {name: value for name, value in headers.items() if name not in _OF_THE_SHELL}
        headers["content-type"] = "text/html; charset=utf-8"
        return HtmlResponse(page.url, arrived.status, headers, body, flags, request, encoding="utf-8")

    async def _until_drawn(self, page: Page, traffic: Traffic, request: Wanted) -> list[str]:
        """Wait until what carries the prices is there and steady and no data is on its way; flags where it is not."""
        selector, patience_s = request.meta["drawn"], request.meta["download_timeout"] * DRAWING
        clock = asyncio.get_running_loop().time
        began = since = clock()
        seen = Drawn(0, 0)
        while clock() < began + patience_s:
            await asyncio.sleep(LOOK_S)
            # A page that goes on to another one in the middle of the question is asked again.
            with suppress(PlaywrightError):
                now = Drawn(*await page.evaluate(_DRAWN, selector))
                if now != seen:
                    seen, since = now, clock()
            if seen.found and not traffic.under_way and clock() - since >= STEADY_S:
                return []
        if seen.found and clock() - since >= STEADY_S:
            return []
        what = "is still being drawn" if seen.found else "was not drawn"
        refused = f" ({self.filter.refusal()})" if self.filter.refusal() else ""
        return [UNDRAWN, f"{selector!r} {what} after {patience_s:g} s{refused}"]

    def _refuse_if_larger(self, size: int) -> None:
        if size > self.max_size:
            raise scrapy_says.DownloadCancelledError(f"more than {self.max_size} bytes")


def own_headers(*, playwright_request: Request, scrapy_request_data: dict[str, Any], **_: Any) -> dict[str, str]:
    """What a browser says, under our own name and with our languages."""
    ours = scrapy_request_data["headers"].to_unicode_dict()
    return {**playwright_request.headers, **{name: ours[name] for name in ("user-agent", "accept-language")}}


async def _close(page: Page) -> None:
    """One that does not close goes with its browser."""
    with suppress(TimeoutError, PlaywrightError):
        await asyncio.wait_for(page.close(), CLOSE_S)


async def _lighten(route: Route) -> None:
    """Prices are text. A style sheet is answered, for scripts may wait for it, and left empty."""
    kind = route.request.resource_type
    # The page may be gone before its request is answered.
    with suppress(PlaywrightError):
        if kind in ("image", "media", "font"):
            await route.abort()
        elif kind == "stylesheet":
            await route.fulfill(content_type="text/css", body="")
        else:
            await route.fallback()


def _in_other_words(error: PlaywrightError, request: Wanted, through: FilteringProxy) -> Exception:
    """As Scrapy's own handler says it, so that the same is tried again and told in the same sentences."""
    said = browser.first_line(error)
    trouble = (through.refusal() or through.trouble(request.url)) if "net::" in said else None
    if isinstance(trouble, AddressRefused):
        return trouble
    if isinstance(trouble, gaierror) or "ERR_NAME_NOT_RESOLVED" in said:
        return scrapy_says.CannotResolveHostError(said)
    if isinstance(trouble, ConnectionRefusedError) or "ERR_CONNECTION_REFUSED" in said:
        return scrapy_says.DownloadConnectionRefusedError(said)
    if "ERR_TOO_MANY_REDIRECTS" in said:
        return FetchFailed(f"more redirections than a browser follows: {request.url}")
    if "Download is starting" in said or "ERR_ABORTED" in said:
        return FetchFailed(f"it is a file to download, or nothing, and no page: {request.url}")
    if "net::" in said:
        return scrapy_says.DownloadFailedError(said)
    return FetchFailed(f"the browser ended while it drew {request.url} ({said})")
