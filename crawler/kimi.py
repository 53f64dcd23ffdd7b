"""Kimi's price pages, international and Chinese: an index that names a page for each model, a table on each page."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from crawler import amounts, priced
from crawler.failures import PageChanged
from crawler.grid import Columns, Table
from crawler.lengths import lengths
from crawler.page import Page
from crawler.sheet import PriceSheet
from history.model import ALWAYS, Conditions, Offer, Provider

# A table without caching has one input price (Moonshot V1); cache writes came in autumn 2026 with Kimi K3.
_HEADERS: Columns = {
    "cache_read_tokens": ("Input Price (Cache Hit)", "Cached Input Price", "输入价格（缓存命中）"),
    "input_tokens": ("Input Price (Cache Miss)", "Input Price", "输入价格（缓存未命中）", "输入价格"),
    "cache_write_tokens": ("Cache Write Price (TTL 5min)", "缓存写入（TTL 5min）", "缓存写入价格（TTL 5min）"),
    "cache_write_1h_tokens": ("Cache Write Price (TTL 1h)", "缓存写入（TTL 1h）", "缓存写入价格（TTL 1h）"),
    "output_tokens": ("Output Price", "输出价格"),
    # Kimi Latest of 2025 was charged by how long a request is: "8,192 < 长度 ≤ 32,768 tokens".
    "length": ("Request Context Length Range (Auto-selected Billing Tier)", "请求上下文长度范围（自动选择计费模型）"),
}
_WIDE, _NARROW = str.maketrans("()", "（）"), str.maketrans("（）", "()")


def _spellings(name: str) -> tuple[str, ...]:
    """Brackets are wide or narrow in both languages, on the same line or, until spring 2026, on the next."""
    bare = re.sub(" ?([(（])", r"\1", name)
    forms = (bare, re.sub("([(（])", r" \1", bare))
    return tuple(dict.fromkeys(form.translate(width) for form in forms for width in (_WIDE, _NARROW)))


_COLUMNS: Columns = {
    unit: tuple(dict.fromkeys(form for name in names for form in _spellings(name))) for unit, names in _HEADERS.items()
}
_ALWAYS_THERE: Columns = {"model": ("Model", "模型"), "basis": ("Unit", "计费单位")}
CONTEXT = frozenset({"Context Window", "上下文窗口", "模型上下文长度"})
# On the page of batch prices each id has its tier behind it: "kimi-k2.6（Batch）"; until spring 2026 some had a badge.
_MODEL = re.compile(r"(?P<id>[a-z][a-z0-9.-]*)(?: ?(?P<badge>推荐|Recommended))?(?P<batch> ?[(（]Batch[)）])?")
_MODEL_PAGE = re.compile(r"/docs/pricing/(?:chat-[a-z0-9-]+|batch(?![a-z0-9-]))")
_BATCH = re.compile("batch|批量", re.IGNORECASE)
_INDEX = re.compile(r"/pricing/chat(?:\.md)?/?(?:[?#].*)?$")


def model_pages(page: Page) -> Iterator[str]:
    """The addresses of the models' pages and of batch prices, where the page is the index."""
    if _INDEX.search(page.url):
        yield from (urljoin(page.url, path) for path in dict.fromkeys(_MODEL_PAGE.findall(page.text)))


def offers(page: Page, provider: Provider, currency: str) -> Iterator[Offer]:
    """The prices of a model's page; none of an index that only leads to such pages (2026-05-08)."""
    sheet, found = PriceSheet(), False
    for table in page.tables:
        if table.has_money and any(name in table.header for names in _ALWAYS_THERE.values() for name in names):
            found = True
            _read(sheet, table, currency, bool(_BATCH.search(table.heading) or "/pricing/batch" in page.url))
        elif table.has_money:
            table.leave()
    if found or page.unread or not any("/chat-" in address for address in model_pages(page)):
        yield from sheet.offers(provider)


def _read(sheet: PriceSheet, table: Table, currency: str, batch: bool) -> None:
    columns = priced.columns(table, _COLUMNS, {"input_tokens", "output_tokens"})
    units, ladder = [name for name in columns if name != "length"], priced.Ladder()
    for row in table.rows({**_ALWAYS_THERE, **columns}, CONTEXT):
        model, basis = row.pop("model"), amounts.basis(f"/ {row.pop('basis').text}")
        if basis.unit != "tokens" or (match := _MODEL.fullmatch(model.text)) is None:
            raise PageChanged(f"{table} has {model.text!r} for {basis.per} {basis.unit}, which is no model for tokens")
        when = ladder.climb(match["id"], _lengths(row.pop("length").text)) if "length" in row else ALWAYS
        stated = [(unit, priced.price(unit, row.pop(unit), currency, basis.per, when)) for unit in units]
        notes = filter(None, [table.said_of(model), match["badge"]])
        tier = "batch" if batch or match["batch"] else "standard"
        sheet.add(match["id"], *priced.components(stated), tier=tier, terms=(*notes, *priced.terms(stated)))


def _lengths(text: str) -> Conditions:
    return lengths(re.sub("长度|length", "Token", text.removesuffix(" tokens").replace(",", "")))
