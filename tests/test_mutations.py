"""Every saved page of every spider, altered in each way that tests.mutants knows: no wrong price, always a name."""

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from crawler.page import Page
from crawler.reading import read, spider_class
from crawler.replay import Capture
from crawler.seen import Unread
from history.model import ALWAYS, Conditions, Fetched, OfferKey, PriceComponent
from history.validation import validate
from tests.mutants import ADDED, JUNK, RENAMED, Mutant, Rescaled, layers, mutants, rescaled
from tests.spiders.reading import PAGES

FOLDERS = sorted("/".join(path.parent.parts[-2:]) for path in PAGES.glob("*/*/capture.json"))
EACH = pytest.mark.parametrize("name", FOLDERS)
# Pages that now say what another page of the same source says and means.
SAYS_SO = {
    # Without its column for text alone, the table of qwen3-omni is that of qwen3.5-omni, which has one price for text.
    ("alibaba_cn/2026-08-10", "column 5"),
}


class Price(NamedTuple):
    """What a component comes to: 1 USD per 1M is 0.001 per 1K."""

    unit: str
    amount: Any
    currency: str
    listed: Any
    when: Conditions
    dates: tuple[Any, Any]

    @classmethod
    def of(cls, price: PriceComponent) -> "Price":
        listed = None if price.list_amount is None else price.list_amount / price.per
        dates = price.valid_from, price.valid_to
        return cls(price.unit, price.amount / price.per, price.currency, listed, price.conditions, dates)


class Run(NamedTuple):
    """What came of a page: the prices that are believed, by offer, and the names of what was not read; or why not."""

    offers: dict[OfferKey, frozenset[Price]]
    names: Counter[str]
    failure: str = ""

    def prices(self) -> set[tuple[OfferKey, Price]]:
        return {(key, price) for key, prices in self.offers.items() for price in prices}


def run(name: str, page: Page, text: str) -> Run:
    """As a crawl reads and believes it, but without a database."""
    spider = spider_class(name.partition("/")[0])
    changed = replace(page, body=text.encode(), unread=Unread())
    reading = read(spider(), [(changed, Fetched(page.url, "", page.fetched_at))], page.fetched_at)
    if reading.failure:
        assert reading.failure.name == "PageChanged"
        return Run({}, Counter(), reading.failure.message)
    seen, rejections = validate(reading.offers, spider.source())
    believed = [offer for offer in reading.offers if offer.key in seen.offers]
    offers = {offer.key: frozenset(map(Price.of, offer.components)) for offer in believed}
    return Run(offers, Counter(reading.unread) + Counter(rejection.rule for rejection in rejections))


@cache
def saved(name: str) -> tuple[Page, Run]:
    page = Capture.load(PAGES / name).page()
    return page, run(name, page, page.body.decode())


@EACH
def test_a_page_that_changed_has_no_wrong_price_and_a_name_for_what_is_missing(name: str) -> None:
    page, right = saved(name)
    wrong = dict[str, str]()
    for mutant in (mutant for layer in layers(page) for mutant in mutants(layer)):
        got = run(name, page, mutant.text)
        # Without any offer a run fails by itself: TooFewOffers.
        if got.offers and got != right and (why := found_wrong(name, page, mutant, got, right)):
            wrong[f"{mutant.kind}: {mutant.where}"] = why
        elif got == right and mutant.kind == "junk" and run(name, page, mutant.twin).prices() != right.prices():
            wrong[f"{mutant.kind}: {mutant.where}"] = "nobody named it"
    assert {where: why for where, why in wrong.items() if (name, where.rpartition("' ")[2][-8:]) not in SAYS_SO} == {}


def found_wrong(name: str, page: Page, mutant: Mutant, got: Run, right: Run) -> str:
    """What is wrong with a mutant's prices; tests.mutants says what may be expected of which."""
    new, gone = got.prices() - right.prices(), right.prices() - got.prices()
    if mutant.kind == "crossed":
        return contradiction(got, run(name, page, mutant.twin))
    if strange := [price for price in new if not may_be(mutant.kind, *price, got, right)]:
        return f"says {strange[:3]}"
    is_named = bool(got.names - right.names) or got.offers.keys() - right.offers.keys()
    # What a page no longer says at all nobody can name.
    return f"lost without a word: {list(gone)[:3]}" if gone and not is_named and "dropped" not in mutant.kind else ""


