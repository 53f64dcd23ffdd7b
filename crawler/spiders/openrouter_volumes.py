"""OpenRouter's Data API: the tokens of each day's fifty most used models, and of all others together."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.failures import PageChanged
from crawler.page import Page
from crawler.rankings import ranked
from crawler.spans import days_to_ask, spans
from crawler.spider import PricingSpider
from history.db import reading
from history.model import Notice, Provider, Volume
from history.register import newest_day

_ASKED = {"start_date", "end_date"}


class OpenRouterVolumes(PricingSpider):
    name = "openrouter_volumes"
    provider = Provider("openrouter", "OpenRouter", "gateway")
    start_urls = ["https://openrouter.ai/api/v1/datasets/rankings-daily"]
    key_setting = "openrouter_api_key"
    currency = "USD"
    # From a month of days with thirty models to years of days with 51.
    offers_expected = range(900, 100_000)
    # Twice a day with one request each, never more than 30 a minute: of 500 that an account has a day.
    interval = timedelta(hours=12)
    daily_budget = 60
    delay_s = 4

    def first_urls(self, url: str | None) -> list[str]:
        """All days since the first on the first run; later the last ones, which may have been restated."""
        base = url or self.start_urls[0]
        if urlsplit(base).query:
            return [base]
        newest = None
        if self.database is not None:
            with reading(self.database) as connection:
                newest = newest_day(connection, self.name)
        days = spans(*days_to_ask(self.now(), newest))
        return [f"{base}?{urlencode({'start_date': start, 'end_date': end})}" for start, end in days]

    def extract(self, page: Page) -> Iterator[Volume | Notice]:
        asked = dict(parse_qsl(urlsplit(page.url).query, keep_blank_values=True))
        if filters := asked.keys() - _ASKED:
            raise PageChanged(f"{page.url} asks for less than all tokens of a day: {', '.join(sorted(filters))}")
        yield from ranked(page, asked)
