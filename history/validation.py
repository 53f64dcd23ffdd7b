"""Offer → observations, or a Rejection that names its rule: nothing implausible in itself gets further."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from history.model import Offer, OfferKey, PriceComponent, Quote, Rejection, SeriesKey, Source, conditions_text
from history.units import Unit, UnknownUnit, unit_named

# Roughly how many of a currency make one US dollar: only to place a ceiling, never to convert a price.
DOLLAR_IN = {"USD": 1, "EUR": 1, "CNY": 8}
MOST_DIGITS = 30


class Observation(NamedTuple):
    """One accepted price on a page: which series, the canonical quote, and a start that the page itself states."""

    key: SeriesKey
    quote: str
    starts_at: datetime | None = None


@dataclass(slots=True)
class Seen:
    """Everything a run may be believed: offers with their terms, and their prices."""

    offers: dict[OfferKey, tuple[str, ...]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def validate(offers: Iterable[Offer], source: Source) -> tuple[Seen, list[Rejection]]:
    """Sort what a page states into what is believable in itself and what is not."""
    offers = list(offers)
    times_stated = Counter(offer.key for offer in offers)
    seen, rejections = Seen(), []
    for offer in offers:
        try:
            if times_stated[offer.key] > 1:
                raise _Refused("duplicate_offer", f"the page states it {times_stated[offer.key]} times")
            observations = _observations(offer, source)
        except _Refused as refused:
            rejections.append(Rejection(refused.rule, offer.model, str(refused)))
        else:
            seen.offers[offer.key] = offer.terms
            seen.observations.extend(observations)
    return seen, rejections


def _observations(offer: Offer, source: Source) -> list[Observation]:
    _check_identity(offer, source)
    found = [_observation(offer, component, source) for component in offer.components]
    if len({(key, starts_at) for key, _, starts_at in found}) < len(found):
        raise _Refused("duplicate_component", "one price is stated twice under the same conditions")
    return found


def _check_identity(offer: Offer, source: Source) -> None:
    if offer.provider != source.provider.slug:
        raise _Refused(
            "other_provider", f"it names provider {offer.provider!r}, the source is {source.provider.slug!r}"
        )
    if not offer.model.strip() or not offer.model.isprintable() or len(offer.model) > 200:
        raise _Refused("bad_model_name", f"{offer.model[:80]!r} cannot be a model's name")
    if not offer.components and not offer.terms:
        raise _Refused("nothing_stated", "it has neither a price nor a term")


def _observation(offer: Offer, component: PriceComponent, source: Source) -> Observation:
    _check_amount(component, source)
    key = SeriesKey(offer.model, offer.tier, offer.region, component.unit, conditions_text(component.conditions))
    quote = Quote(component.amount, component.currency, component.per, component.list_amount, component.valid_to)
    return Observation(key, quote.text, component.valid_from)


def _check_amount(component: PriceComponent, source: Source) -> None:
    amount, named = component.amount, f"{component.unit} at {component.amount} {component.currency}"
    try:
        unit = unit_named(component.unit)
    except UnknownUnit as unknown:
        raise _Refused("unknown_unit", str(unknown)) from unknown
    if component.currency not in source.currencies:
        raise _Refused("undeclared_currency", f"{named}: the source declares {', '.join(sorted(source.currencies))}")
    if not amount.is_finite() or amount < 0 or component.per < 1:
        raise _Refused("not_a_price", f"{named} per {component.per}")
    if len(amount.as_tuple().digits) > MOST_DIGITS:
        raise _Refused("too_many_digits", f"{named}: more than {MOST_DIGITS} digits")
    _check_plausible(component, unit, named)


def _check_plausible(component: PriceComponent, unit: Unit, named: str) -> None:
    ceiling = unit.ceiling * DOLLAR_IN.get(component.currency, 1) * component.per
    if component.amount > ceiling:
        raise _Refused("absurd_price", f"{named} per {component.per} is above any price ever listed ({ceiling})")
    listed = component.list_amount
    if listed is not None and not (listed.is_finite() and component.amount <= listed <= ceiling):
        raise _Refused("absurd_list_price", f"{named}: a list price of {listed} cannot be")
    if component.valid_from and component.valid_to and component.valid_to <= component.valid_from:
        raise _Refused("backwards_interval", f"{named}: it would end at {component.valid_to}, before it starts")
