"""Secrets at rest: sealed, opened with any key that is in force, and lost loudly."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from feed.alerts.sealing import FILE, CannotOpen, NoSecretKey, Sealer, sealer
from history.settings import Settings


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_opens_and_cannot_be_read() -> None:
    one = Sealer([key()], "a test")
    sealed = one.seal("https://hooks.example/T0/✓")
    assert b"hooks" not in sealed
    assert one.open(sealed) == "https://hooks.example/T0/✓"
    assert one.seal("x") != one.seal("x")


def test_keys_rotate(tmp_path: Path) -> None:
    old, new = key(), key()
    sealed = sealer(old, tmp_path).open, sealer(old, tmp_path).seal("secret")
    both = sealer(f" {new}, {old},", tmp_path)
    assert both.open(sealed[1]) == "secret"
    assert sealer(new, tmp_path).open(both.seal("later")) == "later"
    with pytest.raises(CannotOpen, match="the former one behind a comma in TOKENTAPE_SECRET_KEY"):
        sealer(new, tmp_path).open(sealed[1])


@pytest.mark.parametrize("damaged", [b"", b"not sealed at all", b"gAAAAAB\xff"])
def test_what_is_damaged_is_not_opened(damaged: bytes) -> None:
    with pytest.raises(CannotOpen, match="a test"):
        Sealer([key()], "a test").open(damaged)


def test_without_a_setting_a_key_is_made_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "new"
    sealed = sealer("", folder).seal("secret")
    assert sealer("", folder).open(sealed) == "secret"
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_of_many_that_start_at_once_all_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda number: sealer("", tmp_path).seal(str(number)), range(16)))
    assert [sealer("", tmp_path).open(one) for one in sealed] == [str(number) for number in range(16)]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_key_that_is_none_is_told_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NoSecretKey, match=r"TOKENTAPE_SECRET_KEY holds a key that is not 32 bytes.*generate_key"):
        sealer("hunter2", tmp_path)
    with pytest.raises(NoSecretKey, match="TOKENTAPE_SECRET_KEY"):
        sealer(f"{key()},ключ", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe\n"])
def test_a_damaged_key_file_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(NoSecretKey, match=FILE):
        sealer("", tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_a_key_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(NoSecretKey, match="mend it, or set TOKENTAPE_SECRET_KEY"):
        sealer("", tmp_path)


def test_where_no_key_file_can_be_made_the_setting_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(NoSecretKey, match=r"neither made nor read.*set TOKENTAPE_SECRET_KEY"):
        sealer("", tmp_path / "data")


def test_the_setting_is_not_shown() -> None:
    assert "hunter2" not in repr(Settings(secret_key=SecretStr("hunter2")))
    assert Settings(secret_key=SecretStr(" hunter2 ")).key("secret_key") == "hunter2"
