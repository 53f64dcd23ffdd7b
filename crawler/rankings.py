"""The answer of OpenRouter's Data API for the ranking of each day (https://openrouter.ai/docs/data-api)."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import msgspec

from crawler.citation import notice
from crawler.failures import PageChanged
from crawler.page import Page
from history.model import Notice, Volume

# Text, since a day's tokens may be more than JSON's readers hold; the recorder judges whether it can be.
_COUNT = re.compile(r"-?[0-9]{1,30}", re.ASCII)
VERSION = "v1"


class _Row(msgspec.Struct):
    """`model_permaslug` may end in ":free", and is "other" for all models below the fiftieth together."""

    date: date
    model_permaslug: str
    total_tokens: str


class _Meta(msgspec.Struct):
    """`start_date` is later than the one that was asked for where the dataset begins later."""

    as_of: datetime
    version: str
    start_date: date
    end_date: date


class _Answer(msgspec.Struct):
    data: list[_Row]
    meta: _Meta


def ranked(page: Page, asked: Mapping[str, str]) -> Iterator[Volume | Notice]:
    """The rows, by the days that the answer itself says it covers; those of a day that is not over are left out."""
    answer = page.json_as(_Answer)
    meta, today = answer.meta, page.fetched_at.astimezone(UTC).date()
    _check(answer)
    for row in answer.data:
        if not meta.start_date <= row.date <= meta.end_date:
            raise PageChanged(f"a row of {row.date} in an answer for {meta.start_date} to {meta.end_date}")
        if not _COUNT.fullmatch(row.total_tokens):
            raise PageChanged(f"{row.model_permaslug} on {row.date}: {row.total_tokens!r} is not a number of tokens")
        if row.date == today:
            page.unread["rows of a day that is not over"] += 1
        else:
            yield Volume(row.model_permaslug, "day", row.date, int(row.total_tokens))
    without = (meta.end_date - meta.start_date).days + 1 - len({row.date for row in answer.data})
    page.unread.update({"days without a row": without} if without else {})
    if asked.get("start_date", "9") < meta.start_date.isoformat():
        page.unread["days before the dataset begins"] += 1
    said = {name: str(value) for name, value in msgspec.to_builtins(meta).items()}
    yield notice(meta.as_of.astimezone(UTC), said, licensed=True)


def _check(answer: _Answer) -> None:
    if answer.meta.version != VERSION:
        raise PageChanged(f"the dataset is of version {answer.meta.version!r}, not {VERSION!r}")
    if answer.meta.as_of.tzinfo is None:
        raise PageChanged(f"as_of {answer.meta.as_of} has no offset from UTC")
    if not answer.data:
        raise PageChanged(f"it has no row of {answer.meta.start_date} to {answer.meta.end_date}")
