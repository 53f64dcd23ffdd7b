"""Offer → observations, or a Rejection that names its rule: nothing implausible in itself gets further."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from history.model import Offer, OfferKey, PriceComponent, Quote, Rejection, SeriesKey, Source, Witness, conditions_text
from history.quotas import PLAN_TIER, quotas
from history.units import PLAN_UNITS, UNITS

# Roughly how many of a currency make one US dollar: only to place a ceiling, never to convert a price.
DOLLAR_IN = {"USD": 1, "EUR": 1, "CNY": 8}
MOST_DIGITS = 30


class Observation(NamedTuple):
    """One accepted price on a page: which series, the canonical quote, and a start that the page itself states."""

    key: SeriesKey
    quote: str
    starts_at: datetime | None = None


# Unit, conditions, quote and stated start of one component.
Quoted = tuple[str, str, str, datetime | None]


@dataclass(slots=True)
class Seen:
    """Everything a run may be believed: offers with their terms, and their prices; `starting` are those of the
    observations that state a start. `billers` names who bills, where that is not the source's own provider."""

    offers: dict[OfferKey, tuple[str, ...]] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)
    starting: list[Observation] = field(default_factory=list)
    billers: dict[OfferKey, str] = field(default_factory=dict)
    witness: Witness = "first_party"


class _Refused(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def validate(offers: Iterable[Offer], source: Source) -> tuple[Seen, list[Rejection]]:
    """Sort what a page states into what is believable in itself and what is not."""
    stated = [(offer.key, offer) for offer in offers]
    times_stated = Counter(key for key, _ in stated)
    seen, rejections = Seen(witness=source.witness), []
    for key, offer in stated:
        try:
            if times_stated[key] > 1:
                raise _Refused("duplicate_offer", f"the page states it {times_stated[key]} times")
            observations = list(_observations(offer, source))
        except _Refused as refused:
            rejections.append(Rejection(refused.rule, offer.model, str(refused)))
        else:
            seen.offers[key] = offer.terms
            if offer.provider != source.provider.slug:
                seen.billers[key] = offer.provider
            seen.observations.extend(observations)
            seen.starting.extend(observation for observation in observations if observation.starts_at is not None)
    return seen, rejections


def _observations(offer: Offer, source: Source) -> Iterator[Observation]:
    _check_identity(offer, source)
    for unit, conditions, quote, starts_at in _quoted(offer.components, source.currencies, offer.tier == PLAN_TIER):
        yield Observation(SeriesKey(offer.model, offer.tier, offer.region, unit, conditions), quote, starts_at)


@lru_cache(maxsize=4096)
def _quoted(components: tuple[PriceComponent, ...], currencies: frozenset[str], is_plan: bool) -> list[Quoted]:
    """The components in comparable form; the same ones come again and again, run by run and model by model."""
    quoted = []
    for component in components:
        _check(component, currencies)
        if (component.unit in PLAN_UNITS) != is_plan:
            raise _Refused(
                "not_a_plan", f"{_named(component)}: tier {PLAN_TIER!r} is for subscriptions, and only for them"
            )
        conditions = conditions_text(component.conditions)
        quote = Quote(component.amount, component.currency, component.per, component.list_amount, component.valid_to)
        quoted.append((component.unit, conditions, quote.text, component.valid_from))
    if len({(unit, conditions, starts_at) for unit, conditions, _, starts_at in quoted}) < len(quoted):
        raise _Refused("duplicate_component", "one price is stated twice under the same conditions")
    return quoted


def _check_identity(offer: Offer, source: Source) -> None:
    if offer.provider != source.provider.slug and offer.provider not in source.billers:
        raise _Refused(
            "other_provider", f"it names provider {offer.provider!r}, the source is {source.provider.slug!r}"
        )
    if not any(map(str.isalpha, offer.model)) or not offer.model.isprintable() or len(offer.model) > 200:
        raise _Refused("bad_model_name", f"{offer.model[:80]!r} cannot be a model's name")
    if not offer.components and not offer.terms:
        raise _Refused("nothing_stated", "it has neither a price nor a term")
    try:
        quotas(offer.terms)
    except ValueError as error:
        raise _Refused("bad_quota", str(error)) from error


def _check(component: PriceComponent, currencies: frozenset[str]) -> None:
    amount = component.amount
    if component.unit not in UNITS:
        raise _Refused("unknown_unit", f"{component.unit!r} is not a billable unit; the list is history/units.py")
    if component.currency not in currencies:
        raise _Refused("undeclared_currency", f"{_named(component)}: the source declares {sorted(currencies)}")
    if not amount.is_finite() or amount < 0 or component.per < 1:
        raise _Refused("not_a_price", f"{_named(component)} per {component.per}")
    if amount > _ceiling(component.unit, component.currency, component.per):
        raise _Refused("absurd_price", f"{_named(component)} per {component.per} is above any price ever listed")
    if amount.adjusted() < -MOST_DIGITS or len(amount.as_tuple().digits) > MOST_DIGITS:
        raise _Refused("too_many_digits", f"{_named(component)}: more than {MOST_DIGITS} digits")
    if component.list_amount is not None:
        _check_list_price(component, component.list_amount)
    if component.valid_from and component.valid_to and component.valid_to <= component.valid_from:
        raise _Refused("backwards_interval", f"{_named(component)} would end at {component.valid_to}, before it starts")


def _check_list_price(component: PriceComponent, listed: Decimal) -> None:
    ceiling = _ceiling(component.unit, component.currency, component.per)
    if not (listed.is_finite() and component.amount <= listed <= ceiling):
        raise _Refused("absurd_list_price", f"{_named(component)}: a list price of {listed} cannot be")


def _named(component: PriceComponent) -> str:
    return f"{component.unit} at {component.amount} {component.currency}"


@lru_cache(maxsize=1024)
def _ceiling(unit: str, currency: str, per: int) -> Decimal:
    return UNITS[unit].ceiling * DOLLAR_IN.get(currency, 1) * per
