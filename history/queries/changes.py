"""What became different: change events behind a cursor, and the stories that they make up."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from history.model import EventKind, ProviderKind, Quote
from history.queries.naming import called_when
from history.queries.runs import Evidence, evidence_of
from history.queries.scope import Scope, within
from history.tables import change_event, offer, price, provider, series, source


class Wanted(NamedTuple):
    """Which changes are asked for. `min_bp` is in hundredths of a percent; since ≤ recorded < until; `among` are the
    first and the last story that are looked at (`narrowed`)."""

    scope: Scope = Scope()
    kind: EventKind | None = None
    direction: Literal["up", "down"] | None = None
    min_bp: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    among: tuple[int, int] | None = None


class Change(NamedTuple):
    """One change event. Without `unit` it is a change of the whole offer. `held_since` is when it was seen first, where
    it was not believed at sight."""

    id: int
    story_id: int
    run_id: int
    kind: EventKind
    provider: str
    provider_name: str
    seller: ProviderKind
    source: str
    model: str
    tier: str
    region: str
    unit: str | None
    conditions: str
    old: Quote | None
    new: Quote | None
    change_bp: int | None
    old_terms: tuple[str, ...] | None
    new_terms: tuple[str, ...] | None
    effective_at: datetime
    recorded_at: datetime
    held_since: datetime | None = None
    place: int | None = None


class Story(NamedTuple):
    """All changes of one model in one run, and the pages that show them."""

    id: int
    changes: tuple[Change, ...]
    evidence: tuple[Evidence, ...]

    @property
    def recorded_at(self) -> datetime:
        return max(change.recorded_at for change in self.changes)


def changes_after(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[Change]:
    """Events in the order they were recorded, from after the cursor `after` (0: from the first) on."""
    following = _events().where(change_event.c.id > after).order_by(change_event.c.id).limit(limit)
    return _changes(connection, wanted, following)


def changes_before(connection: Connection, wanted: Wanted, before: int | None, limit: int) -> list[Change]:
    """The newest events first, from before the cursor `before` (None: from the newest) on."""
    newest = _events().order_by(change_event.c.id.desc()).limit(limit)
    return _changes(connection, wanted, newest if before is None else newest.where(change_event.c.id < before))


def stories(connection: Connection, wanted: Wanted, before: int | None, limit: int) -> list[Story]:
    """The newest stories first, whole, where at least one change is wanted that is more than a source's rounding.

    What was documented, or stands in somebody's map, is history when it reaches us: it is told to who asks for that
    source; to everybody else only what we saw is news.
    """
    matching = _matching(wanted).order_by(change_event.c.story_id.desc()).limit(limit)
    if before is not None:
        matching = matching.where(change_event.c.story_id < before)
    return _told(connection, list(connection.execute(matching, wanted.scope.asked()).scalars()))


def stories_after(connection: Connection, wanted: Wanted, after: int, limit: int) -> list[Story]:
    """As `stories`, in the order in which they were recorded: those whose id is above `after`."""
    following = _matching(wanted).where(change_event.c.story_id > after).order_by(change_event.c.story_id).limit(limit)
    return _told(connection, list(connection.execute(following, wanted.scope.asked()).scalars()))


def narrowed(connection: Connection, wanted: Wanted) -> Wanted | None:
    """The same question, of the stories between the first and the last of its time alone: page by page, it would look
    at every change that there is. None where nothing was recorded then."""
    # Of a sum no index knows the least, else PostgreSQL walks one from its end until it meets that time.
    story_id = change_event.c.story_id + 0
    then = _recorded(wanted)
    first, last = connection.execute(select(func.min(story_id), func.max(story_id)).where(*then)).one()
    return None if first is None else wanted._replace(among=(first, last))


def story(connection: Connection, story_id: int) -> Story | None:
    """The story with that id, or None."""
    return next(iter(_told(connection, [story_id])), None)


def _matching(wanted: Wanted) -> Select[Any]:
    """The ids of the stories that are wanted and news."""
    moves = (EventKind.PRICE_RAISED.value, EventKind.PRICE_LOWERED.value)
    exact = or_(change_event.c.change_bp.is_(None), change_event.c.change_bp != 0)
    more_than_rounding = or_(exact, change_event.c.kind.not_in(moves))
    matching = _joined(select(change_event.c.story_id)).where(more_than_rounding, *_conditions(wanted)).distinct()
    if "source" in wanted.scope.asked():
        return matching
    return matching.where(source.c.witness.in_(("first_party", "gateway")))


def _told(connection: Connection, story_ids: list[int]) -> list[Story]:
    if not story_ids:
        return []
    chapters: dict[int, list[Change]] = defaultdict(list)
    whole = _events().where(change_event.c.story_id.in_(story_ids)).order_by(change_event.c.id)
    for row in connection.execute(whole):
        chapters[row.story_id].append(_change(row))
    pages = evidence_of(connection, {changes[0].run_id for changes in chapters.values()})
    whole_stories = ((story_id, tuple(chapters[story_id])) for story_id in story_ids if story_id in chapters)
    return [Story(story_id, changes, pages.get(changes[0].run_id, ())) for story_id, changes in whole_stories]


def _joined(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(change_event)
        .join(offer, offer.c.id == change_event.c.offer_id)
        .join(source, source.c.id == offer.c.source_id)
        .join(provider, provider.c.id == offer.c.provider_id)
        .outerjoin(series, series.c.id == change_event.c.series_id)
    )


def _events() -> Select[Any]:
    return _joined(select(
        change_event, provider.c.slug, provider.c.name, provider.c.kind.label("seller"), source.c.name.label("source"),
        offer.c.model, offer.c.tier, offer.c.region, series.c.unit, series.c.conditions, _PLACE,
    ))  # fmt: skip


# Of the version that the event tells of, where its run saw it: what was held before was seen by an earlier one.
_PLACE = (
    select(price.c.place)
    .where(
        price.c.series_id == change_event.c.series_id, price.c.valid_from == change_event.c.effective_at,
        price.c.recorded_at == change_event.c.recorded_at, price.c.run_id == change_event.c.run_id,
    )
    .correlate(change_event)
    .limit(1)
    .scalar_subquery()
    .label("place")
)  # fmt: skip


def _changes(connection: Connection, wanted: Wanted, statement: Select[Any]) -> list[Change]:
    rows = connection.execute(statement.where(*_conditions(wanted)), wanted.scope.asked())
    return [_change(row) for row in rows]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield from within(tuple(wanted.scope.asked()))
    if (meant := wanted.scope.meant()) is not None:
        yield called_when(meant, change_event.c.effective_at)
    if wanted.kind is not None:
        yield change_event.c.kind == wanted.kind.value
    if wanted.direction is not None:
        yield _moved(wanted.direction)
    if wanted.min_bp is not None:
        yield _by_at_least(wanted.min_bp)
    yield from _recorded(wanted)
    if wanted.among is not None:
        yield change_event.c.story_id.between(*wanted.among)


def _recorded(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield change_event.c.recorded_at >= wanted.since
    if wanted.until is not None:
        yield change_event.c.recorded_at < wanted.until


def _moved(direction: Literal["up", "down"]) -> ColumnElement[bool]:
    kind, moved = change_event.c.kind, change_event.c.change_bp
    if direction == "up":
        return or_(moved > 0, kind == EventKind.PRICE_RAISED.value)
    return or_(moved < 0, kind == EventKind.PRICE_LOWERED.value)


def _by_at_least(min_bp: int) -> ColumnElement[bool]:
    """A move without a percentage (free → paid, another currency) is large by any measure."""
    event = change_event.c
    beyond_percent = and_(event.change_bp.is_(None), event.old_amount.is_not(None), event.new_amount.is_not(None))
    return or_(event.change_bp >= min_bp, event.change_bp <= -min_bp, beyond_percent)


def _change(row: Any) -> Change:
    return Change(
        row.id, row.story_id, row.run_id, EventKind(row.kind), row.slug, row.name, row.seller, row.source,
        row.model, row.tier, row.region, row.unit, row.conditions or "",
        _quote(row.old_amount, row.old_currency, row.old_per), _quote(row.new_amount, row.new_currency, row.new_per),
        row.change_bp, _terms(row.old_terms), _terms(row.new_terms), row.effective_at, row.recorded_at, row.held_since,
        row.place,
    )  # fmt: skip


def _quote(amount: Decimal | None, currency: str, per: int) -> Quote | None:
    return None if amount is None else Quote(amount, currency, per)


def _terms(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))
