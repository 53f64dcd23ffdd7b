"""PriceSheet: gathers what the tables of one page say about each model until it can be stated as offers."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions, Offer, PriceComponent, Provider

# Each price by its place: no two are of one unit, under the same conditions, at the same time.
_Prices = dict[tuple[object, ...], PriceComponent]


class PriceSheet:
    """The offers of one page in the making. The same price stated twice is PageChanged, not a choice."""

    def __init__(self) -> None:
        self._prices: dict[tuple[str, str, str], _Prices] = {}
        self._terms: dict[tuple[str, str, str], dict[str, None]] = {}

    def add(
        self,
        model: str,
        *components: PriceComponent,
        tier: str = "standard",
        region: str = "",
        terms: tuple[str, ...] = (),
    ) -> None:
        key = model, tier, region
        if (prices := self._prices.get(key)) is None:
            prices = self._prices[key] = {}
        for places, price in enumerate(components, len(prices) + 1):
            prices[price.unit, price.conditions, price.valid_from, price.valid_to] = price
            if len(prices) < places:
                when = price.conditions.as_dict() or "always"
                raise PageChanged(f"{model} ({tier}) has two prices for {price.unit}, {when}")
        if terms:
            self._terms.setdefault(key, {}).update(dict.fromkeys(terms))

    def begin(self, model: str, at: datetime) -> None:
        """Say of a model, whose prices are all stated, that they are charged from then on."""
        for (name, _, _), prices in self._prices.items():
            if name == model:
                prices.update({place: replace(price, valid_from=at) for place, price in prices.items()})

    def price(self, model: str, unit: str, tier: str = "standard") -> PriceComponent | None:
        """The unconditional price of a unit, where one has been stated."""
        known = self._stated(model, tier)
        return next((price for price in known if price.unit == unit and price.conditions == Conditions()), None)

    def add_new(self, model: str, *components: PriceComponent, tier: str = "standard", terms: tuple[str, ...]) -> None:
        """As `add`, for a page that repeats itself: a price it has stated for this case or for all is left out."""
        if not (known := self._stated(model, tier)):
            self.add(model, *components, tier=tier, terms=terms)
            return
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
        if not any(self._prices.values()):
            raise PageChanged("no price was found on the page")
        for key, prices in self._prices.items():
            model, tier, region = key
            yield Offer(provider.slug, model, tuple(prices.values()), tier, region, tuple(self._terms.get(key, ())))

    def _stated(self, model: str, tier: str) -> tuple[PriceComponent, ...]:
        return tuple(self._prices.get((model, tier, ""), {}).values())


def _is_stated(price: PriceComponent, known: tuple[PriceComponent, ...]) -> bool:
    return price in known or replace(price, conditions=ALWAYS) in known
