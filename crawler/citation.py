"""How OpenRouter wants its figures to be cited (https://openrouter.ai/docs/data-api)."""

import json
from collections.abc import Mapping
from datetime import datetime

from history.model import Notice
from history.times import to_rfc3339

SOURCE = "Source: OpenRouter (openrouter.ai/rankings), as of {as_of}."
LICENSED = " Licensed under CC BY 4.0."


def notice(as_of: datetime, meta: Mapping[str, str], *, licensed: bool) -> Notice:
    """`licensed`: they are the Data API's, which says under which licence they may be republished."""
    citation = SOURCE.format(as_of=to_rfc3339(as_of)) + (LICENSED if licensed else "")
    said = json.dumps(meta, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Notice(as_of, citation, "CC-BY-4.0" if licensed else "", said)
