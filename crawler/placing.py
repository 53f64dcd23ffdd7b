"""Where on a page each price was read: its numbers are changed, and what changes with them was read from them.

It asks nothing of a spider but that `extract` is pure, and costs nothing while a page is read: it is done for what
becomes a version, once. docs/decisions/015 says why.
"""

from collections import deque
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from crawler.failures import PageChanged
from crawler.grid import Grid
from crawler.marks import Number, mark_of, marked, marked_texts, numbers_in, written
from crawler.page import Page
from crawler.spider import PricingSpider
from history.evidence import KeptPage
from history.model import Offer, PriceComponent, Quote, SeriesKey, conditions_text
from history.place import Place
from history.places import Locate, Sought

# How often a page is read with marks: once where its numbers are independent of each other, and that often where some
# of them are what a spider checks (a count in a condition), until those are found by halves.
READINGS = 24
_ALIKE = Decimal("1e-6"), Decimal("1e-9")

Prices = dict[SeriesKey, list[PriceComponent]]


def locator(spider: PricingSpider) -> Locate:
    """The way back from a spider's prices to its pages."""
    return partial(locate, spider)


def locate(spider: PricingSpider, pages: Sequence[KeptPage], sought: Collection[Sought]) -> dict[Sought, Place]:
    """The places of those prices that provably come from one number of one page."""
    found: dict[Sought, Place] = {}
    for kept in pages:
        page = Page(kept.url, kept.body, kept.media_type, kept.fetched_at)
        left = {one: Quote.parse(one.quote) for one in sought if one not in found}
        search = _Search(spider, page, kept.ordinal, left)
        search.by(lambda value: value)
        # A price of 0.2690 may be written as 2690, of some ten thousandth.
        search.by(_digits)
        found |= search.found
    return found


def _digits(value: Decimal) -> tuple[int, ...]:
    return value.normalize().as_tuple().digits


@dataclass
class _Search:
    """The search on one page for the prices that are `left`."""

    spider: PricingSpider
    page: Page
    ordinal: int
    left: dict[Sought, Quote]
    found: dict[Sought, Place] = field(default_factory=dict)
    readings: int = 0
    complaint: str = ""
    _stated: Prices | None = None

    def by(self, same: Callable[[Decimal], Hashable]) -> None:
        """Mark the numbers that are the same as an amount, the doubtful ones apart: all at once, then without those of
        which the spider complains, then by halves."""
        numbers = numbers_in(self.page.body, same, self._wanted(same))
        order = sorted(range(len(numbers)), key=lambda n: (numbers[n].value, n))
        waiting = deque([n for n in order if numbers[n].doubt == doubt] for doubt in (0, 1, 2))
        while waiting and self.left and self.readings < READINGS:
            wanted = self._wanted(same)
            some = [n for n in waiting.popleft() if same(numbers[n].value) in wanted]
            if some and self._read({n: numbers[n] for n in sorted(some)}):
                named = {n for n in some if written(numbers[n].value, n) in self.complaint}
                if 0 < len(named) < len(some):
                    waiting.appendleft([n for n in some if n not in named])
                    waiting.append(sorted(named))
                elif len(some) > 1:
                    waiting += some[: len(some) // 2], some[len(some) // 2 :]

    def _wanted(self, same: Callable[[Decimal], Hashable]) -> set[Hashable]:
        amounts = {amount for quote in self.left.values() for amount in (quote.amount, quote.list_amount)}
        return {same(amount) for amount in amounts if amount is not None}

    def _read(self, numbers: Mapping[int, Number]) -> bool:
        """One reading with these numbers marked; whether fewer of them might tell more."""
        self.readings += 1
        page = _with_body(self.page, marked(self.page.body, numbers.items()))
        prices = self._prices(page)
        told = {one: n for one in self.left if (n := self._number_of(one, prices)) is not None and n in numbers}
        if told:
            cells = _cells(page, self.ordinal)
            for one, n in told.items():
                del self.left[one]
                of_byte = Place(self.ordinal, byte=numbers[n].at)
                self.found[one] = cells.get(written(numbers[n].value, n), of_byte)
        return any(one.key not in prices and one.key in self._true_prices for one in self.left)

    def _number_of(self, one: Sought, prices: Prices) -> int | None:
        quote = self.left[one]
        alike = [price for price in prices.get(one.key, ()) if _is_alike(price, quote)]
        stated = [price for price in alike if price.valid_from == one.starts_at] or alike
        marks = {mark_of(price.amount, quote.amount) for price in stated}
        return marks.pop() if len(marks) == 1 else None

    @property
    def _true_prices(self) -> Prices:
        if self._stated is None:
            complaint = self.complaint
            self._stated = self._prices(_with_body(self.page, self.page.body))
            self.complaint = complaint
        return self._stated

    def _prices(self, page: Page) -> Prices:
        """What the spider reads; nothing but its complaint, where it does not understand the page."""
        found: Prices = {}
        self.complaint = ""
        try:
            for offer in self.spider.extract(page):
                if isinstance(offer, Offer):
                    self._add(found, offer)
        # A page with other numbers may break a reader in any way, and says nothing then; it is never believed.
        except Exception as broken:
            self.complaint = str(broken)
            return {}
        return found

    def _add(self, found: Prices, offer: Offer) -> None:
        biller = "" if offer.provider == self.spider.provider.slug else offer.provider
        for price in offer.components:
            conditions = conditions_text(price.conditions)
            key = SeriesKey(offer.model, offer.tier, offer.region, price.unit, conditions, biller)
            found.setdefault(key, []).append(price)


def _is_alike(price: PriceComponent, quote: Quote) -> bool:
    share, least = _ALIKE
    is_near = price.amount.is_finite() and abs(price.amount - quote.amount) <= abs(quote.amount) * share + least
    return is_near and (price.currency, price.per) == (quote.currency, quote.per)


def _with_body(page: Page, body: bytes) -> Page:
    return Page(page.url, body, page.media_type, page.fetched_at)


def _cells(page: Page, ordinal: int) -> dict[str, Place]:
    """The cells in which the marked numbers of a page stand, where it has tables."""
    found: dict[str, Place] = {}
    try:
        grids = [block.cells for block in page.blocks if isinstance(block, Grid)]
    except PageChanged:
        return found
    for table, rows in enumerate(grids, start=1):
        for row, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells, start=1):
                for number in marked_texts(f"{cell.text} {cell.struck}"):
                    found.setdefault(number, Place(ordinal, table, row, column))
    return {number: place for number, place in found.items() if place.code is not None}
