"""A story as the pages show it: a stretch of ticker tape."""

from datetime import datetime
from typing import NamedTuple

from feed.figures import moment
from feed.headlines import Piece, headline, pieces
from feed.wording import clean, sentences, when
from history.queries import Story


class Tape(NamedTuple):
    """One story: `cells` are its headline in pieces."""

    id: int
    model: str
    provider: str
    headline: str
    cells: list[Piece]
    sentences: list[str]
    when: str
    seen_at: datetime
    seen: str


def tape(story: Story) -> Tape:
    return Tape(
        story.id,
        clean(story.changes[0].model),
        clean(story.changes[0].provider_name),
        headline(story),
        pieces(story),
        sentences(story),
        when(story),
        story.recorded_at,
        moment(story.recorded_at),
    )
