"""Amounts as people write them, "$3.00 / 1M tokens", "0.8 元/千tokens": one strict grammar, no guess."""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from crawler.failures import PageChanged
from crawler.marks import exact
from history.units import Quantity

_SIGNS = {
    "$": ("USD",), "US$": ("USD",), "€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "￥": ("CNY", "JPY"),
    "元": ("CNY",), "RMB": ("CNY",), "人民币": ("CNY",), "美元": ("USD",), "円": ("JPY",),
    **{code: (code,) for code in ("USD", "EUR", "GBP", "CNY", "JPY")},
}  # fmt: skip
_COUNTS = {
    "1": 1, "1K": 1_000, "1k": 1_000, "K": 1_000, "k": 1_000, "千": 1_000, "1千": 1_000, "1,000": 1_000, "1000": 1_000,
    "thousand": 1_000, "万": 10_000, "1万": 10_000, "10K": 10_000, "10k": 10_000, "10,000": 10_000,
    "1M": 1_000_000, "M": 1_000_000, "million": 1_000_000, "1 million": 1_000_000, "1,000,000": 1_000_000,
    "1000000": 1_000_000, "百万": 1_000_000,
}  # fmt: skip
# What is counted, and how many of our quantity one such word is.
_WORDS: dict[str, tuple[Quantity, int]] = {
    **dict.fromkeys(("token", "tokens"), ("tokens", 1)),
    **dict.fromkeys(("request", "requests", "call", "calls", "次"), ("requests", 1)),
    **dict.fromkeys(("search", "searches", "query", "queries"), ("requests", 1)),
    **dict.fromkeys(("image", "images", "张"), ("images", 1)),
    **dict.fromkeys(("character", "characters", "char", "chars", "字符"), ("characters", 1)),
    **dict.fromkeys(("page", "pages", "页"), ("pages", 1)),
    **dict.fromkeys(("second", "seconds", "秒"), ("seconds", 1)),
    **dict.fromkeys(("minute", "minutes", "min", "分钟"), ("seconds", 60)),
    **dict.fromkeys(("hour", "hours", "session-hour", "小时"), ("hours", 1)),
}
_TERMS = {
    **dict.fromkeys(("free", "free of charge", "免费"), "free"),
    **dict.fromkeys(("limited-time free", "限时免费"), "free for a limited time"),
    **dict.fromkeys(("contact us", "contact sales", "联系我们"), "contact us"),
    **dict.fromkeys(("", "-", "–", "—", "——", "n/a", "na", "not available", "not offered"), "not offered"),
    **dict.fromkeys(("不支持", "暂不支持"), "not offered"),
}  # fmt: skip


def _either(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


# What may be missing is the other branch, "(?:…|)": a branch is passed over at once, a repeat, "(?:…)?", is not.
_NUMBER = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|0|[1-9][0-9]*)(?:\.[0-9]+|)|\.[0-9]+"
_BEFORE = _either(set(_SIGNS) - {"元", "円"})
_AFTER = _either(set(_SIGNS) - {"$", "US$", "€", "£", "¥", "￥"})
# Anthropic's footnote digit stands right behind the unit: "$0.25 / MTok1" (autumn 2026).
_BASIS = rf"M[Tt]ok[1-9¹²³⁴-⁹]?|Mt|(?:(?P<count>{_either(_COUNTS)}) ?|)(?P<word>(?i:{_either(_WORDS)}))"
_PER = rf"(?: ?/ ?|(?:^| )per | ?每)(?P<basis>{_BASIS})"
# Most cells of a table whose header says the rest: a number alone, or behind the one sign of the declared currency.
_ALONE = re.compile(_NUMBER)
_SIGN = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}
_AMOUNT = re.compile(rf"(?:(?P<before>{_BEFORE}) ?|)(?P<number>{_NUMBER})(?: ?(?P<after>{_AFTER})|)(?:{_PER}|)")
_HEADER = re.compile(rf"(?:(?P<sign>{_AFTER}|{_BEFORE})|)(?:{_PER})")
_SALE = re.compile(r"([^\s(]+)(?: ?\((?:limited-time )?[0-9]{1,2}% (?i:off)\*?\))?")
# A union written where it is asked for would be made for every price.
_NUMBERS = (Decimal, int)
_EXACT = re.compile(r"(?:0|[1-9][0-9]{0,20})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")


