"""What people read: every template in every format, cut where there is little room, and no scraped name in power."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt

from feed.alerts.markup import Format
from feed.alerts.rendering import fitted, rendered
from feed.wording import clean

SAMPLES = Path(__file__).parent / "alerts_samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))
FORMATS: tuple[Format, ...] = ("text", "markdown", "html")
BREAK = "\u200b"
URL = "https://tape.example/stories/17"
# What means something to a chat, in pieces that hypothesis can put together.
MISCHIEF = st.text("*_`~<>[]()|\\#+-!&;.:/@=1 \n" + "aehnrvy", max_size=60)
CASES = st.one_of(
    MISCHIEF, st.text(max_size=60),
    st.sampled_from(["@everyone", "<!channel>", "<@U123>", "[a](https://evil.example)", "<https://evil.example>",
                     "https://evil.example", "www.evil.example", "&lt;b&gt;", "1. one", "- one", "# one", "`", "***"]),
)  # fmt: skip
markdown = MarkdownIt("commonmark")


def sample(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return payload


def story(*sentences: str, headline: str = "v4: input −56 %", url: str | None = URL, **more: Any) -> dict[str, Any]:
    data = {"headline": headline, "url": url, "sentences": list(sentences), **more}
    return {"type": "price.changed", "timestamp": "2026-05-22T16:10:00Z", "data": data}


def visible(written: str) -> str:
    """What a reader sees of HTML."""
    return " ".join("".join(map(str, html.fromstring(f"<div>{written}</div>").itertext())).split())


def links(written: str) -> list[str]:
    return [str(link.get("href")) for link in html.fromstring(f"<div>{written}</div>").iter("a", "img")]


@pytest.mark.parametrize("name", NAMES)
def test_every_template_reads_as_its_sample(name: str) -> None:
    told = rendered(sample(name))
    for ending, body in (("txt", told.body_text), ("md", told.body_markdown), ("html", told.body_html)):
        expected = (SAMPLES / f"{name}.{ending}").read_text(encoding="utf-8")
        assert f"{told.title}\n\n{body}\n" == expected, f"{name}.{ending}"


def test_every_type_of_message_has_a_sample() -> None:
    types = {"price.changed", "price.scheduled", "price.corrected", "plan.changed", "volume.jumped", "digest",
             "subscription.challenge", "subscription.test", "subscription.paused"}  # fmt: skip
    assert types | {"hostile"} == set(NAMES)


def test_an_unknown_type_is_told_by_its_headline_and_its_url() -> None:
    told = rendered({"type": "model.renamed", "data": {"headline": "v4 is v5 now", "url": URL}})
    assert (told.title, told.body_text) == ("v4 is v5 now", f"Details: {URL}")


@pytest.mark.parametrize("payload", [{}, {"type": "digest"}, {"type": "subscription.paused", "data": {}}])
def test_a_payload_with_nothing_in_it_is_told_all_the_same(payload: dict[str, Any]) -> None:
    assert rendered(payload).title


def test_sentences_of_the_payload_are_told_as_they_are() -> None:
    told = rendered(story("input: was $2, now $1", when="Seen 2026-05-22 16:10 UTC."))
    assert told.body_text == f"• input: was $2, now $1\n\nSeen 2026-05-22 16:10 UTC.\nDetails: {URL}"


def test_without_them_the_changes_are_told_in_the_words_of_the_feeds() -> None:
    payload = sample("price.changed")
    retold = rendered(payload).body_text
    payload["data"] |= {"sentences": ["input: was $0.27, now $0.12 per 1M tokens (−56 %)"], "changes": []}
    assert payload["data"]["sentences"][0] in retold
    assert "cache hit: was $0.14, now $0.0028 per 1M tokens (−98 %)" in retold


def test_a_cancelled_announcement_promises_no_further_word() -> None:
    payload = sample("price.scheduled")
    assert "Announced, not charged yet: it is news again" in rendered(payload).body_text
    payload["data"]["changes"][0]["kind"] = "price_cancelled"
    assert "news again" not in rendered(payload).body_text
    assert "\n\nSeen 2026-05-22 16:10 UTC.\n" in rendered(payload).body_text


def test_who_sells_it_is_said_where_the_headline_does_not() -> None:
    payload = sample("price.changed")
    payload["data"] |= {"headline": "mimo-v2.5-pro: input −56 %", "provider_name": "Xiaomi"}
    assert rendered(payload).body_text.startswith("Sold by Xiaomi\n\n• input: ")
    for headline in ("mimo-v2.5-pro on Xiaomi: input −56 %", "xiaomi/mimo-v2.5-pro: input −56 %"):
        payload["data"]["headline"] = headline
        assert rendered(payload).body_text.startswith("• input: ")


@pytest.mark.parametrize(
    ("tokens", "words"),
    [(0, "0"), (999_999, "999,999"), (5_092_274, "5.1 million"), (58_345_486_214, "58.3 billion"),
     (355 * 10**9, "355 billion"), (1_200_000_000_000, "1.2 trillion"), (2 * 10**9, "2 billion")],
)  # fmt: skip
def test_tokens_are_told_as_a_person_would(tokens: int, words: str) -> None:
    payload = sample("volume.jumped")
    payload["data"] |= {"new_tokens": str(tokens), "period": "day", "trailing": False}
    assert rendered(payload).body_text.startswith(f"• {words} tokens on 2026-05-21, 355 billion the day before\n")


def test_a_digest_tells_provider_by_provider_in_the_order_of_their_names() -> None:
    text = rendered(sample("digest")).body_text
    assert text.index("Alibaba Cloud") < text.index("qwen-max") < text.index("qwen-plus") < text.index("DeepSeek")
    assert text.count("Alibaba Cloud") == 1


def test_what_began_when_it_was_seen_is_said_to_be_seen_first() -> None:
    payload = sample("price.changed")
    assert "In force since 2026-05-22 16:00 UTC; seen 2026-05-22 16:10 UTC." in rendered(payload).body_text
    for one in payload["data"]["changes"]:
        one["effective_at"] = one["recorded_at"]
    assert "\n\nFirst seen 2026-05-22 16:10 UTC.\n" in rendered(payload).body_text


def test_a_digest_says_once_whose_gateway_it_is() -> None:
    payload = sample("digest")
    payload["data"]["stories"][0] |= {"headline": "m on Router: input −20 %", "provider_name": "Router"}
    assert "\nRouter\n\n• m: input −20 %\n" in rendered(payload).body_text


def test_a_token_can_be_copied_as_it_stands() -> None:
    token = "a_b-c*d_e"
    payload = {"type": "subscription.challenge", "data": {"subscription": "sub_1", "token": token}}
    told = rendered(payload)
    assert f"\n{token}\n" in told.body_text
    assert f"`{token}`" in told.body_markdown
    assert f"<code>{token}</code>" in told.body_html
    assert token in visible(markdown.render(told.body_markdown))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("most", [0, 1, 20, 70, 140, 160, 300, 1000, 2000, 4096])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_longer_than_there_is_room(name: str, most: int, form: Format) -> None:
    title, body = fitted(sample(name), form, most, 20)
    assert len(title) <= 20
    assert len(body) <= most
    title, body = fitted(sample(name), form, most, None)
    assert title == ""
    assert len(body) <= most


def test_what_is_cut_ends_with_a_whole_sentence_and_says_how_much_more_there_is_and_where() -> None:
    sentences = [f"component {number}: was $2, now $1 per 1M tokens" for number in range(40)]
    _, body = fitted(story(*sentences), "text", 300, 100)
    *kept, empty, last = body.split("\n")
    assert [line.removeprefix("• ") for line in kept] == sentences[: len(kept)]
    assert empty == ""
    assert last == f"… and {40 - len(kept)} more: {URL}"


def test_what_the_payload_had_left_out_before_is_counted_too() -> None:
    assert f"… and 7 more: {URL}" in rendered(story("input: now $1", more=7)).body_text
    _, body = fitted(story("input: was $2, now $1", "output: was $4, now $2", more=7), "text", 70, 100)
    assert body == f"• input: was $2, now $1\n\n… and 8 more: {URL}"


def test_proofs_go_before_sentences_do() -> None:
    payload = sample("price.changed")
    _, body = fitted(payload, "text", 190, 100)
    assert "cache hit: was" in body
    assert "Source" not in body
    assert body.endswith(URL)


def test_no_heading_of_a_digest_stands_above_nothing() -> None:
    payload = sample("digest")
    for most in range(60, 400):
        _, body = fitted(payload, "text", most, 100)
        assert not re.search(r"(Alibaba Cloud|DeepSeek)(\n\n…|$)", body)


def test_a_service_without_titles_has_it_above_the_body() -> None:
    payload = sample("price.changed")
    assert fitted(payload, "markdown", 4000, None)[1].startswith(
        "**deepseek-v4-flash: cache hit −98 %, input −56 %**\n\n- "
    )
    assert fitted(payload, "html", 4000, None)[1].startswith("<p><b>deepseek-v4-flash: cache hit −98 %, input")
    assert fitted(payload, "text", 4000, None)[1].startswith("deepseek-v4-flash: cache hit −98 %, input −56 %\n\n• ")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "mention", ["@everyone", "@here", "@channel", "<!channel>", "<!here|x>", "<@U12>", "<@&1>", "<#C1>", "<users/all>"]
)
def test_nobody_is_mentioned_by_a_scraped_name(mention: str, form: Format) -> None:
    title, body = fitted(story(f"a {mention} b", headline=mention), form, 4000, 100)
    for written in (title, body, fitted(story(headline=mention), form, 4000, None)[1]):
        assert mention not in written
        assert escape(mention) not in written
    assert clean(mention) in visible(escape(title)).replace(BREAK, "")


def test_what_only_looks_like_a_mention_can_be_copied() -> None:
    told = rendered(story("claude-3-5-sonnet@20240620: input <256K, anthropic.claude-3"))
    assert "claude-3-5-sonnet@20240620: input <256K, anthropic.claude-3" in told.body_text


@given(CASES, CASES)
@example("a`b", "c`d")
@example("\\", "![x](y)")
def test_markdown_shows_what_was_scraped_and_nothing_else(first: str, second: str) -> None:
    """In the reader of CommonMark: the words as they are, and no link but ours."""
    shown = markdown.render(rendered(story(f"x {first}", f"y {second}")).body_markdown)
    told = visible(shown).replace(BREAK, "")
    assert told == " ".join(f"x {clean(first)} y {clean(second)} Details".split())
    assert links(shown) == [URL]
    assert not re.search("<(em|strong|code|h[1-6]|blockquote|ol|pre|img|hr)", shown)


@given(CASES)
@example("# one")
@example("1) one")
@example("===")
def test_markdown_holds_at_the_beginning_of_a_line_too(text: str) -> None:
    shown = markdown.render(rendered(story(text or "x", when=text or "x")).body_markdown)
    assert links(shown) == [URL]
    assert not re.search("<(em|strong|code|h[1-6]|blockquote|ol|pre|img|hr)", shown)


@given(CASES)
def test_html_shows_what_was_scraped_and_nothing_else(text: str) -> None:
    told = rendered(story(f"x {text}"))
    assert visible(told.body_html).replace(BREAK, "") == f"{clean(f'x {text}')}Details"
    assert links(told.body_html) == [URL]
    assert re.sub('</?(ul|li|p|a)( href="[^"<>]*")?>', "", told.body_html).count("<") == 0


@given(st.text(max_size=80))
@example("https://a.example/x y(z)[1]<b>\"'|`*@a")
@example("javascript:alert(1)")
@example("HTTPS://a.example/\u202e")
def test_a_scraped_url_ends_no_link_early_and_leads_to_the_web_or_nowhere(url: str) -> None:
    told = rendered(story(evidence=[{"url": url, "snapshot": "https://tape.example/v1/snapshots/e4"}]))
    for found in (links(told.body_html), links(markdown.render(told.body_markdown))):
        assert found[-2:] == ["https://tape.example/v1/snapshots/e4", URL]
        assert all(re.match("https?://", link, re.IGNORECASE) for link in found)
        assert len(found) == 2 + url.lower().startswith(("http://", "https://"))


@given(st.lists(CASES, max_size=8), st.integers(0, 600), st.sampled_from(FORMATS))
def test_whatever_is_told_fits(sentences: list[str], most: int, form: Format) -> None:
    title, body = fitted(story(*sentences, headline=" ".join(sentences)), form, most, 50)
    assert len(title) <= 50
    assert len(body) <= most
    if form == "html":
        assert body.count("<") == body.count(">")
