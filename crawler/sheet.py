"""PriceSheet: gathers what the tables of one page say about each model until it can be stated as offers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions, Offer, OfferKey, PriceComponent, Provider


@dataclass(slots=True)
class _Entry:
    # Each price by its place: no two are of one unit, under the same conditions, at the same time.
    prices: dict[tuple[object, ...], PriceComponent] = field(default_factory=dict)
    terms: dict[str, None] = field(default_factory=dict)

    @property
    def components(self) -> tuple[PriceComponent, ...]:
        return tuple(self.prices.values())


class PriceSheet:
    """The offers of one page in the making. The same price stated twice is PageChanged, not a choice."""

    def __init__(self) -> None:
        self._entries: dict[OfferKey, _Entry] = {}

    def add(
        self,
        model: str,
        *components: PriceComponent,
        tier: str = "standard",
        region: str = "",
        terms: tuple[str, ...] = (),
    ) -> None:
        key = OfferKey(model, tier, region)
        if (entry := self._entries.get(key)) is None:
            entry = self._entries[key] = _Entry()
        before = len(entry.prices)
        places = [(price.unit, price.conditions, price.valid_from, price.valid_to) for price in components]
        entry.prices.update(zip(places, components, strict=True))
        if len(entry.prices) < before + len(components):
            known = list(entry.prices)[:before]
            unit, when, *_ = next(place for at, place in enumerate(places) if place in [*known, *places[:at]])
            raise PageChanged(f"{model} ({tier}) has two prices for {unit}, {when.as_dict() or 'always'}")
        if terms:
            entry.terms.update(dict.fromkeys(terms))

    def price(self, model: str, unit: str, tier: str = "standard") -> PriceComponent | None:
        """The unconditional price of a unit, where one has been stated."""
        known = self._entries.get(OfferKey(model, tier), _Entry()).components
        return next((price for price in known if price.unit == unit and price.conditions == Conditions()), None)

    def add_new(self, model: str, *components: PriceComponent, tier: str = "standard", terms: tuple[str, ...]) -> None:
        """As `add`, for a page that repeats itself: a price it has stated for this case or for all is left out."""
        known = self._entries.get(OfferKey(model, tier), _Entry()).components
        always = {price.unit: price.amount for price in known if price.conditions == ALWAYS}
        for price in components:
            if price.conditions.min_input_tokens is None and always.get(price.unit, price.amount) != price.amount:
                raise PageChanged(
                    f"{model} ({tier}) has two prices for {price.unit}: {always[price.unit]}, {price.amount}"
                )
        stated = {(price.unit, price.amount) for price in known}
        new = [
            price for price in components if (price.unit, price.amount) not in stated or not _is_stated(price, known)
        ]
        self.add(model, *new, tier=tier, terms=terms)

    def offers(self, provider: Provider) -> Iterator[Offer]:
        """One offer for each model, tier and region, in the order of the page; without any price it is PageChanged."""
        if not any(entry.components for entry in self._entries.values()):
            raise PageChanged("no price was found on the page")
        for key, entry in self._entries.items():
            yield Offer(provider.slug, key.model, entry.components, key.tier, key.region, tuple(entry.terms))


def _is_stated(price: PriceComponent, known: tuple[PriceComponent, ...]) -> bool:
    return price in known or replace(price, conditions=ALWAYS) in known
