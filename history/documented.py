"""What is documented of the years before the first crawl: the project's own file of facts, one a line."""

import csv
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import Any, NamedTuple, cast

from history.book import Change
from history.compare import kind_of
from history.model import (
    Conditions,
    EventKind,
    Provider,
    ProviderKind,
    Quote,
    SeriesKey,
    Source,
    conditions_text,
)
from history.place import Place
from history.times import from_rfc3339

FACTS = files("history.facts")
WHERE = "tag:tokentape.dev,2026:facts/changes.jsonl"
# It is read when the program starts, and by no schedule.
NEVER_DUE = timedelta(days=3650)
# Behind it stands the price of a fact, on its line.
_NEW = re.compile(rb'"new": ?"')
_TOLD = {
    "launched": EventKind.PRICE_ADDED,
    "added": EventKind.PRICE_ADDED,
    "removed": EventKind.PRICE_REMOVED,
    "scheduled": EventKind.PRICE_SCHEDULED,
    "cancelled": EventKind.PRICE_CANCELLED,
}


class Fact(NamedTuple):
    """One documented change. `new` of what was removed is what applied instead; `old` of what was added, until then;
    `why` says in a later version of the file what was wrong in the one before; `read_at` is where `new` stands."""

    provider: str
    key: SeriesKey
    kind: str
    old: Quote | None
    new: Quote | None
    effective_at: datetime
    source: str
    why: str
    read_at: Place

    @property
    def place(self) -> tuple[SeriesKey, datetime]:
        return self.key, self.effective_at

    @property
    def quote(self) -> str | None:
        """What the series says from then on; None: it has ended."""
        return None if self.new is None or self.kind == "removed" else self.new.text

    @property
    def change(self) -> Change:
        """As it is told; of what was cancelled, the old price is the one that was announced."""
        old, new = (quote and quote.text for quote in (self.old, self.new))
        if self.kind == "cancelled":
            old, new = new, old
        kind = _TOLD.get(self.kind) or kind_of(old, new or "")
        return Change(kind, self.key.offer, self.effective_at, self.key, old, new)


def file_of_facts() -> bytes:
    return FACTS.joinpath("changes.jsonl").read_bytes()


def facts_in(body: bytes) -> list[Fact]:
    """The lines of the file, in their order."""
    found, at = list[Fact](), 0
    for line in body.splitlines(keepends=True):
        price = _NEW.search(line)
        found.append(_fact(json.loads(line), Place(0, byte=at + (price.end() if price else 0))))
        at += len(line)
    return found


def sellers() -> dict[str, Provider]:
    """Who bills what the file tells, by slug."""
    with FACTS.joinpath("sellers.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {row["slug"]: Provider(row["slug"], row["name"], cast(ProviderKind, row["kind"])) for row in rows}


def source_of(provider: Provider) -> Source:
    """What is documented of one provider: a source of its own, since two may sell a model of the same name."""
    name, interval_s = f"documented_{provider.slug}", int(NEVER_DUE.total_seconds())
    return Source(name, provider, WHERE, frozenset({"USD"}), range(1, 10_000), interval_s, witness="documented")


def _fact(row: dict[str, Any], at: Place) -> Fact:
    conditions: dict[str, Any] = {
        name: tuple(stated) if isinstance(stated, list) else stated
        for name, stated in row.get("conditions", {}).items()
    }
    key = SeriesKey(
        row["model"], row.get("tier", "standard"), row.get("region", ""), row["unit"],
        conditions_text(Conditions(**conditions)),
    )  # fmt: skip
    old = _quote(row["old"], row)
    new = _quote(row["new"], row, row.get("list"), row.get("ends"))
    moment = from_rfc3339(row["effective_at"])
    return Fact(row["provider"], key, row["kind"], old, new, moment, row["source"], row.get("why", ""), at)


def _quote(
    amount: str | None, row: dict[str, Any], listed: str | None = None, ends: str | None = None
) -> Quote | None:  # fmt: skip
    if amount is None:
        return None
    list_amount = None if listed is None else Decimal(listed)
    ends_at = None if ends is None else from_rfc3339(ends)
    return Quote(Decimal(amount), row["currency"], row["per"], list_amount, ends_at)
