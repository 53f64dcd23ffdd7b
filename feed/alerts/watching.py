"""What there is to tell, and to whom no more: the fan-out of what was recorded, the digests that are due, the keys that
have expired, and what is old enough to go."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from feed.alerts import closing, digests, fanout, pruning, queue, repeats
from history.db import reading

log = logging.getLogger(__name__)

# What a change waits for before it is told: twenty looks a second cost a hundredth of a core.
NEWS_S = 0.05
KEYS, DIGESTS, PRUNING = timedelta(seconds=1), timedelta(seconds=30), timedelta(hours=1)
AGAIN_S = 1.0


@dataclass(slots=True)
class Watch:
    """Any number of them may watch one database: whoever comes first makes the messages."""

    engine: Engine
    public_url: str
    clock: Callable[[], datetime]
    wake: Callable[[], None]

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set."""
        keys_at = digests_at = prune_at = self.clock()
        while not stopping.is_set():
            now = self.clock()
            try:
                if now >= keys_at:
                    await asyncio.to_thread(self._keys)
                    keys_at = now + KEYS
                told = await asyncio.to_thread(self._news)
                if now >= digests_at:
                    due = await asyncio.to_thread(self._digests)
                    told += due
                    digests_at = now if due else now + DIGESTS
                if now >= prune_at and not await asyncio.to_thread(self._prune):
                    prune_at = now + PRUNING
            except (OperationalError, InterfaceError) as error:
                log.warning("the database does not answer, trying again: %s", error.orig)
                await asyncio.sleep(AGAIN_S)
                continue
            if told:
                self.wake()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), NEWS_S)

    def _keys(self) -> None:
        with reading(self.engine) as connection:
            if not closing.pending_closures(connection, self.clock()):
                return
        with queue.adding(self.engine) as connection:
            closed = closing.close_expired(connection, self.clock())
        log.info("%s expired; their subscriptions are disabled", "1 key" if closed == 1 else f"{closed} keys")

    def _news(self) -> int:
        with reading(self.engine) as connection:
            if not fanout.pending_news(connection):
                return 0
        with queue.adding(self.engine) as connection:
            return fanout.fan_out(connection, self.public_url, self.clock())

    def _digests(self) -> int:
        with queue.adding(self.engine) as connection:
            return digests.due_digests(connection, self.public_url, self.clock())

    def _prune(self) -> int:
        with queue.adding(self.engine) as connection:
            repeats.prune(connection, self.clock())
            return pruning.prune(connection, self.clock())
