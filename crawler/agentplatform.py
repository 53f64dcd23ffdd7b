"""Tables of Gemini on Google Cloud: a model over its rows, a modality in each row, sizes and regions in cells."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from crawler import amounts, moments
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.pricelists import Sizes, by_size
from crawler.sheet import PriceSheet
from history.model import PriceComponent

BATCH_HEADER = ("model", "type", "price", "price with batch api")
CACHE_HEADER = ("model", "type", "storage (m tok-hour)", "price")
PRICE = re.compile(
    r"Price \(/1M tokens\) ?(<=|=<|>) ?200K (cached )?input tokens"
    r"(?: with (Priority|Flex/Batch|Flex|Batch)(?: API)?)?(?: ?\*+)?",
    re.I,
)
_TIERS = {"": ("standard",), "priority": ("priority",), "flex/batch": ("flex", "batch")}
_TIERS |= {tier: (tier,) for tier in ("flex", "batch")}
_UNITS = {
    **dict.fromkeys(("1m input text tokens", "1m input tokens"), ("input_tokens",)),
    **dict.fromkeys(("audio input", "1m input audio tokens"), ("input_audio_tokens",)),
    "1m input video/image tokens": ("input_video_tokens", "input_image_tokens"),
    **dict.fromkeys(("text output (response and reasoning)", "1m output text tokens"), ("output_tokens",)),
    "1m output audio tokens": ("output_audio_tokens",), "1m input video tokens": ("input_video_tokens",),
    "1m output video tokens (live avatar)": ("output_video_tokens",),
    **dict.fromkeys(("image output", "1m output image tokens"), ("output_image_tokens",)),
}  # fmt: skip
# "Input (text, image, video)": what is billed as text where text is among it.
_INPUT = re.compile(
    r"input \(((?:text|images?|video|audio|documents?|pdf)(?:, (?:images?|video|audio|documents?|pdf))*)\)"
)
_CACHED = {"input_tokens": "cache_read_tokens", "input_audio_tokens": "cache_read_audio_tokens"}
_DATED = re.compile(rf"(?P<name>.+?)[*†‡]* ?(?P<word>(?i:through|starting)) (?P<day>{moments.DAY})")
# "Batch: $0.075 (Global) Flex: $0.08 (Global) $0.0825 (Non-global)*" (2026-06): what names no tier is of both, as in
# the rows that the page has had since autumn 2026.
_PLACED = re.compile(r"(?:(?P<tier>Batch|Flex): |)(?P<amount>\$[0-9.]+) \((?P<place>Global\)|Non-global\)\*)(?: |$)")
STORAGE_HEADER, _STORAGE = ("model", "feature", "type"), "Context Cache Storage"
_HOURLY = re.compile(r"(\$[0-9.]+) ?\(/M Tok/hr\)")
PER_THOUSAND = "price per 1,000 input tokens"
_REQUESTS = re.compile(r"(Online|Batch) requests: (\$[0-9.]+|No charge)")
_NO_TOKENS = re.compile("Tuning for|Gemini (?:models|[0-9.]+ Flash)|[$][0-9.]+ per 1,000")


def name_of(cell: Cell) -> str:
    """A model's name without the star of a footnote: "GLM-5 *" (2026-05-08)."""
    name, *dates = named(cell)
    if any(dates):
        raise PageChanged(f"{cell.text!r} says when a price applies, where only a model was expected")
    if not name or "$" in name:
        raise PageChanged(f"{name!r} stands where a model was expected")
    return name


def named(cell: Cell) -> tuple[str, datetime | None, datetime | None]:
    """A model's name, when its prices begin and when they have ended.

    "Gemini 3.8 Flash* through December 31, 2026" (since 2026-08); a day is taken as one of UTC.
    """
    if ", 20" not in cell.text:
        return cell.text.rstrip("*†‡ "), None, None
    if (match := _DATED.fullmatch(cell.text)) is None:
        raise PageChanged(f"{cell.text!r} is not a model and the day on which its prices begin or end")
    day = moments.day(match["day"])
    begins_or_ended = (day, None) if match["word"].lower() == "starting" else (None, day + timedelta(days=1))
    return match["name"].rstrip(), *begins_or_ended


