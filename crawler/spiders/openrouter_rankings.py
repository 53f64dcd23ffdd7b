"""OpenRouter's public rankings: what each model took in and gave out over the day, week and month before."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from crawler.citation import notice
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.spider import PricingSpider
from history.model import Notice, Provider, Volume, VolumePeriod

_VIEWS = ("day", "week", "month")


class _Row(msgspec.Struct):
    """A variant (":free", ":batch") has a row of its own, which is in no other. `date` is the last day on which the
    model was used, not the day of the figures, which cover the whole view (2026-08-10: 21 dates in one answer)."""

    date: str
    model_permaslug: str
    variant: str
    variant_permaslug: str
    total_prompt_tokens: int
    total_completion_tokens: int
    count: int


class _Answer(msgspec.Struct):
    data: list[_Row]


class OpenRouterRankings(PricingSpider):
    name = "openrouter_rankings"
    provider = Provider("openrouter", "OpenRouter", "gateway")
    start_urls = [f"https://openrouter.ai/api/frontend/v1/rankings/models?view={view}" for view in _VIEWS]
    stands_in_for = "openrouter_volumes"
    currency = "USD"
    # Of one view at least: 437 to 532 rows each in August 2026.
    offers_expected = range(300, 10_000)
    # The figures of a day are those that the last look of that day saw.
    interval = timedelta(days=1)
    daily_budget = 60
    verified = "2026-08-10"

    def extract(self, page: Page) -> Iterator[Volume | Notice]:
        view = _view(page.url)
        rows = page.json_as(_Answer).data
        if not rows:
            raise PageChanged(f"the ranking of the {view} is empty")
        period = cast(VolumePeriod, f"trailing_{view}")
        seen = page.fetched_at.astimezone(UTC)
        for row in rows:
            came, went = row.total_prompt_tokens, row.total_completion_tokens
            if not row.variant_permaslug and not (came or went or row.count):
                # One row of nothing in each view since 2026-08-05.
                page.unread["rows of zeros without a model"] += 1
                continue
            yield Volume(_model(row), period, seen.date(), came + went, came, went, row.count)
        yield notice(seen, {"view": view}, licensed=False)


def _view(url: str) -> str:
    asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if len(asked) != 1 or asked[0][0] != "view" or asked[0][1] not in _VIEWS:
        raise PageChanged(f"{url} does not ask for view=day, week or month: which period do its rows cover?")
    return asked[0][1]


def _model(row: _Row) -> str:
    """The permaslug, with the variant behind a colon unless it is the standard one."""
    name = row.model_permaslug if row.variant == "standard" else f"{row.model_permaslug}:{row.variant}"
    if name != row.variant_permaslug:
        raise PageChanged(f"{row.variant_permaslug!r} is not {row.model_permaslug!r} as {row.variant!r}")
    return name
