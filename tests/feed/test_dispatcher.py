"""The dispatcher: each subscription is told everything, in order, whatever its endpoint and its database do."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from feed.alerts import dispatcher as dispatching
from feed.alerts import queue
from feed.alerts.dispatcher import Dispatcher
from feed.alerts.model import Message, Result, Target
from feed.alerts.rounds import Rounds
from feed.alerts.tables import attempt, delivery, subscription, tally
from feed.alerts.tables import queue as turns
from history.db import connect, writing
from tests.feed.rows import HOUR, NOW
from tests.feed.subscribers import SECRET, Plain, add_subscriptions, pending_of, tell

DAY = timedelta(days=1)
OK, DOWN = Result(204), Result(None, "ConnectionRefusedError")


@dataclass
class World:
    """A clock that stands still until there is nothing left to do, and an endpoint that answers by the clock."""

    engine: Engine
    answer: Callable[[Target, Message, datetime], Result] = lambda *_: OK
    now: datetime = NOW
    sent: list[tuple[int, str, datetime]] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None

    async def send(self, target: Target, message: Message, at: datetime) -> Result:
        self.sent.append((target.subscription_id, message.uid, at))
        if self.before is not None:
            await self.before()
        return self.answer(target, message, at)

    def run(self, until: datetime) -> None:
        """Until then, or until nobody has a turn left."""
        asyncio.run(self._run(until))

    async def _run(self, until: datetime) -> None:
        one = Dispatcher(self.engine, Rounds(self.engine, Plain(), "one"), self.send, "one", lambda: self.now)
        stopping = asyncio.Event()
        running = asyncio.create_task(one.run(stopping))
        while not running.done():
            await asyncio.sleep(0.002)
            if one._under_way or one._batch or one._endings or one._unwritten:
                continue
            is_taken, due_at = await asyncio.to_thread(self._next_turn)
            if is_taken:
                continue
            if due_at is None or due_at > until:
                break
            self.now = max(self.now, due_at)
            one.wake()
        stopping.set()
        await running

    def _next_turn(self) -> tuple[int, datetime | None]:
        """How many turns somebody is at, and when the next one is due."""
        with self.engine.connect() as connection:
            row = connection.execute(select(func.count(turns.c.holder), func.min(turns.c.due_at))).one()
            return row[0], row[1]


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def subscribed(engine: Engine, count: int = 1, times: int = 1, **values: object) -> tuple[list[int], list[str]]:
    with queue.adding(engine) as connection:
        ids = add_subscriptions(connection, [f"http://host{n}.example/" for n in range(count)], **values)
        return ids, tell(connection, ids, times=times)


def told_more(engine: Engine, one: int) -> None:
    with queue.adding(engine) as connection:
        tell(connection, [one])


def state_of(engine: Engine, one: int) -> tuple[str, str]:
    with engine.connect() as connection:
        found = connection.execute(select(subscription.c.state, subscription.c.reason).where(subscription.c.id == one))
        state, reason = found.one()
        return state, reason


def test_every_subscription_is_told_every_message_once_and_in_order(world: World) -> None:
    ids, uids = subscribed(world.engine, 30, 45)
    world.run(NOW + HOUR)
    assert {one: [uid for id, uid, _ in world.sent if id == one] for one in ids} == dict.fromkeys(ids, uids)
    assert pending_of(world.engine) == 0
    with world.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(attempt)).scalar_one() == 30 * 45
        assert connection.execute(select(func.sum(tally.c.attempts))).scalar_one() == 30 * 45
        assert connection.execute(select(turns)).all() == []


def test_the_attempts_of_three_days_are_made_when_they_are_due_and_then_the_message_is_given_up(world: World) -> None:
    world.answer = lambda *_: DOWN
    subscribed(world.engine)
    world.run(NOW + 4 * DAY)
    waits = [later - sooner for (_, _, sooner), (_, _, later) in zip(world.sent, world.sent[1:], strict=False)]
    due = [timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)]
    assert len(world.sent) == 10
    assert all(0.8 * wait <= waited <= 1.2 * wait for wait, waited in zip(due, waits, strict=True))
    assert world.sent[-1][2] - NOW > timedelta(hours=60)
    with world.engine.connect() as connection:
        assert connection.execute(select(delivery.c.state, delivery.c.attempts)).one() == ("failed", 10)


def test_an_endpoint_that_was_down_for_two_days_gets_everything_in_order_once_it_is_back(world: World) -> None:
    back_at = NOW + 2 * DAY
    world.answer = lambda _target, _message, at: OK if at >= back_at else DOWN
    (one,), uids = subscribed(world.engine, times=60)
    world.run(NOW + 4 * DAY)
    arrived = [uid for _, uid, at in world.sent if at >= back_at]
    assert arrived == uids
    assert {uid for _, uid, at in world.sent if at < back_at} == {uids[0]}
    assert state_of(world.engine, one) == ("active", "")
    with world.engine.connect() as connection:
        assert connection.execute(select(subscription.c.failing_since)).scalar_one() is None


@pytest.mark.parametrize(("times", "is_fresh"), [(1, True), (3, False)])
def test_what_comes_while_all_there_was_is_being_told_is_fresh_and_a_backlog_is_not(
    world: World, times: int, is_fresh: bool
) -> None:
    (one,), _ = subscribed(world.engine, times=times, max_per_minute=1)

    async def one_more() -> None:
        await asyncio.to_thread(told_more, world.engine, one)

    world.before = one_more
    world.run(NOW + timedelta(seconds=1))
    with world.engine.connect() as connection:
        assert connection.execute(select(turns.c.fresh)).scalar_one() is is_fresh
    assert pending_of(world.engine) == times


def test_a_message_that_is_given_up_makes_way_for_the_next(world: World) -> None:
    (_,), (first, second) = subscribed(world.engine, times=2)
    world.answer = lambda _target, message, _at: DOWN if message.uid == first else OK
    world.run(NOW + 5 * DAY)
    assert [uid for _, uid, _ in world.sent] == [first] * 10 + [second]


def test_a_subscription_that_fails_for_five_days_is_paused_and_keeps_what_is_pending(world: World) -> None:
    world.answer = lambda *_: DOWN
    (one,), _ = subscribed(world.engine, times=5)
    world.run(NOW + 30 * DAY)
    state, reason = state_of(world.engine, one)
    assert state == "paused"
    assert reason.startswith("it has failed since 2026-")
    assert timedelta(days=5) <= world.sent[-1][2] - NOW <= timedelta(days=7)
    with world.engine.connect() as connection:
        given_up = connection.execute(select(func.count()).where(delivery.c.state == "failed")).scalar_one()
    assert pending_of(world.engine) == 5 - given_up >= 3
    world.answer = lambda *_: OK
    with queue.adding(world.engine) as connection:
        connection.execute(update(subscription).values(state="active", failing_since=None))
        queue.hurry(connection, one, world.now)
    world.run(world.now + HOUR)
    assert pending_of(world.engine) == 0


def test_410_disables_the_subscription_after_one_attempt(world: World) -> None:
    world.answer = lambda *_: Result(410, "HTTP 410: the endpoint wants no more events", is_final=True)
    (one,), _ = subscribed(world.engine, times=3)
    world.run(NOW + DAY)
    assert state_of(world.engine, one) == ("disabled", "HTTP 410: the endpoint wants no more events")
    assert (len(world.sent), pending_of(world.engine)) == (1, 3)


def test_retry_after_is_waited_for(world: World) -> None:
    first = Result(429, "HTTP 429", retry_after=HOUR)
    world.answer = lambda _target, _message, at: first if at == NOW else OK
    subscribed(world.engine)
    world.run(NOW + DAY)
    assert [at for _, _, at in world.sent] == [NOW, NOW + HOUR]


def test_a_subscription_that_wants_six_a_minute_gets_one_every_ten_seconds(world: World) -> None:
    subscribed(world.engine, times=4, max_per_minute=6)
    world.run(NOW + HOUR)
    assert [at - NOW for _, _, at in world.sent] == [timedelta(seconds=10 * n) for n in range(4)]


@pytest.mark.parametrize("echo", ["the token", '{"challenge": "the token"}', ' "challenge"', "", "[1]", "another"])
def test_an_endpoint_that_echoes_its_token_is_proven(world: World, echo: str) -> None:
    with queue.adding(world.engine) as connection:
        (one,) = add_subscriptions(connection, ["http://127.0.0.1:1/"], state="unproven", proof="the token")
        tell(connection, [one], type="subscription.challenge")
    world.answer = lambda *_: Result(200, None, echo)
    world.run(NOW + HOUR)
    assert state_of(world.engine, one)[0] == ("active" if "the token" in echo else "unproven")
    assert len(world.sent) == 1


def test_an_unproven_subscription_is_told_nothing_but_its_challenge(world: World) -> None:
    (one,), _ = subscribed(world.engine, state="unproven", proof="t")
    world.run(NOW + 3 * HOUR)
    assert world.sent == []
    with writing(world.engine) as connection:
        connection.execute(update(subscription).where(subscription.c.id == one).values(state="active"))
    world.run(NOW + 6 * HOUR)
    assert len(world.sent) == 1


def test_a_subscription_without_a_former_secret_signs_with_one(world: World) -> None:
    subscribed(world.engine)
    seen: list[Target] = []

    def answer(target: Target, _message: Message, _at: datetime) -> Result:
        seen.append(target)
        return OK

    world.answer = answer
    world.run(NOW + HOUR)
    assert seen[0].secrets == (SECRET, None)


def test_one_that_hangs_delays_nobody(world: World) -> None:
    """Three hundred endpoints that do not answer, more than there are places for the busy ones."""
    ids, _ = subscribed(world.engine, 400)
    released = asyncio.Event()
    done: list[int] = []

    async def hang() -> None:
        target = world.sent[-1][0]
        if target <= 300:
            await released.wait()
        else:
            done.append(target)
            if len(done) == 100:
                released.set()

    world.before = hang
    world.run(NOW + HOUR)
    assert sorted(done) == ids[300:]
    assert pending_of(world.engine) == 0


def test_what_is_sent_while_the_database_is_away_is_written_down_when_it_is_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "AGAIN_S", 0.01)
    engine = connect(sqlite_url)
    world = World(engine)
    subscribed(engine, 5, 5)
    file = Path(str(engine.url.database))
    away = file.with_suffix(".away")
    before = engine.pool

    async def unplug() -> None:
        if len(world.sent) == 3:
            engine.dispose()
            file.rename(away)
            file.mkdir()
            asyncio.get_running_loop().call_later(0.1, plug)

    def plug() -> None:
        file.rmdir()
        away.rename(file)

    world.before = unplug
    world.run(NOW + HOUR)
    assert pending_of(engine) == 0
    assert len({(one, uid) for one, uid, _ in world.sent}) == 25
    # To it came back what was in use when the file went away.
    before.dispose()
    engine.dispose()
