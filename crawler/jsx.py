"""JSX literals in MDX pages: `rows={[["kimi-k3", <>{"$"}0.30</>]]}` as lists, mappings and source text."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from crawler.failures import PageChanged


class Markup(NamedTuple):
    """The inner source of a fragment or an element, still to be read as inline text."""

    source: str


Literal = str | Markup | list["Literal"] | dict[str, "Literal"]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`$]*`)
    |<>(?P<fragment>.*?)</>
    |<(?P<tag>\w+)[^<>]*>(?P<element>.*?)</(?P=tag)>
    |(?P<bare>-?[0-9][0-9.]*|[A-Za-z_]\w*)
    |(?P<sign>[\[\]{}:,])
    )""",
    re.VERBOSE | re.DOTALL,
)


def literal(source: str, start: int) -> tuple[Literal, int]:
    """The literal that begins at `start`, and where it ends."""
    tokens = _tokens(source, start)
    value = _value(tokens, next(tokens))
    return value, next(tokens).start()


def _tokens(source: str, at: int) -> Iterator[re.Match[str]]:
    while match := _TOKEN.match(source, at):
        yield match
        at = match.end()
    raise PageChanged(f"a JSX literal cannot be read at {source[at : at + 40]!r}")


def _value(tokens: Iterator[re.Match[str]], token: re.Match[str]) -> Literal:
    if token["string"]:
        return re.sub(r"\\(.)", r"\1", token["string"][1:-1])
    if token["fragment"] is not None or token["element"] is not None:
        return Markup(token["fragment"] if token["fragment"] is not None else token["element"])
    if token["sign"] == "[":
        return list(_items(tokens))
    if token["sign"] == "{":
        return dict(_entries(tokens))
    if token["bare"]:
        return str(token["bare"])
    raise PageChanged(f"a JSX literal holds {token[0].strip()!r} where a value was expected")


def _items(tokens: Iterator[re.Match[str]]) -> Iterator[Literal]:
    for token in tokens:
        if token["sign"] == "]":
            return
        if token["sign"] != ",":
            yield _value(tokens, token)


def _entries(tokens: Iterator[re.Match[str]]) -> Iterator[tuple[str, Literal]]:
    for token in tokens:
        if token["sign"] == "}":
            return
        if token["sign"] == ",":
            continue
        key = token["bare"] or (token["string"] or "")[1:-1]
        if not key or next(tokens)["sign"] != ":":
            raise PageChanged(f"a JSX object holds {token[0].strip()!r} where a name was expected")
        yield key, _value(tokens, next(tokens))
