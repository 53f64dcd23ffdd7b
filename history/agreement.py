"""What other witnesses say of a price that is doubted: a second source confirms it as a second fetch does."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, get_args

from sqlalchemy import Connection, bindparam, or_, select

from history import identity
from history import tables as t
from history.columns import OPEN
from history.model import Quote, SeriesKey, Witness
from history.subject import Subject, charged, same, subject_of

_RANK = {witness: rank for rank, witness in enumerate(get_args(Witness))}
Beginnings = Callable[[Collection[SeriesKey]], Mapping[SeriesKey, datetime]]


class _Name(NamedTuple):
    """What a price is of, in the words of its source."""

    witness: Witness
    provider: str
    model: str
    tier: str
    region: str
    unit: str
    conditions: str


class _Said(NamedTuple):
    """A price in force, as its source tells it; `publisher` is whose source it is."""

    name: _Name
    publisher: int
    since: datetime
    quote: Quote


@dataclass(frozen=True, slots=True)
class Agreement:
    """Asks for a source that sees doubtful prices at `at` who else says the same, as believed just before `known_at`.

    `begun` tells when the prices began that they would replace.
    """

    connection: Connection
    source_id: int
    at: datetime
    known_at: datetime
    begun: Beginnings

    def __call__(self, doubted: Mapping[SeriesKey, str]) -> set[SeriesKey]:
        """Which of these series have, by another witness, exactly the price that was seen."""
        own = self.connection.execute(_SOURCE, {"source_id": self.source_id}).one()
        names = {key: _Name(own.witness, key.biller or own.slug, *key[:5]) for key in doubted}
        subjects = {key: subject for key, name in names.items() if (subject := subject_of(name, self.at))}
        if not subjects:
            return set()
        said, begun = self._said(set(subjects.values())), self.begun(subjects)
        return {
            key for key, subject in subjects.items()
            if any(_confirms(one, own, Quote.parse(doubted[key]), begun.get(key)) for one in said[subject])
        }  # fmt: skip

    def _said(self, subjects: set[Subject]) -> dict[Subject, list[_Said]]:
        """What the other sources say of these."""
        named = {model for subject in subjects for _, model in identity.names_of(subject.model, self.at)}
        asked = {"source_id": self.source_id, "at": self.at, "known_at": self.known_at}
        asked |= {"models": sorted(named), "units": sorted({subject.unit for subject in subjects})}
        # Of each series the newest version, which comes last, is the one in force.
        in_force = {row.series_id: row for row in self.connection.execute(_VERSIONS, asked)}
        said: dict[Subject, list[_Said]] = defaultdict(list)
        for row in in_force.values():
            name = _Name._make(row[:7])
            # 0 is said too easily: by a route that is free for a while, by a map of what it does not know.
            if row.amount and (subject := subject_of(name, self.at)) in subjects and subject is not None:
                quote = Quote(row.amount, row.currency, row.per, row.list_amount, row.ends_at)
                said[subject].append(_Said(name, row.provider_id, row.valid_from, quote))
        return said


def _confirms(one: _Said, own: Any, seen: Quote, begun: datetime | None) -> bool:
    """Maps are written off from each other and from gateways, and a gateway's two answers are one word: only a seller's
    own page is confirmed by such. And who has said so since before the price in force began, and does not know better
    than its source, tells of the past."""
    is_copy = own.witness != "first_party" and (one.name.witness == "imported" or one.publisher == own.provider_id)
    is_news = begun is None or one.since > begun or _RANK[one.name.witness] < _RANK[own.witness]
    says_so = one.quote.currency == seen.currency and same(
        charged(one.quote, one.name.witness), charged(seen, own.witness)
    )
    return says_so and is_news and not is_copy


_SOURCE = (
    select(t.source.c.provider_id, t.source.c.witness, t.provider.c.slug)
    .join(t.provider, t.provider.c.id == t.source.c.provider_id)
    .where(t.source.c.id == bindparam("source_id"))
)
_VERSIONS = (
    select(
        t.source.c.witness, t.provider.c.slug, t.offer.c.model, t.offer.c.tier, t.offer.c.region, t.series.c.unit,
        t.series.c.conditions, t.source.c.provider_id, t.price,
    )
    .join_from(t.offer, t.series, t.series.c.offer_id == t.offer.c.id)
    .join(t.source, t.source.c.id == t.offer.c.source_id)
    .join(t.provider, t.provider.c.id == t.offer.c.provider_id)
    .join(t.price, t.price.c.series_id == t.series.c.id)
    .where(
        t.offer.c.model.in_(bindparam("models", expanding=True)),
        t.series.c.unit.in_(bindparam("units", expanding=True)),
        t.source.c.id != bindparam("source_id"),
        t.price.c.valid_from <= bindparam("at"),
        # What another run told at the very same time is not known yet: a re-reading could not tell which came first.
        t.price.c.recorded_at < bindparam("known_at"),
        or_(t.price.c.superseded_at == OPEN, t.price.c.superseded_at >= bindparam("known_at")),
    )
    .order_by(t.price.c.series_id, t.price.c.valid_from)
)  # fmt: skip
