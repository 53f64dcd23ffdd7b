"""Page: one fetched body and how to ask it for text, tables and JSON; no I/O."""

import codecs
import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from propcache.api import cached_property

from crawler import embedded, grid, markdown, markup
from crawler.failures import PageChanged
from crawler.seen import Unread

T = TypeVar("T")

_HTML = frozenset({"text/html", "application/xhtml+xml"})
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_TABLE = re.compile("<[Tt][Aa][Bb][Ll][Ee]")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
# Cloudflare, recorded at openai 2026-05-08; acw_sc__v2 is Aliyun's. Plain pages behind Cloudflare carry
# /cdn-cgi/challenge-platform/scripts/jsd, so that path alone means nothing.
_CHALLENGES = ("_cf_chl_opt", "cf-chl-", "/challenge-platform/h/", "acw_sc__v2", "px-captcha", "/_Incapsula_Resource")
_CHALLENGE_TITLES = re.compile(
    r"just a moment|attention required|captcha|security (?:check|verification)|access denied"
    r"|verify(?:ing)? (?:that )?you are (?:a )?human|are you a robot|安全验证|人机验证|验证码",
    re.IGNORECASE,
)
# Real price pages that mention a captcha have at least 150,000 characters (minimax_cn 2026-07-17).
_SHORT_PAGE = 20_000


@dataclass(frozen=True)
class Page:
    """One fetched body. `unread` counts, by name, what the page held and its spider did not use."""

    url: str
    body: bytes
    media_type: str
    fetched_at: datetime
    unread: Unread = field(default_factory=Unread, compare=False)

    @cached_property
    def text(self) -> str:
        """The body as text, strictly in the charset it declares (UTF-8 if none)."""
        text = self._decoded()
        _refuse_challenge(text, self.body, self.url)
        return text

    @cached_property
    def tables(self) -> tuple[grid.Table, ...]:
        """Every table of an HTML or Markdown page, in order."""
        # What a page gives to its scripts is read without a tree of its elements, if no table stands among them.
        if self._kind in _HTML and _TABLE.search(self.text) is None and "<script" in self.text:
            return ()
        return grid.tables(self.blocks, self.unread)

    @cached_property
    def blocks(self) -> tuple[grid.Block, ...]:
        """Headings, prose and grids, in order."""
        return tuple(self._read_blocks())

    @property
    def prose(self) -> str:
        """The paragraphs, one line each, without tables and code."""
        return "\n".join(line for block in self.blocks if isinstance(block, grid.Prose) for line in block.lines)

    @property
    def captions(self) -> tuple[tuple[str, ...], ...]:
        """The lines before each table, since the table above it: among them the name of its tab."""
        return tuple(_captions(self.blocks))

    @cached_property
    def tree(self) -> markup.Element:
        """The HTML document."""
        return markup.parse(self.text)

    def json(self) -> Any:
        """The body as JSON; numbers are int or Decimal."""
        return self.json_as(object)

    def json_as(self, shape: type[T]) -> T:
        """The body as JSON of that shape (msgspec): a missing or mistyped field is PageChanged."""
        try:
            return cast(T, _decoder(cast(Hashable, shape)).decode(self.text))
        except msgspec.ValidationError as error:
            raise PageChanged(f"{self.url}: {error}; it begins {self.text[:80]!r}") from error
        except msgspec.DecodeError as error:
            raise PageChanged(f"{self.url} is not JSON: {error}; it begins {self.text[:80]!r}") from error

    def scripts(self) -> Iterator[Any]:
        """The content of each <script type="application/json">."""
        return embedded.scripts(self.tree)

    def attributes(self, name: str) -> Iterator[Any]:
        """The JSON in each attribute of that name."""
        return embedded.attributes(self.tree, name)

    @property
    def next_stream(self) -> str:
        """What a Next.js page pushes to the browser, joined."""
        return embedded.next_stream(self.text)

    def _decoded(self) -> str:
        declared = _CHARSET.search(self.media_type) if "=" in self.media_type else None
        charset = declared[1] if declared else "utf-8"
        try:
            return self.body.decode(codecs.lookup(charset).name if declared else charset).removeprefix("\ufeff")
        except LookupError as error:
            raise PageChanged(f"{self.url} declares the unknown charset {charset!r}") from error
        except UnicodeDecodeError as error:
            wrong = self.body[error.start : error.start + 8]
            raise PageChanged(f"{self.url} is not {charset}: byte {error.start} begins {wrong!r}") from error

    @property
    def _kind(self) -> str:
        return self.media_type.partition(";")[0].strip().lower()

    def _read_blocks(self) -> Iterable[grid.Block]:
        if self._kind in _HTML:
            return markup.blocks(self.tree, in_tabs=markup.has_tabs(self.text))
        looks_html = self.text.lstrip()[:14].lower().startswith(("<!doctype html", "<html", "<head"))
        if self._kind in ("text/markdown", "text/x-markdown", "text/plain") and not looks_html:
            return markdown.blocks(self.text)
        kind = "an HTML page" if looks_html else "neither HTML nor Markdown"
        raise PageChanged(f"{self.url} is {kind}, sent as {self.media_type!r}; it begins {self.text[:80]!r}")


def _captions(blocks: tuple[grid.Block, ...]) -> Iterator[tuple[str, ...]]:
    said: tuple[str, ...] = ()
    for block in blocks:
        if isinstance(block, grid.Prose):
            said += block.lines
        elif isinstance(block, grid.Grid):
            yield said
            said = ()


@lru_cache
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Any if shape is object else shape, float_hook=Decimal)


def _refuse_challenge(text: str, body: bytes, url: str) -> None:
    if not text[:256].lstrip().startswith("<"):
        return
    # All the signs are ASCII, and lower case of bytes costs a tenth; a letter has at most four.
    begins = body[: 4 * _SHORT_PAGE].lower()
    # Looking for "<title" in any case costs more than all else that is done to a small page.
    found = _TITLE.search(text[:_SHORT_PAGE]) if b"<title" in begins else None
    title = found[1].strip() if found else ""
    signs = [marker for marker in _CHALLENGES if marker in text]
    if len(text) < _SHORT_PAGE and b"captcha" in begins:
        signs.append("captcha")
    if signs or (title and _CHALLENGE_TITLES.search(title)):
        raise PageChanged(
            f"challenge page instead of {url}: it holds {signs[0] if signs else title!r}; it begins {text[:60]!r}"
        )
