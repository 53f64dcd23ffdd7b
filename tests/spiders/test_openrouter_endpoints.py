"""OpenRouter's endpoints: discounts, tiers and routes, and cell by cell against the real captures."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crawler.failures import PageChanged
from crawler.spiders.openrouter_endpoints import OpenRouterEndpoints
from history.model import Conditions, Offer
from tests.spiders.reading import altered, cell, extract, real, saved
from tests.spiders.test_openrouter_models import billing

ONE, MANY, NAME = "openrouter_endpoints/2026-07-12", "openrouter_endpoints/2026-06-18", "openrouter_endpoints"

# Typed from the captures by hand: date, model, tag, tier, unit, amount, list price.
CELLS: list[tuple[str, str, str, str, str, str, str | None]] = [
    ("2026-06-18", "z-ai/glm-5.2", "phala", "standard", "cache_read_tokens", "0.0000007", None),
    ("2026-06-18", "z-ai/glm-5.2", "novita/fp8", "standard", "input_tokens", "0.0000014", None),
    ("2026-06-18", "z-ai/glm-5.2", "deepinfra/fp4", "standard", "cache_read_tokens", "0.00000025", None),
    ("2026-06-18", "z-ai/glm-5.2", "io-net/fp8", "standard", "output_tokens", "0.00000528", None),
    ("2026-06-18", "moonshotai/kimi-k2.5", "novita", "standard", "input_tokens", "0.00000057", "0.0000006"),
    ("2026-06-18", "moonshotai/kimi-k2.5", "chutes/int4", "standard", "cache_read_tokens", "0.00000022", None),
    ("2026-06-18", "qwen/qwen3.7-max", "alibaba", "standard", "cache_write_tokens", "0.0000015625", "0.000003125"),
    ("2026-06-18", "google/gemma-4-31b-it", "together", "standard", "input_tokens", "0.00000028", None),
    ("2026-06-18", "google/gemma-4-31b-it", "together#2", "standard", "output_tokens", "0.00000097", None),
    ("2026-06-18", "openai/gpt-5.5", "azure/eu", "standard", "cache_read_tokens", "0.00000055", None),
    ("2026-06-18", "deepseek/deepseek-v4-pro", "deepseek", "standard", "cache_read_tokens", "0.000000003625", None),
    ("2026-06-18", "deepseek/deepseek-v4-pro", "baidu/fp8", "standard", "input_tokens", "0.0000007605", None),
    ("2026-06-18", "anthropic/claude-opus-4.7", "amazon-bedrock/us", "standard", "cache_write_tokens", "0.00000625",
     None),
    ("2026-06-18", "google/gemini-3.1-flash-image-preview", "google-ai-studio", "standard", "output_image_tokens",
     "0.00006", None),
    ("2026-06-18", "google/gemini-2.5-flash", "google-vertex", "standard", "cache_read_audio_tokens", "0.0000001",
     None),
    ("2026-06-18", "google/gemini-2.5-flash", "google-vertex/eu", "standard", "cache_write_tokens",
     "0.00000008333333333333334", None),
    ("2026-06-18", "x-ai/grok-4.3", "xai", "standard", "web_searches", "0.005", None),
    ("2026-07-12", "z-ai/glm-5.2", "novita/fp8", "standard", "input_tokens", "0.00000042", "0.0000014"),
    ("2026-07-12", "z-ai/glm-5.2", "alibaba", "standard", "output_tokens", "0.0000038852", "0.0000044"),
    ("2026-07-12", "anthropic/claude-sonnet-4.5", "anthropic/2", "standard", "cache_write_1h_tokens", "0.000006", None),
    ("2026-07-12", "openai/gpt-5.6-luna-pro", "openai/flex", "flex", "output_tokens", "0.000003", None),
    ("2026-07-12", "openai/gpt-5.6-luna-pro", "azure/eu", "standard", "cache_write_tokens", "0.000001375", None),
    ("2026-07-12", "google/gemini-2.5-pro", "google-vertex/global/priority", "priority", "input_tokens", "0.00000225",
     None),
    ("2026-07-12", "google/gemini-2.5-pro", "google-ai-studio/flex", "flex", "cache_read_audio_tokens", "0.0000000625",
     None),
    ("2026-07-12", "openai/gpt-audio", "openai", "standard", "output_audio_tokens", "0.000064", None),
    ("2026-07-12", "deepseek/deepseek-v4-pro", "baidu/fp8", "standard", "cache_read_tokens", "0.00000006174",
     "0.00000014"),
    ("2026-07-12", "xiaomi/mimo-v2.5-pro", "novita", "standard", "cache_read_tokens", "0.000000003956", "0.0000000043"),
    ("2026-07-12", "google/gemini-3-pro-image", "google-vertex/global", "standard", "output_image_tokens", "0.00012",
     None),
    ("2026-07-12", "openai/gpt-5.6-sol", "openai/priority", "priority", "cache_write_tokens", "0.0000125", None),
    ("2026-07-12", "anthropic/claude-opus-4.8", "azure/us-east-2", "standard", "cache_write_1h_tokens", "0.00001",
     None),
    ("2026-07-12", "google/gemini-3.5-flash", "google-vertex/global/flex", "flex", "input_audio_tokens", "0.0000015",
     None),
    ("2026-07-12", "google/gemini-3.5-flash", "google-vertex/global/priority", "priority", "output_reasoning_tokens",
     "0.0000162", None),
    ("2026-07-12", "x-ai/grok-4.3", "xai/zdr/priority", "priority", "cache_read_tokens", "0.0000004", None),
    ("2026-07-12", "qwen/qwen3.7-max", "alibaba", "standard", "output_tokens", "0.00000375", "0.0000075"),
]  # fmt: skip
COUNTS = {
    "2026-06-18": {
        "input_tokens": 881, "output_tokens": 881, "cache_read_tokens": 498, "web_searches": 185,
        "cache_write_tokens": 113, "input_audio_tokens": 40, "output_reasoning_tokens": 38, "input_image_tokens": 37,
        "cache_read_audio_tokens": 37, "output_image_tokens": 13, "output_audio_tokens": 2,
    },
    "2026-07-12": {
        "input_tokens": 1011, "output_tokens": 1011, "cache_read_tokens": 648, "web_searches": 306,
        "cache_write_tokens": 194, "input_audio_tokens": 81, "output_reasoning_tokens": 79, "input_image_tokens": 78,
        "cache_read_audio_tokens": 78, "cache_write_1h_tokens": 68, "output_image_tokens": 21,
        "output_audio_tokens": 2,
    },
}  # fmt: skip
# Every route with a discount has its list price: 52 routes, then 65.
LISTED = {"2026-06-18": (52, 52, 15, 12), "2026-07-12": (65, 65, 24, 12)}


def stated(models: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, Decimal]]:
    """Each price of each route as the answer states it, read without the project's readers."""
    for model in models:
        for endpoint in model.get("endpoints") or ():
            billed = billing(endpoint["pricing"])
            for key in endpoint["pricing"].keys() & billed.keys():
                yield model["id"], endpoint["tag"], billed[key], Decimal(endpoint["pricing"][key])


