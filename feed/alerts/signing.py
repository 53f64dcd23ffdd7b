"""Standard Webhooks 1.0.0: the headers that say whose a message is, and when this attempt at it was made."""

import base64
import binascii
import secrets as randomness
from datetime import datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from standardwebhooks import Webhook

from feed.alerts.model import Secrets
from history.times import aware

PREFIX = "whsec_"
# https://github.com/standard-webhooks/standard-webhooks, "Signature scheme": between 24 and 64 random bytes.
FEWEST_BYTES, MOST_BYTES, OWN_BYTES = 24, 64, 32
_ONE_LIKE_IT = f"{PREFIX} and {FEWEST_BYTES} to {MOST_BYTES} random bytes in base64, or leave it out to be given one"


def new_secret() -> str:
    """'whsec_' and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(randomness.token_bytes(OWN_BYTES)).decode()


def check_secret(text: str) -> str:
    """The secret as it was given; ValueError says what is wrong with it, without repeating it."""
    if not text.startswith(PREFIX):
        raise ValueError(f"The secret does not begin with {PREFIX}. Give {_ONE_LIKE_IT}.")
    encoded = text.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # Verifiers in other languages decode strictly: padding is there, and no bit is left over.
    if base64.b64encode(key).decode() != encoded or not key:
        raise ValueError(f"What follows {PREFIX} in the secret is not base64 with padding. Give {_ONE_LIKE_IT}.")
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"The secret has {len(key)} bytes. Give {_ONE_LIKE_IT}.")
    return text


def headers(message_uid: str, payload: bytes | str, secrets: Secrets, at: datetime) -> dict[str, str]:
    """The headers of one attempt made `at` (aware): signed with the current secret and, while they overlap, with the
    former one too, in that order. `payload` is what is sent, UTF-8, byte for byte.

    ValueError where the uid has a dot, which would let one signature stand for another message.
    """
    if not message_uid or "." in message_uid or not message_uid.isascii():
        raise ValueError(f"The message uid {message_uid!r} cannot be signed: it is empty, has a dot or is not ASCII")
    # standardwebhooks 1.1.0 takes the wall clock of any time for UTC, and signs another second.
    second = aware(at).replace(microsecond=0)
    text = payload if isinstance(payload, str) else payload.decode()
    keys = [key for key in (secrets.current, secrets.former) if key]
    return {
        "webhook-id": message_uid,
        "webhook-timestamp": str(int(second.timestamp())),
        "webhook-signature": " ".join(_signer(key).sign(message_uid, second, text) for key in keys),
        "content-type": "application/json",
        "user-agent": user_agent(),
    }


@lru_cache(maxsize=1)
def user_agent() -> str:
    """tokentape/0.1.0"""
    try:
        return f"tokentape/{version('tokentape')}"
    except PackageNotFoundError:
        return "tokentape/0"


# Decoding the secret is a fifth of signing.
@lru_cache(maxsize=4096)
def _signer(secret: str) -> Webhook:
    return Webhook(secret)
