"""Labels: what a model's cell says beside the name: further models, notes, dates, prompt sizes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from crawler import moments
from crawler.failures import PageChanged
from crawler.grid import Columns, Row, Table
from history.model import ALWAYS, Conditions, PriceComponent

_WORD = r"(?:[A-Z][a-z]+|[0-9]+(?:\.[0-9]+)?)"
_AND = r"(?: / |,? and |,? or |, )"

# One or more models by their display names, for use inside a spider's sentence: "Claude Sonnet 4.5 / 4".
NAMES = rf"{_WORD}(?: {_WORD})*(?:{_AND}{_WORD}(?: {_WORD})*)*"

_LABEL = re.compile(
    rf"(?P<names>{NAMES})(?: through (?P<last>{moments.DAY})| starting (?P<first>{moments.DAY}))?"
    r"(?P<notes>(?: \([^()]+\))*)"
)
# The sentences before tables that have no column for models: long context in 2025-10, fast mode in 2026-02 and -05.
_SENTENCE = re.compile(
    rf"(?:Currently supported on|only available for) ({NAMES})[.:]$"
    rf"|(?:[Ff]ast mode(?: \([^()]*\))?|faster output) for ({NAMES}) (?:\([^()]*\) )?(?:provides|at premium) "
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
    notes = [note.strip() for note in re.findall(r"\(([^()]+)\)", match["notes"])]
    return Label(
        _names(match["names"], brand),
        tuple(note for note in notes if not note.startswith("for ")),
        _conditions([note for note in notes if note.startswith("for ")]),
        moments.day(match["first"]) if match["first"] else None,
        moments.day(match["last"]) + timedelta(days=1) if match["last"] else None,
    )


def subject(sentence: str, brand: str) -> str | None:
    """The label of the models for which the table below a sentence is: "Currently supported on Opus 4.6:"."""
    found = {match[1] or match[2] for match in _SENTENCE.finditer(sentence)}
    names = {f"{brand} {text.removeprefix(f'{brand} ')}" for text in found}
    if len(names) > 1:
        raise PageChanged(f"{sentence!r} names {sorted(names)}: which of them the table is for is not said")
    return names.pop() if names else None


def labelled(table: Table, columns: Columns, brand: str) -> Iterator[tuple[str, Row]]:
    """Each row with the models it is for; an empty cell means the row above, no column the sentence before."""
    if "Model" not in table.header and (named := subject(table.lead, brand)):
        yield from ((named, row) for row in table.rows(columns))
        return
    above = ""
    for row in table.rows({"model": ("Model",), **columns}):
        above = row.pop("model").text or above
        yield above, row


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
