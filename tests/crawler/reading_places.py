"""A second way to a place: what stands there in the kept bytes, by lxml and by lines, not by our reader."""

import re
from decimal import Decimal
from itertools import takewhile

from lxml import html

from history.place import Place

_NUMBER = re.compile(rb"[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|\.[0-9]+")
_DELIMITER = re.compile(r"\|?(?: *:?-+:? *\|)+ *:?-*:? *\|?")


def numbers_at(place: Place, body: bytes, media_type: str) -> list[Decimal]:
    """The number that begins at the byte, or those of the table's row as it is written."""
    if place.byte is not None:
        match = _NUMBER.match(body, place.byte)
        before = body[max(0, place.byte - 1) : place.byte]
        assert match is not None, f"no number begins at {place.text}: {body[place.byte : place.byte + 20]!r}"
        assert not before.isdigit(), f"{place.text} is within a number"
        return [_decimal(match[0])]
    rows = tables_of(body, media_type)[place.table - 1]
    return [_decimal(number) for number in _NUMBER.findall(rows[place.row - 1].encode())]


def tables_of(body: bytes, media_type: str) -> list[list[str]]:
    """The text of each row of each table."""
    return _html_tables(body) if "html" in media_type else _markdown_tables(body.decode())


def _html_tables(body: bytes) -> list[list[str]]:
    tree = html.document_fromstring(body, parser=html.HTMLParser(encoding="utf-8"))
    found = [[row for row in table.iter("tr") if _is_of(row, table)] for table in tree.iter("table")]
    return [[" ".join(map(str, row.itertext())) for row in rows] for rows in found if rows]


def _is_of(row: html.HtmlElement, table: html.HtmlElement) -> bool:
    return next(row.iterancestors("table")) is table


def _markdown_tables(text: str) -> list[list[str]]:
    lines, tables = text.splitlines(), list[list[str]]()
    for at, line in enumerate(lines):
        if _DELIMITER.fullmatch(line.strip()) and "|" in lines[at - 1]:
            tables.append([lines[at - 1], *takewhile(lambda row: "|" in row, lines[at + 1 :])])
    return tables


def says(numbers: list[Decimal], *amounts: Decimal | None) -> bool:
    """Whether one of the amounts is there, be it as some power of ten of it: 2690 for 0.2690."""
    digits = {_digits(amount) for amount in amounts if amount is not None}
    return any(_digits(number) in digits for number in numbers)


def _digits(number: Decimal) -> tuple[int, ...]:
    return number.normalize().as_tuple().digits


def _decimal(written: bytes) -> Decimal:
    return Decimal(written.decode().replace(",", "").rstrip("."))
