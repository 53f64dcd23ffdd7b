"""The dispatcher: takes turns, tells each subscription its messages in order, and writes down what became of them."""

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from feed.alerts import attempts, queue
from feed.alerts.attempts import Batch
from feed.alerts.endings import Ending, end
from feed.alerts.model import Attempt, DeliveryState, Message, Result, Target
from feed.alerts.queue import Turn
from feed.alerts.retries import is_to_be_paused, next_attempt
from feed.alerts.rounds import CHALLENGE, LEASE, MESSAGES, Round, Rounds
from feed.alerts.sending import TIMEOUT_S
from feed.alerts.stakes import Place, Stakes

log = logging.getLogger(__name__)

# Rounds that compute, rather than wait for a slow answer.
BUSY = 64
# A claim takes as long for a few turns as for many.
FEWEST_TAKEN = 16
# Rounds that are under way at all, and those of them whose last attempt failed.
UNDER_WAY, IN_TROUBLE = 2_000, 500
# Rounds at one endpoint's host and port.
AT_ONE_HOST = 100
POLL_S = 0.05
# What is gathered into one transaction.
GATHER_S = 0.005
AGAIN_S = 1.0
# To write down what is left when it stops.
LAST_WORDS_S = 10
# After this much of a lease no attempt is begun: it might outlast the lease.
TELL_FOR = LEASE - timedelta(seconds=TIMEOUT_S + 2)
FULL_HOST_WAIT = timedelta(seconds=0.5)
UNPROVEN_WAIT = timedelta(hours=1)

# What passes by itself: a restart, a lock that another process holds, a deadlock that was resolved.
UNREACHABLE = (OperationalError, InterfaceError)

Send = Callable[[Target, Message, datetime], Awaitable[Result]]


class Verdict(NamedTuple):
    """What follows from an attempt: the delivery's state, when the subscription's next turn is, and its failures."""

    state: DeliveryState
    due_at: datetime
    failures: int


