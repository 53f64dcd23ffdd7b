"""Turns with all that it takes to tell them: where to, signed with what, and the messages in their order."""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Text,
    any_,
    bindparam,
    exists,
    func,
    select,
    text,
)

from feed.alerts import queue
from feed.alerts.model import Channel, Message, Secrets, State, Target
from feed.alerts.queue import Turn
from feed.alerts.tables import message, subscription
from feed.alerts.tables import queue as queue_table
from history.db import reading, writing
from history.queries.prepared import Prepared

# Nobody who dies keeps a subscription waiting for longer than this.
LEASE = timedelta(seconds=30)
# So many messages in one round: then it is the others' turn, so that news waits only shortly (make bench).
MESSAGES = 8
# A payload is 20 kB at most.
KEPT_MESSAGES = 2_000

CHALLENGE = "subscription.challenge"


class Opens(Protocol):
    """What opens sealed values (feed.alerts.sealing): ValueError where the key is not there any more."""

    def open(self, sealed: bytes) -> str: ...


class Round(NamedTuple):
    """One turn: `letters` are the messages to tell, oldest first, each with the number of attempts before."""

    turn: Turn
    target: Target
    letters: list[tuple[Message, int]]
    lease_ends: datetime


class Standing(NamedTuple):
    """A subscription as its row says it, sealed."""

    id: int
    uid: str
    channel: Channel
    target: bytes | None
    secret: bytes | None
    former_secret: bytes | None
    former_until: datetime | None
    state: State
    proof: str
    max_per_minute: int | None
    failing_since: datetime | None


class Rounds:
    """Takes turns off the queue of one database. `holder` names the process that takes them."""

    def __init__(self, engine: Engine, sealer: Opens, holder: str) -> None:
        self._engine, self._sealer, self._holder = engine, sealer, holder
        self._was_due = False
        self._messages: OrderedDict[int, Message] = OrderedDict()
        self._opened: dict[bytes, str] = {}

    def take(self, now: datetime, well: int, in_trouble: int) -> list[Round]:
        """About so many of those that are well, oldest and newest (half as many again where there is a backlog), and at
        most so many of those in trouble."""
        if not self._was_due and not self._is_anything_due(now):
            return []
        lease_ends = now + LEASE
        with writing(self._engine) as connection:
            turns = queue.claim(connection, self._holder, now, lease_ends, well, in_trouble)
            self._was_due = bool(turns)
            return self._loaded(connection, turns, now, lease_ends) if turns else []

    def _is_anything_due(self, now: datetime) -> bool:
        """Asked twenty times a second; claiming would lock SQLite each time."""
        due = queue_table.c.due_at <= now
        lines = (select(exists().where(due, text(f"failures {sign} 0"))) for sign in ("=", ">"))
        with reading(self._engine) as connection:
            return any(connection.execute(line).scalar_one() for line in lines)

    def _loaded(
        self, connection: Connection, turns: Sequence[Turn], now: datetime, lease_ends: datetime
    ) -> list[Round]:  # fmt: skip
        ids = [turn.subscription_id for turn in turns]
        targets = self._targets(connection, ids, now)
        waiting: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for subscription_id, message_id, attempts in queue.pending(connection, ids, MESSAGES):
            waiting[subscription_id].append((message_id, attempts))
        needed = {message_id for some in waiting.values() for message_id, _ in some}
        messages = self._known(connection, needed)
        return [
            Round(
                turn,
                targets[turn.subscription_id],
                [(messages[one], attempts) for one, attempts in waiting[turn.subscription_id]],
                lease_ends,
            )
            for turn in turns
        ]

    def _targets(self, connection: Connection, ids: Sequence[int], now: datetime) -> dict[int, Target]:
        asked = list(ids) if connection.dialect.name == "postgresql" else json.dumps(ids)
        rows = _standing_of(connection.dialect).made(connection, {"ids": asked}, Standing)
        return {row.id: self._target(row, now) for row in rows}

    def _target(self, row: Standing, now: datetime) -> Target:
        former = row.former_secret if row.former_until is not None and now < row.former_until else None
        url, secrets, trouble = "", None, ""
        try:
            secrets = Secrets(self._open(row.secret), self._open(former) or None) if row.secret else None
            url = self._open(row.target)
        except ValueError as sealed:
            trouble = str(sealed)
        return Target(
            row.id, row.uid, row.channel, url, secrets, row.state, row.proof, row.max_per_minute, row.failing_since,
            trouble,
        )  # fmt: skip

    def _open(self, sealed: bytes | None) -> str:
        """Each once: to open one takes as long as to sign ten messages."""
        if sealed is None:
            return ""
        if sealed not in self._opened:
            if len(self._opened) > KEPT_MESSAGES * 100:
                self._opened.clear()
            self._opened[sealed] = self._sealer.open(sealed)
        return self._opened[sealed]

    def _known(self, connection: Connection, ids: Iterable[int]) -> dict[int, Message]:
        """Messages by id; they never change, so the latest ones are kept."""
        wanted = set(ids)
        if missing := wanted - self._messages.keys():
            columns = (message.c.id, message.c.uid, message.c.type, message.c.payload, message.c.event_at)
            for row in connection.execute(select(*columns).where(message.c.id.in_(missing))):
                self._messages[row.id] = Message(*row)
        found = {one: self._messages[one] for one in wanted}
        while len(self._messages) > KEPT_MESSAGES:
            self._messages.popitem(last=False)
        return found


@lru_cache
def _standing_of(dialect: Dialect) -> Prepared:
    asked = select(*(subscription.c[name] for name in Standing._fields))
    if dialect.name == "postgresql":
        return Prepared(asked.where(subscription.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))), dialect)
    listed = func.json_each(bindparam("ids", type_=Text)).table_valued("value")
    return Prepared(asked.where(subscription.c.id.in_(select(listed.c.value))), dialect)
