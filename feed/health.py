"""How a source fares, in one word and in one sentence for a person."""

from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from feed.drifting import sentences
from feed.figures import moment
from history.model import Outcome
from history.queries import RunRecord, SourceStatus

Word = Literal["ok", "drifting", "stale", "failing", "never_run"]
# Late by more than this many intervals: the schedule itself has failed.
LATE = 3
# What a line has room for; /v1/status has all.
DRIFTS = 3


class Health(NamedTuple):
    """`age` is the age of the last success."""

    word: Word
    sentence: str
    age: timedelta | None


def health(source: SourceStatus, now: datetime) -> Health:
    """A partial run whose offers were recorded is well; one with too few or too many offers is not."""
    newest, success = source.newest, source.last_success
    age = now - success.observed_at if success else None
    notes = _notes(source, now)
    if newest is None:
        return Health("never_run", f"Not read yet.{notes}", None)
    if _went_wrong(newest):
        what = "prices" if source.states == "offers" else source.states
        still = f"The {what} are from {moment(success.observed_at)}." if success else "It was never read well."
        why = f"{newest.failure}: {newest.message}".rstrip(".")
        drifted = f" It had drifted before that: {_drifts(source)}." if source.drifting else ""
        return Health("failing", f"{why}, at {moment(newest.observed_at)}. {still}{drifted}{notes}", age)
    if age is None or age > LATE * timedelta(seconds=source.interval_s):
        return Health("stale", f"Read well, but last {_ago(age)}; {_every(source.interval_s)}.{notes}", age)
    left_out = f" {newest.message}." if newest.outcome is Outcome.PARTIAL and newest.message else ""
    stated = f"{newest.offers} {source.states if newest.offers != 1 else source.states.removesuffix('s')}"
    if source.drifting:
        drifted = f" Since {moment(source.drifting.since)} it is not what it was: {_drifts(source)}."
        return Health("drifting", f"Read {_ago(age)}, {stated}.{drifted}{left_out}{notes}", age)
    return Health("ok", f"Read {_ago(age)}, {stated}.{left_out}{notes}", age)


def facts_of(source: SourceStatus, now: datetime) -> dict[str, Any]:
    """The same for a script."""
    state = health(source, now)
    return {
        "source": source.name, "health": state.word, "sentence": state.sentence,
        "drift": sentences(source.drifting.drifts) if source.drifting else [],
        "requests_today": source.requests_today, "daily_budget": source.daily_budget,
    }  # fmt: skip


def _went_wrong(run: RunRecord) -> bool:
    left_out_some = run.outcome is Outcome.PARTIAL and (run.failure or "").startswith("Rejection")
    return run.outcome is not Outcome.COMPLETE and not left_out_some


def _drifts(source: SourceStatus) -> str:
    told = sentences(source.drifting.drifts) if source.drifting else []
    more = [f"and {len(told) - DRIFTS} more"] if len(told) > DRIFTS else []
    return "; ".join([*told[:DRIFTS], *more])


def _notes(source: SourceStatus, now: datetime) -> str:
    notes = ""
    if source.held:
        notes += f" {len(source.held)} {'price waits' if len(source.held) == 1 else 'prices wait'} for a second look."
    if source.paused_until is not None and source.paused_until > now:
        is_spent = source.newest is not None and source.newest.failure == "BudgetSpent"
        why = "the requests of its day are spent" if is_spent else "at the source's own wish"
        notes += f" Paused until {moment(source.paused_until)}, {why}."
    return notes


def _ago(age: timedelta | None) -> str:
    if age is None:
        return "never"
    minutes = int(age.total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            return f"{minutes // size} {name}{'s' if minutes // size > 1 else ''} ago"
    return "just now"


def _every(interval_s: int) -> str:
    minutes = max(1, interval_s // 60)
    return f"it is due every {minutes // 60} h" if minutes % 60 == 0 else f"it is due every {minutes} min"
