"""Model Studio's international price tables: what their headers, their model cells and their price cells mean."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from crawler import priced
from crawler.failures import PageChanged
from crawler.grid import Cell
from crawler.lengths import lengths
from history.model import ALWAYS, Conditions, PriceComponent

MILLION = 1_000_000
# "per 1 million tokens", "per million tokens" and "Cache-hit input price" stand on one page (2026-11); in 2025 it was
# "Output price (Million tokens) Chain of thought + response".
_HEADER = re.compile(
    r"(?P<direction>Input|Output|Cache-hit input) price \((?:per (?:1 )?m|M)illion tokens\)(?: (?:[/>] )*(?P<kind>.+))?"
)
_INPUTS = {
    "text": "input_tokens", "image": "input_image_tokens", "video": "input_video_tokens", "audio": "input_audio_tokens",
}  # fmt: skip
_OUTPUTS = {
    **dict.fromkeys(("", "text", "chain of thought and answer"), ("output_tokens", ALWAYS)),
    "non-thinking mode": ("output_tokens", Conditions(thinking=False)),
    **dict.fromkeys(
        ("thinking mode", "thinking mode (chain of thought and answer)"), ("output_tokens", Conditions(thinking=True))
    ),
    "audio": ("output_audio_tokens", ALWAYS),
}
# "No tiered pricing" and "flat-rate pricing" stand on one page (2026-08-19).
_ALL_LENGTHS = frozenset({"", "no tiered pricing", "flat-rate pricing"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]*")
# A note that speaks of money or of lengths could change a price; "50% batch inference discount" is for batch calls.
_NOTE = re.compile(
    r"Currently equivalent to [A-Za-z0-9._:/-]+|50% batch inference discount|50% off for batch calls|[^$%<>≤≥0-9]+"
)
# A number in an id or of free tokens changes none: "As the successor of text-embedding-v3, …" (in Chinese, 2026-10).
_HARMLESS = re.compile(r"\b[a-z][a-z0-9.]*(?:-[a-z0-9.]+)+|\bfree quota[a-z ]* [0-9]+ million tokens")
# In brackets in the Markdown, in a coloured box without them on the page (2026-08-19).
_PROMOTION = re.compile(r"List price (?P<price>\$[0-9.]+) \(?Limited-time (?P<off>[0-9]{1,2})% off\)?")
_BY_HOUR = re.compile(
    r"(?:List price )?(?P<price>\$[0-9.]+) \(?(?:Limited-time:? )?night (?P<night>[0-9]{1,2})% off"
    r" ?[,;/] ?daytime (?P<day>[0-9]{1,2})% off\)?",
    re.IGNORECASE,
)
_BUSY = re.compile(r"Busy hours: (?P<peak>\$[0-9.]+) Idle hours: (?P<off_peak>\$[0-9.]+)")
_BY_MODE = re.compile(r"Non-thinking mode: (?P<no>\$[0-9.]+) Thinking mode: (?P<yes>\$[0-9.]+)", re.IGNORECASE)
_NIGHT = re.compile(r"Night hours: (?P<begins>[0-9]{2}:[0-9]{2}) to (?P<ends>[0-9]{2}:[0-9]{2}) \(UTC\+8\)")
# What is left of "32K<Token≤128K" where the page's Markdown took <Token…> for a tag: the lower bound.
_LOWER = re.compile(r"(?P<size>[0-9]+)(?P<suffix>[KM]?)")


# A city in brackets, or one of the places that have none: a heading may name a family of models as well.
_REGION = re.compile(
    r"[A-Z][A-Za-z]*(?: [A-Z][A-Za-z]*)* \([A-Z][A-Za-z ]+\)"
    r"|Chinese mainland \(Beijing\)|Singapore|International|Global|Chinese mainland|Mainland China|Hong Kong|US|EU"
)
# The headings of 2025 name both: "Text generation - International (Singapore)".
_KIND = re.compile(r"[A-Z][a-z]+(?: [a-z]+)* - (?=[A-Z][A-Za-z ]+ \((?:Singapore|Beijing|Virginia|Frankfurt)\)$)")


class PriceColumn(NamedTuple):
    """What the prices of one column are for."""

    units: tuple[str, ...]
    when: Conditions


def region_of(title: str) -> str:
    """The region that a heading or a tab names, "" for all others."""
    name = _KIND.sub("", title, count=1)
    return name if _REGION.fullmatch(name) else ""


def names_tokens(header: str) -> bool:
    """Whether a column's header states prices for tokens."""
    return re.search(r"price|cost", header, re.IGNORECASE) is not None and "token" in header.lower()


