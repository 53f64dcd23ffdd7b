"""What the network answered, and the sentence a person reads."""

from datetime import UTC, datetime

import pytest
from scrapy import Request
from scrapy import exceptions as scrapy_says
from scrapy.http import Response

from crawler.answers import Answer, failure_of_exception, failure_of_response, retry_after_s
from crawler.failures import FetchFailed
from crawler.page import Page

URL = "https://acme.example/pricing"
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASKED = Request(URL, meta={"asked": URL, "download_timeout": 60.0})


def answered(status: int, body: bytes = b"body", **headers: str) -> tuple[Response, Answer]:
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(URL, status, stated, body), Answer(Page(URL, body, "text/html", MONDAY), status)


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("Mon, 02 Mar 2026 12:02:00 GMT", 120),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        ("Mon, 02 Mar 2026 14:02:00 +0200", 120),
        ("99999999", 86_400),
        ("9" * 5000, 86_400),
        ("Mon, 02 Mar 2099 12:02:00 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("१२०", None),
    ],
)
def test_a_servers_wish_is_read_in_seconds_and_as_a_date_and_ends_in_a_day(wish: str, seconds: int | None) -> None:
    response = Response(URL, 429, {"Retry-After": wish.encode()})
    assert retry_after_s(response, MONDAY) == seconds


def test_a_date_is_read_by_the_servers_own_clock() -> None:
    late = {"Date": "Mon, 02 Mar 2026 15:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 15:02:00 GMT"}
    assert retry_after_s(Response(URL, 503, late), MONDAY) == 120


def test_a_good_answer_is_no_failure() -> None:
    assert failure_of_response(*answered(200)) is None
    assert failure_of_response(*answered(304)) is None, "it has the body that it stands for"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (200, b"", f"200 OK, but an empty body from {URL}"),
        (204, b"", f"204 No Content from {URL}"),
        (304, b"", f"304 Not Modified from {URL}"),
        (403, b"no", f"403 Forbidden from {URL}"),
        (599, b"?", f"599 from {URL}"),
    ],
)
def test_any_other_answer_is_told_by_its_status(status: int, body: bytes, sentence: str) -> None:
    assert str(failure_of_response(*answered(status, body))) == sentence


def test_the_servers_wish_is_part_of_the_failure() -> None:
    failure = failure_of_response(*answered(429, Retry_After="120"))
    assert isinstance(failure, FetchFailed)
    assert (str(failure), failure.retry_after_s) == (
        f"429 Too Many Requests from {URL}; the server asks to wait 120 s",
        120,
    )


@pytest.mark.parametrize(
    ("exception", "sentence"),
    [
        (scrapy_says.CannotResolveHostError("x"), f"the host's name cannot be found (DNS): {URL}"),
        (scrapy_says.DownloadConnectionRefusedError("x"), f"the server refuses the connection: {URL}"),
        (scrapy_says.DownloadTimeoutError("x"), f"no complete answer within 60 s: {URL}"),
        (scrapy_says.UnsupportedURLSchemeError("x"), f"only http and https are fetched: {URL}"),
        (scrapy_says.IgnoreRequest("Forbidden by robots.txt"), f"Forbidden by robots.txt: {URL}"),
        (OSError("No route to host"), f"the connection failed (No route to host): {URL}"),
        (FetchFailed("as it is"), "as it is"),
    ],
)
def test_no_answer_is_told_in_a_sentence(exception: Exception, sentence: str) -> None:
    assert str(failure_of_exception(exception, ASKED)) == sentence


@pytest.mark.parametrize("exception", [ValueError("ours"), MemoryError(), None])
def test_an_exception_that_is_not_the_networks_is_no_failure_of_the_fetch(exception: Exception | None) -> None:
    assert failure_of_exception(exception, ASKED) is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": {"code": 401, "message": "Missing Authentication header"}}', ", which says 'Missing Auth"),
        (b'{"error": {"message": "' + b"x" * 1000 + b'"}}', f", which says '{'x' * 300}'"),
        (b'{"error": {"message": ""}}', f"from {URL}"),
        (b'{"error": "no"}', f"from {URL}"),
        (b'{"error": {"message": 5}}', f"from {URL}"),
        (b"<html>\xff", f"from {URL}"),
    ],
)
def test_what_a_server_says_in_its_error_stands_in_the_failure(body: bytes, says: str) -> None:
    failure = failure_of_response(*answered(401, body))
    assert failure is not None
    assert str(failure).startswith(f"401 Unauthorized from {URL}")
    assert says in str(failure)
    assert ("which says" in str(failure)) == ("which says" in says)
