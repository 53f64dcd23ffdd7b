"""Promotions in words: what became of the list price and of the end."""

from decimal import Decimal

from feed.figures import conditions_of, moment, rate
from history.queries import Change
from history.times import from_rfc3339

Promotion = dict[str, str]


def promotions(one: Change) -> tuple[Promotion, Promotion]:
    """The list price and the end of a promotion, before and after; {} for none."""
    return _stated(one, one.old_terms), _stated(one, one.new_terms)


def briefly_promoted(one: Change) -> str:
    """What became of a promotion, for a headline; "" where none is concerned."""
    old, new = promotions(one)
    if new:
        return f"until {new['ends_at'][:10]}" if "ends_at" in new else "without an end"
    return "is the list price now" if old and _stays(one) else "ended" if old else ""


def promoted(one: Change) -> str:
    """'; a promotion until 2026-05-31 15:59 UTC, the list price is $1.74'; "" where none is concerned."""
    old, new = promotions(one)
    if new:
        ends = f" until {_end(new)}" if "ends_at" in new else ""
        moved = f" (was until {_end(old)})" if "ends_at" in old and old["ends_at"] != new.get("ends_at") else ""
        listed = f", the list price is {_listed(new, one)}" if "list_amount" in new else ""
        return f"; a promotion{ends}{moved}{listed}"
    if old and _stays(one):
        before = f" (was {_listed(old, one)})" if "list_amount" in old else ""
        return f"; the promotion has become the list price{before}"
    return "; the promotion is over" if old else ""


def _stays(one: Change) -> bool:
    return one.old is not None and one.new is not None and one.old[:3] == one.new[:3]


def _stated(one: Change, terms: tuple[str, ...] | None) -> Promotion:
    """The terms of a price are JSON: of its conditions, or of its promotion (history/telling.py)."""
    stated = conditions_of("".join(terms or ())) if one.unit else {}
    return {name: str(stated[name]) for name in ("ends_at", "list_amount") if name in stated}


def _end(promotion: Promotion) -> str:
    return moment(from_rfc3339(promotion["ends_at"]))


def _listed(promotion: Promotion, one: Change) -> str:
    quote = one.new or one.old
    if quote is None or one.unit is None:
        return promotion["list_amount"]
    return rate(quote._replace(amount=Decimal(promotion["list_amount"])), one.unit)[0]
