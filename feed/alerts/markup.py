"""What is told, in lines → plain text, Markdown and HTML, each escaped as it needs; cut where there is little room."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import quote

from feed.syndication import is_web
from feed.wording import clean

Format = Literal["text", "markdown", "html"]
Kind = Literal["heading", "item", "plain"]
# It is not seen, and what it stands in is no mention, tag or link any more.
_BREAK = "\u200b"
# @everyone and <!channel>, <@U123>, <users/all>; a model's "@20240620" and a price's "<256K" stay as they are.
_MENTION = re.compile(r"@(?=[^\W\d_])|<(?=[!@#/?]|[^\W\d_])")
_WEB_LINK = re.compile(r"(?<=\w)(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_MARKS = re.compile(r"[\\`*_\[\]<~|]|&(?=#?\w+;)")
_MARKS_THAT_BEGIN_A_LINE = re.compile(r"^( ?\d*)([#+>=.)-])")
# Every other character of a URL may mean something to one of the services.
_SAFE_IN_URLS = "/:?#&=%+,;~-._$!"
_CUT = "…"


class Part(NamedTuple):
    """Some words, and where they lead; or words of our own that are to be copied as they stand."""

    words: str
    url: str | None = None
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A heading, an item of a list, or a line of its own. Items that do not fit are counted and left out."""

    parts: tuple[Part, ...]
    kind: Kind = "plain"


@dataclass(frozen=True, slots=True)
class Told:
    """A message in words: what stands above its items, these, with headings between them, and how it ends. `url` has
    it all; `more` is how many items were left out before."""

    title: str
    above: tuple[Line, ...] = ()
    items: tuple[Line, ...] = ()
    ending: tuple[Line, ...] = ()
    url: str | None = None
    more: int = 0


def item(words: str, url: str | None = None) -> Line:
    return Line((Part(clean(words), url),), "item")


def heading(words: str) -> Line:
    return Line((Part(words),), "heading")


def plain(*parts: Part | str) -> Line:
    return Line(tuple(Part(part) if isinstance(part, str) else part for part in parts))


def title_of(told: Told, most: int | None = None) -> str:
    return cut(_harmless(told.title), most)


def written(told: Told, form: Format, most: int | None = None) -> str:
    """The body. Of at most `most` characters: first the ending goes, line by line, then the last items, then words."""
    write = _WRITE[form]
    for shorter in _shorter_and_shorter(told):
        body = write(_lines(shorter))
        if most is None or len(body) <= most:
            return body
    # A tag or an escape that is cut in two is worse than none.
    bare = cut(_harmless(told.title), most)
    return bare if form == "text" or bare == write([plain(bare)]) else ""


def _shorter_and_shorter(told: Told) -> Iterator[Told]:
    for kept in range(len(told.ending), 0, -1):
        yield replace(told, ending=told.ending[:kept])
    for kept in range(len(told.items), -1, -1):
        yield _without_the_last(replace(told, ending=()), kept)


def cut(text: str, most: int | None) -> str:
    """At most so many characters, the last of them "…" where some are missing."""
    return text if most is None or len(text) <= most else text[: max(most - 1, 0)].rstrip() + _CUT[:most]


def _without_the_last(told: Told, kept: int) -> Told:
    """The first `kept` items; no heading without one."""
    left_out = sum(line.kind == "item" for line in told.items[kept:])
    first = told.items[:kept]
    while left_out and first and first[-1].kind == "heading":
        first = first[:-1]
    return replace(told, items=first, more=told.more + left_out)


def _lines(told: Told) -> list[Line]:
    if not told.more:
        return [*told.above, *told.items, *told.ending, *([plain(Part("Details", told.url))] if told.url else ())]
    count = f"… and {told.more} more" if told.items else f"{told.more} in all"
    where = plain(f"{count}: ", Part(told.url, told.url)) if told.url else plain(count)
    return [*told.above, *told.items, where, *told.ending]


def _text(lines: Sequence[Line]) -> str:
    return _blocks(((f"• {_in_text(line)}" if line.kind == "item" else _in_text(line), line) for line in lines), "\n")


def _in_text(line: Line) -> str:
    return "".join(_text_part(part, "\n  " if line.kind == "item" else ": ") for part in line.parts)


def _text_part(part: Part, between: str) -> str:
    url = _url(part.url)
    if url is None:
        return part.words if part.is_code else _harmless(part.words)
    return url if part.words == part.url else f"{_harmless(part.words)}{between}{url}"


def _markdown(lines: Sequence[Line]) -> str:
    # One line break is none in Markdown.
    told = ((_MARKDOWN[line.kind].format("".join(map(_markdown_part, line.parts))), line) for line in lines)
    return _blocks(told, "\n\n")


_MARKDOWN: dict[Kind, str] = {"heading": "**{}**", "item": "- {}", "plain": "{}"}


def _markdown_part(part: Part) -> str:
    if part.is_code:
        return f"`{part.words}`"
    words = _MARKS_THAT_BEGIN_A_LINE.sub(r"\1\\\2", _marked_down(_harmless(part.words)))
    url = _url(part.url)
    return words if url is None else f"[{_marked_down(_short(part))}]({url})"


def _marked_down(words: str) -> str:
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", words)


def _html(lines: Sequence[Line]) -> str:
    written, in_list = [], False
    for line in lines:
        if (line.kind == "item") is not in_list:
            in_list = not in_list
            written.append("<ul>" if in_list else "</ul>")
        written.append(_HTML[line.kind].format("".join(map(_html_part, line.parts))))
    return "".join([*written, "</ul>" if in_list else ""])


_HTML: dict[Kind, str] = {"heading": "<p><b>{}</b></p>", "item": "<li>{}</li>", "plain": "<p>{}</p>"}


def _html_part(part: Part) -> str:
    url = _url(part.url)
    if part.is_code:
        return f"<code>{escape(part.words)}</code>"
    return escape(_harmless(part.words)) if url is None else f'<a href="{escape(url)}">{escape(_short(part))}</a>'


def _short(part: Part) -> str:
    """What a link shows: the words, or of its own URL what is not the same everywhere."""
    return re.sub(r"^https?://", "", _url(part.url) or "") if part.words == part.url else _harmless(part.words)


def _blocks(lines: Iterable[tuple[str, Line]], between: str) -> str:
    """Items stand together; between others there is `between`, and before a list or a heading, and after it, room."""
    blocks, last = "", None
    for text, line in lines:
        if last is not None:
            blocks += "\n\n" if line.kind != last else "\n" if last == "item" else between
        blocks, last = blocks + text, line.kind
    return blocks


def _harmless(words: str) -> str:
    """Scraped words on one line, which mention nobody and lead nowhere."""
    before, after = " " * words.startswith(" "), " " * (words.endswith(" ") and words != " ")
    return before + _WEB_LINK.sub(_BREAK, _MENTION.sub(lambda mark: mark[0] + _BREAK, clean(words))) + after


def _url(url: str | None) -> str | None:
    """A URL of the web, without a character that could end a link; None for any other."""
    return quote(clean(url).replace(" ", "%20"), safe=_SAFE_IN_URLS) if url and is_web(url) else None


_WRITE = {"text": _text, "markdown": _markdown, "html": _html}
