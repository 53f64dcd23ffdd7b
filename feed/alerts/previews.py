"""What a filter would have told: nothing is written down, and nobody is told."""

from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Connection

from feed.alerts.filters import SELLERS, Filter
from history import queries
from history.model import ProviderKind
from history.queries import Scope, Story, Wanted

# So many stories in memory at once, besides those that are shown.
STORIES = 200
MOST_SHOWN = 1_000
# A filter that names one of these narrows what has to be read.
_NAMED = ("provider", "model", "tier", "unit")


class Preview(NamedTuple):
    """The newest stories that a filter wants, at most a thousand, and how many there are in all."""

    stories: list[Story]
    total: int


def preview(
    connection: Connection, wanted: Filter, since: datetime, until: datetime, most: int = MOST_SHOWN
) -> Preview:  # fmt: skip
    """What was recorded from `since` on and before `until`, newest first."""
    asked = queries.narrowed(connection, Wanted(_scope(wanted), since=since, until=until))
    shown: list[Story] = []
    total, before = 0, None
    while asked and (page := queries.stories(connection, asked, before, STORIES)):
        found = [one for one in page if wanted.wants(one)]
        total += len(found)
        shown += found[: most - len(shown)]
        before = page[-1].id
    return Preview(shown, total)


def _scope(wanted: Filter) -> Scope:
    """What every change that the filter wants must have."""
    narrow = {name: given[0] for name in _NAMED if (given := getattr(wanted, name)) is not None and len(given) == 1}
    seller = None if wanted.seller == "any" else cast(ProviderKind, SELLERS[wanted.seller])
    return Scope(**narrow, seller=seller)
