"""Plans: what the tables of a subscription page say of prices, quotas and terms: "$20 /month", "1,500 次/5小时"."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Cell, Table, mention_money
from crawler.sheet import PriceSheet
from history.model import Offer, PriceComponent, Provider
from history.quotas import PLAN_TIER, Quota

_EACH = {
    **dict.fromkeys(("month", "mo", "月"), "plan_months"),
    **dict.fromkeys(("quarter", "季", "季度"), "plan_quarters"),
    **dict.fromkeys(("year", "yr", "年"), "plan_years"),
}
_BILLED = {
    **dict.fromkeys(("quarterly", "按季"), "plan_months_billed_quarterly"),
    **dict.fromkeys(("yearly", "annually", "按年"), "plan_months_billed_yearly"),
}
_PRICE = re.compile(
    rf"(?P<money>\S(?:[^/]*?\S)??)(?: ?(?:/|per |每|a ) ?(?P<each>{'|'.join(_EACH)})"
    rf"(?:,? ?[(（]?(?:billed ?)?(?P<billed>{'|'.join(_BILLED)})(?:付费)?[)）]?)?)?"
)
_PERIODIC = re.compile(rf"[$€£¥￥元][^/]*(?:/|per |每) ?(?:{'|'.join(_EACH)})(?![a-z])")
# What the first month or the first purchase costs: not what the plan costs.
_FIRST = re.compile(
    r"(?:first (?:month|purchase|order)|new users?|introductory|首月|首购|首次|新用户).*", re.IGNORECASE
)
_THEN = re.compile(
    r"(?P<first>(?:first (?:month|purchase)|首月)[^,;，；]*)[,;，；] ?(?:then |renews at |续费 ?)(?P<price>.+)",
    re.IGNORECASE,
)

# Tabs that say for how long the prices in them are.
_TABS = {
    **dict.fromkeys(("Monthly", "Monthly Plans", "月付", "包月"), "plan_months"),
    **dict.fromkeys(("Quarterly", "Quarterly Plans", "季付", "包季"), "plan_quarters"),
    **dict.fromkeys(("Yearly", "Annual", "Yearly Plans", "年付", "包年"), "plan_years"),
}
_SIZES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "千": 10**3, "万": 10**4, "百万": 10**6, "亿": 10**8}
_SIZE = r"(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?: ?(?:[KMB](?![A-Za-z])|千|百?万|亿))?"
_COUNTED = ("requests", "prompts", "credits", "tokens", "images", "characters", "videos", "songs", "tasks")
_UNITS = {
    **{name: name for name in _COUNTED},
    **dict.fromkeys(("request", "次", "次请求", "calls"), "requests"), "prompt": "prompts", "积分": "credits",
    "张": "images", "字符": "characters",
}  # fmt: skip
_WINDOWS = {
    **dict.fromkeys(("5 hours", "5 hrs", "5hrs", "5h", "5-hour", "5 小时", "5小时"), "5 hours"),
    **dict.fromkeys(("day", "天", "日"), "day"),
    **dict.fromkeys(("week", "7 days", "周"), "week"),
    **dict.fromkeys(("month", "月"), "month"),
    **dict.fromkeys(("quarter", "季"), "quarter"),
    **dict.fromkeys(("year", "年"), "year"),
}
_QUOTA = re.compile(
    r"(?:up to |最多 ?)?(?P<about>~ ?|≈ ?|约 ?|about |approx\. ?|approximately )?"
    rf"(?:(?P<all>unlimited|不限量?)|(?P<low>{_SIZE})(?: ?[-–~至] ?(?P<high>{_SIZE})| ?[(（](?P<again>{_SIZE})[)）])?)"
    r" ?(?P<unit>[^/0-9每]*?)"
    rf"(?: ?(?:/ ?(?:每 ?)?|per |every |each |每 ?)(?P<per>{'|'.join(sorted(_WINDOWS, key=len, reverse=True))}))?",
    re.IGNORECASE,
)
# "¥290 /年 (原价 ¥348)" says in words what others strike through; "Plus 最优惠" praises a plan (MiniMax, 2025-12).
_BEFORE = re.compile(r"(?P<charged>.*?) ?[(（]原价 ?(?P<listed>[^()（）]+)[)）]")
_PRAISE = re.compile(r" (?:最优惠|推荐|热门|Best value|Most popular|Recommended)$", re.IGNORECASE)
_NAME = re.compile(r"[A-Z][A-Za-z0-9]*(?:[ +-][A-Za-z0-9]+)*|[A-Z][A-Za-z]*-?极速版")
_FIGURE = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Words:
    """What the labels of a page's plan tables mean. `prices`: label → unit ("": the cell says it); `quotas`: label →
    the unit and the window of a bare figure; `terms`: labels whose cells are kept as the source says them."""

    prices: Mapping[str, str]
    quotas: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    terms: frozenset[str] = frozenset()


def prices(cell: Cell, currency: str, unit: str = "") -> tuple[list[PriceComponent], list[str]]:
    """What a cell says a plan costs, by period; and what it says instead or besides: "contact us", a first month."""
    if (term := amounts.term(cell.text)) is not None:
        if cell.struck:
            raise PageChanged(f"{cell.text!r} stands beside the struck-through {cell.struck!r}")
        return [], [] if term == "not offered" else [term]
    found, said, listed = list[PriceComponent](), list[str](), [cell.struck] if cell.struck else []
    for written in cell.lines:
        line = written
        if before := _BEFORE.fullmatch(line):
            line = before["charged"]
            listed.append(before["listed"])
        if not line:
            continue
        if then := _THEN.fullmatch(line):
            said.append(then["first"])
            found.append(_price(then["price"], currency, unit))
        elif _FIRST.fullmatch(line):
            said.append(line)
        else:
            found.append(_price(line, currency, unit))
    if listed:
        found = [_listed(found, cell.text, listed, currency)]
    return found, said


def _price(text: str, currency: str, unit: str) -> PriceComponent:
    match = _PRICE.fullmatch(text.rstrip("*"))
    stated, wrong = _EACH.get(match["each"] or "", "") if match else "", False
    if match and match["billed"]:
        stated, wrong = _BILLED[match["billed"]], stated != "plan_months"
    elif stated == "plan_months" and unit in _BILLED.values():
        # The column says how it is billed: "Annual (per month)", "$15/mo".
        stated = unit
    if match is None or wrong or not (stated or unit) or (stated and unit and stated != unit):
        raise PageChanged(f"{text!r} is not a price for {unit or 'a month, a quarter or a year'}")
    charged = amounts.parse(match["money"], currency)
    if charged.per is not None:
        raise PageChanged(f"{text!r} is not the price of a plan")
    return PriceComponent(stated or unit, charged.amount, charged.currency)


def _listed(found: list[PriceComponent], text: str, listed: list[str], currency: str) -> PriceComponent:
    if len(found) != 1 or len(listed) != 1:
        raise PageChanged(f"{text!r} beside the former price {listed} is more than one price")
    [charged] = found
    before = _price(listed[0], currency, charged.unit)
    if before.amount <= charged.amount:
        raise PageChanged(f"{text!r} beside the former price {listed[0]!r} is not a sale")
    return replace(charged, list_amount=before.amount)


def quota(text: str, unit: str = "", per: str = "") -> Quota:
    """Reads "Up to ~120 prompts every 5 hours", "4,100,000,000 (4.1B) Credits"; `unit`, `per`: what the label says."""
    match = _QUOTA.fullmatch(text.strip().rstrip("*"))
    stated = _UNITS.get(match["unit"].strip().lower(), "") if match else ""
    window = _WINDOWS.get(match["per"].lower(), "") if match and match["per"] else ""
    if match is None or (match["unit"].strip() and not stated) or not (stated or unit):
        raise PageChanged(f"{text!r} is not a quota of {unit or 'something known'}")
    if (stated and unit and stated != unit) or (window and per and window != per):
        raise PageChanged(f"{text!r} is not a quota of {unit} per {per}")
    low, high, again = (None if match[name] is None else _size(match[name]) for name in ("low", "high", "again"))
    if again is not None and again != low:
        raise PageChanged(f"{text!r} says one quota in two ways that differ")
    try:
        return Quota(low, stated or unit, window or per, high, bool(match["about"]))
    except ValueError as error:
        raise PageChanged(f"{text!r}: {error}") from error


def _size(written: str) -> Decimal:
    digits = written.rstrip("KMBkmb千百万亿 ")
    amount = Decimal(digits.replace(",", "")) * _SIZES[written[len(digits) :].strip().upper()]
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def is_of(table: Table, known: frozenset[str], words: Words) -> bool:
    """Whether a table states the prices of plans; what else has money in it is reported, not read."""
    heads = [*table.grid[0], *(row[0] for row in table.body if row)] if table.grid else []
    named = known & {cell.text.rstrip("*") for cell in heads}
    if named and (table.has_money or any(_key(cell) in words.prices for cell in heads)):
        return True
    if any(_PERIODIC.search(cell.text) for row in table.grid for cell in row):
        raise PageChanged(f"{table} says what is paid each month, of no known plan: {[cell.text for cell in heads]}")
    if named or table.has_money:
        table.leave()
    return False


def read(
    sheet: PriceSheet, table: Table, words: Words, currency: str, prefix: str = "", region: str = ""
) -> None:  # fmt: skip
    """Adds the plans of a table, whichever way it lies."""
    if table.within and table.within[-1] not in _TABS:
        raise PageChanged(f"{table} stands in {list(table.within)}, which is no known period")
    unit = _TABS[table.within[-1]] if table.within else ""
    rows = list(_rows(table, words))
    if all(_key(label) not in words.prices for label, _ in rows):
        raise PageChanged(f"{table} says no price of its plans: {[label.text for label, _ in rows]}")
    for label, cells in rows:
        key = _key(label)
        if key not in words.prices and key not in words.quotas and key not in words.terms:
            _leave(table, key, cells.values())
            continue
        for name, cell in cells.items():
            components, terms = _said(key, cell, words, currency, unit)
            sheet.add(f"{prefix} {name}".strip(), *components, tier=PLAN_TIER, region=region, terms=terms)


def _key(label: Cell) -> str:
    return label.text.rstrip("*:： ")


def offers(sheet: PriceSheet, provider: Provider) -> Iterator[Offer]:
    """The plans of a page. Their terms are in order of the alphabet: rows that change places change nothing."""
    for offer in sheet.offers(provider):
        yield replace(offer, terms=tuple(sorted(offer.terms)))


def _said(
    key: str, cell: Cell, words: Words, currency: str, unit: str
) -> tuple[list[PriceComponent], tuple[str, ...]]:  # fmt: skip
    if key in words.prices:
        components, said = prices(cell, currency, words.prices[key] or unit)
        return components, tuple(said)
    if amounts.term(cell.text) == "not offered" and not cell.struck:
        return [], ()
    if cell.struck:
        raise PageChanged(f"{key}: {cell.text!r} stands beside the struck-through {cell.struck!r}")
    if key in words.terms:
        return [], (f"{key}: {cell.text}",)
    return [], tuple(quota(line, *words.quotas[key]).text for line in cell.lines)


def _rows(table: Table, words: Words) -> Iterator[tuple[Cell, dict[str, Cell]]]:
    """Each label with the cell of every plan: plans are columns, or rows where the header has the prices."""
    if len({len(row) for row in table.grid}) != 1:
        raise PageChanged(f"{table} has rows of different lengths")
    grid = list(zip(*table.grid, strict=True)) if any(name in words.prices for name in table.header) else table.grid
    head, *body = grid
    names = [_PRAISE.sub("", cell.text.rstrip("*")) for cell in head[1:]]
    if not names or len({*names}) < len(names) or not all(map(_NAME.fullmatch, names)):
        raise PageChanged(f"{table} does not name its plans: {[cell.text for cell in head]}")
    for label, *cells in body:
        yield label, dict(zip(names, cells, strict=True))


def _leave(table: Table, key: str, cells: Iterable[Cell]) -> None:
    """A row that is not read: by name, and only if it holds neither money nor what may be a quota."""
    row = list(cells)
    if mention_money(row) or any(_is_quota_like(cell.text) for cell in row):
        raise PageChanged(f"{table} has the unknown row {key!r}: {[cell.text for cell in row]}")
    table.unread[key or "row without a label"] += 1


def _is_quota_like(text: str) -> bool:
    """Whether a text may be a quota: a size with a unit or a window that is known, or a size such as 1.7B."""
    match = _QUOTA.fullmatch(text.rstrip("*")) if _FIGURE.search(text) else None
    if match is None:
        return False
    sized = re.search(r"[KMB千万亿]", match["low"] or "", re.IGNORECASE) is not None and not match["unit"].strip()
    return bool(match["per"]) or match["unit"].strip().lower() in _UNITS or sized
