"""How a change is told: with what applied until then, with what applies instead, and with its promotion."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from json import dumps

from history.book import Change
from history.model import EventKind, Quote, SeriesKey, plain
from history.times import to_rfc3339

_COMES = (EventKind.PRICE_ADDED, EventKind.PRICE_SCHEDULED)


def told(
    changes: Iterable[Change], before: Mapping[SeriesKey, str], after: Mapping[SeriesKey, str | None]
) -> Iterator[Change]:  # fmt: skip
    """The changes, each with its other side; `before` and `after` have the quotes in force around them."""
    for change in changes:
        yield _with_promotion(_with_other_side(change, before, after))


def _with_other_side(
    change: Change, before: Mapping[SeriesKey, str], after: Mapping[SeriesKey, str | None]
) -> Change:  # fmt: skip
    """Where a price under conditions comes or goes, the price without conditions is what it was or what it becomes."""
    if change.key is None or not change.key.conditions:
        return change
    always = change.key._replace(conditions="")
    if change.kind in _COMES and change.old is None:
        return replace(change, old=before.get(always))
    if change.kind is EventKind.PRICE_REMOVED:
        return replace(change, new=after[always] if always in after else before.get(always))
    return change


def _with_promotion(change: Change) -> Change:
    """An event keeps amounts; the list price and the end of a promotion are terms of it."""
    if change.key is None or change.old_terms is not None or change.kind is EventKind.PRICE_REMOVED:
        return change
    old, new = _promotion(change.old), _promotion(change.new)
    return replace(change, old_terms=(old,), new_terms=(new,)) if old != new else change


def _promotion(text: str | None) -> str:
    """Canonical JSON of what makes a quote a promotion, "" for none."""
    quote = Quote.parse(text) if text is not None else None
    stated: dict[str, str] = {}
    if quote is not None and quote.ends_at is not None:
        stated["ends_at"] = to_rfc3339(quote.ends_at)
    if quote is not None and quote.list_amount is not None:
        stated["list_amount"] = plain(quote.list_amount)
    return dumps(stated, separators=(",", ":")) if stated else ""
