"""Change events → one line: what a reader has to know before opening the story."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from feed import plans
from feed.figures import conditions_in_words, is_upper_tier, percent, rate
from feed.promotions import briefly_promoted
from feed.wording import (
    briefly,
    clean,
    in_order,
    moves_of_the_name,
    named,
    postponements,
    quoted,
    size_of,
    subject,
    unit_label,
)
from history.model import EventKind, Quote
from history.queries import Change, Story

MOST_PIECES = 6
_MOVES = (EventKind.PRICE_RAISED, EventKind.PRICE_LOWERED, EventKind.PRICE_SCHEDULED)
_FROM = re.compile(r" from \d{4}-\d\d-\d\d$")
_OFFERS = {EventKind.OFFER_ADDED: "new", EventKind.OFFER_WITHDRAWN: "withdrawn"}
_CAME_OR_WENT = {EventKind.PRICE_ADDED: "added", EventKind.PRICE_REMOVED: "removed"}


class Piece(NamedTuple):
    """("cache hit", "−98 %", "down"): a part of a headline, or a cell of the tape. `what` may be ""."""

    what: str
    became: str
    direction: Literal["up", "down", ""] = ""

    def __str__(self) -> str:
        return f"{self.what} {self.became}".strip()


def headline(story: Story) -> str:
    """'deepseek-v4-flash: cache hit −98 %, output −71 %, input −56 %, >256K tier removed'"""
    told = pieces(story)
    more = len(told) - MOST_PIECES
    shown = _day_said_once([str(piece) for piece in told[:MOST_PIECES]])
    line = ", ".join((*moves_of_the_name(story), *shown))
    return clean(f"{subject(story)}: {line}{f' and {more} more' if more > 0 else ''}")


def _day_said_once(shown: list[str]) -> list[str]:
    """'input +100 %, output +100 %, all from 2026-12-01', where everything begins on that day."""
    found = [_FROM.search(piece) for piece in shown]
    days = {one[0] for one in found if one}
    if len(shown) < 2 or len(days) != 1 or None in found:
        return shown
    day = days.pop()
    return [*(piece.removesuffix(day) for piece in shown), f"all{day}"]


def pieces(story: Story) -> list[Piece]:
    """Offers first, then the moves, the greatest first, then what came, went or was set right."""
    changes = in_order(story.changes)
    came = {(one.tier, one.region) for one in changes if one.kind is EventKind.OFFER_ADDED}
    went = {(one.tier, one.region) for one in changes if one.kind is EventKind.OFFER_WITHDRAWN}
    told = [_offer_piece(one) for one in changes if one.kind in _OFFERS]
    told += _moves([one for one in changes if _is_move(one)])
    for one in changes:
        offer = (one.tier, one.region)
        if one.kind not in _OFFERS and not _is_move(one) and not _is_told_by_others(one, changes) and offer not in went:
            is_new = one.kind is EventKind.PRICE_ADDED and offer in came
            told.append(Piece(_what([one]), _short(one.new, one.unit)) if is_new else _other_piece(one))
    return list(dict.fromkeys(Piece(clean(piece.what), clean(piece.became), piece.direction) for piece in told))


def _is_move(one: Change) -> bool:
    """A price under conditions that comes or goes is a move too, except that a tier of long prompts is one thing."""
    if one.kind in _CAME_OR_WENT:
        return None not in (one.old, one.new) and not is_upper_tier(one.conditions)
    return one.kind in _MOVES and one.old is not None


def _is_told_by_others(one: Change, changes: Iterable[Change]) -> bool:
    """The old day of what is postponed; and the one price that several made way for, or that made way for several."""
    if one.kind is EventKind.PRICE_CANCELLED:
        return any(one is before for before, _ in postponements(changes))
    if one.conditions or one.kind not in _CAME_OR_WENT:
        return False
    return any(
        other.kind in _CAME_OR_WENT
        and other.kind is not one.kind
        and _is_move(other)
        and (other.unit, other.tier, other.region) == (one.unit, one.tier, one.region)
        and (other.old or ())[:3] == (one.old or other.old or ())[:3]
        and (other.new or ())[:3] == (one.new or other.new or ())[:3]
        for other in changes
    )


def _offer_piece(one: Change) -> Piece:
    if plans.is_plan(one):
        quota = plans.included(one.new_terms or ())
        became = (
            f"new plan{f' with {quota}' if quota else ''}" if one.kind is EventKind.OFFER_ADDED else "plan withdrawn"
        )
        return Piece(one.region, became)
    tier = f"{one.tier} tier" if one.tier != "standard" else ""
    return Piece(f"{tier}{f' in {one.region}' if one.region else ''}", _OFFERS[one.kind])


def _other_piece(one: Change) -> Piece:
    if one.kind in _CAME_OR_WENT:
        conditions = conditions_in_words(one.conditions)
        return Piece(f"{conditions} tier" if conditions else named(one), _CAME_OR_WENT[one.kind])
    if one.kind is EventKind.PRICE_CANCELLED:
        return Piece(f"announced {named(one)} price", "cancelled")
    if one.kind is EventKind.PRICE_CORRECTED:
        return Piece(named(one), f"corrected to {_short(one.new, one.unit)}")
    if one.kind in _MOVES:
        return Piece(named(one), f"{_short(one.new, one.unit)} from {one.effective_at:%Y-%m-%d}")
    if one.unit and (became := briefly_promoted(one)):
        return Piece("promotion", became)
    if one.unit:
        return Piece(briefly(one), "terms changed")
    if plans.is_plan(one):
        return Piece(one.region, plans.terms_moved(one.old_terms or (), one.new_terms or ()))
    return Piece("", f"now {quoted(one.new_terms)}" if one.new_terms else f"no longer {quoted(one.old_terms or ())}")


def _moves(changes: Iterable[Change]) -> Iterator[Piece]:
    """The greatest move first. Components of one unit that move alike are told once, without their conditions."""
    alike: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in sorted(changes, key=_greatness):
        alike[unit_label(one), _move(one)].append(one)
    for (_, move), members in alike.items():
        yield Piece(_what(members), move, _direction(members[0]))


def _what(members: list[Change]) -> str:
    """A plan's price says itself what it is."""
    if plans.is_plan_price(members[0].unit):
        return " and ".join(filter(None, dict.fromkeys(one.region for one in members)))
    return unit_label(members[0]) if len(members) > 1 else briefly(members[0])


