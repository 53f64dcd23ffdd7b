"""The recording rules once more, from nothing: JSON files in, changes out. Shares no code with the project.

Rules: the first file is the baseline. A value that moves by more than 5×, to or from zero, or of a kind never seen
before, counts only when the next file agrees, and is dated by the first of the two; until then nothing else moves in
the same model (unless the model is new). A price that leaves a model counts at once, unless more than 5 models and more
than a quarter of all lose one in the same file: then the next file has to agree. A model that is missing is withdrawn
in the third file without it, or the fourth where more than 5 and more than a tenth of all would go together; it went
when it was first missing. A price that leaves and returns unchanged under another condition in the same file has only
changed its condition. An image that costs what a token of text costs is a token of one.
"""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Price = tuple[str, str, int]  # model, OpenRouter's key, min_prompt_tokens (0: always)
Told = tuple[str, str, str, str, int, str, str]  # when, what, model, key, min_prompt_tokens, old, new
Page = tuple[set[str], dict[Price, Decimal]]


def read(folder: Path) -> tuple[str, Page]:
    """(captured, (models, prices)) of one capture."""
    captured = json.loads((folder / "capture.json").read_text())["captured"]
    answer = json.loads(gzip.decompress((folder / "body.json.gz").read_bytes()))
    return captured, ({model["id"] for model in answer["data"]}, dict(prices_of(answer["data"])))


def prices_of(models: list[dict[str, Any]]) -> Iterator[tuple[Price, Decimal]]:
    for model in models:
        pricing = dict(model["pricing"])
        overrides = pricing.pop("overrides", [])
        if Decimal(pricing.get("image", 0)) == Decimal(pricing["prompt"]) > 0:
            pricing["image_token"] = pricing.pop("image")
        for tokens, group in [(0, pricing), *((each["min_prompt_tokens"], each) for each in overrides)]:
            for key, text in group.items():
                if key != "min_prompt_tokens" and Decimal(text) >= 0:
                    yield (model["id"], key, tokens), Decimal(text)


class BruteForce:
    """What is believed after each file, and everything that was told on the way."""

    def __init__(self) -> None:
        self.models: set[str] = set()
        self.prices: dict[Price, Decimal] = {}
        self.waiting: dict[Price, tuple[Decimal | None, str]] = {}
        self.missing: dict[str, list[str]] = {}
        self.told: list[Told] = []
        self.started = False

    def next_file(self, when: str, page: Page) -> None:
        models, prices = page
        if not self.started:
            self.models, self.prices, self.started = set(models), dict(prices), True
            return
        kinds = {key for _, key, _ in self.prices}
        old_models, told_before = set(self.models), len(self.told)
        for name in models - self.models:
            self.tell(when, "offer_added", (name, "", 0))
        self.models |= models
        for name in models:
            self.missing.pop(name, None)
        doubted = {
            price[0]
            for price, amount in prices.items()
            if price[0] in old_models and self.doubtful(price, amount, kinds) and not self.agreed(price, amount)
        }
        for price, amount in prices.items():
            self.see(when, price, amount, price[0] in doubted or self.doubtful(price, amount, kinds))
        self.lose_prices(when, models, prices, doubted)
        self.lose_models(when, models)
        self.told[told_before:] = self.without_moved(self.told[told_before:])

    def doubtful(self, price: Price, amount: Decimal, kinds: set[str]) -> bool:
        old = self.prices.get(price)
        if old is None:
            return price[1] not in kinds
        return old != amount and (0 in (old, amount) or not Decimal(1) / 5 <= amount / old <= 5)

    def agreed(self, price: Price, amount: Decimal | None) -> bool:
        return price in self.waiting and self.waiting[price][0] == amount

    def see(self, when: str, price: Price, amount: Decimal, wait: bool) -> None:
        old, agreed = self.prices.get(price), self.agreed(price, amount)
        first = self.waiting.pop(price, (None, when))[1]
        if old == amount:
            return
        if wait and not agreed:
            self.waiting[price] = (amount, when)
            return
        self.prices[price] = amount
        what = "price_added" if old is None else "price_raised" if amount > old else "price_lowered"
        self.tell(first if agreed else when, what, price, old, amount)

    def lose_prices(self, when: str, models: set[str], prices: dict[Price, Decimal], doubted: set[str]) -> None:
        lost = [price for price in self.prices if price not in prices and price[0] in models]
        losers = {price[0] for price in lost}
        many = len(losers) > 5 and len(losers) > len(models) / 4
        for price in lost:
            agreed = self.agreed(price, None)
            if (many or price[0] in doubted) and not agreed:
                self.waiting[price] = (None, when)
                continue
            first = self.waiting.pop(price, (None, when))[1]
            self.tell(first if agreed else when, "price_removed", price, self.prices.pop(price), None)
        for price in list(self.waiting):
            if price not in self.prices and price not in prices and price[0] in models:
                del self.waiting[price]

    def lose_models(self, when: str, models: set[str]) -> None:
        alive = len(self.models)
        for name in self.models - models:
            self.missing.setdefault(name, []).append(when)
        due = [name for name, files in self.missing.items() if len(files) >= 3]
        enough = 4 if len(due) > 5 and len(due) > alive / 10 else 3
        for name in due:
            if len(self.missing[name]) >= enough:
                since = self.missing.pop(name)[0]
                self.models.discard(name)
                self.tell(since, "offer_withdrawn", (name, "", 0))
                for price in [price for price in self.prices if price[0] == name]:
                    self.tell(since, "price_removed", price, self.prices.pop(price), None)
                for price in [price for price in self.waiting if price[0] == name]:
                    del self.waiting[price]

    def without_moved(self, fresh: list[Told]) -> list[Told]:
        moved = {(model, key, old) for _, what, model, key, _, old, _ in fresh if what == "price_removed"} & {
            (model, key, new) for _, what, model, key, _, _, new in fresh if what == "price_added"
        }
        return [
            event
            for event in fresh
            if not (
                event[1] in ("price_removed", "price_added") and (event[2], event[3], event[5] or event[6]) in moved
            )
        ]

    def tell(self, when: str, what: str, price: Price, old: Decimal | None = None, new: Decimal | None = None) -> None:
        self.told.append((when, what, *price, _text(old), _text(new)))


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else format(amount.normalize(), "f")


def changes(folder: Path) -> list[Told]:
    """All changes in a folder of captures, in the order of the captures' own times."""
    force = BruteForce()
    for when, page in sorted((read(each) for each in folder.iterdir()), key=lambda file: file[0]):
        force.next_file(when, page)
    return force.told
