"""Opaque cursors: where a listing goes on, good only for the question it was given for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from feed.errors import Problem

Place = TypeVar("Place")
_NOT_PART_OF_THE_QUESTION = {"cursor", "limit"}


def cursor_to(place: Any, question: Mapping[str, Any]) -> str:
    """A cursor to `place` in the answer to `question`."""
    packed = msgspec.json.encode((_seal(place, question), place))
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def place_of(cursor: str | None, question: Mapping[str, Any], kind: type[Place]) -> Place | None:
    """The place a cursor leads to; Problem where it is not ours, or was given for another question."""
    if cursor is None:
        return None
    try:
        packed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        # A type that is known only at run time: msgspec checks it, mypy cannot.
        seal, place = msgspec.json.decode(packed, type=tuple[str, kind])  # type: ignore[valid-type]
    except (ValueError, msgspec.DecodeError):
        raise Problem(422, "cursor: not a cursor of this service; start again without it.", "invalid-cursor") from None
    if seal != _seal(place, question):
        raise Problem(422, "cursor: it belongs to other filters; start again without it.", "invalid-cursor")
    found: Place = place
    return found


def _seal(place: Any, question: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in question.items() if name not in _NOT_PART_OF_THE_QUESTION}
    text = msgspec.json.encode((place, sorted((name, str(value)) for name, value in asked.items())))
    return blake2b(text, digest_size=6).hexdigest()
