"""Alerts at the front door: with no key to open what is sealed, without an admin key, and as compose starts them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

import subscribers
from feed.alerts import keys
from feed.alerts.sealing import sealer
from feed.serving import _desk
from history.db import reading, writing
from history.settings import settings
from installation import Refused
from tests.conftest import ROOT
from tests.feed.rows import DAY, NOW
from tests.feed.subscribers import add_subscriptions


@pytest.fixture
def lost(engine: Engine) -> Engine:
    """A database with a subscription whose key is nowhere."""
    with writing(engine) as connection:
        add_subscriptions(connection, [sealer(Fernet.generate_key().decode(), Path()).seal("https://hooks.example/")])
    return engine


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOKENTAPE_DATA", str(tmp_path / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()


def run(tmp_path: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """With this environment and nothing else of ours: what is needed to find Python, and where we are."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    command = [sys.executable, "-m", "tokentape", *words]
    folder = tmp_path / "empty"
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        command, env={**kept, "PYTHONPATH": str(ROOT), **environment}, cwd=folder, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("secret_key", "said"),
    [
        ("", "is not there, but subscriptions are sealed. Set TOKENTAPE_SECRET_KEY"),
        ("hunter2", "TOKENTAPE_SECRET_KEY holds a key that is not 32 bytes in URL-safe base64"),
        (Fernet.generate_key().decode(), "the key from TOKENTAPE_SECRET_KEY opens none of the subscriptions"),
    ],
    ids=["none", "malformed", "another"],
)
@pytest.mark.usefixtures("lost")
def test_who_cannot_open_what_is_sealed_sends_nothing_and_says_why(
    database_url: str, tmp_path: Path, secret_key: str, said: str
) -> None:
    done = run(
        tmp_path, "dispatch", TOKENTAPE_DATABASE_URL=database_url, TOKENTAPE_SECRET_KEY=secret_key,
        TOKENTAPE_DATA=str(tmp_path / "data"),
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("tokentape: alerts cannot be sent: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "secret.key").exists()


def test_prices_are_served_all_the_same_and_nobody_can_subscribe(lost: Engine) -> None:
    assert _desk(lost) is None


def test_up_goes_on_without_alerts_and_says_so(lost: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused, match="alerts cannot be sent"):
        subscribers.opener(lost)
    with subscribers.alerting(lost, "https://tape.example"):
        pass
    assert "alerts cannot be sent: TOKENTAPE_SECRET_KEY is empty" in " ".join(capsys.readouterr().err.split())


def test_who_serves_without_an_admin_key_is_told_how_to_make_one(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with writing(engine) as connection:
        keys.create(connection, "no admin", "subscriber", 1, NOW, None)
    subscribers.hint_at_keys(engine, NOW)
    assert "`tokentape keys create --admin NAME` makes one" in capsys.readouterr().err
    begins = subscribers.create_key(engine, "me", NOW, admin=True, days=1)["begins"]
    subscribers.hint_at_keys(engine, NOW)
    assert capsys.readouterr().err == ""
    subscribers.hint_at_keys(engine, NOW + DAY)
    assert "no admin key" in capsys.readouterr().err
    subscribers.create_key(engine, "me", NOW, admin=True)
    subscribers.revoke_key(engine, begins, NOW)
    subscribers.hint_at_keys(engine, NOW + DAY)
    assert capsys.readouterr().err == ""


def test_an_admin_key_is_made_with_what_compose_gives_and_a_disk_that_is_read_only(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    """Docker compose exec api tokentape keys create --admin me."""
    given = {
        "TOKENTAPE_DATABASE_URL": database_url, "TOKENTAPE_PUBLIC_URL": "http://127.0.0.1:8321",
        "TOKENTAPE_CONTACT": "", "TOKENTAPE_ALLOWED_ADDRESSES": "",
        "TOKENTAPE_SECRET_KEY": Fernet.generate_key().decode(),
    }  # fmt: skip
    done = run(tmp_path, "keys", "create", "--admin", "me", **given)
    assert done.returncode == 0, done.stderr
    with reading(engine) as connection:
        assert keys.find(connection, done.stdout.strip(), keys.listed(connection)[0].created_at).is_admin
    assert "shown now, and never again" in done.stderr
    assert list((tmp_path / "empty").iterdir()) == []
