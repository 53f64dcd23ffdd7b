"""Usage records as readers hand them in: NDJSON, JSON and CSV, line by line; a bad line spoils nothing but itself."""

import csv
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from history.usage import BadUsage, Usage, usage_of

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_GZIP = 16 + zlib.MAX_WBITS
_AT_ONCE = 2**20


class Malformed(NamedTuple):
    """A line that is not a usage record, and why."""

    line: int
    error: str


class Told(NamedTuple):
    """A line that is one."""

    line: int
    usage: Usage


class NotUsages(ValueError):
    """Not a file of usage records at all."""


class TooLarge(ValueError):
    """More than is taken at once."""


def from_ndjson(lines: Iterable[bytes | str], default_at: datetime | None = None) -> Iterator[Told | Malformed]:
    """One JSON object a line; empty lines are counted and skipped."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            yield Malformed(number, f"this line is not JSON: {wrong}")
        else:
            yield _told(number, record, default_at)


def from_json(body: bytes, default_at: datetime | None = None) -> Iterator[Told | Malformed]:
    """{"usages": […]}, numbered from 1; NotUsages where it is anything else."""
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise NotUsages(f"the body is not JSON: {wrong}; for a record a line say application/x-ndjson") from None
    if not isinstance(found, dict) or set(found) != {"usages"} or not isinstance(found["usages"], list):
        raise NotUsages('the body is not {"usages": […]} with a list of usage records, and nothing else')
    return (_told(number, record, default_at) for number, record in enumerate(found["usages"], start=1))


def from_csv(lines: Iterable[str], default_at: datetime | None = None) -> Iterator[Told | Malformed]:
    """A header that names fields and units, then a record a row; an empty cell says nothing."""
    rows = csv.reader(lines, strict=True)
    try:
        header = [name.strip().removeprefix("\ufeff") for name in next(rows, [])]
    except csv.Error as wrong:
        raise NotUsages(f"the header is not CSV: {wrong}") from None
    if "model" not in header or len(set(header)) < len(header):
        raise NotUsages(
            f"a CSV of usage records has a header with provider, model, at and units; this one has {header}"
        )
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as wrong:
            yield Malformed(rows.line_num, f"this line is not CSV: {wrong}")
            continue
        if not any(row):
            continue
        if len(row) > len(header):
            yield Malformed(rows.line_num, f"{len(row)} cells under {len(header)} names")
        else:
            yield _told(rows.line_num, dict(zip(header, (cell.strip() for cell in row), strict=False)), default_at)


def unpacked(body: bytes, largest: int) -> bytes:
    """A gzip body, as long as what is in it stays below `largest` bytes; several members follow each other."""
    parts, size = list[bytes](), 0
    while body:
        packed = zlib.decompressobj(_GZIP)
        try:
            while not packed.eof and (part := packed.decompress(body, _AT_ONCE)):
                parts.append(part)
                body, size = packed.unconsumed_tail, size + len(part)
                if size > largest:
                    raise TooLarge(f"unpacked it is more than {largest} bytes")
        except zlib.error as wrong:
            raise NotUsages(f"the body is not gzip: {wrong}") from None
        if not packed.eof:
            raise NotUsages("the gzip body ends in its middle")
        body = packed.unused_data
    return b"".join(parts)


def _told(number: int, record: Any, default_at: datetime | None) -> Told | Malformed:
    try:
        return Told(number, usage_of(record, default_at))
    except BadUsage as wrong:
        return Malformed(number, str(wrong))
