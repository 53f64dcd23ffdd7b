"""Secrets at rest: sealed with a key that is not in the database."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

SETTING = "TOKENTAPE_SECRET_KEY"
FILE = "secret.key"
_HOW = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())' makes one"


class NoSecretKey(ValueError):
    """There is no key to seal with, or what is given is none; says where and what to do."""


class CannotOpen(ValueError):
    """A value was sealed with another key, or is damaged."""


class Sealer:
    """Seals with the first of its keys, opens with any: that is how keys are rotated."""

    def __init__(self, keys: Sequence[str], origin: str) -> None:
        self._origin = origin
        self._fernet = MultiFernet([_fernet(key, origin) for key in keys])

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """What was sealed; CannotOpen where none of the keys fits."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise CannotOpen(
                f"a sealed target or secret cannot be opened with the key from {self._origin}: it was sealed with "
                f"another one. Every process needs the same keys; put the former one behind a comma in {SETTING}"
            ) from None


def sealer(setting: str, folder: Path) -> Sealer:
    """The keys in the setting, comma separated, the newest first; where it is empty, the key file of the data folder,
    which is made where there is none."""
    if keys := [key.strip() for key in setting.split(",") if key.strip()]:
        return Sealer(keys, SETTING)
    path = folder / FILE
    try:
        with suppress(FileExistsError):
            if not path.exists():
                _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoSecretKey(f"{path} can be neither made nor read ({error}); mend it, or set {SETTING}") from error
    return Sealer([key], str(path))


def _make(path: Path) -> None:
    """Whole or not at all, and the first one stays: FileExistsError where somebody else was faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    finally:
        draft.unlink()


def _fernet(key: str, origin: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise NoSecretKey(f"{origin} holds a key that is not 32 bytes in URL-safe base64; {_HOW}") from None
