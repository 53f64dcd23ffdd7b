"""Change events → sentences: pure, the same words in feeds, on pages and in alerts."""

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from feed import plans
from feed.figures import change, conditions_in_a_word, conditions_in_words, moment, percent, rate
from feed.promotions import briefly_promoted, promoted
from history import identity
from history.model import EventKind, Quote
from history.queries import Change, Story
from history.units import UNITS

# XML 1.0 has no other characters; a scraped name may.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Scraped text on one line, without the characters that XML forbids."""
    return " ".join(_NOT_XML.sub("", text).split())


def subject(story: Story) -> str:
    """The model, and who sells it where that is not who made it."""
    first = story.changes[0]
    return clean(first.model if first.seller == "lab" else f"{first.model} on {first.provider_name}")


def sentences(story: Story) -> list[str]:
    """One sentence a change: what it was, what it is now; before them, that the name means another model now. What is
    postponed is one change, not two."""
    postponed = postponements(story.changes)
    old_days = {id(before) for before, _ in postponed}
    late = {id(after): f"; postponed from {moment(before.effective_at)}" for before, after in postponed}
    told = [one for one in in_order(story.changes) if id(one) not in old_days]
    each = [_sentence(one) + late.get(id(one), "") for one in told]
    return list(dict.fromkeys(clean(sentence) for sentence in (*moves_of_the_name(story), *each)))


def postponements(changes: Iterable[Change]) -> list[tuple[Change, Change]]:
    """What is cancelled for one day and announced, at the same price, for another."""
    all_of_them = list(changes)
    announced = {_price_announced(one): one for one in all_of_them if one.kind is EventKind.PRICE_SCHEDULED}
    cancelled = [one for one in all_of_them if one.kind is EventKind.PRICE_CANCELLED and one.old is not None]
    pairs = ((one, announced.get(_price_announced(one))) for one in cancelled)
    return [(before, after) for before, after in pairs if after is not None]


def _price_announced(one: Change) -> tuple[object, ...]:
    price = one.old if one.kind is EventKind.PRICE_CANCELLED else one.new
    return one.tier, one.region, one.unit, one.conditions, price and price[:3]


def moves_of_the_name(story: Story) -> list[str]:
    """'alias moved to openai/gpt-4o-2024-08-06', where a price changes on the day on which that began."""
    priced = [one for one in story.changes if one.unit is not None and one.kind is not EventKind.PRICE_CORRECTED]
    moved = (identity.moved_to(one.provider, one.model, one.effective_at) for one in priced)
    return list(dict.fromkeys(f"alias moved to {canonical}" for canonical in moved if canonical))


def when(story: Story) -> str:
    """'In force since 2026-05-22 16:00 UTC; seen 2026-05-22 16:10 UTC.' What is cancelled never is in force."""
    starts = {change.effective_at for change in story.changes if change.kind is not EventKind.PRICE_CANCELLED}
    if not starts:
        return f"Seen {moment(story.recorded_at)}."
    seen = f"seen {moment(story.recorded_at)}."
    if len(starts) > 1:
        return f"In force at different times, as said above; {seen}"
    start = starts.pop()
    return f"In force {'from' if start > story.recorded_at else 'since'} {moment(start)}; {seen}"


def named(change: Change, conditions: str | None = None) -> str:
    """'batch input (>256K, off-peak) in eu'"""
    tier = "" if change.tier == "standard" or plans.is_plan(change) else f"{change.tier} "
    label = unit_label(change) if change.unit else "plan" if plans.is_plan(change) else "offer"
    conditions = conditions_in_words(change.conditions) if conditions is None else conditions
    return f"{tier}{label}{f' ({conditions})' if conditions else ''}{f' in {change.region}' if change.region else ''}"


def briefly(change: Change) -> str:
    """As `named`, without the hours of a period: 'input (peak)'"""
    return named(change, conditions_in_a_word(change.conditions))


def unit_label(change: Change) -> str:
    return UNITS[change.unit].label if change.unit in UNITS else str(change.unit)


