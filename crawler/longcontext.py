"""Long context: Anthropic's tables of what prompts over 200K tokens cost beside those up to it, in both layouts."""

from collections.abc import Iterator

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Table
from crawler.labels import labelled

_DIRECTIONS = {"Input": "input_tokens", "Output": "output_tokens"}
# Until 2026-03: a column for each size, a row for each direction: "Input: $3 / MTok".
_SIZES = {"short": ("≤ 200K input tokens",), "long": ("> 200K input tokens",)}
# After that a column for each direction and size.
_WIDE = {
    f"{size} {unit}": (f"{sign} 200K {direction}", f"{sign}200K {direction}")
    for size, sign in (("short", "≤"), ("long", ">"))
    for direction, unit in _DIRECTIONS.items()
}


def prices(table: Table, brand: str) -> Iterator[tuple[str, str, str, str]]:
    """The label of the models, the unit, its price up to 200K and its price over that, each as it is written."""
    wide = priced.spelled(table, _WIDE)
    if any(name in table.header for names in wide.values() for name in names):
        for models, row in labelled(table, wide, brand):
            for unit in _DIRECTIONS.values():
                yield models, unit, row.pop(f"short {unit}").text, row.pop(f"long {unit}").text
        return
    for models, row in labelled(table, priced.spelled(table, _SIZES), brand):
        short, long = (row.pop(size).text.partition(": ") for size in _SIZES)
        if short[0] != long[0] or short[0] not in _DIRECTIONS:
            raise PageChanged(f"{models}: {''.join(short)} and {''.join(long)} are not two prices of one direction")
        yield models, _DIRECTIONS[short[0]], short[2], long[2]
