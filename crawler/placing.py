"""Where on a page each price was read: its numbers are changed, and what changes with them was read from them.

It asks nothing of a spider but that `extract` is pure, and costs nothing while a page is read: it is done for what
becomes a version, once. docs/decisions/015 says why.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from crawler.failures import PageChanged
from crawler.grid import Grid
from crawler.marks import Number, digits, mark_of, marked, marked_texts, numbers_in, written
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
        # Of the prices of hundreds of pages, few stand on this one.
        if len(pages) == 1 or search.keep_stated():
            search.run()
        found |= search.found
    return found


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
    is_sure: bool = False

    def run(self) -> None:
        """Mark the numbers that are an amount, then those that have its digits: of 0.2690 a page may say 2690."""
        numbers = dict(enumerate(numbers_in(self.page.body, {digits(amount) for amount in self._wanted()})))
        exactly = {number.value for number in numbers.values()} & self._wanted()
        for same in (True, False):
            some = [n for n, number in numbers.items() if (number.value in exactly) == same]
            self._mark(numbers, sorted(some, key=lambda n: (numbers[n].value, n)))

    def _mark(self, numbers: Mapping[int, Number], order: list[int]) -> None:
        """All at once, the doubtful ones apart; where prices are missing then, those numbers anew in parts."""
        waiting = deque([n for n in order if numbers[n].doubt == doubt] for doubt in (0, 1, 2))
        again = list[list[int]]()
        while self.left and self.readings < READINGS and (waiting or (again and self.keep_stated())):
            if not waiting:
                waiting.extend(again)
                again.clear()
            wanted = {digits(amount) for amount in self._wanted()}
            some = [n for n in waiting.popleft() if digits(numbers[n].value) in wanted]
            if some and not self._read({n: numbers[n] for n in sorted(some)}):
                again += self._parts(numbers, some)

    def _parts(self, numbers: Mapping[int, Number], some: list[int]) -> list[list[int]]:
        """Without those of which the spider complains, and these; where it names none, the halves."""
        named = [n for n in some if written(numbers[n].value, n) in self.complaint]
        if 0 < len(named) < len(some):
            return [[n for n in some if n not in named], named]
        return [some[: len(some) // 2], some[len(some) // 2 :]] if len(some) > 1 else []

    def keep_stated(self) -> bool:
        """Whether the page states any of the prices that are left; the others are not looked for on it any more."""
        if not self.is_sure:
            prices = self._prices(self.page)
            self.left = {one: quote for one, quote in self.left.items() if one.key in prices}
            self.is_sure = True
        return bool(self.left)

    def _wanted(self) -> set[Decimal]:
        amounts = (amount for quote in self.left.values() for amount in (quote.amount, quote.list_amount))
        return {amount for amount in amounts if amount is not None}

    def _read(self, numbers: Mapping[int, Number]) -> bool:
        """One reading with these numbers marked; whether it says something of all the prices that are left."""
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
        return all(one.key in prices for one in self.left)

    def _number_of(self, one: Sought, prices: Prices) -> int | None:
        quote = self.left[one]
        alike = [price for price in prices.get(one.key, ()) if _is_alike(price, quote)]
        stated = [price for price in alike if price.valid_from == one.starts_at] or alike
        marks = {mark_of(price.amount, quote.amount) for price in stated}
        return marks.pop() if len(marks) == 1 else None

    def _prices(self, page: Page) -> Prices:
        """What the spider reads; nothing but its complaint, where it does not understand the page."""
        found: Prices = {}
        self.complaint, keys = "", {one.key for one in self.left}
        models = {key.model for key in keys}
        try:
            for offer in self.spider.extract(page):
                if isinstance(offer, Offer) and offer.model in models:
                    self._add(found, offer)
                    # An offer comes whole, so that nobody has to wait for those behind the last one.
                    if keys <= found.keys():
                        break
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
