"""What was told can be told again, under the ids that it had; what was missed can be caught up with; old things go."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from feed.alerts import queue, replays
from feed.alerts import tables as t
from feed.alerts.fanout import fan_out
from feed.alerts.filters import Filter
from feed.alerts.previews import Preview, preview
from feed.alerts.pruning import prune
from feed.alerts.replays import TooMuchToReplay, replay_one, replay_range
from history.db import reading, writing
from tests.feed.audience import Audience
from tests.feed.conftest import PUBLIC_URL
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut, moved
from tests.postgres import forget

CUT = moved("input_tokens", "2", "1")
LATER = NOW + 10 * DAY


def tell(engine: Engine, now: datetime = NOW) -> int:
    with queue.adding(engine) as connection:
        return fan_out(connection, PUBLIC_URL, now)


def again(engine: Engine, subscription: int, since: datetime, until: datetime) -> int:
    with queue.adding(engine) as connection:
        return replay_range(connection, subscription, since, until, PUBLIC_URL, LATER)


def end_all(engine: Engine, at: datetime = NOW) -> None:
    """Everything that is pending is told, or given up, after one attempt."""
    with writing(engine) as connection:
        for row in connection.execute(select(t.delivery).where(t.delivery.c.state == "pending")).all():
            tried = {"subscription_id": row.subscription_id, "message_id": row.message_id, "started_at": at}
            connection.execute(t.attempt.insert(), {**tried, "took_ms": 5, "status": 200})
        connection.execute(update(t.delivery).values(state="delivered", attempts=1, ended_at=at))
        connection.execute(t.queue.delete())


def deliveries(engine: Engine) -> list[tuple[Any, ...]]:
    """(subscription, about, state, attempts, ended)"""
    columns = [t.delivery.c[name] for name in ("state", "attempts", "ended_at")]
    asked = select(t.delivery.c.subscription_id, t.message.c.about, *columns).join(t.message)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(asked.order_by(t.delivery.c.subscription_id, t.message.c.id))]


def second(audience: Audience) -> int:
    """The id of the second message."""
    return int(audience.messages()[1].id)


def rows_in(engine: Engine, table: Any) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def told(engine: Engine, rows: Rows, audience: Audience) -> list[int]:
    """Three stories, an hour apart, told to two."""
    tell(engine)
    ids = audience.many(2)
    for number in range(3):
        rows.story(None, CUT, at=NOW + HOUR * number, model=f"m{number}")
    assert tell(engine) == 3
    end_all(engine)
    return ids


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_one_is_told_again_under_its_id(engine: Engine, audience: Audience, told: list[int], state: str) -> None:
    with writing(engine) as connection:
        connection.execute(update(t.delivery).values(state=state))
    uids = [one.uid for one in audience.messages()]
    with queue.adding(engine) as connection:
        assert replay_one(connection, told[0], second(audience), LATER)
    assert [row for row in deliveries(engine) if row[2] == "pending"] == [(told[0], "story/2", "pending", 0, None)]
    assert audience.queued() == {told[0]}
    assert [one.uid for one in audience.messages()] == uids
    assert rows_in(engine, t.attempt) == 6


@pytest.mark.usefixtures("told")
def test_what_was_never_told_there_cannot_be_told_again(engine: Engine, audience: Audience) -> None:
    other = audience.add()
    with queue.adding(engine) as connection:
        assert not replay_one(connection, other, second(audience), LATER)
        assert not replay_one(connection, 1, second(audience) + 99, LATER)
    assert audience.queued() == set()


def test_a_replay_does_not_wait_for_its_turn(engine: Engine, audience: Audience, told: list[int]) -> None:
    message = second(audience)
    with queue.adding(engine) as connection:
        assert replay_one(connection, told[0], message, NOW)
        connection.execute(update(t.queue).values(due_at=LATER + DAY, failures=7))
        assert replay_one(connection, told[0], message, LATER)
        assert connection.execute(select(t.queue.c.due_at, t.queue.c.failures)).all() == [(LATER, 0)]


def test_a_range_is_told_again(engine: Engine, audience: Audience, told: list[int]) -> None:
    """From the first time on, before the last."""
    assert again(engine, told[1], NOW + HOUR, NOW + 2 * HOUR) == 1
    assert [row[:2] for row in deliveries(engine) if row[2] == "pending"] == [(told[1], "story/2")]
    assert again(engine, told[1], NOW, LATER) == 3
    assert len(audience.messages()) == 3
    assert len(deliveries(engine)) == 6


def test_a_range_with_nothing_in_it_does_nothing(engine: Engine, audience: Audience, told: list[int]) -> None:
    assert again(engine, told[0], NOW + DAY, LATER) == 0
    assert audience.queued() == set()


def test_what_was_missed_in_a_pause_is_caught_up_with(engine: Engine, rows: Rows, audience: Audience) -> None:
    """The same message as others had; and a new one where nobody had been told."""
    tell(engine)
    away, other = audience.add(), audience.add(model="both")
    audience.change(away, state="paused")
    both = rows.story(None, CUT, model="both")
    missed = rows.story(None, CUT, model="missed", at=NOW + HOUR)
    tell(engine)
    assert audience.told() == {(other, f"story/{both}")}
    (uid,) = (one.uid for one in audience.messages())
    audience.change(away, state="active")
    assert again(engine, away, NOW, LATER) == 2
    assert audience.told() == {(other, f"story/{both}"), (away, f"story/{both}"), (away, f"story/{missed}")}
    assert [one.about for one in audience.messages()] == [f"story/{both}", f"story/{missed}"]
    assert audience.messages()[0].uid == uid


def test_a_filter_that_was_widened_finds_the_older_stories(engine: Engine, rows: Rows, audience: Audience) -> None:
    tell(engine)
    one = audience.add(model="m1")
    stories = [rows.story(None, CUT, model=f"m{number}", at=NOW + HOUR * number) for number in range(3)]
    tell(engine)
    audience.change(one, filter_id=audience.filter())
    assert again(engine, one, NOW, LATER) == 3
    assert {about for _, about in audience.told()} == {f"story/{story}" for story in stories}
    assert [one.about for one in audience.messages()] == ["story/2", "story/1", "story/3"]


def test_what_is_still_to_be_fanned_out_is_left_to_it(engine: Engine, rows: Rows, audience: Audience) -> None:
    tell(engine)
    one = audience.add()
    flash_cut(rows)
    assert again(engine, one, NOW, LATER) == 0
    assert tell(engine) == 1


@pytest.mark.parametrize(
    ("cadence", "state"),
    [("daily", "active"), ("instant", "unproven"), ("instant", "disabled"), ("instant", "deleted")],
)
def test_who_is_told_otherwise_or_not_at_all_misses_no_story(
    engine: Engine, rows: Rows, audience: Audience, cadence: str, state: str
) -> None:  # fmt: skip
    tell(engine)
    one = audience.add(cadence, state)
    flash_cut(rows)
    tell(engine)
    assert again(engine, one, NOW, LATER) == 0


def test_challenges_and_tests_are_no_part_of_a_range(engine: Engine, audience: Audience, told: list[int]) -> None:
    with writing(engine) as connection:
        connection.execute(
            update(t.message).where(t.message.c.id == second(audience)).values(type="subscription.test", about="t")
        )
    with queue.adding(engine) as connection:
        connection.execute(t.position.update().values(at=0))
    assert again(engine, told[0], NOW, LATER) == 2


def test_too_much_is_refused_and_nothing_of_it_done(
    engine: Engine, rows: Rows, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(replays, "MOST_REPLAYED", 3)
    monkeypatch.setattr(replays, "STORIES", 2)
    tell(engine)
    one = audience.add(state="paused")
    for number in range(5):
        rows.story(None, CUT, model=f"m{number}", at=NOW + HOUR * number)
    tell(engine)
    with pytest.raises(TooMuchToReplay, match="shorter range"):
        again(engine, one, NOW, LATER)
    assert audience.told() == set()
    assert again(engine, one, NOW, NOW + 3 * HOUR) == 3


def previewed(engine: Engine, wanted: Filter, since: datetime = NOW, until: datetime = LATER, most: int = 9) -> Preview:
    with reading(engine) as connection:
        return preview(connection, wanted, since, until, most)


def asked(**fields: Any) -> Filter:
    return Filter.model_validate(fields)


def test_a_preview_shows_the_newest_and_counts_all(engine: Engine, rows: Rows) -> None:
    run = rows.run()
    for number in range(450):
        rows.story(run, CUT, model=f"m{number % 3}")
    shown = previewed(engine, asked(model=("m0",)))
    assert ([one.id for one in shown.stories[:2]], len(shown.stories), shown.total) == ([448, 445], 9, 150)
    assert previewed(engine, asked()).total == 450
    assert previewed(engine, asked(seller="gateway")).total == 0
    assert previewed(engine, asked(), until=NOW).total == 0
    assert previewed(engine, asked(), since=NOW + HOUR) == Preview([], 0)


NAMES = st.sets(st.sampled_from(["m0", "m1", "m2"]), min_size=1).map(lambda names: tuple(sorted(names)))
ASKED = st.builds(
    Filter,
    model=st.none() | NAMES,
    unit=st.none() | st.sampled_from([("input_tokens",), ("output_tokens",), ("input_tokens", "output_tokens")]),
    tier=st.none() | st.sampled_from([("standard",), ("batch",)]),
    seller=st.sampled_from(["any", "first_party", "gateway"]),
    direction=st.none() | st.sampled_from(["up", "down"]),
)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["m0", "m1", "m2"]), st.sampled_from(["input_tokens", "output_tokens"]),
        st.sampled_from(["standard", "batch"]), st.sampled_from(["deepseek", "router"]), st.sampled_from(["1", "3"]),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, asked=ASKED)
def test_a_preview_is_what_a_subscription_would_have_been_told(
    engine: Engine, moves: list[tuple[str, ...]], asked: Filter
) -> None:  # fmt: skip
    with queue.adding(engine) as connection:
        forget(connection)
    tell(engine)
    rows, audience = Rows(engine), Audience(engine)
    rows.source("router", "gateway")
    for number, (model, unit, tier, source, new) in enumerate(moves):
        change = moved(unit, "2", new)
        rows.story(None, change, model=model, tier=tier, source=source, at=NOW + number * HOUR)
    one = audience.add()
    with writing(engine) as connection:
        connection.execute(update(t.subscription_filter).values(text=asked.text))
    tell(engine)
    shown = previewed(engine, asked)
    assert {(one, f"story/{story.id}") for story in shown.stories} == audience.told()
    assert shown.total == len(shown.stories)


def pruned(engine: Engine, now: datetime, most: int = 100) -> int:
    with queue.adding(engine) as connection:
        return prune(connection, now, most)


@pytest.mark.usefixtures("told")
def test_what_ended_long_ago_goes_in_small_batches(engine: Engine) -> None:
    assert pruned(engine, NOW + 90 * DAY) == 0
    assert [pruned(engine, NOW + 91 * DAY, most=4) for _ in range(4)] == [4 + 2, 2 + 1, 0, 0]
    assert [rows_in(engine, table) for table in (t.attempt, t.delivery, t.message)] == [0, 0, 0]


def test_what_is_pending_stays_however_old_it_is(engine: Engine, audience: Audience, told: list[int]) -> None:
    message = second(audience)
    with writing(engine) as connection:
        pending = t.delivery.c.subscription_id == told[0], t.delivery.c.message_id == message
        connection.execute(update(t.delivery).where(*pending).values(state="pending"))
    while pruned(engine, NOW + 91 * DAY):
        pass
    assert [row[:3] for row in deliveries(engine)] == [(told[0], "story/2", "pending")]
    assert (rows_in(engine, t.attempt), rows_in(engine, t.message)) == (1, 1)


def test_what_was_told_again_lately_stays(engine: Engine, told: list[int]) -> None:
    """Its message is old, its delivery is not."""
    again(engine, told[0], NOW, LATER)
    end_all(engine, at=LATER)
    while pruned(engine, NOW + 91 * DAY):
        pass
    assert {row[0] for row in deliveries(engine)} == {told[0]}
    while pruned(engine, LATER + timedelta(days=91)):
        pass
    assert rows_in(engine, t.message) == 0
