"""API keys: what is shown, what is kept, and what opens nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from math import log2

import pytest
from sqlalchemy import Engine, select

from feed.alerts import keys
from feed.alerts.keys import Key, NoKey
from feed.alerts.tables import api_key
from history.db import reading, writing
from tests.feed.rows import DAY, NOW


def made(engine: Engine, scope: keys.Scope = "subscriber", expires_at: datetime | None = None) -> tuple[str, Key]:
    with writing(engine) as connection:
        return keys.create(connection, "a script", scope, 3, NOW, expires_at)


def found(engine: Engine, shown: str, at: datetime = NOW) -> Key:
    with reading(engine) as connection:
        return keys.find(connection, shown, at)


def test_a_key_is_found_by_what_was_shown(engine: Engine) -> None:
    shown, key = made(engine)
    made(engine)
    assert found(engine, shown) == key
    assert (key.name, key.scope, key.subscriptions, key.created_at, key.is_admin) == (
        "a script",
        "subscriber",
        3,
        NOW,
        False,
    )
    assert shown.startswith(f"tt_{key.prefix}_")


def test_a_key_cannot_be_guessed() -> None:
    assert keys.SECRET * log2(len(keys._ALPHABET)) >= 128


def test_what_is_kept_does_not_hold_the_key(engine: Engine) -> None:
    shown, _ = made(engine)
    with reading(engine) as connection:
        kept = str(connection.execute(select(api_key)).one())
    assert shown not in kept
    assert shown.split("_")[2] not in kept


MANGLED: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda shown: "", "not a key"),
    "with a scheme": (lambda shown: f"Bearer {shown}", "not a key"),
    "cut": (lambda shown: shown[:-1], "not a key"),
    "longer": (lambda shown: f"{shown}0", "not a key"),
    "lines": (lambda shown: "tt" + "_" * (len(shown) - 2), "not a key"),
    "another letter": (lambda shown: f"{shown[:12]}é{shown[13:]}", "not a key"),
    "another end": (lambda shown: shown[:-1] + ("1" if shown[-1] != "1" else "2"), "checksum"),
    "another middle": (lambda shown: shown[:20] + ("1" if shown[20] != "1" else "2") + shown[21:], "checksum"),
}


@pytest.mark.parametrize("how", MANGLED)
def test_what_is_mistyped_is_told_so(engine: Engine, how: str) -> None:
    shown, _ = made(engine)
    mangle, reason = MANGLED[how]
    with pytest.raises(NoKey, match=reason):
        found(engine, mangle(shown))


def test_a_key_of_another_service_is_unknown(engine: Engine) -> None:
    shown, key = made(engine)
    unchecked = f"tt_{key.prefix}_{'0' * keys.SECRET}"
    with pytest.raises(NoKey, match="No such key"):
        found(engine, unchecked + keys._checksum(unchecked))
    with writing(engine) as connection:
        connection.execute(api_key.delete())
    with pytest.raises(NoKey, match="No such key"):
        found(engine, shown)


def test_a_key_expires_to_the_moment(engine: Engine) -> None:
    shown, _ = made(engine, expires_at=NOW + DAY)
    assert found(engine, shown, NOW + DAY - timedelta(microseconds=1)).expires_at == NOW + DAY
    with pytest.raises(NoKey, match="expired at 2026-05-23"):
        found(engine, shown, NOW + DAY)


def test_a_key_that_would_open_nothing_is_not_made(engine: Engine) -> None:
    with pytest.raises(ValueError, match="not in the future"):
        made(engine, expires_at=NOW)
    with writing(engine) as connection, pytest.raises(ValueError, match="-1 subscriptions"):
        keys.create(connection, "x", "subscriber", -1, NOW, None)


def test_a_revoked_key_opens_nothing_and_stays_on_record(engine: Engine) -> None:
    shown, key = made(engine)
    with writing(engine) as connection:
        assert keys.revoke(connection, shown[:11], NOW).revoked_at == NOW
        assert keys.revoke(connection, key.prefix, NOW + DAY).revoked_at == NOW
    with pytest.raises(NoKey, match="revoked at 2026-05-22"):
        found(engine, shown)
    with reading(engine) as connection:
        assert [one.id for one in keys.listed(connection)] == [key.id]


def test_nobody_revokes_what_is_not_there(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(LookupError, match="no key begins with tt_nobody"):
        keys.revoke(connection, "nobody", NOW)


def test_the_last_use_is_noted_once_a_minute(engine: Engine) -> None:
    shown, key = made(engine)
    assert not keys.is_use_noted(key, NOW)
    for seconds in (0, 59, 60, 61):
        with writing(engine) as connection:
            keys.note_use(connection, key, NOW + timedelta(seconds=seconds))
    noted = found(engine, shown)
    assert noted.last_used_at == NOW + timedelta(seconds=60)
    assert keys.is_use_noted(noted, NOW + timedelta(seconds=119))
    assert not keys.is_use_noted(noted, NOW + timedelta(seconds=120))


def test_the_first_start_makes_an_admin_key_and_no_other_does(engine: Engine) -> None:
    made(engine)
    with writing(engine) as connection:
        shown = keys.ensure_admin(connection, NOW)
    assert shown
    assert found(engine, shown).is_admin
    with writing(engine) as connection:
        assert keys.ensure_admin(connection, NOW + DAY) is None
        keys.revoke(connection, shown, NOW)
        assert keys.ensure_admin(connection, NOW + DAY) is None


def test_of_many_that_start_at_once_one_makes_the_admin_key(engine: Engine) -> None:
    def start(_number: int) -> str | None:
        with writing(engine) as connection:
            return keys.ensure_admin(connection, NOW)

    with ThreadPoolExecutor(8) as pool:
        assert len([shown for shown in pool.map(start, range(8)) if shown]) == 1
