"""Which part of the history is asked for."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam

from history import identity
from history.model import ProviderKind, Witness
from history.tables import offer, provider, series, source


class Scope(NamedTuple):
    """Exact values that a price or a change must have; None asks for any. `seller` is the kind of provider,
    `not_tier` a tier that is left out.

    `canonical`, `author` and `country` are of the model, by the names that it has at the time (history.identity).
    """

    provider: str | None = None
    model: str | None = None
    tier: str | None = None
    region: str | None = None
    unit: str | None = None
    source: str | None = None
    seller: ProviderKind | None = None
    not_tier: str | None = None
    witness: Witness | None = None
    canonical: str | None = None
    author: str | None = None
    country: str | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked for, by field: the parameters of `within`."""
        values = zip(self._fields, self, strict=True)
        return {name: value for name, value in values if value is not None and name not in _IDENTITY}

    def meant(self) -> identity.Meant | None:
        """The names of the models that are asked for; None where it is not by identity."""
        if self.canonical is None and self.author is None and self.country is None:
            return None
        return identity.meant(self.canonical, self.author, self.country)


# What a model is, is no column: history.queries.naming.
_IDENTITY = frozenset({"canonical", "author", "country"})
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "provider": provider.c.slug,
    "model": offer.c.model,
    "tier": offer.c.tier,
    "region": offer.c.region,
    "unit": series.c.unit,
    "source": source.c.name,
    "seller": provider.c.kind,
    "witness": source.c.witness,
}


def within(names: tuple[str, ...]) -> list[ColumnElement[bool]]:
    """The conditions of a scope that asks for these fields; their values are bound at execution."""
    given = [_COLUMNS[name] == bindparam(name) for name in names if name in _COLUMNS]
    return given + [offer.c.tier != bindparam(name) for name in names if name == "not_tier"]
