"""Subscriptions on record: quotas, secrets, proof, pauses and deletion, and what becomes of what is pending."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, func, select

from feed.alerts import deliveries, keys, proving, queue, subscriptions
from feed.alerts import tables as t
from feed.alerts.digests import next_digest
from feed.alerts.filters import LONGEST, Filter
from feed.alerts.keys import Key
from feed.alerts.proving import TooSoon
from feed.alerts.rounds import Round, Rounds
from feed.alerts.sealing import Sealer
from feed.alerts.subscriptions import New, NotNow, QuotaReached, Subscription
from history.db import reading, writing
from tests.feed.rows import DAY, HOUR, NOW, Rows, flash_cut
from tests.feed.subscribers import SECRET, tell

MINUTE = timedelta(minutes=1)
PUBLIC_URL = "https://tape.example"
SEALER = Sealer([Fernet.generate_key().decode()], "a test")


@pytest.fixture
def key(engine: Engine) -> Key:
    with writing(engine) as connection:
        return keys.create(connection, "a script", "subscriber", 3, NOW, None)[1]


def wanted(**changed: Any) -> New:
    new = New(
        "mine",
        "webhook",
        "https://hooks.example/x?token=t0k3n",
        "https://hooks.example/…",
        SECRET,
        Filter.model_validate({}),
    )
    return new._replace(**changed)


def made(engine: Engine, key: Key, at: Any = NOW, **changed: Any) -> Subscription:
    with queue.adding(engine) as connection:
        return subscriptions.create(connection, key, wanted(**changed), SEALER, at)


def active(engine: Engine, key: Key, **changed: Any) -> Subscription:
    one = made(engine, key, **changed)
    with writing(engine) as connection:
        assert proving.prove(connection, one, one.proof, NOW)
    return again(engine, one)


def again(engine: Engine, one: Subscription) -> Subscription:
    with reading(engine) as connection:
        found = subscriptions.get(connection, one.uid)
    assert found is not None
    return found


def doing(engine: Engine, what: Any, *given: Any) -> Any:
    with queue.adding(engine) as connection:
        return what(connection, *given)


def rounds(engine: Engine, at: Any = NOW) -> list[Round]:
    return Rounds(engine, SEALER, "a dispatcher").take(at, 10, 10)


def test_what_is_made_is_unproven_and_can_be_read(engine: Engine, key: Key, rows: Rows) -> None:
    flash_cut(rows)
    one = made(engine, key, filter=Filter.model_validate({"direction": "up"}), cadence="weekly", max_per_minute=5)
    assert (one.state, one.name, one.channel, one.shown) == ("unproven", "mine", "webhook", "https://hooks.example/…")
    assert (one.filter, one.cadence, one.max_per_minute) == ('{"direction":"up"}', "weekly", 5)
    assert (one.key, one.key_id, one.created_at, one.failing_since) == (key.prefix, key.id, NOW, None)
    assert again(engine, one) == one
    with reading(engine) as connection:
        row = connection.execute(select(t.subscription)).one()
    assert (row.digested, row.digest_at) == (5, NOW.replace(day=25, hour=8, minute=0))


def test_targets_and_secrets_are_sealed_at_rest(engine: Engine, key: Key) -> None:
    made(engine, key)
    with reading(engine) as connection:
        kept = repr(connection.execute(select(t.subscription)).one())
    assert "t0k3n" not in kept
    assert SECRET not in kept


def test_a_key_has_no_more_than_its_quota(engine: Engine, key: Key) -> None:
    for _ in range(3):
        made(engine, key)
    with pytest.raises(QuotaReached, match="may have 3 subscriptions"):
        made(engine, key)


def test_a_thousand_at_once_never_exceed_the_quota(engine: Engine, key: Key) -> None:
    def ask(_number: int) -> bool:
        try:
            return bool(made(engine, key).id)
        except QuotaReached:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(1000))) == 3
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.subscription)).scalar() == 3


def test_what_is_deleted_counts_for_an_hour(engine: Engine, key: Key) -> None:
    for _ in range(3):
        doing(engine, subscriptions.remove, made(engine, key), NOW)
    with pytest.raises(QuotaReached):
        made(engine, key, NOW + HOUR - MINUTE)
    assert made(engine, key, NOW + HOUR).state == "unproven"


def test_equal_filters_are_one_row(engine: Engine, key: Key) -> None:
    for country in (("US", "CN"), ("CN", "US", "CN")):
        made(engine, key, filter=Filter.model_validate({"country": country}))
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(t.subscription_filter)).scalar() == 1


def test_the_longest_filter_can_be_kept(engine: Engine, key: Key) -> None:
    """Random names, which nothing can compress."""
    names = [token_hex(22) for _ in range((LONGEST - len('{"model":[]}')) // len(f'"{token_hex(22)}",'))]
    asked = Filter.model_validate({"model": names})
    assert len(asked.text) > LONGEST - 50
    assert Filter.parse(made(engine, key, filter=asked).filter) == asked


def test_a_key_sees_its_own_and_an_admin_all(engine: Engine, key: Key) -> None:
    with writing(engine) as connection:
        other = keys.create(connection, "other", "subscriber", 3, NOW, None)[1]
    mine, theirs = made(engine, key), made(engine, other)
    with reading(engine) as connection:
        assert subscriptions.get(connection, theirs.uid, key.id) is None
        assert subscriptions.get(connection, theirs.uid) == theirs
        assert subscriptions.listed(connection, key.id, 0, 10) == [mine]
        assert subscriptions.listed(connection, None, 0, 10) == [mine, theirs]
        assert subscriptions.listed(connection, None, mine.id, 10) == [theirs]


def test_a_challenge_is_the_first_thing_that_is_told(engine: Engine, key: Key) -> None:
    one = made(engine, key)
    assert rounds(engine) == []
    doing(engine, proving.challenge, one, PUBLIC_URL, NOW)
    [turn] = rounds(engine)
    assert turn.target.url == "https://hooks.example/x?token=t0k3n"
    assert turn.target.secrets is not None
    assert turn.target.secrets.current == SECRET
    [(message, attempts)] = turn.letters
    assert (message.type, attempts, turn.target.proof) == ("subscription.challenge", 0, one.proof)
    assert f'"token":"{one.proof}"' in message.payload
    assert f"{PUBLIC_URL}/v1/subscriptions/{one.uid}/proof" in message.payload


def test_nobody_is_challenged_twice_a_minute(engine: Engine, key: Key) -> None:
    one = made(engine, key)
    doing(engine, proving.challenge, one, PUBLIC_URL, NOW)
    with pytest.raises(TooSoon, match="one a minute") as refused:
        doing(engine, proving.challenge, one, PUBLIC_URL, NOW + MINUTE - timedelta(seconds=1))
    assert refused.value.again_at == NOW + MINUTE
    doing(engine, proving.challenge, one, PUBLIC_URL, NOW + MINUTE)
    assert len(rounds(engine, NOW + MINUTE)[0].letters) == 2


def test_the_token_proves_and_nothing_else_does(engine: Engine, key: Key) -> None:
    one = made(engine, key)
    with writing(engine) as connection:
        for wrong in ("", one.proof[:-1], one.proof + "a", "ключ", made.__name__):
            assert not proving.prove(connection, one, wrong, NOW)
    assert again(engine, one).state == "unproven"
    with writing(engine) as connection:
        assert proving.prove(connection, one, one.proof, NOW)
        assert proving.prove(connection, one, one.proof, NOW)
    assert (again(engine, one).state, again(engine, one).reason) == ("active", "")
    with pytest.raises(NotNow, match="this one is active"):
        doing(engine, proving.challenge, again(engine, one), PUBLIC_URL, NOW)


def test_a_test_is_told_to_active_subscriptions_once_a_minute(engine: Engine, key: Key) -> None:
    with pytest.raises(NotNow, match="this one is unproven"):
        doing(engine, proving.test, made(engine, key), PUBLIC_URL, NOW)
    one = active(engine, key)
    uid = doing(engine, proving.test, one, PUBLIC_URL, NOW)
    with pytest.raises(TooSoon, match="A test was sent at 2026-05-22T16:10:00Z"):
        doing(engine, proving.test, one, PUBLIC_URL, NOW)
    [turn] = rounds(engine)
    assert [(message.uid, message.type) for message, _ in turn.letters] == [(uid, "subscription.test")]


def test_changes_of_a_subscription(engine: Engine, key: Key) -> None:
    one = made(engine, key, max_per_minute=5)
    with writing(engine) as connection:
        subscriptions.change(
            connection, one, NOW + HOUR, name="renamed", filter=Filter.model_validate({"direction": "up"})
        )
    changed = again(engine, one)
    assert (changed.name, changed.filter, changed.updated_at) == ("renamed", '{"direction":"up"}', NOW + HOUR)
    assert changed.max_per_minute == 5
    with writing(engine) as connection:
        subscriptions.change(connection, one, NOW + HOUR, cadence="daily", max_per_minute=None)
    assert (again(engine, one).cadence, again(engine, one).max_per_minute) == ("daily", None)
    with reading(engine) as connection:
        assert connection.execute(select(t.subscription.c.digest_at)).scalar() == next_digest("daily", NOW + HOUR)


def test_what_is_paused_is_told_nothing_and_then_what_waited(engine: Engine, key: Key) -> None:
    one = active(engine, key)
    [waiting] = doing(engine, tell, [one.id])
    doing(engine, subscriptions.pause, one, NOW)
    assert rounds(engine) == []
    assert (again(engine, one).state, again(engine, one).reason) == ("paused", "its owner paused it")
    with pytest.raises(NotNow, match="this one is paused"):
        doing(engine, subscriptions.pause, again(engine, one), NOW)
    doing(engine, subscriptions.resume, again(engine, one), NOW)
    [turn] = rounds(engine)
    assert [message.uid for message, _ in turn.letters] == [waiting]
    with pytest.raises(NotNow, match="this one is active"):
        doing(engine, subscriptions.resume, again(engine, one), NOW)
    with pytest.raises(NotNow, match="it becomes active when it is proven"):
        doing(engine, subscriptions.resume, made(engine, key), NOW)


def test_what_is_deleted_is_gone_with_its_secrets(engine: Engine, key: Key) -> None:
    one = active(engine, key)
    doing(engine, tell, [one.id])
    doing(engine, subscriptions.remove, one, NOW + HOUR)
    assert rounds(engine, NOW + HOUR) == []
    with reading(engine) as connection:
        assert subscriptions.get(connection, one.uid) is None
        assert subscriptions.listed(connection, None, 0, 10) == []
        row = connection.execute(select(t.subscription)).one()
        told = connection.execute(select(t.delivery.c.state, t.delivery.c.ended_at)).one()
    assert (row.state, row.target, row.secret, row.former_secret, row.proof) == ("deleted", None, None, None, "")
    assert tuple(told) == ("failed", NOW + HOUR)


def secrets_of(engine: Engine, one: Subscription, at: Any) -> tuple[str, str | None]:
    doing(engine, tell, [one.id])
    with writing(engine) as connection:
        connection.execute(t.queue.update().values(due_at=at, holder=None))
    [turn] = rounds(engine, at)
    assert turn.target.secrets is not None
    with writing(engine) as connection:
        connection.execute(t.delivery.delete())
    return turn.target.secrets.current, turn.target.secrets.former


def test_nothing_comes_back_to_what_is_deleted(engine: Engine, key: Key) -> None:
    one = active(engine, key)
    doing(engine, subscriptions.remove, one, NOW)
    with writing(engine) as connection:
        proving.rotate(connection, one, SEALER, NOW, None, HOUR)
        subscriptions.change(connection, one, NOW + HOUR, name="back")
        assert proving.prove(connection, one, one.proof, NOW)
    with reading(engine) as connection:
        row = connection.execute(select(t.subscription)).one()
    assert (row.state, row.secret, row.former_secret, row.name, row.updated_at) == ("deleted", None, None, "mine", NOW)


def test_secrets_rotate_with_overlap(engine: Engine, key: Key) -> None:
    one = active(engine, key)
    with writing(engine) as connection:
        new = proving.rotate(connection, one, SEALER, NOW, None, proving.DEFAULT_OVERLAP)
    assert new.startswith("whsec_")
    assert again(engine, one).former_until == NOW + DAY
    assert secrets_of(engine, one, NOW + DAY - MINUTE) == (new, SECRET)
    assert secrets_of(engine, one, NOW + DAY) == (new, None)
    with writing(engine) as connection:
        assert proving.rotate(connection, one, SEALER, NOW, SECRET, timedelta(0)) == SECRET
    assert secrets_of(engine, one, NOW) == (SECRET, None)


@pytest.mark.parametrize("wrong", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_" + "A" * 100])
def test_a_secret_of_the_wrong_length_is_refused(engine: Engine, key: Key, wrong: str) -> None:
    one = active(engine, key)
    with pytest.raises(ValueError, match="whsec_ and 24 to 64 random bytes"), writing(engine) as connection:
        proving.rotate(connection, one, SEALER, NOW, wrong, timedelta(0))
    assert secrets_of(engine, one, NOW) == (SECRET, None)


def test_what_is_not_signed_has_no_secret_to_rotate(engine: Engine, key: Key) -> None:
    one = active(engine, key, channel="apprise", secret=None)
    with pytest.raises(NotNow, match="Only webhooks"), writing(engine) as connection:
        proving.rotate(connection, one, SEALER, NOW, None, timedelta(0))


def test_deliveries_are_listed_with_their_attempts(engine: Engine, key: Key) -> None:
    one, other = active(engine, key), active(engine, key)
    uids = doing(engine, tell, [one.id, other.id])
    uids += doing(engine, tell, [one.id])
    tried = {"subscription_id": one.id, "message_id": 1, "took_ms": 12}
    with writing(engine) as connection:
        for minutes, status, error in ((5, 200, None), (0, None, "no answer within 15 s")):
            answer = {"status": status, "error": error, "response": "x" * 600 if status else None}
            connection.execute(t.attempt.insert(), {**tried, "started_at": NOW + minutes * MINUTE, **answer})
        this = (t.delivery.c.subscription_id == one.id) & (t.delivery.c.message_id == 1)
        connection.execute(t.delivery.update().where(this).values(state="delivered", ended_at=NOW + HOUR))
    with reading(engine) as connection:
        newest, oldest = deliveries.listed(connection, one.id, None, None, 10)
        assert deliveries.listed(connection, one.id, None, newest.message_id, 10) == [oldest]
        assert deliveries.listed(connection, one.id, "pending", None, 10) == [newest]
        assert deliveries.listed(connection, one.id, "failed", None, 10) == []
        whole = deliveries.one(connection, one.id, oldest.uid)
        assert deliveries.one(connection, other.id, newest.uid) is None
    assert [newest.uid, oldest.uid] == uids[::-1]
    assert (oldest.state, oldest.ended_at, oldest.payload) == ("delivered", NOW + HOUR, "")
    assert [(tried.status, tried.error, len(tried.response)) for tried in oldest.attempts] == [
        (None, "no answer within 15 s", 0), (200, None, 500),
    ]  # fmt: skip
    assert whole is not None
    assert whole.payload == '{"n":1}'
    assert len(whole.attempts[1].response) == 600


def test_what_can_be_asked_for_is_what_was_seen(engine: Engine, rows: Rows) -> None:
    flash_cut(rows)
    rows.source("a_map", "map", "someone", witness="imported")
    rows.source("openrouter_models", "gateway", "openrouter")
    rows.offer("z-ai/glm-9", source="openrouter_models")
    with reading(engine) as connection:
        known = subscriptions.known(connection)
    assert known.providers == {"deepseek": "lab", "someone": "map", "openrouter": "gateway"}
    assert known.sources == {"deepseek", "openrouter_models"}
    assert known.routed == {"z-ai/glm-9"}
