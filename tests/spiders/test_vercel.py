"""Vercel's model list, trap by trap, in its documented shape."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

PAGE = "vercel/2026-09-15"


def test_the_first_tier_is_the_base_price_and_the_others_have_inclusive_bounds() -> None:
    offers = extract(saved(PAGE), "vercel")
    middle, long = Conditions(32_001, 128_000), Conditions(128_001)
    for unit, amounts in {
        "input_tokens": ("1.2e-6", "2.4e-6", "3e-6"),
        "output_tokens": ("6e-6", "12e-6", "15e-6"),
    }.items():
        found = [cell(offers, "alibaba/qwen3-max", "standard", unit, when) for when in (Conditions(), middle, long)]
        assert [price.amount for price in found] == list(map(Decimal, amounts))
        assert {price.per for price in found} == {1}


def test_a_tier_without_a_base_price_keeps_its_upper_bound() -> None:
    page = altered(PAGE, '"input": "0.0000012", "output"', '"output"')
    price = cell(extract(page, "vercel"), "alibaba/qwen3-max", "standard", "input_tokens", Conditions(None, 32_000))
    assert price.amount == Decimal("0.0000012")


def test_service_tiers_are_offers_of_their_own() -> None:
    page = saved(PAGE)
    offers = extract(page, "vercel")
    found = {offer.tier: offer.components[0].amount for offer in offers if offer.model == "openai/gpt-5.6-sol"}
    assert found == {"standard": Decimal("4e-6"), "flex": Decimal("2e-6"), "priority": Decimal("8e-6")}
    prices = {"price key web_search": 1, "service tier turbo": 1, "price key image": 1, "price key peak_pricing": 1}
    speech = {"price key input of speech models": 1, "price key speech_input_character_cost": 1}
    assert page.unread == {**prices, **speech, "models without pricing": 1}


@pytest.mark.parametrize(("tier", "unit", "amount"), [("flex", "output", "15e-6"), ("priority", "input", "16e-6")])
def test_a_threshold_is_where_the_tiers_of_the_model_go_on_or_one_less(tier: str, unit: str, amount: str) -> None:
    offers = extract(saved(PAGE), "vercel")
    long = cell(offers, "openai/gpt-5.6-sol", tier, f"{unit}_tokens", Conditions(272_001))
    assert long.amount == Decimal(amount)


def test_a_threshold_beside_which_no_tier_goes_on_is_reported() -> None:
    page = altered(PAGE, '"threshold": 272000', '"threshold": 200000')
    offers = {offer.tier: offer for offer in extract(page, "vercel") if offer.model == "openai/gpt-5.6-sol"}
    assert {price.conditions for price in offers["flex"].components} == {Conditions()}
    assert page.unread["long context from 200000 on"] == 1


def test_regions_and_their_fast_tiers_are_offers_of_their_own() -> None:
    offers = [offer for offer in extract(saved(PAGE), "vercel") if offer.model == "anthropic/claude-opus-5.5"]
    assert {(offer.tier, offer.region): offer.components[0].amount for offer in offers} == {
        ("standard", ""): Decimal("4e-6"),
        ("fast", ""): Decimal("24e-6"),
        ("standard", "us"): Decimal("4.4e-6"),
        ("fast", "us"): Decimal("26.4e-6"),
        ("standard", "eu"): Decimal("4.5e-6"),
    }
    long = cell(offers, offers[0].model, "standard", "input_tokens", Conditions(200_001), region="eu")
    assert long.amount == Decimal("9e-6")


def test_what_speech_costs_by_the_character_is_no_price_of_tokens() -> None:
    [tts] = [offer for offer in extract(saved(PAGE), "vercel") if offer.model == "openai/tts-1"]
    assert (tts.components, tts.terms) == ((), ("no price of tokens is stated",))


def test_free_and_unpriced_and_varying_are_terms() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(PAGE), "vercel") if offer.terms}
    assert terms == {
        "anthropic/claude-sonnet-5": ("varies by provider",),
        "stealth/free-model": ("free",),
        "deepseek/deepseek-v4-pro": ("other prices at peak hours",),
        "cohere/rerank-v3.5": ("no price is stated",),
        "bfl/flux-2-pro": ("no price of tokens is stated",),
        "openai/tts-1": ("no price of tokens is stated",),
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"cost": "0.0000012"', '"cost": "0.0000013"', "alibaba/qwen3-max: the first tier of input_tokens"),
        ('"min": 32001, "max": 128001}', '"min": 40000, "max": 128001}', "do not follow each other"),
        ('{"cost": "0.000003", "min": 128001}', '{"cost": "0.000003", "min": 128001, "max": 256001}', "end at 256001"),
        ('"cost": "0.0000024"', '"price": "0.0000024"', "alibaba/qwen3-max: Object missing required field `cost`"),
        ('"regional": {"us": {', '"regional": {"us": "dearer", "de": {', "anthropic/claude-opus-5.5: Expected `object"),
        ('"fast": {"input": "0.000024", "output": "0.00012"}', '"fast": "0.000024"', "Expected `object"),
        ('"threshold": 272000', '"threshold": "272K"', "openai/gpt-5.6-sol: Expected `int`"),
        ('"input": "0.000004"', '"input": "-1"', "openai/gpt-5.6-sol: '-1' is not a decimal price"),
        ('"id": "alibaba', '"name": "alibaba', "id"),
        ('"data"', '"models"', "data"),
        ('"pricing"', '"prices"', "no price was found"),
    ],
)
def test_an_answer_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "vercel")
