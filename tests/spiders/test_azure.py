"""Azure's meters: abbreviations, zones and units, page by page, and cell by cell against the real capture."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from crawler.spiders.azure import Azure
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE = "azure/2025-11-20"

# Typed from the capture of 2025-11-20 by hand: model, tier, region and zone, unit, amount, per.
CELLS = [
    ("5.1-codex", "standard", "koreacentral/global", "output_tokens", "10", 1_000_000),
    ("gpt-4.1", "standard", "eastus/regional", "input_tokens", "0.0022", 1_000),
    ("gpt-4.1", "standard", "eastus/regional", "cache_read_tokens", "0.00055", 1_000),
    ("gpt-4.1", "standard", "eastus/regional", "output_tokens", "0.0088", 1_000),
    ("llama3.3-ft", "standard", "northeurope", "output_tokens", "0.00071", 1_000),
    ("grok4-fast", "standard", "germanynorth/datazone", "input_tokens", "0.00022", 1_000),
    ("grok4-fast", "standard", "germanynorth/datazone", "output_tokens", "0.00055", 1_000),
    ("5.1-codex", "standard", "westeurope/global", "cache_read_tokens", "0.125", 1_000_000),
    ("voice-live-byo-custom-speech", "standard", "westus2", "input_audio_tokens", "0.036", 1_000),
]
# The same, of meters that stand in one region only: model, tier, zone, unit, USD per million.
ANYWHERE = [
    ("gpt-4o-mini-0718", "batch", "datazone", "output_tokens", "0.33"),
    ("gpt-4o-mini-0718", "batch", "global", "input_tokens", "0.075"),
    ("gpt-4o-0806", "standard", "regional", "cache_read_tokens", "1.375"),
    ("gpt-rt-mini", "standard", "global", "cache_read_image_tokens", "0.08"),
    ("gpt-rt-0828", "standard", "global", "output_audio_tokens", "64"),
    ("gpt-aud-0828", "standard", "global", "input_tokens", "2.5"),
    ("gpt-aud-0828", "standard", "global", "input_audio_tokens", "40"),
    ("o1-1217", "standard", "datazone", "output_tokens", "66"),
    ("codex-mini", "standard", "regional", "cache_read_tokens", "0.413"),
    ("gpt-5-nano", "standard", "datazone", "cache_read_tokens", "0.0055"),
    ("text-embedding-3-small", "standard", "global", "input_tokens", "0.02"),
    ("voice-live-api-std-llm", "standard", "", "cache_read_audio_tokens", "0.33"),
]


def test_cells_of_the_real_capture_read_by_hand(recorded: Path) -> None:
    page = real(recorded, "azure", "2025-11-20")
    offers = extract(page, "azure")
    for model, tier, region, unit, amount, per in CELLS:
        price = cell(offers, model, tier, unit, region=region)
        assert (price.amount, price.per) == (Decimal(amount), per), (model, region, unit)
        assert price.valid_from == datetime(2025, 11, 1, tzinfo=UTC)
    for model, tier, zone, unit, amount in ANYWHERE:
        wanted = [offer for offer in offers if (offer.model, offer.tier) == (model, tier)]
        prices = [price for offer in wanted if offer.region.partition("/")[2] == zone for price in offer.components]
        assert {1_000_000 * price.amount / price.per for price in prices if price.unit == unit} == {Decimal(amount)}


def test_the_real_capture_gives_every_token_meter_once(recorded: Path) -> None:
    page = real(recorded, "azure", "2025-11-20")
    offers = extract(page, "azure")
    assert len(offers) == 887
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 798,
        "output_tokens": 739,
        "cache_read_tokens": 332,
        "input_image_tokens": 59,
        "input_audio_tokens": 54,
        "output_audio_tokens": 34,
        "cache_read_audio_tokens": 11,
        "cache_read_image_tokens": 2,
    }
    read = sum(len(offer.components) for offer in offers)
    assert read + sum(page.unread.values()) == len(page.text.splitlines())
    assert sum(count for name, count in page.unread.items() if "no direction" in name) == 43 + 38 + 38 + 2


def test_the_same_items_one_a_line_say_the_same() -> None:
    page = saved(PAGE)
    lines = [json.dumps(item) for item in json.loads(page.text)["Items"]]
    listed = replace(page, body="\n".join(lines).encode(), media_type="application/x-ndjson")
    assert extract(listed, "azure") == extract(page, "azure")
    assert list(Azure().next_urls(listed)) == []


def test_a_page_leads_to_the_next() -> None:
    [link] = Azure().next_urls(saved(PAGE))
    assert link.endswith("&$skip=1000")


def test_an_official_start_is_when_a_price_is_valid_from() -> None:
    [codex] = [offer for offer in extract(saved(PAGE), "azure") if offer.model == "5.1-codex"]
    assert [(price.amount, price.valid_from) for price in codex.components] == [
        (Decimal(10), datetime(2025, 11, 1, tzinfo=UTC)),
        (Decimal(12), datetime(2026, 1, 1, tzinfo=UTC)),
    ]


def test_what_is_no_price_of_a_token_is_reported_by_product() -> None:
    page = saved(PAGE)
    offers = extract(page, "azure")
    assert page.unread == {
        "Azure OpenAI GPT5: tokens per 1K": 1,
        "Azure OpenAI GPT5: a graduated price": 1,
        "Azure OpenAI OSS models: no direction": 1,
        "Foundry Model Tools: no direction": 1,
        "Claude models: no direction": 1,
        "Azure OpenAI: Consumption per 1 Hour": 1,
        "Grok model family: at 0": 1,
        "Microsoft Agent Pre-Purchase Plan: Reservation per 1": 1,
    }
    assert not {"gpt-5-rsng", "grok-3", "model-routers", "claude"} & {offer.model for offer in offers}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("unitOfMeasure", "unit", "unitOfMeasure"),
        ("retailPrice", "price", "retailPrice"),
        ("effectiveStartDate", "start", "effectiveStartDate"),
        ('"2025-11-01T00:00:00Z"', '"November"', "Invalid RFC3339"),
        ('"currencyCode": "USD"', '"currencyCode": "EUR"', "is in EUR"),
        ('"retailPrice": 0.0025,', '"retailPrice": "cheap",', "not a decimal price"),
        ('"retailPrice": 0.0025,', '"retailPrice": -0.0025,', "not a decimal price"),
        ("gpt 4o 1120 Inp regnl Tokens", "gpt 4o 1120 Inp glbl Tokens", "two prices for input_tokens"),
        ("gpt 4o 1120 Outp glbl Tokens", "gpt 4o 1120 Outp cached glbl Tokens", "two ways"),
        ('"Items"', '"Meters"', "Items"),
    ],
)
def test_an_answer_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "azure")


def test_an_answer_without_items_is_refused_and_one_with_other_meters_is_not() -> None:
    page = saved(PAGE)
    with pytest.raises(PageChanged, match="no price was found"):
        extract(replace(page, body=b'{"Items": []}'), "azure")
    item = json.loads(page.text)["Items"][-1]
    assert extract(replace(page, body=json.dumps({"Items": [item]}).encode()), "azure") == []
