"""Where in LiteLLM's map prices stand, by the thousand: each is a number of one entry, found without reading the rest.

The only number of its entry that could be the price is the price's place. Where several could be, the entry is read
by itself with its numbers changed, as pages are (crawler.placing).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import NamedTuple

import msgspec

from crawler import placing
from crawler.maps.litellm import TIERS, meanings, read_entry
from crawler.page import Page
from crawler.spider import PricingSpider
from history.evidence import KeptPage
from history.model import Offer, OfferKey, Quote, conditions_text
from history.place import Place
from history.places import Locate, Sought

# A number under a name. In a text that quotes JSON there is a \ before the closing quote.
_NAMED = re.compile(rb'"([a-z0-9_]+)"\s*:\s*(-?[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?)')
_COLON = re.compile(rb"\s*:\s*")

Wanted = Mapping[tuple[str, OfferKey], Sequence[Sought]]


class _Entry(NamedTuple):
    """One member of the map: `begins` is the byte of its key, `at` that of its value."""

    key: str
    begins: int
    at: int
    value: bytes


class _Number(NamedTuple):
    """A price as its field has it; `tier` is "" where the field's name says none."""

    unit: str
    tier: str
    conditions: str
    amount: Decimal

    @classmethod
    def of(cls, one: Sought) -> "_Number":
        """What a field would have to be to be this price."""
        tier = one.key.tier if one.key.tier in TIERS.values() else ""
        return cls(one.key.unit, tier, one.key.conditions, Quote.parse(one.quote).amount)


def locator(spider: PricingSpider) -> Locate:
    """The way back from the map's prices to its bytes."""
    return partial(locate, spider)


def locate(spider: PricingSpider, pages: Sequence[KeptPage], sought: Collection[Sought]) -> dict[Sought, Place]:
    """The places of those prices that can only be one number of one entry."""
    found: dict[Sought, Place] = {}
    for kept in pages:
        wanted = defaultdict[tuple[str, OfferKey], list[Sought]](list)
        for one in sought:
            wanted[one.key.biller, one.key.offer._replace(biller="")].append(one)
        for entry in _entries(kept, wanted):
            here, doubtful = _in_entry(entry, kept.ordinal, wanted)
            if doubtful := [one for one in doubtful if one not in found]:
                here |= _by_changing(spider, kept, entry, doubtful)
            # Two entries may state the same price of one offer: it is at the first.
            found |= {one: place for one, place in here.items() if one not in found}
    return found


def _entries(kept: KeptPage, wanted: Wanted) -> Iterator[_Entry]:
    """Those that may be of the offers that are wanted: a key ends with what its model ends with."""
    page = Page(kept.url, kept.body, kept.media_type, kept.fetched_at)
    ends = {_end_of(offer.model) for _, offer in wanted}
    behind = 0
    for key, raw in page.json_as(dict[str, msgspec.Raw]).items():
        if _end_of(key) not in ends:
            continue
        quoted, value = b'"%b"' % key.encode(), bytes(raw)
        begins = kept.body.find(quoted, behind)
        at = _value_at(kept.body, begins, quoted, value)
        if at is None:
            # Written twice; JSON takes the last one. A key that is written with escapes is not found at all.
            begins = kept.body.rfind(quoted)
            at = _value_at(kept.body, begins, quoted, value)
        else:
            behind = at + len(value)
        if at is not None:
            yield _Entry(key, begins, at, value)


def _value_at(body: bytes, begins: int, quoted: bytes, value: bytes) -> int | None:
    colon = _COLON.match(body, begins + len(quoted)) if begins >= 0 else None
    return colon.end() if colon and body.startswith(value, colon.end()) else None


def _end_of(name: str) -> str:
    return name.rpartition("/")[2]


def _in_entry(entry: _Entry, ordinal: int, wanted: Wanted) -> tuple[dict[Sought, Place], list[Sought]]:
    """The prices that are one number of the entry, and those that may be several of them."""
    found: dict[Sought, Place] = {}
    doubtful: list[Sought] = []
    numbers: Mapping[_Number, Sequence[int]] = {}
    for identity, offer in read_entry(entry.key, entry.value).offers:
        for one in _stated(offer, wanted.get(identity, ())):
            numbers = numbers or _numbers(entry.value)
            match numbers.get(_Number.of(one)):
                case [at]:
                    found[one] = Place(ordinal, byte=entry.at + at)
                case _:
                    doubtful.append(one)
    return found, doubtful


def _stated(offer: Offer, sought: Sequence[Sought]) -> Iterator[Sought]:
    """Those that the offer states: another entry may state others of the same offer."""
    amounts = {(price.unit, conditions_text(price.conditions)): price.amount for price in offer.components if sought}
    for one in sought:
        if amounts.get((one.key.unit, one.key.conditions)) == Quote.parse(one.quote).amount:
            yield one


def _numbers(value: bytes) -> Mapping[_Number, Sequence[int]]:
    """Where in an entry the numbers stand, by all that they may be."""
    found = defaultdict[_Number, list[int]](list)
    for match in _NAMED.finditer(value):
        for unit, tier, conditions in _meant(match[1]):
            found[_Number(unit, tier, conditions, Decimal(match[2].decode()))].append(match.start(2))
    return found


@lru_cache(maxsize=4096)
def _meant(name: bytes) -> list[tuple[str, str, str]]:
    known = meanings(name.decode())
    return [(meaning.unit, meaning.tier, conditions_text(meaning.conditions)) for meaning in known]


def _by_changing(spider: PricingSpider, kept: KeptPage, entry: _Entry, sought: list[Sought]) -> dict[Sought, Place]:
    body = b"{%b}" % kept.body[entry.begins : entry.at + len(entry.value)]
    alone = KeptPage(kept.ordinal, kept.url, kept.fetched_at, kept.media_type, body)
    places = placing.locate(spider, [alone], sought).items()
    return {one: place._replace(byte=entry.begins + place.byte - 1) for one, place in places if place.byte is not None}