def price_column(header: str) -> PriceColumn | None:
    """Reads "Output price (per 1 million tokens) / Thinking mode"; None for a kind of tokens that is not known."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise PageChanged(f"{header!r} is not a known price of tokens")
    # "Chain of thought + answer" in one table is "Chain of thought and answer" in another (2026-08-19).
    kind = (match["kind"] or "").lower().replace(" + ", " and ").replace("and response", "and answer")
    if match["direction"] == "Cache-hit input":
        return PriceColumn(("cache_read_tokens",), ALWAYS) if not kind else None
    if match["direction"] == "Output":
        return PriceColumn((_OUTPUTS[kind][0],), _OUTPUTS[kind][1]) if kind in _OUTPUTS else None
    parts = (kind or "text").split("/")
    return PriceColumn(tuple(_INPUTS[part] for part in parts), ALWAYS) if {*parts} <= _INPUTS.keys() else None


def model_of(cell: Cell) -> tuple[str, tuple[str, ...]]:
    """The model's id, and the notes that are quoted below it, each on its line."""
    name, *notes = cell.lines or (cell.text,)
    known = all(_NOTE.fullmatch(_HARMLESS.sub("", note)) and not _NAME.fullmatch(note) for note in notes)
    if not _NAME.fullmatch(name) or cell.struck or not known:
        raise PageChanged(f"{cell.text!r} does not name a model with notes that are known")
    return name, tuple(dict.fromkeys(notes))


def night_hours(prose: str) -> tuple[str, str] | None:
    """("14:00-00:00", "00:00-14:00"): night and day in UTC, where the page says when night is."""
    stated = {match.groups() for match in _NIGHT.finditer(prose)}
    if len(stated) > 1:
        raise PageChanged(f"night hours are stated in several ways: {sorted(stated)}")
    if not stated:
        return None
    begins, ends = (f"{(int(clock[:2]) - 8) % 24:02}:{clock[3:]}" for clock in stated.pop())
    return f"{begins}-{ends}", f"{ends}-{begins}"


def sizes(rows: Sequence[tuple[tuple[str, str], str]]) -> list[Conditions]:
    """The lengths of each (model, region) row; a lower bound alone ends where the next one of its model begins."""
    found = list[Conditions]()
    for at, (model, text) in enumerate(rows):
        if text.lower() in _ALL_LENGTHS:
            found.append(ALWAYS)
        elif (low := _lower(text)) is None:
            found.append(lengths(text))
        else:
            following = _lower(rows[at + 1][1]) if at + 1 < len(rows) and rows[at + 1][0] == model else None
            if following is not None and following <= low:
                raise PageChanged(f"{model}: {rows[at + 1][1]!r} does not lie above {text!r}")
            found.append(Conditions(min_input_tokens=low + 1 if low else None, max_input_tokens=following))
    return found


def _lower(text: str) -> int | None:
    match = _LOWER.fullmatch(text)
    return int(match["size"]) * {"": 1, "K": 1_000, "M": MILLION}[match["suffix"]] if match else None


def stated(
    cell: Cell, column: PriceColumn, when: Conditions, night: tuple[str, str] | None
) -> Iterator[tuple[str, priced.Stated]]:  # fmt: skip
    """What a cell says of each unit of its column; `night` is when night and day are, in UTC."""
    if not cell.text:
        # A row that lost a cell before a merged one is filled up with an empty one: the prices would have moved.
        raise PageChanged(f"there is no price for {column.units}; what is not offered has a dash here")
    for unit in column.units:
        for one in _each(unit, cell, when, night):
            yield unit, one


def _each(unit: str, cell: Cell, when: Conditions, night: tuple[str, str] | None) -> Iterator[priced.Stated]:
    text = cell.text
    if cell.struck:
        raise PageChanged(f"{text!r} stands beside the struck-through {cell.struck!r}")
    if match := _PROMOTION.fullmatch(text):
        yield _reduced(unit, match["price"], match["off"], when)
    elif match := _BY_HOUR.fullmatch(text):
        if night is None:
            raise PageChanged(f"it is not said when night is, for {text!r}")
        for hours, off in zip(night, (match["night"], match["day"]), strict=True):
            yield _reduced(unit, match["price"], off, replace(when, hours_utc=(hours,)))
    elif match := _BUSY.fullmatch(text):
        yield _price(unit, match["peak"], replace(when, period="peak"))
        yield _price(unit, match["off_peak"], replace(when, period="off_peak"))
    elif match := _BY_MODE.fullmatch(text):
        yield _price(unit, match["no"], replace(when, thinking=False))
        yield _price(unit, match["yes"], replace(when, thinking=True))
    else:
        yield priced.price(unit, cell, "USD", MILLION, when)


def _price(unit: str, text: str, when: Conditions) -> PriceComponent:
    price = priced.price(unit, Cell(text), "USD", MILLION, when)
    if isinstance(price, str):
        raise PageChanged(f"{text!r} is no price")
    return price


def _reduced(unit: str, text: str, off: str, when: Conditions) -> PriceComponent:
    listed = _price(unit, text, when)
    charged = listed.amount * (100 - int(off)) / Decimal(100)
    return replace(listed, amount=charged, list_amount=listed.amount)
