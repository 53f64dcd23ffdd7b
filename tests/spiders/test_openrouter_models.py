"""OpenRouter's list of models: every capture counted from its plain JSON, and cells of three of them read by hand."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from history.model import ALWAYS, Conditions, Offer, PriceComponent
from tests.spiders.reading import cell, extract, real

NAME = "openrouter_models"
# Every price key of the 97 captures, as the API's documentation names what it bills.
BILLED = {
    "prompt": "input_tokens", "completion": "output_tokens", "internal_reasoning": "output_reasoning_tokens",
    "input_cache_read": "cache_read_tokens", "input_cache_write": "cache_write_tokens",
    "input_cache_write_1h": "cache_write_1h_tokens", "audio": "input_audio_tokens",
    "audio_output": "output_audio_tokens", "input_audio_cache": "cache_read_audio_tokens", "image": "input_images",
    "image_output": "output_image_tokens", "request": "requests", "web_search": "web_searches",
}  # fmt: skip
# Where `image` costs what a token of text does: two models in 2025, all that have it since 2026-02-10.
BY_TOKENS = BILLED | {"image": "input_image_tokens"}
OVER_32K, OVER_128K, OVER_200K, OVER_256K, OVER_272K = (
    Conditions(min_input_tokens=size + 1) for size in (32_000, 128_000, 200_000, 256_000, 272_000)
)

# Typed from the captures by hand: model, unit, conditions, amount for one.
CELLS: dict[str, list[tuple[str, str, Conditions, str]]] = {
    "2025-12-29": [
        ("anthropic/claude-sonnet-4.5", "output_tokens", ALWAYS, "0.000015"),
        ("anthropic/claude-sonnet-4.5", "cache_write_tokens", ALWAYS, "0.00000375"),
        ("qwen/qwen3-max", "input_tokens", ALWAYS, "0.0000012"),
        ("qwen/qwen3-max", "cache_read_tokens", ALWAYS, "0.00000024"),
        ("google/gemini-2.5-pro", "input_images", ALWAYS, "0.00516"),
        ("google/gemini-2.5-pro", "cache_write_tokens", ALWAYS, "0.000001625"),
        ("google/gemini-2.5-pro", "output_reasoning_tokens", ALWAYS, "0"),
        ("openai/o1-pro", "output_tokens", ALWAYS, "0.0006"),
        ("openai/o1-pro", "input_images", ALWAYS, "0.21675"),
        ("perplexity/sonar-pro", "web_searches", ALWAYS, "0.005"),
        ("perplexity/sonar-pro-search", "requests", ALWAYS, "0.018"),
        ("openai/gpt-4o-mini-search-preview", "requests", ALWAYS, "0.0275"),
        ("openai/gpt-4o-mini-search-preview", "input_images", ALWAYS, "0.000217"),
        ("openai/gpt-4o", "input_images", ALWAYS, "0.003613"),
        ("allenai/olmo-3.1-32b-think:free", "output_tokens", ALWAYS, "0"),
    ],
    "2026-07-27": [
        ("anthropic/claude-opus-5-fast", "cache_write_1h_tokens", ALWAYS, "0.00002"),
        ("~x-ai/grok-latest", "output_tokens", OVER_200K, "0.000012"),
        ("google/gemini-3-pro-image", "output_image_tokens", ALWAYS, "0.00012"),
        ("google/gemini-3-pro-image", "input_image_tokens", ALWAYS, "0.000002"),
        ("google/gemini-3-pro-image", "cache_read_audio_tokens", ALWAYS, "0.0000002"),
        ("x-ai/grok-build-0.1", "cache_read_tokens", OVER_200K, "0.0000004"),
        ("qwen/qwen3.6-max-preview", "cache_write_tokens", OVER_128K, "0.000002"),
        ("deepseek/deepseek-v4-pro", "cache_read_tokens", ALWAYS, "0.000000003625"),
        ("bytedance-seed/seed-2.0-lite", "output_tokens", OVER_128K, "0.000004"),
        ("google/gemini-3.1-pro-preview", "input_audio_tokens", OVER_200K, "0.000004"),
        ("google/gemini-3.1-pro-preview", "cache_write_tokens", ALWAYS, "0.000000375"),
        ("qwen/qwen3-max-thinking", "input_tokens", OVER_32K, "0.00000156"),
        ("qwen/qwen3-max-thinking", "input_tokens", OVER_128K, "0.00000195"),
        ("google/gemini-2.5-flash-image", "cache_write_tokens", ALWAYS, "0.00000008333333333333334"),
        ("anthropic/claude-sonnet-4.5", "cache_write_1h_tokens", OVER_200K, "0.000012"),
        ("openai/gpt-audio", "output_audio_tokens", ALWAYS, "0.000064"),
        ("anthropic/claude-3-haiku", "cache_write_1h_tokens", ALWAYS, "0.0000005"),
    ],
    "2026-08-05": [
        ("qwen/qwen3.7-flash", "input_tokens", ALWAYS, "0.00000003"),
        ("qwen/qwen3.7-flash", "output_tokens", OVER_32K, "0.0000004"),
        ("qwen/qwen3.7-flash", "cache_write_tokens", OVER_256K, "0.00000025"),
        ("x-ai/grok-4.5", "input_tokens", OVER_200K, "0.000004"),
        ("google/gemini-3.1-flash-image", "output_image_tokens", ALWAYS, "0.00006"),
        ("qwen/qwen3.7-plus", "output_tokens", OVER_256K, "0.00000384"),
        ("~openai/gpt-latest", "cache_write_tokens", OVER_272K, "0.0000125"),
        ("~openai/gpt-latest", "web_searches", ALWAYS, "0.01"),
        ("anthropic/claude-opus-4.7", "cache_write_1h_tokens", ALWAYS, "0.00001"),
        ("qwen/qwen3.6-plus", "cache_write_tokens", OVER_256K, "0.000001625"),
        ("google/gemini-3.1-flash-lite-preview", "cache_write_tokens", ALWAYS, "0.0000000833333333333333"),
        ("google/gemini-3.1-pro-preview", "cache_read_audio_tokens", OVER_200K, "0.0000004"),
        ("openai/gpt-5-image-mini", "output_image_tokens", ALWAYS, "0.000008"),
        ("qwen/qwen3-coder-flash", "cache_read_tokens", OVER_128K, "0.000000104"),
        ("openai/gpt-audio-mini", "output_audio_tokens", ALWAYS, "0.0000024"),
        ("perplexity/sonar-pro", "web_searches", ALWAYS, "0.005"),
    ],
}
COUNTS = {
    "2025-12-29": {
        "input_tokens": 351, "output_tokens": 351, "output_reasoning_tokens": 351, "input_images": 349,
        "input_image_tokens": 2, "requests": 351, "web_searches": 351, "cache_read_tokens": 81,
        "cache_write_tokens": 23, "input_audio_tokens": 6,
    },
    "2026-07-27": {
        "input_tokens": 384, "output_tokens": 384, "cache_read_tokens": 217, "cache_write_tokens": 79,
        "cache_write_1h_tokens": 21, "web_searches": 104, "output_reasoning_tokens": 19, "input_audio_tokens": 27,
        "cache_read_audio_tokens": 24, "input_image_tokens": 18, "output_image_tokens": 9, "output_audio_tokens": 2,
    },
    "2026-08-05": {
        "input_tokens": 382, "output_tokens": 382, "cache_read_tokens": 215, "cache_write_tokens": 83,
        "cache_write_1h_tokens": 23, "web_searches": 98, "output_reasoning_tokens": 19, "input_audio_tokens": 27,
        "cache_read_audio_tokens": 24, "input_image_tokens": 18, "output_image_tokens": 9, "output_audio_tokens": 2,
    },
}  # fmt: skip
TERMS = {
    ("2025-12-29", "openrouter/auto"): ("variable price",),
    ("2025-12-29", "allenai/olmo-3.1-32b-think:free"): ("free",),
    ("2026-07-27", "poolside/laguna-m.1:free"): ("free", "expires 2026-07-28"),
    ("2026-08-05", "~x-ai/grok-latest"): ("alias of x-ai/grok-4.5",),
}


def stated(models: list[dict[str, Any]]) -> Iterator[tuple[str, str, int | None, Decimal]]:
    """Of each model, unit and size of prompt the price that the answer states, read without the project's readers."""
    for model in models:
        billed = billing(model["pricing"])
        for case in (model["pricing"], *model["pricing"].get("overrides", ())):
            over = case.get("min_prompt_tokens")
            for key in case.keys() & billed.keys():
                if (amount := Decimal(case[key])) >= 0:
                    yield model["id"], billed[key], over, amount


