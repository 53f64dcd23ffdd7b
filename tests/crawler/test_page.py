"""Page: how a fetched body is asked for text, JSON and tables, and what it refuses."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.replay import Capture

AT = datetime(2026, 8, 6, tzinfo=UTC)


def page(body: str | bytes, media_type: str = "text/html") -> Page:
    raw = body.encode() if isinstance(body, str) else body
    return Page("https://prices.example/page", raw, media_type, AT)


def test_a_page_is_equal_by_what_was_fetched_not_by_what_was_read() -> None:
    one, other = page("<p>a</p>"), page("<p>a</p>")
    one.unread["Released"] += 1
    assert one.text
    assert one == other
    with pytest.raises(AttributeError):
        # mypy knows it too.
        one.url = "other"  # type: ignore[misc]


def test_a_page_of_scripts_without_a_table_is_not_parsed_to_know_so() -> None:
    given = page('<script>self.__next_f.push([1,"a"])</script>')
    assert given.tables == ()
    assert "tree" not in vars(given)
    drawn = page("<script>1</script><TABLE><tr><td>$1</td></tr></TABLE>")
    assert [table.corner for table in drawn.tables] == ["$1"]


def test_a_page_of_nothing_is_named_when_its_tables_are_asked_for() -> None:
    with pytest.raises(PageChanged, match="Document is empty"):
        _ = page("").tables


def test_text_is_read_in_the_declared_charset_and_without_its_mark() -> None:
    assert page("\ufeff元").text == "元"
    assert page("元".encode("gb18030"), "text/html; charset=gb18030").text == "元"
    assert page("é".encode("latin-1"), 'text/html;charset="ISO-8859-1"').text == "é"


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        ("价".encode("gb18030"), "text/html", "not utf-8: byte 0"),
        (b"<p>price \xff", "text/html; charset=utf-8", "byte 9"),
        ("元".encode(), "text/html; charset=ascii", "not ascii: byte 0"),
        (b"", "text/html; charset=klingon", "unknown charset 'klingon'"),
    ],
)
def test_a_wrong_charset_is_named_with_its_place(body: bytes, media_type: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        _ = page(body, media_type).text


def test_no_number_of_a_json_body_is_a_float() -> None:
    read = page('{"a": 0.1, "b": 1e-9, "c": 3, "d": [2.50]}', "application/json").json()
    assert read == {"a": Decimal("0.1"), "b": Decimal("1e-9"), "c": 3, "d": [Decimal("2.50")]}
    assert str(read["d"][0]) == "2.50"
    assert not any(isinstance(value, float) for value in read.values())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"data": [', 'truncated; it begins \'{"data"'),
        ('{"data": NaN}', r"byte 9.*it begins"),
        ("<html>", "it begins '<html>'"),
        ("", "truncated"),
        ('{"a": 1} x', "trailing"),
    ],
)
def test_what_is_not_json_says_where_and_how_it_begins(body: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        page(body, "application/json").json()


class Answer(msgspec.Struct):
    data: list[str]


def test_json_of_another_shape_is_refused_by_its_path() -> None:
    assert page('{"data": ["a"], "more": 1}').json_as(Answer).data == ["a"]
    with pytest.raises(PageChanged, match="missing required field `data`"):
        page("{}").json_as(Answer)
    with pytest.raises(PageChanged, match=r"Expected `str`, got `int` - at `\$.data\[0\]`"):
        page('{"data": [1]}').json_as(Answer)


@pytest.mark.parametrize(
    "body",
    [
        "<html><head><title>Just a moment...</title></head><body></body></html>",
        "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>",
        "<html><script>window._cf_chl_opt={}</script></html>",
        "<html><script src='/cdn-cgi/challenge-platform/h/g/orchestrate'></script></html>",
        "<html><div id='cf-chl-widget'></div></html>",
        "<html><body><div class='captcha'>Prove it</div></body></html>",
        "<html><script>var arg1='ABC'; document.cookie='acw_sc__v2=1'</script></html>",
        "<html><title>安全验证</title></html>",
        "<html><title>\n  Verifying you are human </title></html>",
    ],
)
def test_a_challenge_is_never_a_page(body: str) -> None:
    asks: list[Callable[[Page], object]] = [lambda found: found.text, lambda found: found.tables, Page.json]
    for ask in asks:
        with pytest.raises(PageChanged, match=r"challenge page instead of https://prices\.example/page"):
            ask(page(body))


def test_a_page_that_mentions_a_challenge_is_a_page() -> None:
    behind_cloudflare = (
        "<html><title>Prices</title><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"
    )
    assert page(behind_cloudflare).text
    assert page("<html><title>Prices</title>" + "<p>price</p>" * 3000 + "<script>captcha()</script>").text
    assert page('{"description": "solves a captcha"}', "application/json").json()
    assert page("# Just a moment...\n\nThis model solves a captcha.", "text/markdown").text


def test_the_recorded_challenge_page_of_openai_is_refused(recorded: Path) -> None:
    with pytest.raises(PageChanged, match="challenge page"):
        _ = Capture.load(recorded / "openai" / "2026-05-08").page().tables


def test_html_and_markdown_are_told_apart_by_the_media_type() -> None:
    assert [table.heading for table in page("<h2>A</h2><table><tr><td>1</td></tr></table>").tables] == ["A"]
    markdown = "## A\n\n| x |\n|---|\n| 1 |\n"
    for media_type in ("text/markdown", "text/plain; charset=utf-8", "text/x-markdown"):
        assert [table.heading for table in page(markdown, media_type).tables] == ["A"]


def test_html_sent_as_markdown_is_refused() -> None:
    with pytest.raises(PageChanged, match="is an HTML page, sent as 'text/markdown'"):
        _ = page("<!DOCTYPE html><html><table></table></html>", "text/markdown").tables
    with pytest.raises(PageChanged, match="neither HTML nor Markdown"):
        _ = page("%PDF-1.7", "application/pdf").tables


def test_a_page_is_parsed_once() -> None:
    found = page("<h1>A</h1><table><tr><td>1</td></tr></table>")
    assert found.tables is found.tables
    assert found.tree is found.tree
    assert found.text is found.text


def test_prose_is_the_paragraphs_without_tables_and_code() -> None:
    found = page(
        'Costs **$10 per 1,000 searches**.\n\n```json\n{"price": 1}\n```\n\n| a |\n|---|\n| 1 |\n', "text/markdown"
    )
    assert found.prose == "Costs $10 per 1,000 searches."


def test_embedded_json_is_read_exactly() -> None:
    body = """<html><script type="application/json">{"price": 0.10}</script>
    <script>self.__next_f.push([1,"12:[\\"$\\",\\"td\\",null]"])</script><script>self.__next_f.push([1,"\\n13:{}"])</script>
    <astro-island props="{&quot;rows&quot;:[1,[[0,0.5]]]}"></astro-island></html>"""
    found = page(body)
    assert list(found.scripts()) == [{"price": Decimal("0.10")}]
    assert found.next_stream == '12:["$","td",null]\n13:{}'
    assert list(found.attributes("props")) == [{"rows": [1, [[0, Decimal("0.5")]]]}]