class Dispatcher:
    """One of any number on PostgreSQL, the only one on SQLite. `send` makes one attempt and never raises."""

    def __init__(self, engine: Engine, rounds: Rounds, send: Send, holder: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._rounds, self._send, self._holder, self._clock = engine, rounds, send, holder, clock
        self._batch, self._written = Batch(), asyncio.Event()
        self._endings: list[Ending] = []
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._busy = self._under_way = self._in_trouble = self._unwritten = 0
        self._stakes = Stakes()
        self._at_host: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        # Jitter needs to be no secret.
        self._random = random.Random()  # noqa: S311

    def wake(self) -> None:
        """Something has become due."""
        self._wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set; then what is under way is ended and written down."""
        self._stopping = stopping
        writer = asyncio.create_task(self._write_down())
        while not stopping.is_set() and not writer.done():
            self._wake.clear()
            if not await self._take():
                await _first_of(self._wake, stopping, POLL_S)
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._ended = True
        self._written.set()
        await asyncio.wait_for(writer, LAST_WORDS_S)

    async def _take(self) -> bool:
        """Take what there is room for; False where nothing was there to take, or no room."""
        well = min(BUSY - self._busy, UNDER_WAY - self._under_way)
        if well < FEWEST_TAKEN:
            self._room.clear()
            await _first_of(self._room, self._stopping, POLL_S)
            return True
        in_trouble = min(well, IN_TROUBLE - self._in_trouble)
        try:
            taken = await asyncio.to_thread(self._rounds.take, self._clock(), well, in_trouble)
        except UNREACHABLE as error:
            await _wait_for_database(error)
            return False
        for one in taken:
            task = asyncio.create_task(self._counted(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return bool(taken)

    async def _counted(self, one: Round) -> None:
        """A round, with its place among those that are busy for as long as it does not merely wait."""
        place, troubled = Place(self._stakes, self._is_busy), one.turn.failures > 0
        self._under_way += 1
        self._in_trouble += troubled
        try:
            await self._tell(one, place)
        finally:
            place.leave()
            self._under_way -= 1
            self._in_trouble -= troubled

    def _is_busy(self, more: int) -> None:
        self._busy += more
        self._room.set()

    async def _tell(self, one: Round, place: Place) -> None:
        host = urlsplit(one.target.url).netloc
        if self._at_host[host] >= AT_ONE_HOST:
            self._over(one, self._clock() + FULL_HOST_WAIT, one.turn.failures)
            return
        self._at_host[host] += 1
        try:
            await self._tell_in_order(one, place)
        finally:
            self._at_host[host] -= 1
            if not self._at_host[host]:
                del self._at_host[host]

    async def _tell_in_order(self, one: Round, place: Place) -> None:
        due_at, failures, told = self._clock(), one.turn.failures, 0
        tell_until = one.lease_ends - LEASE + TELL_FOR
        for message, before in one.letters:
            if one.target.state != "active" and not _is_its_challenge(one.target, message):
                due_at += UNPROVEN_WAIT
                break
            async with place:
                started_at = self._clock()
                if started_at > tell_until or self._stopping.is_set():
                    self._stakes.add(-1)
                    break
                result = await self._send(one.target, message, started_at)
            verdict = self._judge(one.target, message, before, started_at, result)
            due_at, failures, told = verdict.due_at, verdict.failures, told + result.succeeded
            if not result.succeeded or one.target.max_per_minute is not None:
                break
        self._over(one, due_at, failures, fresh=told == len(one.letters) < MESSAGES)

    def _judge(
        self, target: Target, message: Message, before: int, started_at: datetime, result: Result
    ) -> Verdict:  # fmt: skip
        now = self._clock()
        took_ms = (now - started_at) // timedelta(milliseconds=1)
        attempt = Attempt(target.subscription_id, message.id, started_at, took_ms, result)
        verdict = self._after(target, before + 1, now, result)
        self._batch.attempts.append((attempt, before + 1, verdict.state))
        self._unwritten += 1
        if result.succeeded:
            if target.failing_since is not None:
                self._batch.failing_since[target.subscription_id] = None
            if message.type == CHALLENGE and _echoes(result.response, target.proof):
                self._batch.proven.add(target.subscription_id)
        elif target.failing_since is None:
            self._batch.failing_since[target.subscription_id] = started_at
        self._written.set()
        return verdict

    def _after(self, target: Target, made: int, now: datetime, result: Result) -> Verdict:
        if result.succeeded:
            pause = timedelta(minutes=1) / target.max_per_minute if target.max_per_minute else timedelta(0)
            return Verdict("delivered", now + pause, 0)
        if result.is_final:
            self._endings.append(Ending(target.subscription_id, "disabled", result.error or "", now))
            return Verdict("pending", now + LEASE, made)
        if is_to_be_paused(target.failing_since, now):
            reason = f"it has failed since {target.failing_since:%Y-%m-%d %H:%M} UTC; last: {result.error}"
            self._endings.append(Ending(target.subscription_id, "paused", reason, now))
            return Verdict("pending", now + LEASE, made)
        again_at = next_attempt(made, result, now, self._random)
        if again_at is None:
            # The next message is tried at once: it may be another story.
            return Verdict("failed", now, 0)
        return Verdict("pending", again_at, made)

    def _over(self, one: Round, due_at: datetime, failures: int, *, fresh: bool = False) -> None:
        self._batch.over.append((Turn(one.turn.subscription_id, failures, fresh), due_at))
        self._written.set()

    async def _write_down(self) -> None:
        while not self._ended or self._batch or self._endings:
            await self._written.wait()
            await asyncio.sleep(GATHER_S)
            await self._flush()

    async def _flush(self) -> None:
        """What has gathered, in one transaction; what cannot be written now is written with the next."""
        self._written.clear()
        batch, self._batch = self._batch, Batch()
        endings, self._endings = self._endings, []
        if not batch and not endings:
            return
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await asyncio.to_thread(self._write, batch, endings)
        except UNREACHABLE as error:
            self._batch = batch.followed_by(self._batch)
            self._endings = endings + self._endings
            self._written.set()
            await _wait_for_database(error)
            return
        self._unwritten -= len(batch.attempts)
        self._stakes.written(len(batch.attempts), loop.time() - began)

    def _write(self, batch: Batch, endings: list[Ending]) -> None:
        now = self._clock()
        with queue.taking(self._engine) as connection:
            attempts.write(connection, batch, self._holder, now)
        for ending in endings:
            with queue.adding(self._engine) as connection:
                end(connection, ending)


def _is_its_challenge(target: Target, message: Message) -> bool:
    return target.state == "unproven" and message.type == CHALLENGE


def _echoes(response: str, proof: str) -> bool:
    """The token alone, or JSON with the token as "challenge"."""
    if not proof:
        return False
    if response.strip() == proof:
        return True
    try:
        told = json.loads(response)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("challenge") == proof


async def _wait_for_database(error: DBAPIError) -> None:
    log.warning("the database does not answer, trying again: %s", error.orig)
    await asyncio.sleep(AGAIN_S)


async def _first_of(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    waiting = {asyncio.ensure_future(event.wait()) for event in {one, other}}
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
