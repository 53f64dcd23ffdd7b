"""Volumes that jumped: a model's tokens, from one period to the next, by so much that somebody wants to hear of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from history.model import Outcome
from history.tables import provider, run, source, volume, volume_notice

# In hundredths of a percent, either way: half again, or half gone, is more than a weekend does to a model, and the
# announced cuts and launches that readers ask about are far beyond it.
JUMP_BP = 5000
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
# The period before, which shares no day with it. Months are too slow to jump, and nobody states calendar weeks.
_STEP = {"day": _DAY, "trailing_day": _DAY, "trailing_week": _WEEK}


class Jump(NamedTuple):
    """A model's tokens in the period that ended with `day`, and in the one before. `change_bp` is in hundredths of a
    percent, towards zero; `citation` is how the figures are to be cited."""

    run_id: int
    source: str
    provider: str
    model: str
    period: str
    day: date
    old_tokens: int
    new_tokens: int
    change_bp: int
    recorded_at: datetime
    provider_name: str = ""
    citation: str = ""


class _Version(NamedTuple):
    recorded_at: datetime
    superseded_at: datetime | None
    tokens: int


# By source, model and period; then by day.
_Known = Mapping[tuple[int, str, str], Mapping[date, list[_Version]]]


def jumps_after(connection: Connection, run_id: int) -> list[Jump]:
    """What runs after that one told first, where it is at least half more or half less than in the period before.

    A figure that restates another is a correction, and no jump; nor is what a source told in its first run, which was
    there before we looked. A week that ended a day later is no second jump while it is as far off the same way.
    """
    told = _told_after(connection, run_id)
    first = _first_runs(connection, {row.source_id for row in told})
    news = [row for row in told if row.run_id > first.get(row.source_id, 0)]
    known = _known(connection, news) if news else {}
    return [jump for row in news for jump in _jump(row, known[row.source_id, row.model, row.period])]


def _told_after(connection: Connection, run_id: int) -> list[Any]:
    columns = [volume.c[name] for name in ("source_id", "run_id", "model", "period", "day", "recorded_at", "tokens")]
    told = (
        select(
            source.c.name, provider.c.slug, provider.c.name.label("provider_name"), volume_notice.c.citation, *columns
        )
        .join_from(volume, source, source.c.id == volume.c.source_id)
        .join(provider, provider.c.id == source.c.provider_id)
        .outerjoin(volume_notice, volume_notice.c.run_id == volume.c.run_id)
        .where(volume.c.run_id > run_id, volume.c.period.in_(_STEP), volume.c.tokens.is_not(None))
        .order_by(volume.c.run_id, volume.c.source_id, volume.c.model, volume.c.period, volume.c.day)
    )
    return list(connection.execute(told))


def _first_runs(connection: Connection, source_ids: Iterable[int]) -> dict[int, int]:
    """The first run of each source that told anything."""
    went_well = (run.c.source_id.in_(sorted(source_ids)), run.c.outcome != Outcome.FAILED.value, run.c.kind == "crawl")
    first = select(run.c.source_id, func.min(run.c.id)).where(*went_well).group_by(run.c.source_id)
    return {row[0]: row[1] for row in connection.execute(first)}


def _known(connection: Connection, news: list[Any]) -> _Known:
    """All that is on record of these models around these days, believed or not."""
    days = [row.day for row in news]
    columns = ("source_id", "model", "period", "day", "recorded_at", "superseded_at", "tokens")
    asked = select(*(volume.c[name] for name in columns)).where(
        volume.c.model.in_({row.model for row in news}),
        volume.c.day.between(min(days) - _WEEK - _DAY, max(days)),
        volume.c.tokens.is_not(None),
    )
    known: dict[tuple[int, str, str], dict[date, list[_Version]]] = defaultdict(lambda: defaultdict(list))
    for source_id, model, period, day, *version in connection.execute(asked):
        known[source_id, model, period][day].append(_Version._make(version))
    return known


def _jump(row: Any, known: Mapping[date, list[_Version]]) -> Iterator[Jump]:
    if any(version.recorded_at < row.recorded_at for version in known[row.day]):
        return
    step = _STEP[row.period]
    old, change = _moved(known, row.day, step, row.recorded_at)
    _, before = _moved(known, row.day - _DAY, step, row.recorded_at) if step > _DAY else (None, 0)
    if old is not None and abs(change) >= JUMP_BP and not (abs(before) >= JUMP_BP and (before > 0) == (change > 0)):
        yield Jump(
            row.run_id, row.name, row.slug, row.model, row.period, row.day, old, row.tokens, change, row.recorded_at,
            row.provider_name, row.citation or "",
        )  # fmt: skip


def _moved(
    known: Mapping[date, list[_Version]], day: date, step: timedelta, at: datetime
) -> tuple[int | None, int]:  # fmt: skip
    """The tokens of the period before the one that ended with `day`, and the change, as believed at `at`. From nothing
    there is no change in percent: a source leaves out what nobody used."""
    old, new = _believed(known, day - step, at), _believed(known, day, at)
    if not old or new is None:
        return None, 0
    size = abs(new - old) * 10_000 // old
    return old, size if new > old else -size


def _believed(known: Mapping[date, list[_Version]], day: date, at: datetime) -> int | None:
    live = [
        one
        for one in known.get(day, ())
        if one.recorded_at <= at and not (one.superseded_at and one.superseded_at <= at)
    ]
    return live[0].tokens if live else None