def _greatness(one: Change) -> Fraction:
    """As far as a reader can tell them apart: what is written alike stays in the order of the units."""
    size = size_of(one)
    return Fraction(-1_000_000) if size is None else -round(abs(size), 1)


def _direction(one: Change) -> Literal["up", "down", ""]:
    size = size_of(one)
    if size is None:
        return "up" if one.kind is EventKind.PRICE_RAISED else "down" if one.kind is EventKind.PRICE_LOWERED else ""
    return "up" if size > 0 else "down"


def _move(one: Change) -> str:
    size = size_of(one)
    if one.new is not None and not one.new.amount:
        moved = "now free"
    elif one.old is not None and one.new is not None and one.unit is not None and plans.is_plan_price(one.unit):
        moved = plans.move(one.old, one.new, one.unit, size)
    elif size is None:
        moved = f"now {_short(one.new, one.unit)}"
    else:
        moved = percent(size)
    return f"{moved} from {one.effective_at:%Y-%m-%d}" if one.kind is EventKind.PRICE_SCHEDULED else moved


def _short(quote: Quote | None, unit: str | None) -> str:
    """$0.14/1M, $0.04/image"""
    if quote is None or unit is None:
        return ""
    if plans.is_plan_price(unit):
        return plans.price(quote, unit)
    price, bought = rate(quote, unit)
    return f"{price}/{bought.removesuffix(' tokens')}"
