"""Subscriptions in words: "$9.90 → $7.24 a month (−27 %)", "quota 1,500 → 3,000 requests per 5 hours"."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from feed.figures import money, percent
from history.model import Quote, plain
from history.queries import Change
from history.quotas import PLAN_TIER, Quota, is_quota, quotas
from history.units import PLAN_UNITS

_EACH = {
    "plan_months": "a month",
    "plan_months_billed_quarterly": "a month, billed quarterly",
    "plan_months_billed_yearly": "a month, billed yearly",
    "plan_quarters": "a quarter",
    "plan_years": "a year",
}
_LARGE = ((Decimal(10**9), "B"), (Decimal(10**6), "M"))


def is_plan(one: Change) -> bool:
    """Whether the change is one of a subscription or of its price."""
    return one.tier == PLAN_TIER


def is_plan_price(unit: str | None) -> bool:
    return unit in PLAN_UNITS


def price(quote: Quote, unit: str) -> str:
    """$7.24 a month"""
    each = _EACH[unit] if quote.per == 1 else f"for {quote.per} × {_EACH[unit].removeprefix('a ')}"
    return f"{money(plain(quote.amount), quote.currency)} {each}"


def move(old: Quote, new: Quote, unit: str, size: Fraction | None) -> str:
    """$9.90 → $7.24 a month (−27 %)"""
    was = money(plain(old.amount), old.currency) if old.per == new.per else price(old, unit)
    return f"{was} → {price(new, unit)}{f' ({percent(size)})' if size else ''}"


def included(terms: tuple[str, ...]) -> str:
    """1,500 requests per 5 hours and 100 images per day; "" without a quota."""
    return " and ".join(map(_quota, quotas(terms)))


def terms_moved(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """What became different of a plan's terms: its quotas in figures, the others as they are written."""
    moved = [*_quotas_moved(quotas(old), quotas(new)), *_others_moved(old, new)]
    return ", ".join(moved) or "the same terms in another order"


def _quotas_moved(old: list[Quota], new: list[Quota]) -> Iterator[str]:
    before, after = ({(one.unit, one.per): one for one in some} for some in (old, new))
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            yield f"quota of {_quota(now)}"
        elif was != now:
            yield f"quota {_size(was)} → {_quota(now)}"
    yield from (f"no quota of {_quota(was)} any more" for key, was in before.items() if key not in after)


def _others_moved(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    yield from (f"now “{term}”" for term in new if term not in old and not is_quota(term))
    yield from (f"no longer “{term}”" for term in old if term not in new and not is_quota(term))


def _quota(one: Quota) -> str:
    return f"{_size(one)} {one.unit}{f' per {one.per}' if one.per else ''}"


def _size(one: Quota) -> str:
    if one.amount is None:
        return "unlimited"
    most = "" if one.most is None else f"–{_figure(one.most)}"
    return f"{'about ' if one.about else ''}{_figure(one.amount)}{most}"


def _figure(amount: Decimal) -> str:
    """1,500, 0.5, 4.1B: large figures are shortened only where nothing is lost."""
    for size, letter in _LARGE:
        if amount >= size and amount * 100 % size == 0:
            return f"{plain(amount / size)}{letter}"
    return f"{amount:,f}"
