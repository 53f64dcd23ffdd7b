"""Hand-made pages for tests of history: what a source would have stated, without a page."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from history.model import ALWAYS, Conditions, Offer, PriceComponent, Provider, Reading, Source

LAB = Provider("acme", "Acme", "lab")
SOURCE = Source("acme_page", LAB, "https://acme.example/pricing", frozenset({"USD"}), range(1, 100), 3600)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
MILLION = 1_000_000


def day(number: float) -> datetime:
    """That many days after the first fetch."""
    return MONDAY + timedelta(days=number)


def price(
    unit: str, amount: str, *, conditions: Conditions = ALWAYS, currency: str = "USD", per: int = MILLION, **stated: Any
) -> PriceComponent:
    return PriceComponent(unit, Decimal(amount), currency, per, conditions, **stated)


def offer(model: str, *components: PriceComponent, **stated: Any) -> Offer:
    return Offer("acme", model, components, **stated)


def simple(model: str, input_price: str, output_price: str = "9") -> Offer:
    return offer(model, price("input_tokens", input_price), price("output_tokens", output_price))


def reading(at: datetime, *offers: Offer, source: Source = SOURCE, extractor: str = "one", **stated: Any) -> Reading:
    return Reading(source, extractor, at, offers=offers, **stated)


def models(names: Iterable[str], input_price: str = "3") -> list[Offer]:
    return [simple(name, input_price) for name in names]
