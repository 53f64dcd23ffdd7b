"""Scrapy's settings: polite to price pages, deaf to everybody else, and bounded in what it takes in."""

from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from scrapy.settings import Settings

from crawler.dialling import CrawlGuard

# Who we say we are, and what we obey: robots.txt for our own name, one request at a time, slower when they are slow.
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "tokentape"
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 1
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1
COOKIES_ENABLED = False
REFERRER_POLICY = "no-referrer"
DEFAULT_REQUEST_HEADERS = {"Accept": "*/*", "Accept-Language": "en"}

# What we believe of the way there. Scrapy verifies no certificates unless told to.
DOWNLOAD_VERIFY_CERTIFICATES = True
REDIRECT_MAX_TIMES = 5
METAREFRESH_ENABLED = False
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.NoDowngrade": 600,
    "crawler.middlewares.KeepPacked": 590,
    "crawler.middlewares.HonourRetryAfter": 560,
    "crawler.middlewares.KeepToBudget": 950,
}
DOWNLOAD_HANDLERS = {"data": None, "file": None, "ftp": None, "s3": None}

# What we take in, counted after decompression.
DOWNLOAD_MAXSIZE = 32 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_FAIL_ON_DATALOSS = True
DNS_TIMEOUT = 20

# A second try is for what passes by itself: 429 is not among it (its Retry-After pauses the source), nor is a
# timeout (the schedule comes round again).
RETRY_TIMES = 2
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524]
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.ResponseDataLossError",
]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
HTTPERROR_ALLOW_ALL = True

ITEM_PIPELINES = {"crawler.pipelines.KeepEvidence": 100, "crawler.pipelines.RecordRun": 900}

# No way in. Both are on by default, and remote control runs any code it is given.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# Instead of Scrapy's list, not on top of it: what is not named here is not even imported (0.3 s of 1.3).
EXTENSIONS_BASE = {"scrapy.extensions.throttle.AutoThrottle": 0}
LOG_LEVEL = "WARNING"
STATS_DUMP = False
WARN_ON_GENERATOR_RETURN_VALUE = False


def for_crawl(
    contact: str, fetch_timeout_s: float, url: str | None = None, delay_s: float = DOWNLOAD_DELAY
) -> Settings:
    """The settings of one crawl. A `url` on this machine needs no sparing."""
    settings = Settings()
    settings.setmodule(__name__)
    settings.set("USER_AGENT", user_agent(contact))
    settings.setdict({"DOWNLOAD_TIMEOUT": fetch_timeout_s, "DOWNLOAD_DELAY": delay_s})
    if url is not None and _is_here(url):
        settings.setdict({"DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False})
    return settings


def draw_with(settings: Settings, launch_options: dict[str, Any], guard: CrawlGuard) -> None:
    """Let this browser fetch what is marked for it; robots.txt and all else go their usual way."""
    handler = "crawler.rendering.DrawnByScripts"
    settings.set("DOWNLOAD_HANDLERS", {**DOWNLOAD_HANDLERS, "http": handler, "https": handler})
    settings.set("PLAYWRIGHT_BROWSER_PROVIDER", "crawler.rendering.Chromium")
    settings.set("PLAYWRIGHT_PROCESS_REQUEST_HEADERS", "crawler.rendering.own_headers")
    settings.set("PLAYWRIGHT_LAUNCH_OPTIONS", {**launch_options, "guard": guard})


def user_agent(contact: str) -> str:
    """tokentape/0.1.0 (+prices@example.org)"""
    try:
        ours = version("tokentape")
    except PackageNotFoundError:
        ours = "uninstalled"
    return f"tokentape/{ours} (+{' '.join(contact.split())})" if contact.strip() else f"tokentape/{ours}"


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
