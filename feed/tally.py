"""A bill for a person: what was spent on which model, the totals by currency, and what could not be priced."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import IO

from rich.table import Table

from feed.api.bills import Billed
from feed.usages import Malformed, NotUsages, Told, from_csv, from_ndjson
from history.currency import currencies
from history.model import plain

_EXACT = Context(prec=100)
_LISTED = 20


def records_of(file: Path, default_at: datetime | None = None) -> Iterator[Told | Malformed]:
    """The usage records of a file: CSV by its name or its first letters, NDJSON otherwise; .gz is unpacked."""
    if not file.is_file():
        raise NotUsages(f"{file} is not a file")
    with _opened(file) as lines:
        try:
            if ".csv" in file.suffixes:
                yield from from_csv(lines, default_at)
            else:
                yield from from_ndjson(lines, default_at)
        except (EOFError, gzip.BadGzipFile, UnicodeDecodeError) as wrong:
            raise NotUsages(f"{file} cannot be read to its end: {wrong}") from None


class Tally:
    """Adds bills up. A record that could not be priced whole is counted in no sum, only among what is missing."""

    def __init__(self, currency: str | None = None) -> None:
        if currency is not None and currency not in currencies():
            raise LookupError(f"there is no rate of {currency!r}; there are rates of {', '.join(currencies())}")
        self.currency = currency
        self.records = self.priced = 0
        self._sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._converted: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        self._unconverted: Counter[str] = Counter()
        self._missing: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
        self._malformed: list[Malformed] = []
        self._bad = 0

    @property
    def is_complete(self) -> bool:
        return self.priced == self.records

    def add(self, one: Billed | Malformed) -> None:
        self.records += 1
        if isinstance(one, Malformed):
            self._bad += 1
            if self._bad <= _LISTED:
                self._malformed.append(one)
            return
        cost = one.cost
        for missing in cost.missing:
            self._missing[cost.usage.provider, cost.usage.model, missing.detail, missing.close] += 1
        if cost.amount is None:
            return
        self.priced += 1
        model = cost.usage.model if cost.synonym is None else f"{cost.usage.model} (priced as {cost.synonym.model})"
        key = (cost.usage.provider, model, cost.currency or "")
        self._counts[key] += 1
        self._sums[key] = _EXACT.add(self._sums[key], cost.amount)
        if one.converted is not None:
            self._converted[key] = _EXACT.add(self._converted[key], one.converted)
        elif self.currency and cost.amount:
            self._unconverted[one.no_rate] += 1

    def table(self) -> Table:
        """By provider and model, the dearest first in each currency, and the totals."""
        table = Table(box=None, pad_edge=False)
        for name in ("provider", "model", "records"):
            table.add_column(name, justify="right" if name == "records" else "left", overflow="fold")
        table.add_column("cost", justify="right")
        if self.currency:
            table.add_column(f"in {self.currency}", justify="right")
        for key in sorted(self._sums, key=lambda key: (key[2], -self._sums[key], key)):
            provider, model, currency = key
            cells = [provider, model, str(self._counts[key]), _money(self._sums[key], currency)]
            table.add_row(*cells, *self._second([key]))
        table.add_section()
        for currency in sorted({key[2] for key in self._sums}):
            keys = [key for key in self._sums if key[2] == currency]
            total = _total(self._sums[key] for key in keys)
            count = sum(self._counts[key] for key in keys)
            table.add_row("total", "", str(count), _money(total, currency), *self._second(keys), style="bold")
        return table

    def troubles(self) -> Iterator[str]:
        """What is not in the sums, the most frequent first, a sentence each."""
        for (provider, model, detail, close), times in self._missing.most_common(_LISTED):
            hint = f"; did you mean {' or '.join(close[:3])}?" if close else ""
            yield f"{times} x {provider} {model}: {detail}{hint}"
        if len(self._missing) > _LISTED:
            yield f"and {len(self._missing) - _LISTED} more kinds; --json has them all"
        for one in self._malformed:
            yield f"line {one.line}: {one.error}"
        if self._bad > _LISTED:
            yield f"and {self._bad - _LISTED} more such lines"
        for why, times in self._unconverted.most_common():
            yield f"{times} x not converted to {self.currency}: {why or 'it has no currency'}"

    def _second(self, keys: Iterable[tuple[str, str, str]]) -> list[str]:
        if not self.currency:
            return []
        # Twenty digits of a quotient are for machines.
        total = _total(self._converted[key] for key in keys)
        return [_money(total.quantize(Decimal("0.000001"), context=_EXACT), self.currency)]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _money(amount: Decimal, currency: str) -> str:
    return f"{plain(amount)} {currency}".rstrip()


def _opened(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")
