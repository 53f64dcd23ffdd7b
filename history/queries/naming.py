"""Models by what they are, whatever they are called: the names of history.identity as a condition."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, tuple_

from history.identity import BEGINNING, END, ROUTER, Alias, Meant
from history.tables import offer, provider

_sold, _seller = offer.alias("sold"), provider.alias("seller")
_model, _slug = _sold.c.model, _seller.c.slug


def called_then(meant: Meant, at: datetime) -> ColumnElement[bool]:
    """An offer has one of these names at `at`. The few offers are found first: their series need not be looked for."""
    held = tuple(one._replace(since=BEGINNING, until=END) for one in meant.aliases if one.holds(at))
    sold = select(_sold.c.id).join(_seller, _seller.c.id == _sold.c.provider_id)
    found = sold.where(_called(Meant(held, meant.authors), None))
    return offer.c.id.in_(found)


def called_when(meant: Meant, at: ColumnElement[datetime]) -> ColumnElement[bool]:
    """An offer has one of these names at the time in that column of the statement."""
    named = select(_sold.c.id).join(_seller, _seller.c.id == _sold.c.provider_id)
    return named.where(_sold.c.id == offer.c.id, _called(meant, at)).correlate_except(_sold, _seller).exists()


def _called(meant: Meant, at: ColumnElement[datetime] | None) -> ColumnElement[bool]:
    lasting = [(one.provider, one.model) for one in meant.aliases if _lasts(one)]
    return or_(tuple_(_slug, _model).in_(lasting), *_otherwise(meant, at))


def _otherwise(meant: Meant, at: ColumnElement[datetime] | None) -> Iterator[ColumnElement[bool]]:
    """What has dates, and OpenRouter's names: they go on behind a colon, and an author's begin alike."""
    for one in meant.aliases:
        if at is not None and not _lasts(one):
            yield and_(_named(one), at >= one.since, at < one.until)
        elif one.provider == ROUTER:
            yield _named(one)
    for author in meant.authors:
        yield and_(_slug == ROUTER, _model.startswith(f"{author}/", autoescape=True))


def _lasts(one: Alias) -> bool:
    return (one.since, one.until) == (BEGINNING, END)


def _named(one: Alias) -> ColumnElement[bool]:
    name = _model == one.model
    if one.provider == ROUTER:
        name = or_(name, _model.startswith(f"{one.model}:", autoescape=True))
    return and_(_slug == one.provider, name)