def size_of(one: Change) -> Fraction | None:
    return change(one.old, one.new) if one.old and one.new else None


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Offers first, then the components in the order of the units."""
    kinds, units = list(EventKind), list(UNITS)
    return sorted(
        changes,
        key=lambda one: (
            one.unit is not None,
            kinds.index(one.kind) if one.unit is None else 0,
            (one.tier != "standard", one.tier, one.region),
            units.index(one.unit) if one.unit in units else len(units),
            one.conditions,
        ),
    )


def _sentence(one: Change) -> str:
    return f"{named(one)}: {_TELL[one.kind](one)}"


def _moved(one: Change) -> str:
    size = size_of(one)
    was, now = _was_now(one)
    return f"was {was}, now {now}{f' ({percent(size)})' if size else ''}"


def _came(one: Change) -> str:
    return (
        f"has a price of its own now, {_moved(one)}"
        if one.old
        else f"new price, {_full(one.new, one.unit)}{promoted(one)}"
    )


def _went(one: Change) -> str:
    return f"has no price of its own any more, {_moved(one)}" if one.new else f"removed, was {_full(one.old, one.unit)}"


def _was_now(one: Change) -> tuple[str, str]:
    """("$0.14", "$0.0028 per 1M tokens"); both name what they buy where that differs."""
    old, new, unit = one.old, one.new, one.unit
    if old is None or new is None or unit is None:
        return "not listed", "not listed"
    (was, bought_then), (now, bought_now) = rate(old, unit), rate(new, unit)
    return was if bought_then == bought_now else f"{was} per {bought_then}", f"{now} per {bought_now}"


def _full(quote: Quote | None, unit: str | None) -> str:
    return " per ".join(rate(quote, unit)) if quote and unit else "not listed"


def _announced(one: Change) -> str:
    size = size_of(one)
    until = f"; until then {_full(one.old, one.unit)}" if one.old else ""
    return f"{_full(one.new, one.unit)} from {moment(one.effective_at)}{f' ({percent(size)})' if size else ''}{until}"


def _cancelled(one: Change) -> str:
    stays = f"; {_full(one.new, one.unit)} stays" if one.new else ""
    return f"{_full(one.old, one.unit)}, announced for {moment(one.effective_at)}, is cancelled{stays}"


def _terms_moved(one: Change) -> str:
    old, new = one.old_terms or (), one.new_terms or ()
    if one.unit is None:
        return plans.terms_moved(old, new) if plans.is_plan(one) else f"terms were {quoted(old)}, now {quoted(new)}"
    if briefly_promoted(one):
        return f"{_full(one.new, one.unit)} as before{promoted(one)}"
    if old != new:
        then, now = (conditions_in_words("".join(terms)) or "no conditions" for terms in (old, new))
        return f"{_full(one.new, one.unit)} as before, but now under {now} (was {then})"
    if one.old and one.new and one.old.currency != one.new.currency:
        return _moved(one)
    return f"{_full(one.new, one.unit)} as before, under another promotion"


def quoted(terms: tuple[str, ...]) -> str:
    return "; ".join(f"“{term}”" for term in terms) or "none"


_TELL: dict[EventKind, Callable[[Change], str]] = {
    EventKind.OFFER_ADDED: lambda one: f"new{f', {quoted(one.new_terms)}' if one.new_terms else ''}",
    EventKind.OFFER_WITHDRAWN: lambda one: f"withdrawn, not seen since {moment(one.effective_at)}",
    EventKind.PRICE_ADDED: _came,
    EventKind.PRICE_REMOVED: _went,
    EventKind.PRICE_RAISED: lambda one: f"{_moved(one)}{promoted(one)}",
    EventKind.PRICE_LOWERED: lambda one: f"{_moved(one)}{promoted(one)}",
    EventKind.TERMS_CHANGED: _terms_moved,
    EventKind.PRICE_SCHEDULED: _announced,
    EventKind.PRICE_CANCELLED: _cancelled,
    EventKind.PRICE_CORRECTED: lambda one: f"corrected to {_full(one.new, one.unit)}, was {_full(one.old, one.unit)}",
}
