"""The keys' part of the command line, by its functions."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

import subscribers
from feed.alerts import keys
from history.db import reading
from installation import Refused
from tests.feed.rows import DAY, NOW


def test_a_key_is_made_and_listed_without_what_was_shown(engine: Engine) -> None:
    made = subscribers.create_key(engine, "a [bold]script", NOW, subscriptions=5, days=30)
    shown = made.pop("key")
    assert subscribers.list_keys(engine, NOW) == [made]
    assert made == {
        "begins": shown[:11], "name": "a [bold]script", "scope": "subscriber", "subscriptions": 5, "state": "valid",
        "created_at": "2026-05-22T16:10:00Z", "expires_at": "2026-06-21T16:10:00Z", "last_used_at": None,
        "revoked_at": None,
    }  # fmt: skip
    assert shown not in json.dumps(subscribers.list_keys(engine, NOW))
    with reading(engine) as connection:
        assert keys.find(connection, shown, NOW).name == "a [bold]script"


def test_a_key_says_when_it_is_over(engine: Engine) -> None:
    made = subscribers.create_key(engine, "short", NOW, days=1)
    assert subscribers.list_keys(engine, NOW + DAY - timedelta(seconds=1))[0]["state"] == "valid"
    assert subscribers.list_keys(engine, NOW + DAY)[0]["state"] == "expired"
    assert subscribers.revoke_key(engine, made["begins"], NOW)["state"] == "revoked"


def test_revoking_what_is_not_there_is_refused_in_a_line(engine: Engine) -> None:
    with pytest.raises(Refused, match="no key begins with tt_nobody; `tokentape keys list`"):
        subscribers.revoke_key(engine, "tt_nobody", NOW)


def test_an_admin_key_is_shown_at_the_first_start_only(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    subscribers.show_first_key(engine, NOW)
    shown = capsys.readouterr().err.split()[-1]
    with reading(engine) as connection:
        assert keys.find(connection, shown, NOW).is_admin
    subscribers.show_first_key(engine, NOW)
    assert capsys.readouterr().err == ""


def test_the_table_shows_names_as_they_are(engine: Engine) -> None:
    subscribers.create_key(engine, "a [bold]script", NOW, admin=True)
    table = subscribers._table(subscribers.list_keys(engine, NOW))
    assert table.row_count == 1
    assert list(table.columns[1].cells) == [r"a \[bold]script"]
    assert list(table.columns[2].cells) == ["admin"]
