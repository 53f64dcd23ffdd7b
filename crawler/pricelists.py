"""Price lists in one cell, as Google Cloud writes partner models: "Input: $5.00 Output: $25.00 Batch Input: $2.50"."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from crawler import amounts
from crawler.failures import PageChanged
from crawler.marks import exact
from history.model import Conditions, PriceComponent

_UNITS = {
    "Input": "input_tokens", "Output": "output_tokens", "Cache Hit": "cache_read_tokens",
    "Cache Write": "cache_write_tokens", "5m Cache Write": "cache_write_tokens",
    "1h Cache Write": "cache_write_1h_tokens",
}  # fmt: skip
_ENTRY = re.compile(r"(?P<label>[A-Za-z0-9 ]+?): ?\$(?P<amount>[0-9]+(?:\.[0-9]+)?)(?P<per> / million tokens)?(?: |$)")

# The amount up to a size of prompt (False) and over it (True), for each tier and unit.
Sizes = dict[bool, Decimal]


def pricelists(texts: Sequence[str], sizes: Sequence[bool]) -> dict[tuple[str, str], Sizes] | None:
    """What the cells of a row state: one list for all prompts, or one for each of the `sizes` that the header names
    (True: over 200K tokens).

    None where a cell holds more than one list, or prices for something else than tokens.
    """
    stated = dict[tuple[str, str], Sizes]()
    if len(texts) > (len(sizes) or 1):
        raise PageChanged(f"{texts} are more cells than the table has columns")
    for at, text in enumerate(texts):
        if amounts.term(text) is not None:
            continue
        found = None if "(or $" in text else _pricelist(text, has_unit=not sizes)
        if found is None:
            return None
        for place, amount in found.items():
            stated.setdefault(place, {}).update(dict.fromkeys([sizes[at]] if sizes else [False, True], amount))
    return stated


def by_size(
    unit: str, sizes: Sizes, since: datetime | None = None, until: datetime | None = None, most: int = 200_000
) -> Iterator[PriceComponent]:
    """Of prompts up to so many tokens and over; one price where the two are the same."""
    if sizes.get(False) == sizes.get(True):
        yield PriceComponent(unit, sizes[True], "USD", 1_000_000, valid_from=since, valid_to=until)
        return
    for is_long, amount in sizes.items():
        when = Conditions(min_input_tokens=most + 1) if is_long else Conditions(max_input_tokens=most)
        yield PriceComponent(unit, amount, "USD", 1_000_000, when, valid_from=since, valid_to=until)


def _pricelist(text: str, *, has_unit: bool) -> dict[tuple[str, str], Decimal] | None:
    found, at, is_one = dict[tuple[str, str], Decimal](), 0, True
    while at < len(text):
        match = _ENTRY.match(text, at)
        unit = _UNITS.get(match["label"].replace("Batch ", "")) if match else None
        if match is None or unit is None or (has_unit and not match["per"]):
            raise PageChanged(f"{text!r} is not a list of prices from {text[at : at + 40]!r}")
        place, amount = ("batch" if "Batch " in match["label"] else "standard", unit), exact(match["amount"])
        is_one = found.setdefault(place, amount) == amount and is_one
        at = match.end()
    return found if is_one else None
