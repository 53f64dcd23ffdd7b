"""Cohere's pricing page: the models with prices that Next.js streams to the browser, and older ones in words."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from crawler import amounts, embedded
from crawler.failures import PageChanged
from crawler.page import Page
from crawler.sheet import PriceSheet
from crawler.spider import PricingSpider
from history.model import Offer, PriceComponent, Provider

_TOKENS = {
    "input": "input_tokens", "output": "output_tokens", "cost": "input_tokens", "image cost": "input_image_tokens",
}  # fmt: skip
_SIDES = ("input", "output")
# Instances, seats and subscriptions are no tokens.
_BY_TIME = re.compile(r"(?i)\b(?:hour|day|month|year|instance|seat|user)s?\b")
_KEYS = {"_key", "_type", "inputLabel", "inputPrice", "outputLabel", "outputPrice", "overridePer"}
# "Command R 03-2024 pricing is $0.50/1M tokens for input and …", "Aya Expanse models (8B and 32B) on the API are …"
_ANSWER = re.compile(
    r"(?P<name>[^\\]+?) (?:pricing is|models \((?P<sizes>[\d.]+B(?:(?:,| and) [\d.]+B)*)\) on the API are charged at) "
    r"(?P<input>\$[0-9.]+/1M tokens) for input and (?P<output>\$[0-9.]+/1M tokens) for output\.?(?: Find more [^$]*)?"
)


class _Model(msgspec.Struct, rename="camel"):
    model_name: str = ""
    per: str = ""
    pricings: list[dict[str, Any]] | None = None


class Cohere(PricingSpider):
    name = "cohere"
    provider = Provider("cohere", "Cohere", "lab")
    start_urls = ["https://cohere.com/pricing"]
    currency = "USD"
    offers_expected = range(2, 60)

    def extract(self, page: Page) -> Iterator[Offer]:
        sheet = PriceSheet()
        for table in filter(lambda table: table.has_money, page.tables):
            table.leave()
        stream = page.next_stream
        models = list(embedded.members(stream, "models", _Model))
        if len([model for model in models if model.pricings and model.model_name]) != stream.count('"pricings":[{'):
            raise PageChanged("a list of pricings stands outside of the lists of named models")
        for model in models:
            if not model.pricings:
                page.unread["models without pricings"] += 1
            elif model.per == "Free" and not any(one.get(f"{side}Price") for one in model.pricings for side in _SIDES):
                # What is free until a limit is reached has zeros that are no prices.
                sheet.add_new(model.model_name, terms=("free",))
            elif "token" not in model.per and _BY_TIME.search(model.per):
                page.unread[f"{model.model_name}: per {model.per}"] += 1
            else:
                page.unread.update(f"pricing key {key}" for one in model.pricings for key in one.keys() - _KEYS)
                sheet.add_new(model.model_name, *_prices(model), terms=())
        self._read_answers(sheet, page, [text for text in stream.split('"') if "$" in text and " " in text])
        yield from sheet.offers(self.provider)

    def _read_answers(self, sheet: PriceSheet, page: Page, streamed: list[str]) -> None:
        """What stands on the page is in its stream too, in which "$$1" is "$1"; until it is drawn, only there."""
        texts = [*page.prose.split("\n"), *(text.replace("\\n", " ").strip().replace("$$", "$") for text in streamed)]
        for line in dict.fromkeys(text for text in texts if re.search(r"\$ ?[0-9]", text)):
            if match := _ANSWER.fullmatch(line):
                stated = [(_TOKENS[side], amounts.per_million_tokens(match[side], "USD")) for side in _SIDES]
                prices = [PriceComponent(unit, amount, "USD", 1_000_000) for unit, amount in stated]
                for size in re.findall("[0-9.]+B", match["sizes"] or "") or [""]:
                    sheet.add_new(f"{match['name']} {size}".strip(), *prices, terms=())
            else:
                page.unread[line[:60] if "token" in line else "amounts that are not for tokens"] += 1


def _prices(model: _Model) -> Iterator[PriceComponent]:
    for pricing in model.pricings or ():
        # A reranker among the models per 1M tokens is per 1K searches, and its label of an output has no price.
        other = pricing.get("overridePer")
        basis = amounts.basis(f"per {other or model.per}", "USD")
        for side in _SIDES:
            label, price = pricing.get(f"{side}Label"), pricing.get(f"{side}Price")
            if price in (None, 0) and (not label or (other and label == "Output")):
                continue
            unit = _TOKENS.get(str(label).casefold()) if basis.unit == "tokens" else basis.unit
            if unit is None or basis.unit not in ("tokens", "requests", "pages") or not price or not label:
                raise PageChanged(f"{model.model_name}: {label!r} at {price!r} per {other or model.per} is not a price")
            yield PriceComponent(unit, amounts.decimal(price), "USD", basis.per)
