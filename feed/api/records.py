"""The published contract of how we know: runs and their failures, how sources fare, the pages that were kept."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from feed.api.proof import Evidence, Sha256
from feed.api.schemas import Conditions, NextCursor, Quote, Region
from history.drift import DriftKind
from history.model import Outcome


class Run(TypedDict):
    """One execution of one spider; `unread` counts what the page says and the spider does not read."""

    id: int
    source: str
    kind: str
    observed_at: datetime
    recorded_at: datetime
    outcome: Outcome
    failure: Annotated[str | None, Field(examples=["PageChanged"])]
    message: str | None
    extractor: str
    offers: int
    rejected: int
    held: int
    events: int
    unread: dict[str, int]
    evidence: list[Evidence]


class Happened(TypedDict):
    """When a run was, and why it did not end well where it did not."""

    run: int
    at: datetime
    outcome: Outcome
    failure: str | None
    message: str | None


class HeldPrice(TypedDict):
    """A price that was seen and is not believed yet. `believed` null: none; `seen` null: seen to be gone."""

    model: str
    tier: str
    region: Region
    unit: str
    conditions: Conditions
    rule: Annotated[str, Field(examples=["implausible_factor"])]
    believed: Quote | None
    seen: Quote | None
    first_seen_at: datetime
    run: int


class Drift(TypedDict):
    """One difference. `table` and `header` name a table by its place and its columns; `before` and `now` count
    offers, or the rows of a table."""

    kind: DriftKind
    sentence: str
    table: int | None
    header: str
    heading: str
    lost: list[str]
    gained: list[str]
    before: int | None
    now: int | None


class SourceStatus(TypedDict):
    """How a source fares; `age_s` is the age of the last success."""

    source: str
    provider: str
    url: str
    health: Literal["ok", "drifting", "stale", "failing", "never_run"]
    sentence: str
    last_success: Happened | None
    last_failure: Happened | None
    age_s: int | None
    interval_s: int
    paused_until: datetime | None
    verified: Annotated[str, Field(description="The day of the newest real page that the spider was checked with.")]
    offers: int
    unread: dict[str, int]
    held: list[HeldPrice]
    drift: Annotated[list[Drift], Field(description="In what the last reading differs from the run `measured_by`.")]
    drifting_since: datetime | None
    measured_by: Annotated[int | None, Field(description="The last good run before the drift; null without drift.")]
    requests_today: Annotated[int, Field(description="Sent on this day of UTC: robots.txt and second tries too.")]
    daily_budget: Annotated[int | None, Field(description="How many requests a day it may cost its host.")]


class SnapshotUse(TypedDict):
    """One time that a run fetched the snapshot."""

    run: int
    source: str
    url: str
    fetched_at: datetime
    status: int


class Snapshot(TypedDict):
    """A kept page; its bytes are at `body`. `uses` are the newest hundred of `times_used`."""

    sha256: Sha256
    media_type: str
    size: int
    stored_at: datetime
    body: str
    times_used: int
    uses: list[SnapshotUse]


class RunPage(TypedDict):
    """Runs, the newest first."""

    runs: list[Run]
    next_cursor: NextCursor


class Status(TypedDict):
    """How all sources fare."""

    sources: list[SourceStatus]


class Health(TypedDict):
    """The process is alive, or ready."""

    status: Literal["ok"]
