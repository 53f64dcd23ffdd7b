"""How xAI states a model: by an id with its prompts in brackets, in tables; in the catalogue of its page of models."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from crawler import amounts
from crawler.failures import PageChanged
from crawler.grid import Block, Heading, Prose
from history.model import ALWAYS, Conditions, PriceComponent

_NAME = re.compile(r"(?P<id>[\w.:/-]+)(?P<notes>(?: \([^()]+\))*)")
_SIZE = re.compile(r"(?P<sign><|≤|<=|≥|>=|>) ?(?P<size>[0-9]+)k prompt tokens")
# docs.x.ai/developers/models, 2026-10; "20000" is what pricing.md of the same weeks calls $2.00 / 1M tokens.
_CATALOGUE = re.compile(r"globalThis\.__XAI_PUBLIC_MODELS__\s*=\s*(?=\{)")
_EACH = 10_000
_SHORT = {
    "promptTextTokenPrice": "input_tokens",
    "cachedPromptTokenPrice": "cache_read_tokens",
    "completionTextTokenPrice": "output_tokens",
}
_LONG = {
    "promptTextTokenPriceLongContext": "input_tokens",
    "cachedPromptTokenPriceLongContext": "cache_read_tokens",
    "completionTokenPriceLongContext": "output_tokens",
}
_REPORTED = {"promptImageTokenPrice", "batchDiscountPercent"}
# api.x.ai costs what this cluster does; us.api.x.ai, another cluster, 10 % more (docs.x.ai …/regions, 2026-10).
_GLOBAL = "us-east-1"

# pricing.md, 2026-10, under "US Regional Endpoint Pricing"; of another model it says only that it is 1.1x.
_REGIONAL = re.compile(
    r"For (?P<id>[\w.:/-]+) this is (?P<short>\$[$0-9. /]+) per 1M tokens \(input / cached input / output\) "
    r"below (?P<size>[0-9]+)k prompt tokens, and (?P<long>\$[$0-9. /]+) above\. .*"
)


def labelled(text: str) -> tuple[str, tuple[str, ...], Conditions]:
    """The id, the notes and the prompts: "grok-4.7 (≥ 200k prompt tokens)" → from 200,000 tokens."""
    match = _NAME.fullmatch(text)
    if match is None:
        raise PageChanged(f"{text!r} is not the id of a model")
    notes, when = list[str](), ALWAYS
    for note in re.findall(r"\(([^()]+)\)", match["notes"]):
        if size := _SIZE.fullmatch(note):
            bound, sign = int(size["size"]) * 1000, size["sign"]
            least = bound + (sign == ">") if sign in (">", "≥", ">=") else None
            when = Conditions(min_input_tokens=least, max_input_tokens=None if least else bound - (sign == "<"))
        elif "token" in note:
            raise PageChanged(f"{text!r} does not say for which prompts a price applies")
        else:
            notes.append(note)
    return match["id"], tuple(notes), when


def regional(blocks: Iterable[Block], unread: Counter[str]) -> Iterator[tuple[str, str, list[PriceComponent]]]:
    """Region, id and prices in a sentence on an endpoint; every other sentence that mentions money is unread."""
    heading = ""
    for block in blocks:
        heading = block.text if isinstance(block, Heading) else heading
        for line in (line for line in block.lines if "$" in line) if isinstance(block, Prose) else ():
            if (match := _REGIONAL.fullmatch(line)) and heading == "US Regional Endpoint Pricing":
                size = int(match["size"]) * 1000
                sides = ("short", Conditions(max_input_tokens=size - 1)), ("long", Conditions(min_input_tokens=size))
                yield "us", match["id"], [price for side, when in sides for price in _listed(match[side], when)]
            else:
                unread[line[:60]] += 1


def _listed(text: str, when: Conditions) -> list[PriceComponent]:
    """ "$2.20 / $0.55 / $6.60", in the order of the units in _SHORT."""
    listed = [amounts.parse(amount, "USD").amount for amount in text.split(" / ")]
    if len(listed) != len(_SHORT):
        raise PageChanged(f"{text!r} is not what is put in, cached and put out")
    return [PriceComponent(unit, a, "USD", 1_000_000, when) for unit, a in zip(_SHORT.values(), listed, strict=True)]


def catalogue(text: str, unread: Counter[str]) -> Iterator[tuple[str, str, list[PriceComponent]]]:
    """Region, id and prices of each language model; a cluster where it costs what it does everywhere is no region."""
    if (match := _CATALOGUE.search(text)) is None:
        return
    everywhere = dict[str, list[PriceComponent]]()
    try:
        clusters: Any = json.JSONDecoder(parse_float=Decimal).raw_decode(text, match.end())[0]["clusterConfigs"]
        for cluster in sorted(clusters, key=lambda cluster: bool(cluster["clusterName"] != _GLOBAL)):
            region = cluster["clusterName"]
            others = (group for group in cluster if isinstance(cluster[group], list) and group != "languageModels")
            unread.update(f"{group}: {model['name']}" for group in others for model in cluster[group])
            for model in cluster.get("languageModels", ()):
                prices = _prices(model, unread)
                if region == _GLOBAL:
                    everywhere[model["name"]] = prices
                if prices and (region == _GLOBAL or prices != everywhere.get(model["name"])):
                    yield "" if region == _GLOBAL else region, model["name"], prices
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PageChanged(f"xAI's catalogue is not as it was: {error!r}; {text[match.end() :][:80]!r}") from error


def _prices(model: dict[str, Any], unread: Counter[str]) -> list[PriceComponent]:
    name, threshold = model["name"], int(model.get("longContextThreshold", "0"))
    known = {**_SHORT, **_LONG}
    unread.update(key for key in _REPORTED if model.get(key) not in (None, 0, "0"))
    if unknown := [key for key in model if "TokenPrice" in key and key not in (*known, *_REPORTED)]:
        raise PageChanged(f"{name} has the unknown prices {unknown}")
    # What a model does not sell is 0, or is not there.
    stated = {key: amount for key in known if (amount := amounts.decimal(model.get(key, 0)))}
    longer = {_LONG[key] for key in stated if key in _LONG}
    if not longer <= {_SHORT[key] for key in stated if key in _SHORT} or bool(longer) != bool(stated and threshold):
        raise PageChanged(f"{name} has the prices {[*stated]}, with long prompts from {threshold} tokens")
    unread.update([] if stated else [f"{name}: no price"])
    under, over = Conditions(max_input_tokens=threshold - 1), Conditions(min_input_tokens=threshold)
    when = {key: over if key in _LONG else under if known[key] in longer else ALWAYS for key in stated}
    return [PriceComponent(known[key], stated[key] / _EACH, "USD", 1_000_000, when[key]) for key in stated]
