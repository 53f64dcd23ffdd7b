"""Rate cards: tables with one price tier a row, whose headers say what is priced: "输出 元/百万token"."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from msgspec import Struct
from msgspec.structs import replace

from crawler import beijing, priced
from crawler.failures import PageChanged
from crawler.grid import Cell, Table
from crawler.lengths import follows, lengths
from history.model import ALWAYS, Conditions, PriceComponent

_MODELS = frozenset({"模型名称", "模型", "modelid", "modelname", "model"})
_PERIODS: dict[str, Literal["peak", "off_peak"]] = {
    "空闲时段": "off_peak", "off-peak": "off_peak", "off-peakhours": "off_peak",
    "高峰时段": "peak", "peak": "peak", "peakhours": "peak",
}  # fmt: skip
_CONDITION = re.compile(r"(?:条件|pricingtiers?|conditions?)\(?(?:输入长度:)?(?P<each>千|k)?(?:tokens?)?\)?")
_BY_TIME = frozenset({"峰谷计费", "peak/off-peakbilling"})
_PRICE = re.compile(
    r"(?P<name>.+?)\(?(?P<money>元|美元|usd|\$)(?:/|per)(?P<count>百万|千|1?m|million|1million|1?k)tokens?"
    r"(?P<hourly>[/*](?:小时|hour))?\)?"
)
_MONEY = {"元": "CNY", "美元": "USD", "usd": "USD", "$": "USD"}
_NAME = re.compile(r"(?P<name>[^()（）<>*、，/^]+?)(?P<notes>(?: ?[(（][^()（）]+[)）])*)")
_BARE = re.compile("[^()（）<>*、，/^]+")
_NOTES = re.compile(r"[(（]([^()（）]+)[)）]")
_QUOTE = re.compile(r"^[>*\s]+")
_ID = re.compile(r"[A-Za-z][\w.-]*[0-9][\w.-]*")
# Who serves a model tells two offers of it apart: Tencent's "DeepSeek-V4-Flash (Vendor Direct)" and its own.
_SERVED = frozenset({"Vendor Direct", "原厂直供"})


class Rate(Struct, frozen=True, gc=False):
    """What one row states: the model as it is named, the notes that are terms, and the prices."""

    model: str
    components: list[PriceComponent]
    terms: tuple[str, ...]


class _Label(Struct, frozen=True, gc=False):
    name: str
    notes: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """A header or a heading for comparison: half-width, lower case, without spaces."""
    return "".join((text if text.isascii() else normalize("NFKC", text)).split()).lower()


def units_of(table: Table, units: Mapping[str, str], currency: str) -> dict[str, tuple[str, int]]:
    """The headers that price a known unit: the unit, and for how many tokens; none where no model is named.

    `units` gives the plain name of a header, "输入(非音频)", its unit. Other tokens' price raises: it would be missed.
    """
    if not any(plain(header) in _MODELS for header in table.header):
        return {}
    found: dict[str, tuple[str, int]] = {}
    unknown: list[str] = []
    for header in table.header:
        if (match := _PRICE.fullmatch(plain(header))) is None:
            continue
        if (unit := units.get(match["name"])) is None:
            unknown.append(header)
        elif _MONEY[match["money"]] != currency or bool(match["hourly"]) != (unit == "cache_storage_token_hours"):
            raise PageChanged(f"{table} has prices under {header!r}")
        else:
            found[header] = unit, 1_000 if match["count"].endswith(("千", "k")) else 1_000_000
    if found and unknown:
        raise PageChanged(f"{table} has token prices, but a column of it is not known: {unknown}")
    return found


def has_conditions(table: Table) -> bool:
    """Whether a column says for which lengths or at what time a row's prices apply."""
    return any(map(_is_condition, table.header))


@lru_cache(maxsize=1024)
def _is_condition(header: str) -> bool:
    return plain(header) in _BY_TIME or _CONDITION.fullmatch(plain(header)) is not None


def rates(
    table: Table, units: Mapping[str, tuple[str, int]], currency: str, peak_hours: Callable[[str], Conditions]
) -> Iterator[Rate]:
    """Each row's prices. An empty model cell is the model above; a tier has to begin where the one above ended."""
    names = [header for header in table.header if plain(header) in _MODELS]
    conditions = tuple([header for header in table.header if header not in units and _is_condition(header)])
    if len({unit for unit, _ in units.values()}) < len(units) or len(names) != 1:
        raise PageChanged(f"{table} states one thing twice: {list(table.header)}")
    places = table.places({header: (header,) for header in (*names, *conditions, *units)})
    named, sizes, quoted = ([places[header] for header in headers] for headers in (names, conditions, units))
    columns = [priced.Column(at, *unit) for at, unit in zip(quoted, units.values(), strict=True)]
    label, above = _Label(""), None
    for cells in table.lines(places.values()):
        if (cell := cells[named[0]]).text:
            stated = _label(cell)
            label, above = stated, above if stated.name == label.name else None
        when = _when(conditions, tuple([cells[at].text for at in sizes]), above or ALWAYS)
        if not label.name or not follows(when, above):
            raise PageChanged(f"{table}: {label.name!r} has the row {when.as_dict()} below {above and above.as_dict()}")
        above = when
        if when.period == "peak":
            hours = peak_hours(label.name)
            when = replace(when, hours_utc=hours.hours_utc, weekdays=hours.weekdays, holidays=hours.holidays)
        if "" in [cells[at].text for at in quoted]:
            # In Markdown an empty cell may be one merged with the cell above.
            raise PageChanged(f"{table}: {label.name!r} has an empty cell where a price or a dash should be")
        prices, terms = priced.row(columns, cells, currency, when)
        if label.valid_from or label.valid_to:
            since, until = label.valid_from, label.valid_to
            prices = [replace(price, valid_from=since, valid_to=until) for price in prices]
        yield Rate(label.name, prices, (*label.notes, *terms))


# A table states the same few lengths for each of its models.
@lru_cache(maxsize=1024)
def _when(headers: tuple[str, ...], texts: tuple[str, ...], above: Conditions) -> Conditions:
    found = ALWAYS
    for header, text in zip(headers, texts, strict=True):
        if period := _PERIODS.get(plain(text)):
            found = replace(found, period=period)
        elif plain(text) not in ("-", "–", "—"):
            sizes = _sizes(header, text, above)
            found = replace(sizes, period=found.period) if found.period else sizes
    return found


def _sizes(header: str, text: str, above: Conditions) -> Conditions:
    if (match := _CONDITION.fullmatch(plain(header))) is None:
        raise PageChanged(f"{text!r} under {header!r} is neither a length nor a time")
    return lengths(text, 1_000 if match["each"] else 1, above)


@lru_cache(maxsize=1024)
def _label(cell: Cell) -> _Label:
    if len(cell.lines) == 1 and not cell.struck and _BARE.fullmatch(cell.text):
        return _Label(cell.text)
    match = _NAME.fullmatch(cell.lines[0])
    if match is None or cell.struck or any(_ID.fullmatch(line) for line in cell.lines[1:]):
        raise PageChanged(f"{cell.text!r} does not name one model")
    inline = _NOTES.findall(match["notes"])
    below = [_QUOTE.sub("", line).strip("()（）") for line in cell.lines[1:]]
    notes = [*inline, *below]
    name = " ".join([match["name"].strip(), *(f"({note})" for note in notes if note in _SERVED)])
    label = _Label(name, tuple(note for note in notes if note not in _SERVED))
    for note in label.notes:
        since, until = beijing.validity(note)
        label = replace(label, valid_from=since or label.valid_from, valid_to=until or label.valid_to)
    return label
