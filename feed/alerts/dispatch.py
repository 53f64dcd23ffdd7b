"""The dispatcher as a process: makes messages of what is new, and tells them until it is asked to stop."""

import asyncio
import gc
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import uvloop
from aiohttp import ClientSession
from sqlalchemy import Engine

from feed.alerts import channels, holders, sending, signing
from feed.alerts.dialling import guarded_connector
from feed.alerts.dispatcher import Dispatcher
from feed.alerts.model import Message, Result, Target
from feed.alerts.rounds import Opens, Rounds
from feed.alerts.watching import Watch
from history.addresses import Guard
from history.db import writing

# Apprise's senders block: so many of them at once.
CHANNEL_THREADS = 32
SWITCH_S = 0.001


def run(engine: Engine, sealer: Opens, guard: Guard, public_url: str, *, with_parent: bool = False) -> None:
    """Until SIGINT or SIGTERM, or, `with_parent`, until standard input ends; what is under way is ended first."""
    prepare_process()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(engine, sealer, guard, public_url, with_parent))


def prepare_process() -> None:
    """Settings of the interpreter for one loop beside threads that wait for a database."""
    # What is there now stays: the collector need not look through it again while messages come and go.
    gc.freeze()
    # A thread with an answer of the database waits for the loop no longer than this, each time; by default 5 ms.
    sys.setswitchinterval(SWITCH_S)


async def _run(engine: Engine, sealer: Opens, guard: Guard, public_url: str, with_parent: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if with_parent:
        # The parent never writes: there is something to read when it has gone.
        loop.add_reader(sys.stdin.fileno(), stopping.set)
    holder = holders.own_name()
    with writing(engine) as connection:
        holders.take_from_the_dead(connection, utc_now())
    with ThreadPoolExecutor(CHANNEL_THREADS, "channel") as threads:
        async with sending.session(guarded_connector(guard, limit=0)) as session:
            send = Sender(session, guard, threads)
            dispatcher = Dispatcher(engine, Rounds(engine, sealer, holder), send, holder, utc_now)
            watch = asyncio.create_task(Watch(engine, public_url, utc_now, dispatcher.wake).run(stopping))
            watch.add_done_callback(lambda _: stopping.set())
            await dispatcher.run(stopping)
            await watch


class Sender:
    """Makes one attempt, over the subscription's channel."""

    def __init__(self, session: ClientSession, guard: Guard, threads: ThreadPoolExecutor) -> None:
        self._session, self._guard, self._threads = session, guard, threads

    async def __call__(self, target: Target, message: Message, now: datetime) -> Result:
        if target.trouble:
            return Result(None, target.trouble)
        if target.channel == "apprise":
            tell = partial(channels.tell, target.url, message.payload, self._guard)
            return await asyncio.get_running_loop().run_in_executor(self._threads, tell)
        if target.secrets is None:
            return Result(None, "there is no secret to sign with; rotate it: POST /v1/subscriptions/{id}/secret")
        signed = signing.headers(message.uid, message.payload, target.secrets, now)
        return await sending.post(self._session, target.url, message.payload.encode(), signed, now)


def utc_now() -> datetime:
    return datetime.now(UTC)
