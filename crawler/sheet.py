"""PriceSheet: gathers what the tables of one page say about each model until it can be stated as offers."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions, Offer, OfferKey, PriceComponent, Provider


@dataclass(slots=True)
class _Entry:
    components: list[PriceComponent] = field(default_factory=list)
    terms: dict[str, None] = field(default_factory=dict)


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
        entry = self._entries.setdefault(OfferKey(model, tier, region), _Entry())
        for component in components:
            if any(_same_place(component, known) for known in entry.components):
                condition = component.conditions.as_dict() or "always"
                raise PageChanged(f"{model} ({tier}) has two prices for {component.unit}, {condition}")
            entry.components.append(component)
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
        new = [price for price in components if price not in known and replace(price, conditions=ALWAYS) not in known]
        self.add(model, *new, tier=tier, terms=terms)

    def offers(self, provider: Provider) -> Iterator[Offer]:
        """One offer for each model, tier and region, in the order of the page; without any it is PageChanged."""
        if not self._entries:
            raise PageChanged("no price was found on the page")
        for key, entry in self._entries.items():
            components, terms = tuple(entry.components), tuple(entry.terms)
            yield Offer(provider.slug, key.model, components, key.tier, key.region, terms)


def _same_place(one: PriceComponent, other: PriceComponent) -> bool:
    return (one.unit, one.conditions, one.valid_from, one.valid_to) == (
        other.unit, other.conditions, other.valid_from, other.valid_to,
    )  # fmt: skip
