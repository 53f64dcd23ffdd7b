"""Which stories a subscription wants. To be replaced: this one knows three words, so that the fan-out can be built."""

import json
from dataclasses import dataclass

from history.queries import Story


@dataclass(frozen=True, slots=True)
class Filter:
    """Any model, provider and unit, or these."""

    provider: str | None = None
    model: str | None = None
    unit: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Filter":
        return cls(**json.loads(text))

    def wants(self, story: Story) -> bool:
        """Whether one change of the story is all that is asked for."""
        return any(
            self.provider in (None, one.provider) and self.model in (None, one.model) and self.unit in (None, one.unit)
            for one in story.changes
        )
