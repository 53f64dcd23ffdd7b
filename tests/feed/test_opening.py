"""What is sealed is opened before anybody is told: a key that is lost, or another one, is said at once."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, update

from feed.alerts.opening import opener
from feed.alerts.sealing import FILE, NoSecretKey, sealer
from feed.alerts.tables import subscription
from history.db import writing
from tests.feed.subscribers import add_subscriptions


def key() -> str:
    return Fernet.generate_key().decode()


def sealed(engine: Engine, *keys: str) -> None:
    """One subscription sealed with each, in this order."""
    with writing(engine) as connection:
        for one in keys:
            add_subscriptions(connection, [sealer(one, Path()).seal("https://hooks.example/")])


def test_at_first_a_key_file_is_made(engine: Engine, tmp_path: Path) -> None:
    opener(engine, "", tmp_path)
    assert (tmp_path / FILE).exists()


def test_what_was_sealed_is_opened(engine: Engine, tmp_path: Path) -> None:
    old, new = key(), key()
    sealed(engine, old)
    with_both = opener(engine, f"{new},{old}", tmp_path)
    assert with_both.open(sealer(old, tmp_path).seal("x")) == "x"
    assert not (tmp_path / FILE).exists()


def test_no_new_key_is_made_where_the_old_one_is_missing(engine: Engine, tmp_path: Path) -> None:
    sealed(engine, key())
    for nothing in ("", " , "):
        with pytest.raises(NoSecretKey, match=r"is not there, but subscriptions are sealed\. Set TOKENTAPE_SECRET_KEY"):
            opener(engine, nothing, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_another_key_than_before_is_told_with_where_it_came_from(engine: Engine, tmp_path: Path) -> None:
    sealed(engine, key())
    with pytest.raises(NoSecretKey, match="the key from TOKENTAPE_SECRET_KEY opens none of the subscriptions"):
        opener(engine, key(), tmp_path)
    sealer("", tmp_path)
    with pytest.raises(NoSecretKey, match=f"the key from .*{FILE} opens none.*delete the subscriptions"):
        opener(engine, "", tmp_path)


def test_where_one_of_several_keys_is_lost_the_others_go_on(engine: Engine, tmp_path: Path) -> None:
    lost, kept = key(), key()
    sealed(engine, lost, kept)
    assert opener(engine, kept, tmp_path).seal("x")
    sealed(engine, lost)
    with pytest.raises(NoSecretKey):
        opener(engine, kept, tmp_path)


def test_once_what_is_lost_is_deleted_a_new_key_is_made(engine: Engine, tmp_path: Path) -> None:
    sealed(engine, key())
    with writing(engine) as connection:
        connection.execute(update(subscription).values(state="deleted", target=None, secret=None))
    assert opener(engine, "", tmp_path).seal("x")