def billing(pricing: dict[str, Any]) -> dict[str, str]:
    return BY_TOKENS if float(pricing.get("image", 0)) == float(pricing["prompt"]) > 0 else BILLED


def read(offer: Offer, price: PriceComponent) -> tuple[str, str, int | None, Decimal]:
    assert (price.currency, price.per, offer.region) == ("USD", 1, "")
    least = price.conditions.min_input_tokens
    assert price.conditions == Conditions(min_input_tokens=least)
    return offer.model, price.unit, None if least is None else least - 1, price.amount


def test_every_capture_gives_each_price_that_its_json_states_and_no_other(recorded: Path) -> None:
    folders = sorted((recorded / NAME).iterdir())
    assert len(folders) == 97
    for folder in folders:
        page = real(recorded, NAME, folder.name)
        models, offers = json.loads(page.body)["data"], extract(page, NAME)
        assert [offer.model for offer in offers] == [model["id"] for model in models], folder.name
        found = Counter(read(offer, price) for offer in offers for price in offer.components)
        assert found == Counter(stated(models)), folder.name
        assert not page.unread, folder.name


@pytest.mark.parametrize("date", CELLS)
def test_cells_of_three_captures_read_by_hand(recorded: Path, date: str) -> None:
    offers = extract(real(recorded, NAME, date), NAME)
    for model, unit, when, amount in CELLS[date]:
        assert cell(offers, model, "standard", unit, when).amount == Decimal(amount), (model, unit)
    terms = {offer.model: offer.terms for offer in offers}
    assert {key: terms[key[1]] for key in TERMS if key[0] == date} == {
        key: said for key, said in TERMS.items() if key[0] == date
    }


def test_how_many_prices_three_captures_have(recorded: Path) -> None:
    for date, counts in COUNTS.items():
        offers = extract(real(recorded, NAME, date), NAME)
        assert Counter(price.unit for offer in offers for price in offer.components) == counts, date