def read_sizes(sheet: PriceSheet, table: Table, since: datetime | None) -> None:
    columns = [match for name in table.header[2:] if (match := PRICE.fullmatch(name))]
    kinds = [(match[1] == ">", bool(match[2]), (match[3] or "").lower()) for match in columns]
    if len({*kinds}) != len(table.header) - 2:
        raise PageChanged(f"{table} has unknown columns: {table.header}")
    for model, what, *cells in filter(lambda row: _is_whole(table, row), table.body):
        stated = dict[tuple[str, str, str], Sizes]()
        for (is_long, is_cached, kind), cell in zip(kinds, cells, strict=True):
            for unit in _units(what.text, cell.text, is_cached=is_cached):
                for tier, region, amount in _amounts(cell.text, _TIERS[kind]):
                    stated.setdefault((tier, unit, region), {})[is_long] = amount
        name, begins, ended = named(model)
        if stated and not name:
            raise PageChanged(f"{table} does not say of what {[cell.text for cell in cells]} is the price")
        for (tier, unit, region), sizes in stated.items():
            start = begins or (since if region == "non-global" else None)
            sheet.add(name, *by_size(unit, sizes, start, ended), tier=tier, region=region)


def _is_whole(table: Table, row: tuple[Cell, ...]) -> bool:
    """Not the row of a model's name, nor one that has lost its model to a wrong rowspan (2026-05-08, all N/A)."""
    if len(row) != len(table.header) and len(row) > 1:
        if any("$" in cell.text for cell in row):
            raise PageChanged(f"{table} has a row of {len(row)} cells: {[cell.text for cell in row]}")
        table.unread[f"rows without a model: {row[0].text}"] += 1
    elif len(row) == 1 and all(row[0] != other[0] for other in table.body if len(other) > 1):
        table.unread[f"a model without rows: {row[0].text}"] += 1
    return len(row) == len(table.header)


def _units(what: str, text: str, *, is_cached: bool) -> tuple[str, ...]:
    if amounts.term(text) is not None:
        return ()
    label = what.rstrip("*").lower()
    units = _UNITS.get(label)
    if (listed := _INPUT.fullmatch(label)) and (listed[1] == "audio" or listed[1].startswith("text")):
        units = ("input_audio_tokens",) if listed[1] == "audio" else ("input_tokens",)
    if units is None or (is_cached and not {*units} <= {*_CACHED}):
        raise PageChanged(f"{what!r} at {text!r} is of no known unit")
    return tuple(_CACHED[unit] for unit in units) if is_cached else units


def _amounts(text: str, tiers: tuple[str, ...]) -> Iterator[tuple[str, str, Decimal]]:
    """Tier, region and amount of each price in a cell of a column that is of these tiers."""
    parts = list(_PLACED.finditer(text))
    if "".join(part[0] for part in parts) != text or not parts:
        amount = amounts.parse(text, "USD").amount
        yield from ((tier, "", amount) for tier in tiers)
        return
    found = [
        (tier, part["place"].lower().rstrip(")*"), amounts.parse(part["amount"], "USD").amount)
        for part in parts
        for tier in ((part["tier"].lower(),) if part["tier"] else tiers)
    ]
    if len({place[:2] for place in found}) < len(found) or not {tier for tier, *_ in found} <= {*tiers}:
        raise PageChanged(f"{text!r} is not one price for each place and each of the tiers {tiers}")
    yield from found


