"""Rows of alerts, and an endpoint on this machine that keeps what it is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from aiohttp import web
from sqlalchemy import Connection, Engine, func, literal, select, text

from feed.alerts import queue
from feed.alerts import tables as t
from feed.alerts.tables import delivery, message, subscription
from tests.feed.rows import NOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Plain:
    """Seals nothing, for tests that are not about sealing."""

    def open(self, sealed: bytes) -> str:
        return sealed.decode()


def add_subscriptions(connection: Connection, urls: Sequence[str | bytes], **values: object) -> list[int]:
    """Active webhooks of one key with one filter; bytes are sealed already."""
    if connection.execute(select(func.count()).select_from(t.api_key)).scalar_one() == 0:
        key = {"prefix": "p", "digest": "d", "name": "n", "scope": "subscriber", "subscriptions": 1000}
        connection.execute(t.api_key.insert(), {"id": 1, **key, "created_at": NOW})
        connection.execute(t.subscription_filter.insert(), {"id": 1, "text": "{}"})
    first = (connection.execute(select(func.max(subscription.c.id))).scalar() or 0) + 1
    usual = {
        "key_id": 1, "name": "", "channel": "webhook", "shown": "", "secret": SECRET.encode(), "filter_id": 1,
        "cadence": "instant", "state": "active", "reason": "", "proof": "", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    rows = [
        {**usual, "id": id, "uid": f"sub_{id}", "target": url if isinstance(url, bytes) else url.encode(), **values}
        for id, url in enumerate(urls, first)
    ]
    connection.execute(subscription.insert(), rows)
    return [row["id"] for row in rows if isinstance(row["id"], int)]


def tell(
    connection: Connection, subscription_ids: Sequence[int], now: datetime = NOW, *, times: int = 1, type: str = "x.y",
    payload: str | None = None,
) -> list[str]:  # fmt: skip
    """New messages to all of these, in order; their uids. Within queue.adding()."""
    first = (connection.execute(select(func.max(message.c.id))).scalar() or 0) + 1
    new = range(first, first + times)
    frozen = {"type": type, "event_at": NOW, "created_at": now, "resume_after": 0}
    connection.execute(
        message.insert(),
        [
            {"id": id, "uid": f"msg_{id}", "about": f"{id}", "payload": payload or f'{{"n":{id}}}', **frozen}
            for id in new
        ],
    )
    if connection.dialect.name == "postgresql":
        # Ids that were given by hand are unknown to the sequence that gives the next ones.
        connection.execute(text("SELECT setval(pg_get_serial_sequence('message', 'id'), :last)"), {"last": new[-1]})
    pending = text("0"), text("0"), literal(now, delivery.c.created_at.type)
    each = select(subscription.c.id, message.c.id, *pending).join(message, message.c.id >= first)
    columns = ["subscription_id", "message_id", "state", "attempts", "created_at"]
    connection.execute(delivery.insert().from_select(columns, each.where(subscription.c.id.in_(subscription_ids))))
    queue.enqueue(connection, subscription_ids, now)
    return [f"msg_{id}" for id in new]


class Received(NamedTuple):
    path: str
    uid: str
    body: bytes
    headers: dict[str, str]


Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Endpoint:
    """Answers with what `answer` makes of a request, 204 unless told otherwise."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.path, headers.get("webhook-id", ""), body, headers))
        return await self.answer(request) if self.answer else web.Response(status=204)


@asynccontextmanager
async def endpoint(answer: Answer | None = None) -> AsyncIterator[Endpoint]:
    one = Endpoint(answer=answer)
    server = web.Server(one)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        listening.close()
        await server.shutdown(0)


def pending_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(
            select(func.count()).select_from(delivery).where(delivery.c.state == "pending")
        ).scalar_one()
