"""Idempotency-Key: a subscription that is asked for twice is made once, and its answer told twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from feed.alerts import keys, queue, repeats
from feed.alerts import tables as t
from feed.alerts.sealing import Sealer
from feed.app import create_app
from feed.desk.callers import Desk
from history.addresses import Guard
from history.db import reading, writing
from tests.feed.conftest import PUBLIC_URL, Clock
from tests.feed.rows import DAY, NOW
from tests.feed.subscribers import SECRET

PATH = "/v1/subscriptions"
BODY = {"url": "https://hooks.example/prices", "filter": {"country": "CN"}}


class Asker:
    """Somebody with a key, who asks for a subscription under an Idempotency-Key."""

    def __init__(self, engine: Engine, clock: Clock, sealer: Sealer, quota: int = 5) -> None:
        app = create_app(engine, PUBLIC_URL, clock, Desk(sealer, Guard()))
        self.client = TestClient(app, raise_server_exceptions=False)
        with writing(engine) as connection:
            shown, _ = keys.create(connection, "a test", "subscriber", quota, NOW, None)
        self.headers = {"authorization": f"Bearer {shown}"}

    def __call__(self, token: str, **changed: Any) -> Any:
        return self.client.post(PATH, json=BODY | changed, headers={**self.headers, "idempotency-key": token})


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([Fernet.generate_key().decode()], "a test")


@pytest.fixture
def ask(engine: Engine, clock: Clock, sealer: Sealer) -> Asker:
    return Asker(engine, clock, sealer)


def made(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(t.subscription)).scalar_one()


def test_who_asks_again_is_answered_the_same_with_the_secret(ask: Asker, engine: Engine, clock: Clock) -> None:
    token = str(uuid4())
    first = ask(token)
    clock.now += DAY - timedelta(seconds=1)
    again = ask(token)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.json()["secret"].startswith("whsec_")
    assert again.headers["location"] == first.headers["location"]
    assert [one.headers.get("idempotent-replayed") for one in (first, again)] == [None, "true"]
    assert made(engine) == 1
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.message)).scalar_one() == 1


def test_the_same_said_otherwise_is_the_same(ask: Asker, engine: Engine) -> None:
    first = ask("a", filter={"country": "cn"})
    assert ask("a", filter={"country": ["CN"]}, cadence="instant").content == first.content
    assert made(engine) == 1


def test_after_a_day_it_is_another_request(ask: Asker, engine: Engine, clock: Clock) -> None:
    first = ask("a")
    clock.now += DAY
    assert ask("a").json()["id"] != first.json()["id"]
    assert made(engine) == 2


@pytest.mark.parametrize("changed", [{"url": "https://hooks.example/other"}, {"secret": SECRET}, {"name": "x"}])
def test_another_body_under_the_same_key_is_refused(ask: Asker, engine: Engine, changed: dict[str, str]) -> None:
    ask("a")
    refused = ask("a", **changed)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("idempotency-key-reused")
    assert "came with another body before" in refused.json()["detail"]
    assert made(engine) == 1


def test_of_many_that_ask_at_once_one_makes_it(ask: Asker, engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask("a"), range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert made(engine) == 1


def test_somebody_elses_key_is_another(ask: Asker, engine: Engine, clock: Clock, sealer: Sealer) -> None:
    other = Asker(engine, clock, sealer)
    assert ask("a").json()["id"] != other("a", name="another").json()["id"]


def test_without_one_each_request_makes_one(ask: Asker, engine: Engine) -> None:
    for _ in range(2):
        assert ask.client.post(PATH, json=BODY, headers=ask.headers).status_code == 201
    assert made(engine) == 2


def test_what_was_refused_may_be_asked_again(engine: Engine, clock: Clock, sealer: Sealer) -> None:
    ask = Asker(engine, clock, sealer, quota=1)
    assert ask("a", url="http://hooks.example/").status_code == 422
    uid = ask("a").json()["id"]
    assert ask("b").status_code == 403
    assert ask("a").json()["id"] == uid


def test_what_is_deleted_tells_its_secret_no_more(ask: Asker, engine: Engine) -> None:
    uid = ask("a").json()["id"]
    ask.client.delete(f"{PATH}/{uid}", headers=ask.headers)
    assert "has been deleted" in ask("a").json()["detail"]
    with reading(engine) as connection:
        assert connection.execute(select(t.repeat.c.answer)).scalar_one() is None


def test_an_answer_that_cannot_be_opened_any_more_is_told_so(ask: Asker, engine: Engine, clock: Clock) -> None:
    ask("a")
    app = create_app(engine, PUBLIC_URL, clock, Desk(Sealer([Fernet.generate_key().decode()], "a test"), Guard()))
    answer = TestClient(app).post(PATH, json=BODY, headers={**ask.headers, "idempotency-key": "a"})
    assert answer.status_code == 422
    assert "rotate its secret" in answer.json()["detail"]


def test_neither_the_secret_nor_the_target_can_be_read_in_the_table(ask: Asker, engine: Engine) -> None:
    secret = ask("a").json()["secret"]
    with reading(engine) as connection:
        kept = str(connection.execute(select(t.repeat)).one())
    assert secret not in kept
    assert "hooks.example" not in kept


@pytest.mark.parametrize("token", ["", "x" * 256, "a\tb", "é"])
def test_what_is_no_key_is_refused(ask: Asker, token: str) -> None:
    headers = {
        name.encode(): value.encode("latin-1") for name, value in (*ask.headers.items(), ("idempotency-key", token))
    }
    answer = ask.client.post(PATH, json=BODY, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Idempotency-Key: one of 1 to 255 visible ASCII characters")


def test_what_is_a_day_old_goes(ask: Asker, engine: Engine, clock: Clock) -> None:
    ask("a")
    with queue.adding(engine) as connection:
        assert repeats.prune(connection, clock.now + DAY - timedelta(seconds=1)) == 0
        assert repeats.prune(connection, clock.now + DAY) == 1