class Basis(Struct, frozen=True, gc=False):
    """What a price is for: `per` of a quantity ("/ 1M tokens" → 1000000, "tokens")."""

    per: int
    unit: Quantity
    currency: str | None = None


class Amount(Struct, frozen=True, gc=False):
    """One amount of money, and what it is for where the text says so."""

    amount: Decimal
    currency: str
    per: int | None = None
    unit: Quantity | None = None


@lru_cache(maxsize=4096)
def parse(text: str, currency: str | None = None) -> Amount:
    """Exactly one amount that accounts for every character, or PageChanged.

    `currency` is what the source declares: it stands in where the text names none, and must agree where it does.
    """
    stated = said(text, currency)
    if isinstance(stated, str):
        raise _no_amount(text)
    return stated


def per_million_tokens(text: str, currency: str) -> Decimal:
    """The amount of a price that says itself that it is for a million tokens."""
    stated = parse(text, currency)
    if (stated.per, stated.unit) != (1_000_000, "tokens"):
        raise PageChanged(f"{text!r} is not for a million tokens")
    return stated.amount


def sale(text: str, struck: str, currency: str) -> tuple[Decimal, Decimal | None]:
    """What is charged, and the struck-through list price if there is one: "$0.435 (75% off)" and "$1.74"."""
    match = _SALE.fullmatch(text)
    if match is None:
        raise PageChanged(f"{text!r} is not a price, or a price with its discount")
    charged, regular = parse(match[1], currency), parse(struck, currency).amount if struck else None
    if charged.per is not None or (regular is not None and regular <= charged.amount):
        raise PageChanged(f"{text!r} beside the struck-through {struck!r} is not a sale")
    return charged.amount, regular


def basis(text: str, currency: str | None = None) -> Basis:
    """What the prices of a column are for, from its header: "元/百万tokens", "/ 1M tokens", "per page"."""
    match = _HEADER.fullmatch(text.strip())
    if match is None:
        raise PageChanged(f"{text!r} does not say what a price is for")
    return Basis(
        *_counted(match), _currency(text, match["sign"], None, currency) if match["sign"] or currency else None
    )


# A page says "-" and its few prices again and again.
@lru_cache(maxsize=4096)
def said(text: str, currency: str | None = None) -> Amount | str:
    """One amount, or the term that stands in its place."""
    if currency and _ALONE.fullmatch(number := text.removeprefix(_SIGN[currency])):
        return Amount(exact(number.replace(",", "")), currency)
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        if (found := term(text)) is None:
            raise _no_amount(text)
        return found
    before, number, after, basis = match.group("before", "number", "after", "basis")
    stated = _currency(text, before, after, currency) if before or after or currency is None else currency
    per, unit = _counted(match) if basis else (None, None)
    return Amount(exact(number.replace(",", "")), stated, per, unit)


def _no_amount(text: str) -> PageChanged:
    return PageChanged(f"{text!r} is not one amount of money with a known unit")


def term(text: str) -> str | None:
    """What stands in place of an amount: "Free", "Contact us", "—"; None where the text is something else."""
    return _TERMS.get(text.strip().replace("\\-", "-").casefold())


def decimal(value: object) -> Decimal:
    """The exact price in an API's answer, a decimal string or a JSON number; anything else is PageChanged."""
    if isinstance(value, str):
        return _exact(value)
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise PageChanged(f"{value!r} is not a decimal price")
    return _exact(str(value))


# The same few hundred prices stand in every capture of an API.
@lru_cache(maxsize=16_384)
def _exact(text: str) -> Decimal:
    if _EXACT.fullmatch(text) is None:
        raise PageChanged(f"{text!r} is not a decimal price")
    return exact(text)


def _counted(match: re.Match[str]) -> tuple[int, Quantity]:
    if match["word"] is None:
        return 1_000_000, "tokens"
    unit, each = _WORDS[match["word"].lower()]
    return (_COUNTS[match["count"]] if match["count"] else 1) * each, unit


def _currency(text: str, before: str | None, after: str | None, declared: str | None) -> str:
    """What the signs before and behind a number both mean."""
    if not before and not after:
        if declared is None:
            raise PageChanged(f"{text!r} names no currency")
        return declared
    meant = _SIGNS[before or after or ""]
    if before and after:
        meant = tuple([code for code in meant if code in _SIGNS[after]])
    if not meant or (declared and declared not in meant):
        raise PageChanged(f"{text!r} is not in {declared or 'one currency'}")
    return declared or meant[0]
