"""What is at stake: messages that were sent and are not on record yet, and would be sent twice should we die now."""

import asyncio
from collections import deque
from collections.abc import Callable

# As many as are written down within this time: what a kill -9 repeats is what was sent in about as long.
WRITTEN_WITHIN_S = 0.04
FEWEST, MOST = 32, 256
# Whose answer takes longer than this makes room for others: an endpoint that hangs holds up nobody.
WAITING_S = 0.05


class Stakes:
    """At most as many at a time as the database keeps up with, but for those whose endpoints took their time."""

    def __init__(self) -> None:
        self._most, self._count = FEWEST, 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for room, first come, first served."""
        while self._count >= self._most:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._count += 1

    def add(self, count: int) -> None:
        """More (or, below zero, fewer) than there were, without waiting."""
        self._count += count
        room = self._most - self._count
        while room > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1

    def written(self, count: int, took_s: float) -> None:
        """So many are on record, which took so long: while that is quick twice as many may be at stake, else half."""
        self._most = min(self._most * 2, MOST) if took_s < WRITTEN_WITHIN_S else max(self._most // 2, FEWEST)
        self.add(-count)


class Place:
    """A round's place among those that compute; it is left while an answer is long in coming, with its stake."""

    def __init__(self, stakes: Stakes, busy: Callable[[int], None]) -> None:
        self._stakes, self._busy = stakes, busy
        self._is_busy = self._has_stake = False
        self._enter()

    async def __aenter__(self) -> None:
        self._enter()
        await self._stakes.take()
        self._has_stake = True
        self._timer = asyncio.get_running_loop().call_later(WAITING_S, self._wait)

    async def __aexit__(self, *_: object) -> None:
        """There is an answer: it is at stake until it is written down, when the stake is given back."""
        self._timer.cancel()
        if not self._has_stake:
            self._stakes.add(1)
        self._has_stake = False
        self._enter()

    def _enter(self) -> None:
        if not self._is_busy:
            self._is_busy = True
            self._busy(1)

    def _wait(self) -> None:
        self._has_stake = False
        self._stakes.add(-1)
        self.leave()

    def leave(self) -> None:
        """Somebody else may compute."""
        if self._is_busy:
            self._is_busy = False
            self._busy(-1)
