"""Change events → one line: what a reader has to know before opening the story."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from feed.figures import conditions_in_words, percent, rate
from feed.wording import clean, in_order, named, size_of, subject, unit_label
from history.model import EventKind, Quote
from history.queries import Change, Story

MOST_PIECES = 6
_MOVES = (EventKind.PRICE_RAISED, EventKind.PRICE_LOWERED, EventKind.PRICE_SCHEDULED)
_CAME_OR_WENT = {EventKind.PRICE_ADDED: "added", EventKind.PRICE_REMOVED: "removed"}
_OTHER_PIECES = {
    EventKind.TERMS_CHANGED: "{named} terms changed",
    EventKind.PRICE_CANCELLED: "announced {named} price cancelled",
    EventKind.PRICE_CORRECTED: "{named} corrected to {now}",
}


def headline(story: Story) -> str:
    """'deepseek-v4-flash: cache hit −98 %, output −71 %, input −56 %, >256K tier removed'"""
    pieces = list(dict.fromkeys(_pieces(story.changes)))
    told, more = pieces[:MOST_PIECES], len(pieces) - MOST_PIECES
    return clean(f"{subject(story)}: {', '.join(told)}{f' and {more} more' if more > 0 else ''}")


def _pieces(changes: Iterable[Change]) -> Iterator[str]:
    changes = in_order(changes)
    gone = {(one.tier, one.region) for one in changes if one.kind is EventKind.OFFER_WITHDRAWN}
    new = {(one.tier, one.region) for one in changes if one.kind is EventKind.OFFER_ADDED}
    yield from (_offer_piece(one) for one in changes if one.kind in (EventKind.OFFER_ADDED, EventKind.OFFER_WITHDRAWN))
    yield from _moves([one for one in changes if one.kind in _MOVES])
    for one in changes:
        offer = (one.tier, one.region)
        if one.kind in _CAME_OR_WENT:
            if offer in new and one.kind is EventKind.PRICE_ADDED:
                yield f"{named(one)} {_short(one.new, one.unit)}"
            elif offer not in gone:
                yield _came_or_went(one)
        elif one.kind in _OTHER_PIECES and offer not in gone:
            yield _OTHER_PIECES[one.kind].format(named=named(one), now=_short(one.new, one.unit))


def _offer_piece(one: Change) -> str:
    what = {EventKind.OFFER_ADDED: "new", EventKind.OFFER_WITHDRAWN: "withdrawn"}[one.kind]
    whose = [*([f"{one.tier} tier"] if one.tier != "standard" else []), *([f"in {one.region}"] if one.region else [])]
    return " ".join([*whose, what])


def _moves(changes: list[Change]) -> Iterator[str]:
    """The greatest move first. Components of one unit that move alike are told once, without their conditions."""
    alike: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in sorted(changes, key=_greatness):
        alike[unit_label(one), _move(one)].append(one)
    for (label, move), members in alike.items():
        yield f"{label if len(members) > 1 else named(members[0])} {move}"


def _greatness(one: Change) -> Fraction:
    size = size_of(one)
    return Fraction(-1_000_000) if size is None else -abs(size)


def _move(one: Change) -> str:
    size = size_of(one)
    if one.new is not None and not one.new.amount:
        moved = "free"
    elif size is None:
        moved = f"now {_short(one.new, one.unit)}"
    else:
        moved = percent(size)
    return f"{moved} from {one.effective_at:%Y-%m-%d}" if one.kind is EventKind.PRICE_SCHEDULED else moved


def _came_or_went(one: Change) -> str:
    conditions, what = conditions_in_words(one.conditions), _CAME_OR_WENT[one.kind]
    return f"{conditions} tier {what}" if conditions else f"{named(one)} {what}"


def _short(quote: Quote | None, unit: str | None) -> str:
    if quote is None or unit is None:
        return ""
    price, bought = rate(quote, unit)
    return f"{price}/{bought.removesuffix(' tokens')}"
