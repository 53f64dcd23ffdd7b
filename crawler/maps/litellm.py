"""LiteLLM's map: USD per single unit; the name of a cost field holds the unit, the context threshold and the tier."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from crawler.amounts import decimal
from crawler.failures import PageChanged
from crawler.maps.billers import SELL_NO_TOKENS, Biller, litellm_biller
from crawler.maps.windows import windows
from crawler.marks import exact
from crawler.page import Page
from history.model import ALWAYS, Conditions, Offer, OfferKey, PriceComponent, conditions_text

# https://docs.litellm.ai/docs/provider_registration/add_model_pricing; the older names are in the versions before 2025.
_UNITS = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "output_cost_per_reasoning_token": "output_reasoning_tokens",
    "cache_read_input_token_cost": "cache_read_tokens",
    "input_cost_per_token_cache_hit": "cache_read_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens",
    "input_cost_per_audio_token": "input_audio_tokens",
    "output_cost_per_audio_token": "output_audio_tokens",
    "cache_read_input_audio_token_cost": "cache_read_audio_tokens",
    "cache_read_input_token_cost_per_audio_token": "cache_read_audio_tokens",
    "cache_read_input_image_token_cost": "cache_read_image_tokens",
    "input_cost_per_image_token": "input_image_tokens",
    "output_cost_per_image_token": "output_image_tokens",
    "input_cost_per_video_token": "input_video_tokens",
    "output_cost_per_video_token": "output_video_tokens",
    "citation_cost_per_token": "citation_tokens",
    "output_cost_per_image": "images",
    "input_cost_per_audio_per_second": "audio_seconds",
    "output_cost_per_video_per_second": "video_seconds",
    "input_cost_per_request": "requests",
    "ocr_cost_per_page": "pages",
}
# What a second, a character, an image or a query is depends on what the model does.
_UNITS_BY_MODE = {
    ("input_cost_per_image", "sized"): "images",
    ("input_cost_per_image", "chat"): "input_images",
    ("input_cost_per_image", "embedding"): "input_images",
    ("input_cost_per_second", "audio_transcription"): "audio_seconds",
    ("output_cost_per_second", "audio_transcription"): "audio_seconds",
    ("output_cost_per_second", "audio_speech"): "audio_seconds",
    ("output_cost_per_second", "video_generation"): "video_seconds",
    ("input_cost_per_character", "audio_speech"): "characters",
    ("input_cost_per_query", "rerank"): "requests",
}
TIERS = {"batches": "batch", **{tier: tier for tier in ("flex", "priority", "ultrafast", "balanced")}}
_FIELD = re.compile(rf"(.+?)(?:_above_([0-9]+)k_tokens)?(?:_({'|'.join(TIERS)}))?")
_IS_COST = re.compile(r"cost|pric|multiplier")
_NOT_MODELS = frozenset({"sample_spec", "fallback_generalizations"})
# An image's price is given once for each quality and size: high/1024-x-1536/gpt-image-1.
_SIZED = re.compile(r"(?:^|/)(?:[0-9]+|max)-x-(?:[0-9]+|max)/")
_AWS_REGION = re.compile(r"([a-z]{2}(?:-gov)?-[a-z]+-[0-9])/(.+)")
_AZURE_REGION = re.compile(r"(us|eu|apac|us-gov|global|global-standard)/(.+)")
_ANTHROPIC = re.compile(r"(?:(fast)/)?(?:(us)/)?(.+)")
_NO_PRICE = Decimal("NaN")
ZERO = "listed at 0: free, or no price known"


class Entry(NamedTuple):
    """What one entry of the map comes to; `unread` names what in it was left out."""

    offers: tuple[tuple[tuple[str, OfferKey], Offer], ...] = ()
    unread: tuple[str, ...] = ()


def offers(page: Page) -> Iterator[Offer]:
    """The map's offers, each once. One that two keys contradict each other about has NaN for a price: validation
    rejects it by name, and the run does not miss it."""
    found: dict[tuple[str, OfferKey], Offer] = {}
    unread: list[str] = []
    for key, raw in _entries(page).items():
        entry = read_entry(key, bytes(raw))
        unread.extend(entry.unread)
        for identity, offer in entry.offers:
            known = found.setdefault(identity, offer)
            if known is not offer and known != offer:
                found[identity], contradicted = _joined(known, offer)
                unread.extend(f"{key[:80]}: another key has another price for {unit}" for unit in contradicted)
    page.unread.update(unread)
    yield from found.values()


def _joined(one: Offer, other: Offer) -> tuple[Offer, list[str]]:
    """What two keys say of one offer, and the units that they give two prices."""
    prices = {(price.unit, price.conditions): price for price in one.components}
    contradicted = []
    for price in other.components:
        place = (price.unit, price.conditions)
        if prices.setdefault(place, price).amount != price.amount:
            prices[place] = replace(price, amount=_NO_PRICE)
            contradicted.append(price.unit)
    return replace(one, components=_in_order(prices.values()), terms=() if prices else one.terms), contradicted


def _entries(page: Page) -> dict[str, msgspec.Raw]:
    entries = page.json_as(dict[str, msgspec.Raw])
    if not any(b'"litellm_provider"' in bytes(raw) for raw in entries.values()):
        raise PageChanged(f"{page.url} is not LiteLLM's map: no entry of it names a litellm_provider")
    return {key: raw for key, raw in entries.items() if key not in _NOT_MODELS}


_ENTRY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VALUE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact)


# Of 98,000 entries in the 51 versions up to 2026-11, 17,500 are different ones, and 8,600 state other prices.
@lru_cache(maxsize=16_384)
def read_entry(key: str, body: bytes) -> Entry:
    """One entry as it stands in the map; nearly all stand there, byte for byte, as they did in the version before."""
    try:
        stated = _ENTRY.decode(body)
        costs = tuple([(name, bytes(raw)) for name, raw in stated.items() if _is_cost(name)])
        return _priced(key, *(bytes(stated.get(name, b"null")) for name in ("litellm_provider", "mode")), costs)
    except msgspec.DecodeError:
        return Entry(unread=(f"{key[:80]!r} is not an entry",))


@lru_cache(maxsize=16_384)
def _priced(key: str, named: bytes, mode: bytes, costs: tuple[tuple[str, bytes], ...]) -> Entry:
    """What an entry comes to by that in it which bears on prices, as it is written."""
    provider = _VALUE.decode(named)
    biller = litellm_biller(provider) if isinstance(provider, str) else None
    if biller is None:
        silent = provider in SELL_NO_TOKENS
        return Entry() if silent else Entry(unread=(f"litellm_provider {str(provider)[:80]!r}",))
    prices = _Prices(key, "sized" if _SIZED.search(key) else str(_VALUE.decode(mode)))
    for name, written in costs:
        prices.take(name, _VALUE.decode(written))
    model, tier, region = _named(key, biller)
    made = (Offer(biller.slug, model, *rest) for rest in prices.offers(tier, region))
    return Entry(tuple(((offer.provider, offer.key), offer) for offer in made), tuple(prices.unread))


def _named(key: str, biller: Biller) -> tuple[str, str, str]:
    """What a caller asks the biller for, the tier ("" the entry's own), and the region."""
    model = key.removeprefix(f"{biller.prefix}/")
    if biller.slug == "anthropic" and (match := _ANTHROPIC.fullmatch(model)):
        return match[3], match[1] or "", match[2] or ""
    pattern = {"aws-bedrock": _AWS_REGION, "azure": _AZURE_REGION}.get(biller.slug)
    if pattern and (match := pattern.fullmatch(model)):
        return match[2], "", match[1].removesuffix("-standard")
    return model, "", ""


class Meaning(NamedTuple):
    """What a cost field prices; `more_than` thousand tokens of input (exclusive), in that tier ("" the entry's own)."""

    unit: str
    more_than: int
    tier: str

    @property
    def conditions(self) -> Conditions:
        """LiteLLM's cost calculation asks for more than that many tokens."""
        return Conditions(min_input_tokens=self.more_than * 1000 + 1) if self.more_than else ALWAYS


@lru_cache(maxsize=4096)
def _is_cost(name: str) -> bool:
    return _IS_COST.search(name) is not None


@lru_cache(maxsize=4096)
def _meaning(name: str, mode: str) -> Meaning | None:
    match = _FIELD.fullmatch(name)
    if match is None:
        return None
    unit = _UNITS.get(match[1]) or _UNITS_BY_MODE.get((match[1], mode))
    return Meaning(unit, int(match[2] or 0), TIERS[match[3]] if match[3] else "") if unit else None


@lru_cache(maxsize=4096)
def meanings(name: str) -> frozenset[Meaning]:
    """All that a field of this name may price: by what the model does, that may be different things."""
    by_mode = [_meaning(name, mode) for mode in {"", *(mode for _, mode in _UNITS_BY_MODE)}]
    return frozenset(meaning for meaning in by_mode if meaning)


@dataclass(slots=True)
class _Prices:
    """The prices of one entry, by tier, unit and conditions."""

    key: str
    mode: str
    found: dict[str, dict[tuple[str, Conditions], Decimal]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    zeros: bool = False

    def take(self, name: str, value: Any) -> None:
        if name == "tiered_pricing":
            self._take_ranges(value)
        elif name == "off_peak_pricing":
            self._take_windows(value)
        elif name == "search_context_cost_per_query":
            self._take_searches(value)
        else:
            self._take_price(name, value, ALWAYS)

    def _take_price(self, name: str, value: Any, conditions: Conditions) -> None:
        meaning = _meaning(name, self.mode)
        if meaning is None or (meaning.more_than and conditions != ALWAYS):
            self.unread.append(name)
            return
        when = conditions if conditions is not ALWAYS else meaning.conditions
        self._add(meaning.tier, meaning.unit, when, self._amount(name, value))

    def _amount(self, name: str, value: Any) -> Decimal:
        """NaN where it is no number: validation rejects the offer by name, and the run withdraws nothing."""
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return decimal(value) if value >= 0 else Decimal(value)
        self.unread.append(f"{self.key[:80]}: {name} is {str(value)[:40]!r}, not a number")
        return _NO_PRICE

    def _add(self, tier: str, unit: str, conditions: Conditions, amount: Decimal) -> None:
        """0 is written both for what is free and for what is not known (or not sold at all): it is no price."""
        if amount == 0:
            self.zeros = True
            return
        known = self.found.setdefault(tier, {}).setdefault((unit, conditions), amount)
        if known != amount:
            self.unread.append(f"{self.key[:80]}: two fields for {unit}, two prices")
            self.found[tier][unit, conditions] = _NO_PRICE

    def _take_ranges(self, ranges: Any) -> None:
        """Ranges of input tokens: more than the first number, up to the second (so the providers' own pages)."""
        for stated in ranges if isinstance(ranges, list) else [ranges]:
            prices = dict(stated) if isinstance(stated, dict) else {}
            match prices.pop("range", None):
                case [int() | Decimal() as low, int() | Decimal() as high] if low < high:
                    conditions = Conditions(int(low) + 1 if low else None, int(high))
                    for name, value in prices.items():
                        self._take_price(name, value, conditions)
                case _:
                    self.unread.append("tiered_pricing")

    def _take_windows(self, stated: Any) -> None:
        """The flat prices are those of the peak, these are of the hours outside it."""
        when = windows(stated)
        if when is None:
            self.unread.append("off_peak_pricing")
            return
        for name, value in stated.items():
            for conditions in when if _is_cost(name) else ():
                self._take_price(name, value, conditions)

    def _take_searches(self, stated: Any) -> None:
        """By the size of the search's context: one price if they are all the same, else nothing that we could say."""
        prices = set(stated.values()) if isinstance(stated, dict) else {stated}
        if len(prices) == 1:
            self._add("", "web_searches", ALWAYS, self._amount("search_context_cost_per_query", prices.pop()))
        else:
            self.unread.append("search_context_cost_per_query")

    def offers(self, tier: str, region: str) -> Iterator[tuple[tuple[PriceComponent, ...], str, str, tuple[str, ...]]]:
        """What follows an offer's biller and model, tier by tier."""
        for own, prices in self.found.items():
            if not (tier and own):
                yield _components(prices), own or tier or "standard", region, ()
        if self.zeros and not self.found:
            yield (), tier or "standard", region, (ZERO,)


def _components(prices: dict[tuple[str, Conditions], Decimal]) -> tuple[PriceComponent, ...]:
    return _in_order(
        PriceComponent(unit, amount, "USD", 1, conditions) for (unit, conditions), amount in prices.items()
    )


def _in_order(prices: Iterable[PriceComponent]) -> tuple[PriceComponent, ...]:
    return tuple(sorted(prices, key=_place))


def _place(price: PriceComponent) -> tuple[str, str]:
    return price.unit, "" if price.conditions is ALWAYS else conditions_text(price.conditions)
