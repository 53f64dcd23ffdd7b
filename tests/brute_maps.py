"""The rules for LiteLLM's map once more, from nothing: JSON files in, changes out. Who bills is the project's word.

Rules: an offer is a biller's model in a tier and a region; its prices are the cost fields that say what is counted. 0
is no price. An offer that two keys contradict each other about, or with an impossible price, is left out, and not
missed. The first file is the baseline. A price that moves tenfold or more waits for as long as the map says so, and
the other moves of the same model with it; what waited only for another price is dated by when it was seen first. A
price that leaves an offer goes at once, unless more than 5 offers and a quarter of all lose one. An offer that is
missing is withdrawn in the third file without it, or the fourth where more than 5 and more than a tenth of all would
go together, as of the first. A price that leaves and returns unchanged under another condition in the same file has
only changed its condition.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from crawler.maps.billers import litellm_biller

Offer = tuple[str, str, str, str]  # biller, model, tier, region
Price = tuple[str, str]  # unit, conditions
Told = tuple[str, str, Offer, Price, str, str]  # when, what, offer, price, old, new
Map = dict[Offer, dict[Price, Decimal]]

TEXT = {
    "input_cost_per_token": "input_tokens", "output_cost_per_token": "output_tokens",
    "output_cost_per_reasoning_token": "output_reasoning_tokens", "cache_read_input_token_cost": "cache_read_tokens",
    "input_cost_per_token_cache_hit": "cache_read_tokens", "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens", "citation_cost_per_token": "citation_tokens",
    "cache_read_input_audio_token_cost": "cache_read_audio_tokens",
    "cache_read_input_token_cost_per_audio_token": "cache_read_audio_tokens",
    "cache_read_input_image_token_cost": "cache_read_image_tokens",
}  # fmt: skip
OTHER = {
    "output_cost_per_image": "images", "input_cost_per_audio_per_second": "audio_seconds", "ocr_cost_per_page": "pages",
    "output_cost_per_video_per_second": "video_seconds", "input_cost_per_request": "requests",
    **{f"{way}_cost_per_{kind}_token": f"{way}_{kind}_tokens"
       for way in ("input", "output") for kind in ("audio", "image", "video")},
}  # fmt: skip
BY_MODE = {
    "chat": {"input_cost_per_image": "input_images"}, "embedding": {"input_cost_per_image": "input_images"},
    "audio_transcription": {"input_cost_per_second": "audio_seconds", "output_cost_per_second": "audio_seconds"},
    "audio_speech": {"output_cost_per_second": "audio_seconds", "input_cost_per_character": "characters"},
    "video_generation": {"output_cost_per_second": "video_seconds"}, "rerank": {"input_cost_per_query": "requests"},
}  # fmt: skip
ENDINGS = {"_batches": "batch", "_flex": "flex", "_priority": "priority", "_ultrafast": "ultrafast"}
MOST = {"images": 100, "input_images": 100, "video_seconds": 100, "requests": 100, "web_searches": 100, "pages": 100}
DAYS = dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), range(1, 8), strict=True))


class Page:
    """One map: its believable offers, and those that it names without being believable."""

    def __init__(self, file: Path) -> None:
        amounts: dict[Offer, dict[Price, set[Decimal]]] = {}
        for key, entry in json.loads(gzip.decompress(file.read_bytes()), parse_float=Decimal).items():
            for offer, price, amount in stated(key, entry):
                found = amounts.setdefault(offer, {})
                if amount:
                    found.setdefault(price, set()).add(amount)
        self.bad = {offer for offer, found in amounts.items() if any(impossible(p[0], a) for p, a in found.items())}
        self.offers: Map = {
            offer: {price: min(only) for price, only in found.items()}
            for offer, found in amounts.items()
            if offer not in self.bad
        }


def impossible(unit: str, amounts: set[Decimal]) -> bool:
    most = Decimal(MOST.get(unit, 1 if unit == "audio_seconds" else "0.0015"))
    return len(amounts) > 1 or max(amounts) > most


def stated(key: str, entry: dict[str, Any]) -> Iterator[tuple[Offer, Price, Decimal]]:
    biller = litellm_biller(entry.get("litellm_provider") or "")
    if biller is None:
        return
    own, model, region = named(key, *biller)
    prices = [(tier, price, Decimal(amount)) for tier, price, amount in prices_of(key, entry)]
    if prices and not any(amount for *_, amount in prices):
        yield (biller.slug, model, own or "standard", region), ("", ""), Decimal(0)
    for tier, price, amount in prices:
        if amount and not (own and tier):
            yield (biller.slug, model, tier or own or "standard", region), price, amount


def named(key: str, slug: str, prefix: str) -> tuple[str, str, str]:
    """Tier, model and region in a key."""
    model, tier, region = key.removeprefix(prefix + "/"), "", ""
    parts = model.split("/")
    if slug == "anthropic" and parts[0] == "fast":
        tier, parts = parts[0], parts[1:]
    regions = {
        "anthropic": r"us", "aws-bedrock": r"[a-z]{2}(-gov)?-[a-z]+-\d",
        "azure": r"us|eu|apac|us-gov|global|global-standard",
    }  # fmt: skip
    if slug in regions and len(parts) > 1 and re.fullmatch(regions[slug], parts[0]):
        region, parts = parts[0].replace("global-standard", "global"), parts[1:]
    return tier, "/".join(parts), region


def prices_of(key: str, entry: dict[str, Any]) -> Iterator[tuple[str, Price, Any]]:
    mode = str(entry.get("mode"))
    units = TEXT | OTHER | BY_MODE.get(mode, {})
    if "-x-" in key:
        units = TEXT | OTHER | {"input_cost_per_image": "images"}
    for field, value in entry.items():
        if field == "tiered_pricing":
            for group in value:
                if "range" in group:
                    low, high = group["range"]
                    when = {"max_input_tokens": int(high)} | ({"min_input_tokens": int(low) + 1} if low else {})
                    yield from flat(units, group, text(when))
        elif field == "off_peak_pricing":
            for when in windows(value):
                yield from flat(units, value, text(when))
        elif field == "search_context_cost_per_query" and len(set(value.values())) == 1:
            yield "", ("web_searches", ""), next(iter(value.values()))
    yield from flat(units, entry, "")


def flat(units: dict[str, str], fields: dict[str, Any], conditions: str) -> Iterator[tuple[str, Price, Any]]:
    for field, value in fields.items():
        name, tier, more = field, "", conditions
        for ending, word in ENDINGS.items():
            if name.endswith(ending):
                name, tier = name.removesuffix(ending), word
        if above := re.fullmatch(r"(.+)_above_(\d+)k_tokens", name):
            name, more = above[1], text({"min_input_tokens": int(above[2]) * 1000 + 1})
        if name in units:
            yield tier, (units[name], more), value


def windows(value: dict[str, Any]) -> list[dict[str, Any]]:
    if "weekday_timezone" in value:
        return []
    found: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for window in value.get("windows", [value]):
        days = tuple(sorted(DAYS[day[:3]] if isinstance(day, str) else day for day in window.get("weekdays", [])))
        hours = window["hours_utc"]
        found[days] += [hours] if isinstance(hours, str) else hours
    return [
        ({"weekdays": list(days)} if days else {}) | ({} if "00:00-00:00" in hours else {"hours_utc": hours})
        for days, hours in found.items()
    ]


def text(conditions: dict[str, Any]) -> str:
    return json.dumps(conditions, separators=(",", ":"), sort_keys=True)


class BruteForce:
    """What is believed after each map, and everything that was told on the way."""

    def __init__(self) -> None:
        self.offers: set[Offer] = set()
        self.prices: Map = {}
        self.waiting: dict[tuple[Offer, Price], tuple[Decimal | None, str]] = {}
        self.missing: dict[Offer, list[str]] = {}
        self.told: list[Told] = []
        self.held = 0
        self.started = False

    def next_map(self, when: str, page: Page) -> None:
        if not self.started:
            self.prices = {offer: dict(found) for offer, found in page.offers.items()}
            self.offers, self.started = set(page.offers), True
            return
        before, told_before = set(self.offers), len(self.told)
        for offer in page.offers.keys() - self.offers:
            self.tell(when, "offer_added", offer)
        self.offers |= page.offers.keys()
        for offer in page.offers:
            self.missing.pop(offer, None)
        slips = {
            (offer, price)
            for offer in page.offers.keys() & before
            for price, amount in page.offers[offer].items()
            if tenfold(self.prices.get(offer, {}).get(price), amount)
        }
        doubted = {offer[:2] for offer, _ in slips}
        for offer, prices in page.offers.items():
            waits = offer in before and offer[:2] in doubted
            for price, amount in prices.items():
                self.see(when, offer, price, amount, waits)
        self.lose_prices(when, page.offers, before, doubted)
        self.lose_offers(when, page, before)
        self.told[told_before:] = without_moved(self.told[told_before:])

    def see(self, when: str, offer: Offer, price: Price, amount: Decimal, waits: bool) -> None:
        old = self.prices.get(offer, {}).get(price)
        known = self.waiting.get((offer, price))
        first = known[1] if known is not None and known[0] == amount else when
        if old != amount and waits:
            self.held += first == when and known != (amount, when)
            self.waiting[offer, price] = (amount, first)
            return
        self.waiting.pop((offer, price), None)
        if old != amount:
            self.prices.setdefault(offer, {})[price] = amount
            what = "price_added" if old is None else "price_raised" if amount > old else "price_lowered"
            self.tell(first, what, offer, price, old, amount)

    def lose_prices(self, when: str, offers: Map, before: set[Offer], doubted: set[tuple[str, str]]) -> None:
        lost = [(o, price) for o in offers for price in self.prices.get(o, {}) if price not in offers[o]]
        losers = {offer for offer, _ in lost}
        many = len(losers) > 5 and len(losers) > len(offers) / 4
        for offer, price in lost:
            known = self.waiting.get((offer, price))
            first = known[1] if known is not None and known[0] is None else when
            if many or (offer in before and offer[:2] in doubted):
                self.waiting[offer, price] = (None, first)
            else:
                self.waiting.pop((offer, price), None)
                self.tell(first, "price_removed", offer, price, self.prices[offer].pop(price), None)
        for offer, price in list(self.waiting):
            if offer in offers and price not in offers[offer] and price not in self.prices.get(offer, {}):
                del self.waiting[offer, price]

    def lose_offers(self, when: str, page: Page, before: set[Offer]) -> None:
        for offer in before - page.offers.keys() - page.bad:
            self.missing.setdefault(offer, []).append(when)
        absent = self.missing.keys() - page.offers.keys() - page.bad
        due = [offer for offer in absent if len(self.missing[offer]) >= 3]
        enough = 4 if len(due) > 5 and len(due) > len(before) / 10 else 3
        for offer in due:
            if len(self.missing[offer]) >= enough:
                since = self.missing.pop(offer)[0]
                self.offers.discard(offer)
                self.tell(since, "offer_withdrawn", offer)
                for price, amount in self.prices.pop(offer, {}).items():
                    self.tell(since, "price_removed", offer, price, amount, None)
                for waiting in [key for key in self.waiting if key[0] == offer]:
                    del self.waiting[waiting]

    def tell(
        self, when: str, what: str, offer: Offer, price: Price = ("", ""),
        old: Decimal | None = None, new: Decimal | None = None,
    ) -> None:  # fmt: skip
        self.told.append((when, what, offer, price, written(old), written(new)))


def tenfold(old: Decimal | None, new: Decimal) -> bool:
    return old is not None and max(old, new) >= 10 * min(old, new)


def without_moved(fresh: list[Told]) -> list[Told]:
    went = {(offer, price[0], old) for _, what, offer, price, old, _ in fresh if what == "price_removed"}
    came = {(offer, price[0], new) for _, what, offer, price, _, new in fresh if what == "price_added"}
    moved, kinds = went & came, ("price_removed", "price_added")
    return [one for one in fresh if one[1] not in kinds or (one[2], one[3][0], one[4] or one[5]) not in moved]


def written(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount.normalize(), "f")


def jumps(files: list[Path]) -> int:
    """How often, field by field and file by file, a nonzero price moved tenfold or more: no rule, no reader."""
    found, before = 0, dict[str, Any]()
    for file in files:
        now = json.loads(gzip.decompress(file.read_bytes()), parse_float=Decimal)
        for key in now.keys() & before.keys():
            for field, value in now[key].items():
                old = before[key].get(field)
                if "cost" in field and isinstance(value, Decimal) and isinstance(old, Decimal) and value and old:
                    found += tenfold(old, value)
        before = now
    return found