def may_be(kind: str, key: OfferKey, price: Price, got: Run, right: Run) -> bool:
    """Whether a price that was not there before is what the page now says."""
    if kind == "moved":
        return False
    said = " ".join(key)
    if any(word in said for word in (RENAMED, ADDED, JUNK, "#2")):
        return any(price in prices for prices in right.offers.values())
    # A record without its id goes by its other name.
    named = {(known.tier, known.region, prices) for known, prices in right.offers.items()}
    if "key" in kind and (key.tier, key.region, got.offers[key]) in named:
        return True
    old = [known for known in right.offers.get(key, ()) if known.unit == price.unit]
    as_many = len(old) == len([one for one in got.offers[key] if one.unit == price.unit])
    return any(known[:4] == price[:4] and fits(price.when, known.when, as_many) for known in old)


def fits(new: Conditions, old: Conditions, as_many: bool) -> bool:
    """A price that held always may hold in fewer cases; one whose condition is said nowhere any more, in all."""
    return old == ALWAYS or (as_many and new.as_dict().items() <= old.as_dict().items())


def contradiction(one: Run, other: Run) -> str:
    """Two prices for one place, where two pages say the same."""
    ours, theirs = ({(k, p.unit, p.when): p for k, p in read.prices()} for read in (one, other))
    differ = [place for place in ours.keys() & theirs.keys() if ours[place] != theirs[place]]
    return f"read by place, not by header: {differ[:3]}" if differ else ""


@EACH
def test_another_unit_is_another_price_or_a_name(name: str) -> None:
    page, right = saved(name)
    wrong = dict[str, str]()
    for changed in rescaled(page):
        got = run(name, page, changed.text)
        stated = right.prices() | {(key, scaled(price, changed)) for key, price in right.prices()}
        known = {(key, price.unit, price.when) for key, price in right.prices()}
        new = [(key, p) for key, p in got.prices() - stated if (key, p.unit, p.when) in known]
        if new:
            wrong[changed.where] = f"says {new[:3]}"
        elif got == right and run(name, page, changed.garbled).prices() != right.prices() and not is_a_length(changed):
            wrong[changed.where] = "the unit is not read"
    assert wrong == {}


def scaled(price: Price, changed: Rescaled) -> Price:
    """The price if its unit is the changed one, exactly."""
    times, by = changed.factor.numerator, changed.factor.denominator
    listed = None if price.listed is None else price.listed * times / by
    return price._replace(amount=price.amount * times / by, listed=listed)


def is_a_length(changed: Rescaled) -> bool:
    """What says how long a prompt may be, or how large an image is, is another price's condition or nothing."""
    return any(word in changed.where for word in ("<p>[1M", "/2K image", "every (?<![0-9.,])1 ?M"))


def test_the_mutants_are_many_and_of_every_kind() -> None:
    made = Counter[str]()
    for name in FOLDERS:
        page, _ = saved(name)
        made.update(mutant.kind for layer in layers(page) for mutant in mutants(layer))
    assert made.keys() == {"renamed", "dropped", "moved", "crossed", "added", "junk", "renamed key", "dropped key"}
    assert min(made.values()) > 300, made


def test_every_spider_has_a_page_that_can_be_altered() -> None:
    unaltered = [name for name in FOLDERS if not any(True for layer in layers(saved(name)[0]) for _ in mutants(layer))]
    # A card is no table: AI21's sentences are altered by their units only.
    assert len(unaltered) < len(FOLDERS) / 10, unaltered


@pytest.mark.parametrize("name", FOLDERS[::6])
def test_a_mutant_is_the_page_in_all_but_what_was_changed(name: str) -> None:
    page, right = saved(name)
    same = [mutant for layer in layers(page) for mutant in mutants(layer) if mutant.where.endswith("as it is")]
    assert {run(name, page, mutant.text).prices() == right.prices() for mutant in same} <= {True}
