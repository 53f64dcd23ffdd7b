"""LiteLLM's map: what an entry comes to, which model it names, and what is left out by name."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crawler.failures import PageChanged
from crawler.maps.litellm import ZERO, offers, read_entry
from crawler.page import Page
from crawler.spiders.litellm import LiteLLM
from history.model import ALWAYS, Conditions, Offer
from history.validation import validate


def page(**entries: Any) -> Page:
    return Page("https://map.example/prices.json", json.dumps(entries).encode(), "application/json", datetime.now(UTC))


def entry(provider: Any = "openai", mode: Any = "chat", **fields: Any) -> dict[str, Any]:
    return {"litellm_provider": provider, "mode": mode, **fields}


def only(key: str, **fields: Any) -> Offer:
    [offer] = offers(page(**{key: entry(**fields)}))
    return offer


def unread(**entries: Any) -> dict[str, int]:
    asked = page(**entries)
    list(offers(asked))
    return dict(asked.unread)


def rejected(asked: Page) -> list[tuple[str, str]]:
    return [(one.rule, one.model) for one in validate(offers(asked), LiteLLM.source())[1]]


@pytest.mark.parametrize(
    ("key", "provider", "named"),
    [
        ("gpt-9", "openai", ("openai", "gpt-9", "standard", "")),
        ("deepseek/deepseek-chat", "deepseek", ("deepseek", "deepseek-chat", "standard", "")),
        ("openrouter/x-ai/grok-4", "openrouter", ("openrouter", "x-ai/grok-4", "standard", "")),
        ("gemini-9-pro", "vertex_ai-language-models", ("google-vertex", "gemini-9-pro", "standard", "")),
        ("vertex_ai/c@2026", "vertex_ai-anthropic_models", ("google-vertex", "c@2026", "standard", "")),
        ("azure/global-standard/gpt-9", "azure", ("azure", "gpt-9", "standard", "global")),
        ("azure_ai/grok-9", "azure_ai", ("azure", "grok-9", "standard", "")),
        ("bedrock/us-gov-west-1/a.b-v1:0", "bedrock", ("aws-bedrock", "a.b-v1:0", "standard", "us-gov-west-1")),
        ("eu.anthropic.c-v1:0", "bedrock_converse", ("aws-bedrock", "eu.anthropic.c-v1:0", "standard", "")),
        ("fast/us/claude-9", "anthropic", ("anthropic", "claude-9", "fast", "us")),
        ("fireworks_ai/accounts/f/models/m", "fireworks_ai", ("fireworks", "accounts/f/models/m", "standard", "")),
    ],
)  # fmt: skip
def test_an_offer_is_what_a_caller_asks_the_biller_for(key: str, provider: str, named: tuple[str, ...]) -> None:
    offer = only(key, provider=provider, input_cost_per_token=1e-06)
    assert (offer.provider, offer.model, offer.tier, offer.region) == named


@pytest.mark.parametrize(
    ("field", "mode", "tier", "unit", "more_than"),
    [
        ("output_cost_per_token", "chat", "standard", "output_tokens", 0),
        ("input_cost_per_token_above_128k_tokens", "chat", "standard", "input_tokens", 128_000),
        ("cache_creation_input_token_cost_above_1hr", "chat", "standard", "cache_write_1h_tokens", 0),
        ("cache_creation_input_token_cost_above_1hr_above_200k_tokens", "chat", "standard", "cache_write_1h_tokens",
         200_000),
        ("cache_read_input_token_cost_above_272k_tokens_flex", "chat", "flex", "cache_read_tokens", 272_000),
        ("output_cost_per_token_ultrafast", "chat", "ultrafast", "output_tokens", 0),
        ("ocr_cost_per_page_batches", "ocr", "batch", "pages", 0),
        ("input_cost_per_image", "chat", "standard", "input_images", 0),
        ("output_cost_per_image", "image_generation", "standard", "images", 0),
        ("input_cost_per_second", "audio_transcription", "standard", "audio_seconds", 0),
        ("output_cost_per_second", "video_generation", "standard", "video_seconds", 0),
        ("input_cost_per_character", "audio_speech", "standard", "characters", 0),
        ("input_cost_per_query", "rerank", "standard", "requests", 0),
    ],
)  # fmt: skip
def test_a_cost_field_says_unit_threshold_and_tier(field: str, mode: str, tier: str, unit: str, more_than: int) -> None:
    offer = only("m", mode=mode, **{field: 1e-06})
    [price] = offer.components
    when = Conditions(min_input_tokens=more_than + 1) if more_than else ALWAYS
    assert (offer.tier, price.unit, price.conditions, price.amount) == (tier, unit, when, Decimal("1e-06"))


@pytest.mark.parametrize(
    ("field", "mode"),
    [
        ("input_cost_per_second", "chat"),
        ("input_cost_per_character", "chat"),
        ("input_cost_per_image", "image_generation"),
        ("input_dbu_cost_per_token", "chat"),
        ("cache_creation_input_token_cost_above_12hr", "chat"),
        ("regional_processing_uplift_multiplier_eu", "chat"),
        ("off_peak_pricing", "chat"),
        ("tiered_pricing", "chat"),
        ("some_new_cost", "chat"),
    ],
)
def test_a_cost_field_that_is_not_understood_is_named(field: str, mode: str) -> None:
    assert unread(m=entry(mode=mode, **{field: 0.5})) == {field: 1}


def test_a_provider_that_nobody_knows_is_named_and_its_entries_are_left_out() -> None:
    entries = {"a": entry("nobody", input_cost_per_token=1e-06), "b": {"input_cost_per_token": 1e-06}}
    assert unread(**entries, c=entry("ollama")) == {"litellm_provider 'nobody'": 1, "litellm_provider 'None'": 1}


def test_amounts_are_exact_to_the_last_digit_of_the_text() -> None:
    body = b'{"m": {"litellm_provider": "openai", "input_cost_per_token": 1.0000000000000000000001e-06}}'
    [offer] = offers(Page("https://map.example", body, "application/json", datetime.now(UTC)))
    assert offer.components[0].amount == Decimal("1.0000000000000000000001e-06")


def test_zero_is_no_price_where_others_stand_beside_it() -> None:
    offer = only("m", mode="embedding", input_cost_per_token=1e-07, output_cost_per_token=0.0)
    assert [price.unit for price in offer.components] == ["input_tokens"]
    assert offer.terms == ()


def test_zero_alone_is_a_term_since_it_may_mean_free_or_unknown() -> None:
    offer = only("m", input_cost_per_token=0, output_cost_per_token=0.0)
    assert (offer.components, offer.terms) == ((), (ZERO,))


@pytest.mark.parametrize("wrong", ["3e-06", True, None, [1e-06], {"usd": 1}, -1e-06])
def test_what_is_no_number_where_one_belongs_rejects_the_offer_by_name(wrong: Any) -> None:
    asked = page(bad=entry(input_cost_per_token=wrong), good=entry(input_cost_per_token=1e-06))
    assert rejected(asked) == [("not_a_price", "bad")]
    assert wrong == -1e-06 or any(name.startswith("bad: input_cost_per_token is") for name in asked.unread)


def test_two_keys_for_one_offer_are_one_where_they_agree() -> None:
    one, other = entry("deepseek", input_cost_per_token=1e-06), entry("deepseek", output_cost_per_token=2e-06)
    [offer] = offers(page(**{"d": one | other, "deepseek/d": one}))
    assert {price.unit for price in offer.components} == {"input_tokens", "output_tokens"}
    [offer] = offers(page(**{"d": one, "deepseek/d": other}))
    assert {price.unit for price in offer.components} == {"input_tokens", "output_tokens"}


def test_two_keys_that_contradict_each_other_say_nothing_and_are_named() -> None:
    one, other = entry("deepseek", input_cost_per_token=1e-06), entry("deepseek", input_cost_per_token=2e-06)
    asked = page(**{"d": one, "deepseek/d": other})
    assert rejected(asked) == [("not_a_price", "d")]
    assert dict(asked.unread) == {"deepseek/d: another key has another price for input_tokens": 1}


def test_two_fields_that_contradict_each_other_say_nothing_either() -> None:
    asked = page(m=entry(cache_read_input_token_cost=1e-07, input_cost_per_token_cache_hit=2e-07))
    assert rejected(asked) == [("not_a_price", "m")]
    assert dict(asked.unread) == {"m: two fields for cache_read_tokens, two prices": 1}


def test_searches_of_three_sizes_at_one_price_are_one_price() -> None:
    sizes = ("search_context_size_low", "search_context_size_high")
    assert only("m", search_context_cost_per_query=dict.fromkeys(sizes, 0.01)).components[0].unit == "web_searches"
    assert unread(m=entry(search_context_cost_per_query=dict(zip(sizes, (0.01, 0.02), strict=True)))) == {
        "search_context_cost_per_query": 1
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"prices": []}', b'{"m": {"litellm_provider": "o', b"\xff"])
def test_what_is_not_such_a_map_is_said_by_name(body: bytes) -> None:
    with pytest.raises(PageChanged):
        list(offers(Page("https://map.example", body, "application/json", datetime.now(UTC))))


def test_a_value_that_is_no_entry_is_named_and_the_rest_is_read() -> None:
    assert unread(m=entry(input_cost_per_token=1e-06), _meta="of today") == {"'_meta' is not an entry": 1}


def test_what_bears_on_no_price_is_not_read_again() -> None:
    """Most entries that change from version to version change in what they say of the model's abilities."""
    body = json.dumps(entry(input_cost_per_token=2e-6, max_tokens=4096)).encode()
    first = read_entry("gpt-1", body)
    assert read_entry("gpt-1", body.replace(b"4096", b"8192")) is first
    assert read_entry("gpt-1", body.replace(b"2e-06", b"3e-06")) != first
    assert read_entry("gpt-1", body.replace(b"chat", b"embedding")) is not first
    [no_number, *_] = read_entry("gpt-1", body.replace(b"2e-06", b"true")).unread
    assert no_number == "gpt-1: input_cost_per_token is 'True', not a number"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b'{"input_cost_per_token": 1'])
def test_what_is_no_object_is_no_entry(body: bytes) -> None:
    assert read_entry("gpt-1", body).unread == ("'gpt-1' is not an entry",)
