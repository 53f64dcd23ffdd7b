"""xAI's page in Markdown, as documented; the one real capture is converted, so its shape is rebuilt by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

NEW, OLD, CATALOGUE = "xai/2026-09-12", "xai/2026-05-08", "xai/2026-10-12"


def test_under_and_from_a_size_of_prompt_are_two_prices() -> None:
    offers = extract(saved(NEW), "xai")
    under, from_size = Conditions(max_input_tokens=199_999), Conditions(min_input_tokens=200_000)
    assert cell(offers, "grok-4.7", "standard", "cache_read_tokens", under).amount == Decimal("0.50")
    assert cell(offers, "grok-4.7", "standard", "output_tokens", from_size).amount == 12
    assert len([offer for offer in offers if offer.model == "grok-4.7"]) == 1


def test_notes_and_free_are_terms() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(NEW), "xai") if offer.terms}
    assert terms == {"grok-4.3": ("deprecated",), "grok-4.8-preview": ("free",)}


def test_images_and_seconds_of_video_have_their_own_units() -> None:
    offers = extract(saved(NEW), "xai")
    assert cell(offers, "grok-imagine-image", "standard", "images").per == 1
    assert cell(offers, "grok-imagine-video", "standard", "video_seconds").amount == Decimal("0.05")


def test_voice_and_images_of_several_sizes_are_reported() -> None:
    page = saved(NEW)
    extract(page, "xai")
    assert page.unread == {
        "table: Voice Pricing": 2,
        "grok-imagine-image-2: $0.02 / image (1k), $0.07 / image (2k)": 1,
    }


def test_a_unit_may_be_said_in_the_headers_below_the_table_or_in_both_places() -> None:
    both = extract(saved(NEW), "xai")
    assert extract(altered(NEW, "*Prices shown per million tokens. ", "*"), "xai") == both
    assert extract(altered(NEW, " / 1M tokens |", " |"), "xai") == both


def test_a_unit_that_is_said_once_holds_for_the_columns_without_one() -> None:
    price = cell(extract(saved(OLD), "xai"), "grok-4.20-0309-reasoning", "standard", "output_tokens")
    assert (price.amount, price.per) == (Decimal("2.50"), 1_000_000)


def test_the_catalogue_says_per_cluster_what_costs_more_there_and_what_else_it_sells() -> None:
    page = saved(CATALOGUE)
    offers = [(offer.model, offer.region) for offer in extract(page, "xai")]
    assert offers == [("grok-5.1", ""), ("grok-5-mini", ""), ("grok-4-old", "eu-west-1"), ("grok-5.1", "us-central-1")]
    assert page.unread == {
        "imageGenerationModels: grok-picture": 1,
        "audioModels: grok-voice": 1,
        "promptImageTokenPrice": 5,
        "batchDiscountPercent": 1,
        "grok-5-preview: no price": 1,
        "table: Models": 1,
    }


def test_a_sentence_says_what_a_model_costs_at_the_endpoint_in_the_united_states() -> None:
    # As on 2026-10-03: of one model in amounts, of the other that it is 1.1x.
    said = (
        "For `grok-4.7` this is $2.30 / $0.58 / $6.90 per 1M tokens (input / cached input / output) below 200k prompt "
        "tokens, and $4.60 / $1.16 / $13.80 above. The multiplier applies to all of them.\n"
    )
    page = altered(NEW, "## Voice Pricing", f"## US Regional Endpoint Pricing\n\n{said}\n## Voice Pricing")
    offers = extract(page, "xai")
    assert [offer for offer in offers if offer.region != "us"] == extract(saved(NEW), "xai")
    under, from_size = Conditions(max_input_tokens=199_999), Conditions(min_input_tokens=200_000)
    assert cell(offers, "grok-4.7", "standard", "cache_read_tokens", under, "us").amount == Decimal("0.58")
    assert cell(offers, "grok-4.7", "standard", "output_tokens", from_size, "us").amount == Decimal("13.80")
    other = replace(page, body=page.body.replace(b"this is $2.30", b"that is $2.30"))
    assert extract(other, "xai") == extract(saved(NEW), "xai")
    assert other.unread["For grok-4.7 that is $2.30 / $0.58 / $6.90 per 1M tokens (in"] == 1
    with pytest.raises(PageChanged, match="is not what is put in, cached and put out"):
        extract(replace(page, body=page.body.replace(b"$2.30 / $0.58 /", b"$2.30 /")), "xai")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (OLD, "Prices shown per million tokens", "Prices shown per token", "no unit"),
        (NEW, "Input / 1M tokens |", "Input / 1K tokens |", "unknown columns"),
        (NEW, "Cached input / 1M tokens", "Cache / 1M tokens", "unknown columns"),
        (NEW, "Output / 1M tokens", "Answer / 1M tokens", "unknown columns"),
        (NEW, "| Output / 1M tokens |", "| Input / 1M tokens |", "lacks a column|2 columns"),
        (NEW, "| Model | Context |", "| Name | Context |", "unknown columns|no column"),
        (NEW, "(≥ 200k prompt tokens)", "(long prompt tokens)", "for which prompts"),
        (NEW, "(≥ 200k prompt tokens)", "(< 200k prompt tokens)", "two prices"),
        (NEW, "| grok-4.7 (<", "| Grok 4.7 (<", "not the id"),
        (NEW, "$2.00", "€2.00", "not in USD"),
        (NEW, "$2.00", "from $2.00", "not one amount"),
        (NEW, "$2.00", "$2.00 / image", "two prices|not a price"),
        # https://docs.x.ai/developers/models.md, spring 2026: it nowhere said of how many tokens.
        (OLD, "| Input | Output |", "| In | Pricing [in (cached in) / out] |", "under unknown headers"),
        (CATALOGUE, '"longContextThreshold":"200000"', '"threshold":"200000"', "long prompts from 0 tokens"),
        (CATALOGUE, "PriceLongContext", "PriceOverContext", "unknown prices"),
        (CATALOGUE, '"completionTextTokenPrice"', '"outputTextTokenPrice"', "unknown prices"),
        (CATALOGUE, '"promptTextTokenPrice":"20000"', '"promptTextTokenPrice":"$n20000"', "not a decimal price"),
        (CATALOGUE, '"clusterName"', '"name"', "catalogue is not as it was"),
        (CATALOGUE, '"clusterConfigs"', '"clusters"', "catalogue is not as it was"),
        (CATALOGUE, "__XAI_PUBLIC_MODELS__", "__XAI_MODELS__", "under unknown headers"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "xai")


def test_a_page_without_models_is_refused() -> None:
    with pytest.raises(PageChanged, match="no table of models"):
        extract(replace(saved(NEW), body=b"# Pricing\n"), "xai")
