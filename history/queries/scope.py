"""Which part of the history is asked for."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam

from history.model import ProviderKind
from history.tables import offer, provider, series, source


class Scope(NamedTuple):
    """Exact values that a price or a change must have; None asks for any. `seller` is the kind of provider,
    `not_tier` a tier that is left out."""

    provider: str | None = None
    model: str | None = None
    tier: str | None = None
    region: str | None = None
    unit: str | None = None
    source: str | None = None
    seller: ProviderKind | None = None
    not_tier: str | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked for, by field: the parameters of `within`."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value is not None}


_COLUMNS: dict[str, ColumnElement[Any]] = {
    "provider": provider.c.slug,
    "model": offer.c.model,
    "tier": offer.c.tier,
    "region": offer.c.region,
    "unit": series.c.unit,
    "source": source.c.name,
    "seller": provider.c.kind,
}


def within(names: tuple[str, ...]) -> list[ColumnElement[bool]]:
    """The conditions of a scope that asks for these fields; their values are bound at execution."""
    given = [_COLUMNS[name] == bindparam(name) for name in names if name in _COLUMNS]
    return given + [offer.c.tier != bindparam(name) for name in names if name == "not_tier"]
