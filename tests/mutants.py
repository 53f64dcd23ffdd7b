"""Pages that changed: every table, list of records, and unit of a saved page altered in one way at a time.

What can be said beforehand about a mutant, whatever its spider:

- renamed: a header, the label of a row, a key. The same prices; or fewer, and what is gone is named; or PageChanged.
  A renamed model is still the same model with the same prices.
- dropped: a column, its header alone, its cells alone; a key. No price that was not there before.
- moved: two columns change places, with their headers. The same prices, all of them.
- crossed: the headers of two columns change places, or their cells do. A page cannot be known to be wrong then, but
  it says the same in both ways, so the same must be read in both; and never a price of another model.
- added: a row. All prices as before. A row that cannot be understood, in a table that is read, has to be named; a
  copy of a row under another name may give the prices of that row once more, under the other name.
- rescaled: another unit or currency. Each price is the old one, or a thousand times it where that is what it now says.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from html import escape, unescape
from itertools import pairwise
from typing import Any, NamedTuple

from lxml import html

from crawler.page import Page
from tests import mutated_records

RENAMED, ADDED, JUNK = "zz-renamed", "zz-added", "???"
Write = Callable[[str], str]


class Mutant(NamedTuple):
    """`kind` is one of the above; `where` tells a person what was done; `twin` says the same in another way."""

    kind: str
    where: str
    text: str
    twin: str = ""


class Layer(NamedTuple):
    """A text inside the page, and the page with another text in its place."""

    kind: str
    text: str
    within: Write


@dataclass(eq=False)
class Box:
    """A cell: a merged one stands in each of its places. `text` replaces what `element` says."""

    text: str | None = None
    element: html.HtmlElement | None = None

    @property
    def says(self) -> str:
        if self.text is None and self.element is not None:
            return str(self.element.text_content()).strip()
        return self.text or ""


Row = list[Box]


class Matrix(NamedTuple):
    """A table: its rows, how many of them are its header, and the text with these rows instead.

    `anchors` name for each row the old one in whose place it stands; where two stand there, the first is new.
    """

    name: str
    rows: list[Row]
    head: int
    write: Callable[[Sequence[Row], Sequence[int]], str]


def layers(page: Page) -> Iterator[Layer]:
    kinds = {"application/json": "json", "text/html": "html", "text/markdown": "markdown", "text/plain": "markdown"}
    yield from _with_inner(Layer(kinds[page.media_type.partition(";")[0]], page.body.decode(), lambda text: text))


def mutants(layer: Layer) -> Iterator[Mutant]:
    if layer.kind == "json":
        for kind, where, value, twin in mutated_records.of(json.loads(layer.text)):
            texts = (
                json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in (value, twin) if one is not None
            )
            yield Mutant(kind, where, *map(layer.within, texts))
    else:
        tables = html_tables(layer.text) if layer.kind == "html" else markdown_tables(layer.text)
        made = (mutant for table in tables for mutant in _of_table(table))
        for kind, where, text, twin in made:
            yield Mutant(kind, where, layer.within(text), twin and layer.within(twin))


def _with_inner(layer: Layer) -> Iterator[Layer]:
    yield layer
    if layer.kind == "json":
        for text in _documents(json.loads(layer.text)):
            quoted = next(way for way in _quoted(text) if way in layer.text)
            kind = "html" if "<table" in text else "markdown"
            yield Layer(kind, text, _replacing(layer, quoted, lambda new: json.dumps(new, ensure_ascii=False)))
    if layer.kind == "html":
        for found in re.finditer(r'(?<= props=)"([^"]+)"', layer.text):
            yield Layer("json", unescape(found[1]), _replacing(layer, found[0], lambda new: f'"{escape(new)}"'))
        yield from _streamed(layer)


def _replacing(layer: Layer, old: str, write: Write) -> Write:
    return lambda new: layer.within(layer.text.replace(old, write(new), 1))


def _documents(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(inner, str) and ("<table" in inner or "\n|" in inner):
            yield inner
        yield from _documents(inner)


def _quoted(text: str) -> tuple[str, str]:
    return json.dumps(text, ensure_ascii=False), json.dumps(text)


_PUSH = re.compile(r'self\.__next_f\.push\(\[1,\s*("[^"\\]*(?:\\.[^"\\]*)*")\s*\]\)', re.DOTALL)


def _streamed(layer: Layer) -> Iterator[Layer]:
    """The JSON of each line that a Next.js page pushes: all is pushed at once where the first push was."""
    pushed = [json.loads(match[1]) for match in _PUSH.finditer(layer.text)]
    lines = "".join(pushed).split("\n")

    def write(number: int, new: str) -> str:
        stream = "\n".join([*lines[:number], f"{lines[number].partition(':')[0]}:{new}", *lines[number + 1 :]])
        left = iter([f"self.__next_f.push([1,{json.dumps(stream)}])"])
        return layer.within(_PUSH.sub(lambda _: next(left, ""), layer.text))

    for number, line in enumerate(lines):
        content = line.partition(":")[2]
        if content.startswith(("[", "{")):
            yield Layer("json", content, partial(write, number))


# Tables.
def markdown_tables(text: str) -> Iterator[Matrix]:
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        if end - start > 2:
            yield _markdown_table(lines, start, end)
        start = max(end, start + 1)


def _markdown_table(lines: list[str], start: int, end: int) -> Matrix:
    def write(rows: Sequence[Row], anchors: Sequence[int]) -> str:
        written = ["| " + " | ".join(box.says for box in row) + " |" for row in rows]
        # As many columns as the header has, or the table would be none.
        rule = "|" + " --- |" * len(rows[0])
        return "\n".join([*lines[:start], written[0], rule, *written[1:], *lines[end:]])

    split = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in (lines[start], *lines[start + 2 : end])]
    rows = [[Box(cell.strip()) for cell in row] for row in split]
    return Matrix(f"table {lines[start][:30]!r}", rows, 1, write)


def html_tables(text: str) -> Iterator[Matrix]:
    """The tables, and what is laid out as one: elements that stand in rows of three or more."""
    count = len(_grids(html.document_fromstring(text.encode(), parser=_parser())))
    for number in range(count):
        yield _html_table(text, number)


def _parser() -> html.HTMLParser:
    return html.HTMLParser(encoding="utf-8")


def _grids(tree: html.HtmlElement) -> list[list[html.HtmlElement]]:
    """The rows of each table without tables in it, and of each grid."""
    tables = [table for table in tree.iter("table") if not list(table.iterdescendants("table"))]
    found = [list(table.iter("tr")) for table in tables if not table.xpath("./td|./tbody/td")]
    for element in tree.iter("div", "section"):
        rows = [
            child for child in element if child.tag == "div" and len(child) > 2 and not child.xpath(".//table|.//h3")
        ]
        if len(rows) > 1 and max(map(len, rows)) < 12:
            found.append(rows)
    # Element-UI writes the header of a table as a table of its own.
    joined = [one + other for one, other in pairwise(found) if len(one) == 1 and len(other) > 1]
    return [rows for rows in found if len(rows) > 1 and rows not in [rest[1:] for rest in joined]] + joined


def _html_table(text: str, number: int) -> Matrix:
    tree = html.document_fromstring(text.encode(), parser=_parser())
    lines = _grids(tree)[number]
    rows = _spread(lines)

    def write(new: Sequence[Row], anchors: Sequence[int]) -> str:
        copy = deepcopy(tree)
        old = _grids(copy)[number]
        for at in sorted({*range(len(old))} - {*anchors}):
            old[at].getparent().remove(old[at])
        for at, (anchor, later) in enumerate(zip(anchors, [*anchors[1:], -1], strict=True)):
            line = old[anchor]
            if anchor == later:
                line = deepcopy(line)
                old[anchor].addprevious(line)
            for child in list(line):
                line.remove(child)
            line.extend(_elements(new, at))
        return str(html.tostring(copy, encoding="unicode", doctype="<!DOCTYPE html>"))

    # As crawler.markup counts: <thead>, else rows without <td>, else one.
    head = sum(1 for line in lines if line.getparent().tag == "thead")
    head = head or sum(1 for line in lines if line.tag == "tr" and not line.xpath("./td")) or 1
    return Matrix(f"table {number} {rows[0][0].says[:20]!r}", rows, head, write)


def _spread(lines: Sequence[html.HtmlElement]) -> list[Row]:
    rows, hanging = list[Row](), dict[int, tuple[Box, int]]()
    for line in lines:
        row, below = Row(), dict[int, tuple[Box, int]]()

        def put(box: Box, left: int, row: Row = row, below: dict[int, tuple[Box, int]] = below) -> None:
            if left > 1:
                below[len(row)] = box, left - 1
            row.append(box)

        for element in line:
            if _keeps_a_place(element):
                continue
            while above := hanging.pop(len(row), None):
                put(*above)
            box = Box(element=element)
            for _ in range(int(element.get("colspan") or 1)):
                put(box, int(element.get("rowspan") or 1))
        while above := hanging.pop(len(row), None):
            put(*above)
        hanging = below
        rows.append(row)
    return rows


def _keeps_a_place(element: html.HtmlElement) -> bool:
    names = (element.get("class") or "").split()
    hidden = not {"hidden", "table-hide"}.isdisjoint(names) and not any("table-cell" in name for name in names)
    return hidden or element.get("rowspan") == "0" or "display:none" in (element.get("style") or "").replace(" ", "")


def _elements(rows: Sequence[Row], at: int) -> Iterator[html.HtmlElement]:
    """The cells that begin in this row, each merged as far as it still stands together."""
    row, start = rows[at], 0
    while start < len(row):
        box, end = row[start], start + 1
        while end < len(row) and row[end] is box:
            end += 1
        if at == 0 or start >= len(rows[at - 1]) or rows[at - 1][start] is not box:
            down = at + 1
            while down < len(rows) and start < len(rows[down]) and rows[down][start] is box:
                down += 1
            yield _element(box, end - start, down - at)
        start = end


def _element(box: Box, across: int, down: int) -> html.HtmlElement:
    made = html.Element("td") if box.element is None else deepcopy(box.element)
    made.tail = None
    if box.text is not None:
        for child in list(made):
            made.remove(child)
        made.text = box.text
    for name, span in (("colspan", across), ("rowspan", down)):
        made.attrib.pop(name, None)
        if span > 1:
            made.set(name, str(span))
    return made


def _of_table(table: Matrix) -> Iterator[Mutant]:
    rows, head = table.rows, table.head
    same = range(len(rows))
    yield Mutant("moved", f"{table.name}: as it is", table.write(rows, same))
    for box in dict.fromkeys(box for row in (*rows[:head], *([row[0]] for row in rows[head:] if row)) for box in row):
        if box.says:
            # One box for all its places, or it would no longer be merged.
            is_label = all(box not in row for row in rows[:head])
            one = Box(_named(box.says, RENAMED) if is_label else RENAMED, box.element)
            renamed = [[one if other is box else other for other in row] for row in rows]
            yield Mutant("renamed", f"{table.name}: {box.says[:40]!r}", table.write(renamed, same))
    width = max(map(len, rows))
    for at in range(width):
        for part, held in (("", range(len(rows))), ("header of ", range(head)), ("cells of ", range(head, len(rows)))):
            dropped = [row[:at] + row[at + 1 :] if number in held else row for number, row in enumerate(rows)]
            yield Mutant("dropped", f"{table.name}: {part}column {at}", table.write(dropped, same))
    for left, right in sorted({*list(pairwise(range(width)))[::2], (width // 3, width - 1)}):
        if left < right:
            whole, heads, cells = (_swapped(rows, left, right, held) for held in (same, same[:head], same[head:]))
            yield Mutant("moved", f"{table.name}: columns {left} and {right}", table.write(whole, same))
            where = f"{table.name}: headers of columns {left} and {right}"
            yield Mutant("crossed", where, table.write(heads, same), table.write(cells, same))
    for at in dict.fromkeys((head, (head + len(rows) + 1) // 2)):
        if at > 0:
            yield from _with_a_row(table, at)


def _swapped(rows: Sequence[Row], one: int, other: int, held: Sequence[int]) -> list[Row]:
    new = [list(row) for row in rows]
    for row in (new[number] for number in held):
        if one < len(row) <= other:
            row.extend(Box("", row[-1].element) for _ in range(other + 1 - len(row)))
        if other < len(row):
            row[one], row[other] = row[other], row[one]
    return new


def _with_a_row(table: Matrix, at: int) -> Iterator[Mutant]:
    """A row before the row `at`; cells that are merged over the place are merged over the new row, too."""
    rows, model = table.rows, table.rows[min(max(at, table.head), len(table.rows) - 1)]
    above, below = rows[at - 1], rows[at] if at < len(rows) else []
    over = {number for number, (one, other) in enumerate(zip(above, below, strict=False)) if one is other}
    without = table.write(rows[: table.head], range(table.head))
    written: dict[str, Row] = {
        "junk": _copied(model, lambda number, says: JUNK),
        "copy": _copied(model, lambda number, says: says if number else _named(says, ADDED)),
        "sale": [Box("Save 50% today!", model[0].element)] * len(model),
        "total": _copied(model, lambda number, says: "" if number else "Total"),
        "wide": [*_copied(model), Box("9.99", model[0].element)],
        "short": _copied(model[:-1]),
        "twice": _copied(model),
    }
    for name, row in written.items():
        new = [above[number] if number in over and name != "sale" else box for number, box in enumerate(row)]
        anchors = [*range(at), min(at, len(rows) - 1), *range(at, len(rows))]
        text = table.write([*rows[:at], new, *rows[at:]], anchors)
        # Under a merged label the label says what the row is.
        kind = "junk" if name in ("junk", "wide") and 0 not in over else "added"
        yield Mutant(kind, f"{table.name}: {name} before row {at}", text, without)


def _copied(row: Row, text: Callable[[int, str], str] | None = None) -> Row:
    """The row once more, merged where it was; `text` gives what each box says by its place and its old text."""
    new = dict[Box, Box]()
    for number, box in enumerate(row):
        said = text(number, box.says) if text else None
        if box not in new:
            new[box] = Box(box.text if said in (None, box.says) else said, box.element)
    return [new[box] for box in row]


def _named(label: str, suffix: str) -> str:
    """Another name of the same family, as new models have: what a name says by itself it still says."""
    name = re.match(r"[\w.:/\\-]+", label, re.ASCII)
    return f"{name[0]}-{suffix}{label[name.end() :]}" if name else suffix


# What a unit may become, and how many times as much the price of one is then. The rest is another currency.
_UNITS = (
    (r"(?<![0-9.,])1 ?M(?![a-z])", "1K", 1000), ("illion", "housand", 1000), ("MTok", "KTok", 1000),
    (r"(?<=/)( ?)M(?=t? |t?<|t?$)", r"\1K", 1000), ("百万", "千", 1000),
    ("(?<!百万)(?<=[每/])千", "百万", Fraction(1, 1000)),
    (r"(?<![0-9.,])1K(?![a-z])", "1M", Fraction(1, 1000)),
    (r"\$(?=[0-9])", "€", 1), ("[¥￥](?=[0-9])", "$", 1), ("(?<=[0-9])( ?)元", r"\1美元", 1), ("USD", "EUR", 1),
    ("CNY", "USD", 1),
)  # fmt: skip
MOST_OF_ONE_UNIT = 12


class Rescaled(NamedTuple):
    """A page in which a unit reads otherwise; `garbled`: the same place made unreadable."""

    where: str
    text: str
    garbled: str
    factor: Fraction | int


def rescaled(page: Page) -> Iterator[Rescaled]:
    """Each unit at each of its places, at most so many, and at all of them at once."""
    text = page.body.decode()
    for unit, other, factor in _UNITS:
        found = list(re.finditer(unit, text))
        for match in found[:: max(1, len(found) // MOST_OF_ONE_UNIT)]:
            before, after = text[: match.start()], text[match.end() :]
            where = f"{before[-24:]}[{match[0]} -> {match.expand(other)}]{after[:16]}".replace("\n", " ")
            yield Rescaled(where, before + match.expand(other) + after, f"{before}{JUNK}{after}", factor)
        if found:
            yield Rescaled(f"every {unit}", re.sub(unit, other, text), re.sub(unit, JUNK, text), factor)
