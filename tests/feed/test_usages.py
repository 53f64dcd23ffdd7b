"""Usage records as they are handed in: lines, lists, tables, packed or not."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.tally import records_of
from feed.usages import Malformed, NotUsages, Told, TooLarge, from_csv, from_json, from_ndjson, unpacked

LINE = b'{"provider": "acme", "model": "a", "at": "2026-05-22T16:00:00Z", "input": 3}'


def test_lines_keep_their_numbers_whatever_stands_between() -> None:
    found = list(from_ndjson([LINE, b"", b"\xff\xfe", b" \r\n", LINE + b"\r\n", b"[" * 100_000]))
    assert [(one.line, type(one)) for one in found] == [(1, Told), (3, Malformed), (5, Told), (6, Malformed)]


@given(st.binary(max_size=60))
def test_no_line_is_too_strange_to_be_answered(line: bytes) -> None:
    assert all(isinstance(one, Told | Malformed) for one in from_ndjson(line.split(b"\n")))


@given(st.text(max_size=60))
def test_no_table_is_too_strange_to_be_answered(text: str) -> None:
    lines = ["provider,model,at,input\n", *text.splitlines(keepends=True)]
    assert all(isinstance(one, Malformed) for one in from_csv(lines))


def test_a_table_is_read_by_its_header() -> None:
    text = (
        "\ufeffmodel,provider, at ,input\na,acme,2026-05-22T16:00:00Z,3\n\n"
        '"b",acme,"2026-05-22T16:00:00Z", 4 ,9\n,,,\nc\n'
    )
    first, long, short = from_csv(text.splitlines(keepends=True))
    assert isinstance(first, Told)
    assert (first.line, first.usage.model, first.usage.counts) == (2, "a", {"input_tokens": 3})
    assert long == Malformed(4, "5 cells under 4 names")
    assert isinstance(short, Malformed)
    assert (short.line, "provider is required" in short.error) == (6, True)


@pytest.mark.parametrize("header", ["", "a,b", "model,model", '"model'])
def test_a_table_without_a_header_is_none(header: str) -> None:
    with pytest.raises(NotUsages, match="header"):
        list(from_csv([header]))


def test_a_list_is_numbered_from_1() -> None:
    found = list(from_json(b'{"usages": [' + LINE + b", 5]}"))
    assert [(one.line, type(one)) for one in found] == [(1, Told), (2, Malformed)]


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=3))
def test_what_was_packed_is_unpacked(parts: list[bytes]) -> None:
    assert unpacked(b"".join(map(gzip.compress, parts)), 10_000) == b"".join(parts)


def test_a_small_body_may_not_unpack_to_a_huge_one() -> None:
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(b"0" * 5_000_000), 1_000_000)


@pytest.mark.parametrize("cut", [1, 9, 15])
def test_a_packed_file_that_ends_in_its_middle_is_told(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "usages.ndjson.gz"
    file.write_bytes(gzip.compress(LINE * 50)[:-cut])
    with pytest.raises(NotUsages, match="cannot be read to its end"):
        list(records_of(file))
    with pytest.raises(NotUsages, match="ends in its middle"):
        unpacked(file.read_bytes(), 10_000)


def test_a_file_of_other_bytes_is_told(tmp_path: Path) -> None:
    for name in ("usages.gz", "usages.csv"):
        (tmp_path / name).write_bytes(b"\xff\x00 not text")
        with pytest.raises(NotUsages, match="cannot be read"):
            list(records_of(tmp_path / name))
