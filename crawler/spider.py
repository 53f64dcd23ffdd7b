"""PricingSpider: what a spider declares, and how its pages are read."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import scrapy

from crawler.page import Page
from history.model import Offer, Provider, Source


class PricingSpider(scrapy.Spider):
    """One price source. A subclass declares the class variables and has one pure `extract`."""

    provider: ClassVar[Provider]
    start_urls: ClassVar[list[str]]  # type: ignore[misc]
    currency: ClassVar[str]
    offers_expected: ClassVar[range]
    interval: ClassVar[timedelta] = timedelta(hours=1)
    ignored_columns: ClassVar[frozenset[str]] = frozenset()
    # The day of the newest real capture that this spider has read; "" until there is one.
    verified: ClassVar[str] = ""

    @classmethod
    def source(cls) -> Source:
        """The spider's declaration, in history's words."""
        return Source(
            cls.name, cls.provider, cls.start_urls[0], frozenset({cls.currency}), cls.offers_expected,
            int(cls.interval.total_seconds()), cls.verified,
        )  # fmt: skip

    def extract(self, page: Page) -> Iterator[Offer]:
        """The offers that the page states; pure. Raises PageChanged for what it does not understand."""
        raise NotImplementedError
