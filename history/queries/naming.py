"""Models by what they are, whatever they are called: the names of history.identity as a condition."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, tuple_

from history.identity import BEGINNING, END, ROUTER, Alias, Meant
from history.tables import offer, provider


def called(meant: Meant, at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """An offer has one of these names at that time: a moment, or a column of the statement."""
    lasting = [(one.provider, one.model) for one in meant.aliases if _always(one, at)]
    return or_(tuple_(provider.c.slug, offer.c.model).in_(lasting), *_otherwise(meant, at))


def _otherwise(meant: Meant, at: datetime | ColumnElement[datetime]) -> Iterator[ColumnElement[bool]]:
    """What has dates, and OpenRouter's names: they go on behind a colon, and an author's begin alike."""
    for one in meant.aliases:
        dated = not isinstance(at, datetime) and not _always(one, at)
        if dated or (one.provider == ROUTER and _always(one, at)):
            yield and_(_named(one), *([at >= one.since, at < one.until] if dated else ()))
    for author in meant.authors:
        yield and_(provider.c.slug == ROUTER, offer.c.model.startswith(f"{author}/", autoescape=True))


def _always(one: Alias, at: datetime | ColumnElement[datetime]) -> bool:
    """Nothing in the statement has to be compared for it."""
    return one.holds(at) if isinstance(at, datetime) else (one.since, one.until) == (BEGINNING, END)


def _named(one: Alias) -> ColumnElement[bool]:
    name = offer.c.model == one.model
    if one.provider == ROUTER:
        name = or_(name, offer.c.model.startswith(f"{one.model}:", autoescape=True))
    return and_(provider.c.slug == one.provider, name)
