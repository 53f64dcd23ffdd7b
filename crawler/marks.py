"""Marks: a page's numbers, each made larger by a share of its own, so that a price tells which of them it was."""

import re
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

# The n-th number is made larger by so many of these shares of it (_shares): 8n+1 tells it from the sum of several,
# the check behind that from their mean.
_SHARE, _EACH, _CHECK, _PRIME = Decimal("1e-18"), 8, 1024, 1021
# So many digits behind the point has a marked number. history.validation refuses numbers of more than 30 digits, so
# that none which is longer was ever a price.
_FRACTION, _LONGEST = 38, 33
# What stands in a name (gpt-4.1, 1M, v2) or a percentage is no number; neither are a cell's spans, in quotes that may
# be escaped, what Astro writes before each value ([0, …] and [1, …]: crawler.embedded), the length of a prompt
# ("[0, 0.2]", "(0.2,+∞)" at Volcengine) and a discount (8折). Others may be found to be none; these are known.
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z_.\-#])(?<!span=[\"'])(?<!span=\\[\"'])(?<!\[0, )(?!(?<=\[)[01],)"
    rb"((?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]{1,2})?(?![0-9A-Za-z_%]|\.[0-9]|,\+)"
    + rb"(?!%b)"
    % "折".encode()
)
_EXACTLY = Decimal("0.01")
_RUN, _WITHIN, _FEW = re.compile(rb"[0-9.,]+"), b"0123456789.,", 64
_MARKED = re.compile(r"[0-9]+\.[0-9]{38}(?![0-9])")
_MONEY = tuple(sign.encode() for sign in ("$", "¥", "￥", "€", "£"))
_YUAN = "元".encode()
_IN_WORDS = re.compile(rb"[0-9A-Za-z] $")


class Number(NamedTuple):
    """A number as it stands in the bytes of a page. `doubt`: 0 where a sign of money or a point makes it an amount, 1
    where it stands behind a word ("Gemini 2.5"), 2 where it may count anything."""

    at: int
    end: int
    value: Decimal
    doubt: int


class Marked(Decimal):
    """A marked number: the same to every comparison as the one without its mark, for pages that state a price twice.

    To eight digits, which is the room that a hundred thousand marks leave. A longer price that a page states twice may
    differ from itself: then the page cannot be read with its marks, and has no places."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(_unmarked(self))

    def __eq__(self, other: object) -> bool:
        return _unmarked(self) == (_unmarked(other) if isinstance(other, Decimal) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def _unmarked(value: Decimal) -> Decimal:
    return Decimal(f"{value:.7e}") if value.is_finite() else Decimal(value)


def exact(text: str) -> Decimal:
    """The number that a text writes, whether it is marked or not."""
    return Decimal(text) if len(text) < _LONGEST else Marked(text)


@lru_cache(maxsize=16_384)
def digits(value: Decimal) -> str:
    """What 0.2690, 2690 and 2.69e-7 have in common."""
    return "".join(map(str, value.normalize().as_tuple().digits))


def numbers_in(body: bytes, wanted: Collection[str]) -> list[Number]:
    """The numbers of a page with these digits, in order."""
    found = list[Number]()
    for match in _numbers(body, wanted):
        value, its_digits = _value(match[0])
        # A mark needs digits of its own behind those of the number.
        if its_digits in wanted and value.adjusted() - len(match[0]) > -_FRACTION:
            begins, ends = match.span()
            doubt = _doubt(body[max(0, begins - 4) : begins], match[0], body[ends : ends + 4])
            found.append(Number(begins, ends, value, doubt))
    return found


# The same few hundred numbers stand on a page again and again.
@lru_cache(maxsize=16_384)
def _value(number: bytes) -> tuple[Decimal, str]:
    value = Decimal(number.decode().replace(",", ""))
    return value, digits(value)


def _numbers(body: bytes, wanted: Collection[str]) -> Iterator[re.Match[bytes]]:
    for at, end in _runs(body, wanted):
        while at < end:
            match = _NUMBER.match(body, at)
            if match is not None:
                yield match
            at = match.end() if match else at + 1


def _runs(body: bytes, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where digits stand with their points and commas: of few digits those that hold them, of many any. Both patterns
    begin with what stands in a number, by which a page is looked through in a tenth of the time."""
    if len(wanted) > _FEW:
        yield from (match.span() for match in _RUN.finditer(body))
        return
    # Whatever stands in a word or between other digits is passed over at once.
    either = "|".join(rf"{one[0]}(?<![1-9A-Za-z_]{one[0]})" + "".join(f"[.,]?{digit}" for digit in one[1:])
                      + "(?![0-9.]*[1-9A-DF-Za-df-z_%])" for one in sorted(wanted))  # fmt: skip
    last = 0
    for match in re.finditer(either.encode(), body) if wanted else ():
        begins = match.start()
        while begins > last and body[begins - 1] in _WITHIN:
            begins -= 1
        if begins >= last:
            whole = _RUN.match(body, begins)
            last = whole.end() if whole else match.end()
            yield begins, last


def _doubt(before: bytes, number: bytes, after: bytes) -> int:
    # In JSON a whole number in quotes is rarely a count.
    if before.rstrip().endswith(_MONEY) or after.lstrip().startswith(_YUAN) or before.endswith((b'":"', b'": "')):
        return 0
    return 2 if b"." not in number else 1 if _IN_WORDS.search(before) else 0


def marked(body: bytes, numbers: Iterable[tuple[int, Number]]) -> bytes:
    """The page with these numbers marked, each by its ordinal; they come in the page's order."""
    return b"".join(_pieces(body, numbers))


def _pieces(body: bytes, numbers: Iterable[tuple[int, Number]]) -> Iterator[bytes]:
    at = 0
    for ordinal, number in numbers:
        yield body[at : number.at]
        yield written(number.value, ordinal).encode()
        at = number.end
    yield body[at:]


def written(value: Decimal, ordinal: int) -> str:
    """A number with its mark."""
    larger = value * (1 + _shares(ordinal) * _SHARE) if value else _shares(ordinal) * _SHARE
    whole, _, fraction = f"{larger:f}".partition(".")
    return f"{whole}.{fraction[:_FRACTION]:0<{_FRACTION}}"


def mark_of(price: Decimal, true: Decimal) -> int | None:
    """Which number made `price` of what is `true` without marks; None: no single one."""
    shares = (price / true - 1) / _SHARE if true else price / _SHARE
    whole = shares.to_integral_value()
    ordinal = int(whole) // _CHECK // _EACH
    return ordinal if abs(shares - whole) < _EXACTLY and whole > 0 and whole == _shares(ordinal) else None


def _shares(ordinal: int) -> int:
    return (_EACH * ordinal + 1) * _CHECK + (ordinal * ordinal * 7 + ordinal) % _PRIME


def marked_texts(text: str) -> list[str]:
    """The marked numbers in a text, as they are written."""
    return _MARKED.findall(text) if len(text) >= _LONGEST else []
