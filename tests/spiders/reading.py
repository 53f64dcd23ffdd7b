"""What the tests of single spiders ask for: saved pages, pages altered in one place, real captures, single cells."""

from dataclasses import replace
from pathlib import Path

from crawler.page import Page
from crawler.reading import spider_class
from crawler.replay import Capture
from history.model import ALWAYS, Conditions, Offer, PriceComponent, Statement

PAGES = Path(__file__).parent.parent / "pages"


def stated(page: Page, spider: str) -> list[Statement]:
    """All that the spider reads: offers, volumes with their notice, hosts."""
    return list(spider_class(spider)().extract(page))


def extract(page: Page, spider: str) -> list[Offer]:
    return [statement for statement in stated(page, spider) if isinstance(statement, Offer)]


def saved(name: str) -> Page:
    """tests/pages/<name>, such as "openai/2026-09-30"."""
    return Capture.load(PAGES / name).page()


def altered(name: str, old: str, new: str) -> Page:
    page = saved(name)
    text = page.body.decode()
    assert old in text, f"{name} does not hold {old!r}"
    return replace(page, body=text.replace(old, new).encode())


def real(recorded: Path, spider: str, date: str) -> Page:
    return Capture.load(recorded / spider / date).page()


def cell(
    offers: list[Offer], model: str, tier: str, unit: str, when: Conditions = ALWAYS, region: str = ""
) -> PriceComponent:
    """The one price of that unit under those conditions."""
    [offer] = [offer for offer in offers if (offer.model, offer.tier, offer.region) == (model, tier, region)]
    [price] = [price for price in offer.components if (price.unit, price.conditions) == (unit, when)]
    return price
