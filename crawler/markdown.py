"""Markdown and MDX as blocks: pipe tables, HTML tables and JSX tables, with their headings and prose."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

from msgspec.structs import replace

from crawler import jsx, markup
from crawler.failures import PageChanged
from crawler.grid import Block, Cell, Grid, Heading, Prose, marks_of, mention_money

_COMMENT = re.compile(r"<!--.*?-->|\{/\*.*?\*/\}", re.DOTALL)
_CODE = re.compile(r"\s*(?P<fence>```+|~~~+)|(?:export|import)\s")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_DELIMITER = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_PIPE = re.compile(r"(?<!\\)\|")
_BULLET = re.compile(r"\s*[*+-]\s+(?=\S)")
_CLOSERS = ("}", "]", ")")
_TAB = re.compile(r"<(Tab|Accordion)\b[^>]*?\btitle=\"([^\"]*)\"")
_TAB_END = re.compile(r"</(?:Tab|Accordion)>")
_HTML_TABLE = re.compile(r"<table\b.*?</table\s*>", re.DOTALL)
_JSX_TABLE = re.compile(r"<[A-Z]\w*Table\b")
_PROP = re.compile(r"\b(columns|rows)=\{\s*")

_SPECIAL = re.compile(r"[\\<>*~\[`{&]")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SUP = re.compile(r"<sup>(.*?)</sup>| ?\[\^([0-9]{1,2})\]:?", re.DOTALL)
_STRUCK = re.compile(r"~~(.+?)~~|<(del|s|strike)>(.*?)</\2>", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_BREAK = re.compile(r"<br\s*/?>|</?(?:p|div|li)\b[^<>]*>|<hr\b[^<>]*>|\*{3}", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<>|</>")
_JSX_STRING = re.compile(r"\{\s*[\"']([^\"']*)[\"']\s*\}")
_STRONG = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_STRONG_CELL = re.compile(r"\*\*(?=[^\s*])([^<>*]+)\*\*")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![\w*])")
_PRIVATE = 0xE000
_UNPRIVATE = {_PRIVATE + code: chr(code) for code in range(33, 127)}


# The same few hundred texts stand in most cells of a page.
@lru_cache(maxsize=4096)
def cell_of(source: str, *, prose: bool = False) -> Cell:
    """What inline Markdown says. In prose a footnote mark stays in the text, as "(1)"."""
    if not _SPECIAL.search(source):
        return Cell.line(source)
    struck: list[str] = []
    marks: list[str] = []

    def take_mark(match: re.Match[str]) -> str:
        if not (found := marks_of((match[1] or match[2]).translate(_UNPRIVATE))):
            return match[1]
        marks.extend(found)
        return "".join(f"({mark})" for mark in found) if prose else ""

    def take_struck(match: re.Match[str]) -> str:
        struck.append(_plain(match[1] or match[3]))
        return ""

    text = source.replace("\n", " ")
    if "\\" in text:
        # An escaped character is kept from every rule below, then put back: \$0.30, 0\<Token, \*.
        text = _ESCAPE.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    if "<" in text or "~~" in text or "[^" in text:
        text = _STRUCK.sub(take_struck, _SUP.sub(take_mark, text))
    return Cell.of([_plain(text)], struck, () if prose else marks)


def _plain(text: str) -> str:
    """Each rule only where its sign stands: a page has thousands of cells, and most have one sign or two."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "{" in text:
        text = _JSX_STRING.sub(r"\1", text)
    if "<" in text or "***" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "*" in text:
        text = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\1", text))
    text = unescape(text.replace("`", ""))
    return text if text.isascii() else text.translate(_UNPRIVATE)


def blocks(text: str) -> Iterator[Block]:
    """Headings, prose and tables in the order of the document; code is left out."""
    lines = _without_code(_COMMENT.sub("", text).replace("\r\n", "\n").split("\n"))
    within, paragraph = list[str](), list[str]()
    at = 0
    while at < len(lines):
        line = lines[at]
        taken = _table_at(lines, at, tuple(within))
        heading = None if taken else _HEADING.fullmatch(line)
        if taken or heading or not line.strip():
            yield from _prose(paragraph)
            paragraph.clear()
        if taken:
            grid, at = taken
            yield grid
            continue
        if heading:
            yield Heading(cell_of(heading[2], prose=True).text, len(heading[1]))
        else:
            paragraph.append(line)
            _follow_tabs(line, within)
        at += 1
    yield from _prose(paragraph)


def _without_code(lines: list[str]) -> list[str]:
    kept = list[str]()
    until: str | tuple[str, ...] = ""
    for line in lines:
        if until:
            if line.lstrip().startswith(until) if isinstance(until, str) else line.startswith(until):
                until = ""
        elif (code := _CODE.match(line)) is None:
            kept.append(line)
        elif code["fence"]:
            until = code["fence"]
        else:
            until = _CLOSERS if sum(map(line.count, "{[(")) > sum(map(line.count, "}])")) else ""
    return kept


def _follow_tabs(line: str, within: list[str]) -> None:
    if "<" not in line:
        return
    within.extend(match[2] for match in _TAB.finditer(line))
    for _ in _TAB_END.finditer(line):
        if within:
            within.pop()


def _prose(paragraph: list[str]) -> Iterator[Block]:
    for line in paragraph:
        if line.lstrip().startswith("|") and mention_money([cell_of(line)]):
            raise PageChanged(f"a row of prices stands under no table's header: {line.strip()[:80]!r}")
    lines = tuple(text for line in paragraph for text in cell_of(_BULLET.sub("", line, count=1), prose=True).lines)
    if lines and any(line.strip("-") for line in lines):
        yield Prose(lines)


def _table_at(lines: list[str], at: int, within: tuple[str, ...]) -> tuple[Grid, int] | None:
    line = lines[at]
    if "|" in line and at + 1 < len(lines) and "|" in lines[at + 1] and _DELIMITER.fullmatch(lines[at + 1]):
        return _pipe_table(lines, at, within)
    if "<table" in line:
        return _html_table(lines, at, within)
    if "<" in line and _JSX_TABLE.match(line.strip()):
        return _jsx_table(lines, at, within)
    return None


def _pipe_table(lines: list[str], at: int, within: tuple[str, ...]) -> tuple[Grid, int] | None:
    head = _split(lines[at])
    if len(_split(lines[at + 1])) != len(head):
        return None
    end = at + 2
    while end < len(lines) and "|" in lines[end]:
        end += 1
    rows = [head, *map(_split, lines[at + 2 : end])]
    return Grid(tuple(tuple(map(cell_of, row)) for row in rows), 1, within), end


def _split(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return _PIPE.split(line)


def _html_table(lines: list[str], at: int, within: tuple[str, ...]) -> tuple[Grid, int]:
    match = _HTML_TABLE.search("\n".join(lines[at:]))
    if match is None:
        raise PageChanged(f"a table is cut off: {lines[at].strip()[:80]!r}")
    # MDX writes rowSpan={2}, <>{"$"}0.30</> and \$0.30 where HTML has rowspan="2" and $0.30.
    source = re.sub(r"(\w+)=\{([0-9]+)\}", r'\1="\2"', re.sub("</?>", "", match[0]))
    source = _ESCAPE.sub(lambda escaped: f"&#{ord(escaped[1])};", source)
    # Xiaomi writes Markdown into its cells: <th>**Output**</th>, <td>`mimo-v2.6-pro`</td> (2026-10).
    source = _STRONG_CELL.sub(r"\1", source).replace("`", "")
    tree = markup.parse(_JSX_STRING.sub(r"\1", source))
    grid = next(block for block in markup.blocks(tree) if isinstance(block, Grid))
    return replace(grid, within=within), at + "\n".join(lines[at:])[: match.end()].count("\n") + 1


def _jsx_table(lines: list[str], at: int, within: tuple[str, ...]) -> tuple[Grid, int]:
    source, end, parts = "\n".join(lines[at:]), 0, dict[str, jsx.Literal]()
    while match := _PROP.search(source, end):
        if "/>" in source[end : match.start()]:
            break
        parts[match[1]], end = jsx.literal(source, match.end())
    columns, rows = parts.get("columns"), parts.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        raise PageChanged(f"a JSX table without columns and rows: {lines[at].strip()[:80]!r}")
    if not all(isinstance(row, list) for row in rows) or (close := source.find("/>", end)) < 0:
        raise PageChanged(f"a JSX table is cut off: {lines[at].strip()[:80]!r}")
    cells = tuple(tuple(map(_jsx_cell, row)) for row in [columns, *rows] if isinstance(row, list))
    return Grid(cells, 1, within), at + source[:close].count("\n") + 1


def _jsx_cell(value: jsx.Literal) -> Cell:
    if isinstance(value, jsx.Markup):
        return cell_of(value.source)
    if isinstance(value, dict) and "title" in value:
        return _jsx_cell(value["title"])
    if isinstance(value, str):
        return Cell.of([value])
    raise PageChanged(f"a JSX table holds {value!r} where a cell was expected")
