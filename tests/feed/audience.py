"""Subscriptions as rows, for tests of what becomes a message, and for whom."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, insert, select

from feed.alerts import tables as t
from history.db import reading, writing
from tests.feed.rows import NOW


@dataclass
class Audience:
    """Writes subscriptions into a database, and reads what has become of them."""

    engine: Engine
    count: int = 0
    filters: dict[str, int] = field(default_factory=dict)

    def add(self, cadence: str = "instant", state: str = "active", **wanted: str) -> int:
        """One subscription to stories of these (`provider`, `model`, `unit`); nothing: to all."""
        return self.many(1, cadence, state, **wanted)[0]

    def many(self, count: int, cadence: str = "instant", state: str = "active", **wanted: str) -> list[int]:
        filter_id = self.filter(**wanted)
        rows = [self._row(number, filter_id, cadence, state) for number in range(self.count, self.count + count)]
        self.count += count
        with writing(self.engine) as connection:
            connection.execute(t.subscription.insert(), rows)
        return [row["id"] for row in rows]

    def filter(self, **wanted: str) -> int:
        text = json.dumps(wanted, sort_keys=True)
        if text not in self.filters:
            self.filters[text] = len(self.filters) + 1
            with writing(self.engine) as connection:
                connection.execute(t.subscription_filter.insert(), {"id": self.filters[text], "text": text})
        return self.filters[text]

    def change(self, subscription_id: int, **values: Any) -> None:
        this = t.subscription.c.id == subscription_id
        with writing(self.engine) as connection:
            connection.execute(t.subscription.update().where(this).values(**values))

    def told(self) -> set[tuple[int, str]]:
        """Who has been told what: (subscription, what the message is about)."""
        asked = select(t.delivery.c.subscription_id, t.message.c.about).join(t.message)
        with reading(self.engine) as connection:
            return {(one, about) for one, about in connection.execute(asked)}

    def queued(self) -> set[int]:
        with reading(self.engine) as connection:
            return set(connection.execute(select(t.queue.c.subscription_id)).scalars())

    def messages(self) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(select(t.message).order_by(t.message.c.id)))

    def _row(self, number: int, filter_id: int, cadence: str, state: str) -> dict[str, Any]:
        self._key()
        return {
            "id": number + 1, "uid": f"sub_{number}", "key_id": 1, "name": "", "channel": "webhook", "target": b"",
            "shown": "", "secret": b"", "filter_id": filter_id, "cadence": cadence, "state": state, "reason": "",
            "proof": "", "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip

    def _key(self) -> None:
        if self.count == 0:
            key = {"id": 1, "prefix": "k", "digest": "", "name": "", "scope": "admin", "subscriptions": 0}
            with writing(self.engine) as connection:
                known = connection.execute(select(t.api_key.c.id)).first()
                if known is None:
                    connection.execute(insert(t.api_key), {**key, "created_at": NOW})
