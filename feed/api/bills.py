"""What usages cost, as readers get it: an object a record, with the price versions that it was charged by."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine

from feed.api import charges, shapes
from feed.api.proof import place
from feed.figures import conditions_of
from feed.usages import Malformed, Told
from history import currency as money
from history.billing import Billing
from history.cost import Cost, Line, Missing, PriceVersion
from history.db import reading
from history.identity import Synonym, version
from history.model import plain
from history.times import to_rfc3339

_AT_ONCE = 500


class Billed(NamedTuple):
    """A record's line, what it cost, and that in the currency that was asked for, where there is a rate."""

    line: int
    cost: Cost
    rate: money.Rate | None = None
    no_rate: str = ""

    @property
    def converted(self) -> Decimal | None:
        if self.rate is None or self.cost.amount is None:
            return None
        return self.rate.convert(self.cost.amount)


class Bills:
    """Prices records by what was known at `known_at`, at the latest by the newest run: the same for ever after."""

    def __init__(self, engine: Engine, known_at: datetime | None = None, currency: str | None = None) -> None:
        self._engine, self._currency = engine, currency
        with reading(engine) as connection:
            newest = Billing.now(connection)
        self._billing = newest if known_at is None or known_at > newest.known_at else Billing(known_at)
        self.known_at = self._billing.known_at
        self._prices: dict[tuple[int, datetime], msgspec.Raw] = {}

    def of(self, records: Iterable[Told | Malformed]) -> Iterator[Billed | Malformed]:
        """Each record's bill, in their order. No connection is held while the reader is busy with them."""
        waiting = iter(records)
        while batch := list(islice(waiting, _AT_ONCE)):
            with reading(self._engine) as connection:
                usages = [one.usage for one in batch if isinstance(one, Told)]
                costs = list(self._billing.costs(connection, usages))
            following = iter(costs)
            for one in batch:
                yield one if isinstance(one, Malformed) else self._converted(one.line, next(following))

    def told(self, one: Billed | Malformed) -> bytes:
        """The line of the answer."""
        if isinstance(one, Malformed):
            return msgspec.json.encode(charges.MalformedUsage(line=one.line, error=one.error)) + b"\n"
        return msgspec.json.encode(self._shaped(one)) + b"\n"

    def _converted(self, line: int, cost: Cost) -> Billed:
        if self._currency is None or cost.currency is None:
            return Billed(line, cost)
        try:
            return Billed(line, cost, money.rate(cost.currency, self._currency, cost.usage.at))
        except money.NoRate as why:
            return Billed(line, cost, no_rate=str(why))

    def _shaped(self, billed: Billed) -> dict[str, Any]:
        """A charges.UsageCost; its prices are rendered once each."""
        cost, usage = billed.cost, billed.cost.usage
        shaped: dict[str, Any] = {
            "line": billed.line,
            "id": usage.id,
            "provider": usage.provider,
            "model": usage.model,
            "tier": usage.tier,
            "region": usage.region,
            "at": to_rfc3339(usage.at),
            "known_at": to_rfc3339(self.known_at),
            "source": cost.tariff and cost.tariff.source,
            "priced_as": cost.synonym and _priced_as(cost.synonym),
            "cost": None if cost.amount is None else plain(cost.amount),
            "currency": cost.currency,
            "lines": [self._line(line) for line in cost.lines],
            "missing": [_missing(one) for one in cost.missing],
            "notes": [*cost.notes, *filter(None, [billed.no_rate])],
        }
        if billed.rate is not None and billed.converted is not None:
            shaped["converted"] = shapes.converted(billed.converted, billed.rate)
        return shaped

    def _line(self, line: Line) -> dict[str, Any]:
        price = line.price
        key = (price.series_id, price.valid_from)
        if key not in self._prices:
            self._prices[key] = msgspec.Raw(msgspec.json.encode(_price(price)))
        counted = line.counted if isinstance(line.counted, int) else plain(line.counted)
        return {"unit": line.unit, "count": counted, "cost": plain(line.amount), "price": self._prices[key]}


def _price(price: PriceVersion) -> charges.ChargedPrice:
    return {
        "series": price.series_id,
        "unit": price.unit,
        "conditions": conditions_of(price.conditions),
        "amount": plain(price.amount or Decimal(0)),
        "currency": str(price.currency),
        "per": price.per or 1,
        "valid_from": price.valid_from,
        "recorded_at": price.recorded_at,
        "basis": price.basis,
        "run": price.run_id,
        "place": place(price.place),
    }


def _priced_as(synonym: Synonym) -> charges.PricedAs:
    return {"model": synonym.model, "canonical": synonym.canonical, "source": synonym.source, "aliases": version()}


def _missing(missing: Missing) -> charges.MissingPrice:
    return {
        "reason": missing.reason,
        "unit": missing.unit,
        "detail": missing.detail,
        "close": list(missing.close),
    }