@pytest.mark.parametrize("date", COUNTS)
def test_the_real_captures_give_every_price_and_the_cells_read_by_hand(recorded: Path, date: str) -> None:
    page = real(recorded, NAME, date)
    offers = extract(page, NAME)
    prices = [(offer, price) for offer in offers for price in offer.components]
    assert Counter(price.unit for _, price in prices) == COUNTS[date]
    found = Counter((of.model, of.region.partition("#")[0], price.unit, price.amount) for of, price in prices)
    assert found == Counter(stated(json.loads(page.body)["data"]))
    reduced = Counter(price.unit for _, price in prices if price.list_amount is not None)
    assert tuple(reduced.values()) == LISTED[date]
    assert [*reduced] == ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
    assert not page.unread
    assert len({offer.key for offer in offers}) == len(offers)
    for _, model, tag, tier, unit, amount, listed in [found for found in CELLS if found[0] == date]:
        price = cell(offers, model, tier, unit, region=tag)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", 1), (model, tag, unit)
        assert price.list_amount == (listed and Decimal(listed)), (model, tag, unit)


@pytest.fixture
def route() -> Callable[[str], Offer]:
    offers = {offer.region: offer for offer in extract(saved(ONE), NAME)}
    return lambda tag: offers[tag]


def test_a_discounted_price_has_its_list_price(route: Callable[[str], Offer]) -> None:
    prices = {(price.unit, price.conditions): price for price in route("novita/fp8").components}
    always, long = Conditions(), Conditions(min_input_tokens=200_001)
    assert prices["input_tokens", always].list_amount == Decimal("0.0000014")
    assert prices["web_searches", always].list_amount is None
    assert prices["input_tokens", long].list_amount is None


def test_a_list_price_that_rounding_hides_is_not_guessed(route: Callable[[str], Offer]) -> None:
    assert {price.list_amount for price in route("rounded").components} == {None}
    assert route("rounded").terms == ("discount 0.67",)


def test_two_routes_of_one_tag_are_told_apart_by_price(route: Callable[[str], Offer]) -> None:
    first, second = (route(tag).components[0].amount for tag in ("together", "together#2"))
    assert (first, second) == (Decimal("0.0000015"), Decimal("0.00000155"))


def test_a_free_route_is_a_term_as_well(route: Callable[[str], Offer]) -> None:
    assert route("trial").terms == ("free",)


def test_a_route_that_bills_requests_alone_is_not_free() -> None:
    page = altered(ONE, '"prompt": "0", "completion": "0"', '"prompt": "0", "completion": "0", "request": "0.04"')
    [asked] = [offer for offer in extract(page, NAME) if offer.region == "trial"]
    assert (asked.terms, cell([asked], asked.model, "standard", "requests", region="trial").amount) == (
        (),
        Decimal("0.04"),
    )


def test_the_list_of_models_leads_to_their_endpoints() -> None:
    spider = OpenRouterEndpoints()
    assert list(spider.next_urls(saved(MANY))) == [
        "https://openrouter.ai/api/v1/models/openai/gpt-oss-20b:free/endpoints"
    ]
    assert list(spider.next_urls(saved(ONE))) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"discount": 0.7', '"discount": 1.7', "z-ai/glm-5.2 at novita/fp8: a discount of 1.7"),
        ('"discount": 0.7', '"discount": "much"', "not a decimal price"),
        ('"web_search"', '"web_seek"', "unknown price key 'web_seek'"),
        ('"prompt": "0.0000014"', '"prompt": "-0.1"', "not a decimal price"),
        ('"tag"', '"label"', "tag"),
        ('"endpoints"', '"routes"', "neither models nor the endpoints"),
        ('"data"', '"items"', "data"),
    ],
)
def test_an_answer_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(ONE, old, new), NAME)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(PageChanged, match="empty"):
        extract(replace(saved(MANY), body=b'{"data": []}'), NAME)
