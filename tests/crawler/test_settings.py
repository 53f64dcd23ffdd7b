"""Scrapy's settings: polite, hardened, and none of them misspelt."""

import pytest
from scrapy.settings import default_settings

from crawler import settings

HERE, THERE = "http://127.0.0.1:8000/pricing", "https://acme.example/pricing"
OURS = [name for name in vars(settings) if name.isupper()]


def test_every_setting_is_one_that_this_scrapy_has() -> None:
    assert [name for name in OURS if not hasattr(default_settings, name)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROBOTSTXT_OBEY", True),
        ("DOWNLOAD_VERIFY_CERTIFICATES", True),
        ("TELNETCONSOLE_ENABLED", False),
        ("REMOTE_CONTROL_ENABLED", False),
        ("DOWNLOAD_MAXSIZE", 32 * 1024 * 1024),
        ("COOKIES_ENABLED", False),
        ("AUTOTHROTTLE_ENABLED", True),
        ("CONCURRENT_REQUESTS_PER_DOMAIN", 1),
    ],
)
def test_what_scrapy_leaves_open_is_shut(name: str, value: object) -> None:
    assert settings.for_crawl("", 60)[name] == value


@pytest.mark.parametrize("scheme", ["file", "data", "ftp", "s3"])
def test_only_the_web_is_fetched(scheme: str) -> None:
    assert settings.for_crawl("", 60).getdict("DOWNLOAD_HANDLERS")[scheme] is None


def test_429_is_not_tried_again_at_once() -> None:
    assert 429 not in settings.for_crawl("", 60).getlist("RETRY_HTTP_CODES")


def test_a_foreign_server_is_spared_and_our_own_is_not() -> None:
    for url in (None, THERE, "http://10.0.0.1/", "http://localhost.acme.example/"):
        assert settings.for_crawl("", 60, url).getfloat("DOWNLOAD_DELAY") == 1
    for url in (HERE, "http://localhost:8000/", "http://[::1]:8000/"):
        assert settings.for_crawl("", 60, url).getfloat("DOWNLOAD_DELAY") == 0


def test_the_user_agent_names_us_and_who_to_write_to() -> None:
    agent = settings.for_crawl("prices@example.org", 60)["USER_AGENT"]
    assert agent.startswith("tokentape/")
    assert agent.endswith(" (+prices@example.org)")
    assert "(" not in settings.user_agent(" ")
    assert "\n" not in settings.user_agent("one\ntwo")
