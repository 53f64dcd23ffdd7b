"""Labels: what a model's cell says beside the name: further models, notes, dates, prompt sizes."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler import moments
from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions, PriceComponent

_WORD = r"(?:[A-Z][a-z]+|[0-9]+(?:\.[0-9]+)?)"
_AND = r"(?: / |,? and |,? or |, )"

# One or more models by their display names, for use inside a spider's sentence: "Claude Sonnet 4.5 / 4".
NAMES = rf"{_WORD}(?: {_WORD})*(?:{_AND}{_WORD}(?: {_WORD})*)*"

_LABEL = re.compile(
    rf"(?P<names>{NAMES})(?: through (?P<last>{moments.DAY})| starting (?P<first>{moments.DAY}))?"
    r"(?P<notes>(?: \([^()]+\))*)"
)
_PROMPTS = re.compile(r"for prompts (over|up to) ([1-9][0-9]{0,2}(?:,[0-9]{3})*) tokens")


@dataclass(frozen=True, slots=True)
class Label:
    """The models that a cell names, the notes that are terms, and when the row's prices apply."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    conditions: Conditions = ALWAYS
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def apply(self, price: PriceComponent) -> PriceComponent:
        """The price under what the label says of it."""
        return replace(price, conditions=self.conditions, valid_from=self.valid_from, valid_to=self.valid_to)


def label(text: str, brand: str) -> Label:
    """`brand` begins every name: "Claude Opus 5 / Claude Opus 4.8", "Claude Sonnet 5 starting September 1, 2026".

    Anthropic states days without a zone; they are taken as days of UTC, "through August 31" as until September 1.
    """
    match = _LABEL.fullmatch(text)
    if match is None or not text.startswith(f"{brand} "):
        raise PageChanged(f"{text!r} does not name a model of {brand}")
    notes = re.findall(r"\(([^()]+)\)", match["notes"])
    return Label(
        _names(match["names"], brand),
        tuple(note for note in notes if not note.startswith("for ")),
        _conditions([note for note in notes if note.startswith("for ")]),
        moments.day(match["first"]) if match["first"] else None,
        moments.day(match["last"]) + timedelta(days=1) if match["last"] else None,
    )


def _names(text: str, brand: str) -> tuple[str, ...]:
    """Each model in full: "Claude Sonnet 4.5 / 4" is Claude Sonnet 4.5 and Claude Sonnet 4."""
    found = list[str]()
    for part in re.split(_AND, text):
        if part[0].isdigit() and found:
            part = f"{found[-1].rpartition(' ')[0]} {part}"
        found.append(part if part.startswith(f"{brand} ") else f"{brand} {part}")
    return tuple(found)


def _conditions(notes: list[str]) -> Conditions:
    if not notes:
        return ALWAYS
    match = _PROMPTS.fullmatch(notes[0])
    if match is None or len(notes) > 1:
        raise PageChanged(f"{notes} does not say for which prompts a price applies")
    # Up to a size is the default price; over it is the condition.
    return Conditions(min_input_tokens=int(match[2].replace(",", "")) + 1) if match[1] == "over" else ALWAYS