def read_batch(sheet: PriceSheet, table: Table) -> None:
    """Gemini 2.0: a price and a batch price; some models have no batch cells at all."""
    widths = dict[str, set[int]]()
    for row in table.body:
        if len(row) > 1 or _is_whole(table, row):
            widths.setdefault(row[0].text, set()).add(len(row))
    for model, *cells in (row for row in table.body if len(row) > 1):
        what, *prices = cells
        if _NO_TOKENS.match(what.text):
            table.unread[f"{model.text}: {what.text[:40]}"] += 1
            continue
        # A row that is shorter than the others of its model has lost a cell.
        if len(widths[model.text]) > 1 or len(prices) not in (1, 2):
            raise PageChanged(f"{table} has rows of different lengths for {model.text}")
        for tier, cell in zip(("standard", "batch"), prices, strict=False):
            for unit in _units(what.text, cell.text, is_cached=False):
                amount = amounts.parse(cell.text, "USD").amount
                sheet.add(name_of(model), PriceComponent(unit, amount, "USD", 1_000_000), tier=tier)


def read_cache(sheet: PriceSheet, table: Table) -> None:
    """Gemini 2.0's explicit caches: what an hour of storing costs, the same for all that is stored, and reading."""
    stored = dict[str, Decimal]()
    for model, what, storage, price in filter(lambda row: _is_whole(table, row), table.body):
        for unit in _units(what.text, price.text, is_cached=True):
            name, hourly = name_of(model), amounts.parse(storage.text, "USD").amount
            sheet.add(name, PriceComponent(unit, amounts.parse(price.text, "USD").amount, "USD", 1_000_000))
            if stored.setdefault(name, hourly) != hourly:
                raise PageChanged(f"{table} stores {name!r} at {stored[name]} and at {hourly}")
    for name, hourly in stored.items():
        sheet.add(name, PriceComponent("cache_storage_token_hours", hourly, "USD", 1_000_000))


def read_storage(sheet: PriceSheet, table: Table) -> None:
    """Later models' explicit caches: what an hour of storing costs, by the size of the prompt."""
    columns = [match for name in table.header[3:] if (match := PRICE.fullmatch(name))]
    if len(columns) != len(table.header) - 3 or any(column[2] or column[3] for column in columns):
        raise PageChanged(f"{table} has unknown columns: {table.header}")
    for model, feature, what, *cells in filter(lambda row: _is_whole(table, row), table.body):
        if feature.text != _STORAGE or not _INPUT.fullmatch(what.text.lower()):
            raise PageChanged(f"{table} has {feature.text!r} of {what.text!r}")
        stated = [(column[1] == ">", cell) for column, cell in zip(columns, cells, strict=True)]
        if sizes := {is_long: _hourly(cell) for is_long, cell in stated if amounts.term(cell.text) is None}:
            sheet.add(name_of(model), *by_size("cache_storage_token_hours", sizes))


def _hourly(cell: Cell) -> Decimal:
    if (match := _HOURLY.fullmatch(cell.text)) is None:
        raise PageChanged(f"{cell.text!r} is not what an hour of storing a million tokens costs")
    return amounts.parse(match[1], "USD").amount


def read_embeddings(sheet: PriceSheet, table: Table) -> None:
    """What is charged for a thousand tokens put in, online and in a batch; what comes out is free of charge."""
    columns = tuple(name.casefold() for name in table.header[:-1])
    if columns not in (("model", "type", "region"), ("open source model", "type")):
        raise PageChanged(f"{table} has unknown columns: {table.header}")
    for model, what, *place, price in filter(lambda row: _is_whole(table, row), table.body):
        stated = _REQUESTS.findall(price.text)
        kinds = what.lines * len(stated) if len(what.lines) == 1 else what.lines
        if not stated or len(kinds) != len(stated) or _REQUESTS.sub("", price.text).strip():
            raise PageChanged(f"{table} has {price.text!r} for {what.text!r}")
        for kind, (when, amount) in zip(kinds, stated, strict=True):
            is_input, tier = "input" in kind.lower(), "batch" if when == "Batch" else "standard"
            if is_input != amount.startswith("$") or ("Batch" in kind and tier != "batch"):
                raise PageChanged(f"{table} has {when} requests at {amount} for {kind!r} of {model.text!r}")
            if is_input:
                cost = PriceComponent("input_tokens", amounts.parse(amount, "USD").amount, "USD", 1_000)
                sheet.add(name_of(model), cost, tier=tier, region=" ".join(cell.text for cell in place).lower())
