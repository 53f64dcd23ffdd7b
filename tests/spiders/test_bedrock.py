"""Amazon Bedrock's price lists in their documented shape, trap by trap."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from crawler.spiders.bedrock import Bedrock
from tests.spiders.reading import altered, cell, extract, saved

OWN, PARTNERS = "bedrock/2026-08-04", "bedrock/2026-08-05"


def test_the_unit_of_each_price_is_read_and_never_assumed() -> None:
    offers = extract(saved(OWN), "bedrock")
    nova = cell(offers, "NovaLite", "standard", "input_tokens", region="us-east-1")
    grok = cell(offers, "xai.grok-4.3-mantle", "standard", "output_tokens", region="us-east-1")
    assert [(price.amount, price.per) for price in (nova, grok)] == [
        (Decimal("0.00006"), 1_000),
        (Decimal("1.25"), 1_000_000),
    ]


def test_batch_and_global_routing_are_offers_of_their_own() -> None:
    offers = extract(saved(OWN), "bedrock")
    found = {(offer.tier, offer.region): offer.components[0].amount for offer in offers if offer.model == "NovaLite"}
    assert found == {
        ("standard", "us-east-1"): Decimal("0.00006"),
        ("batch", "us-east-1"): Decimal("0.00003"),
        ("standard", "us-east-1/global"): Decimal("0.000055"),
        ("batch", "us-east-1/global"): Decimal("0.00011"),
    }


def test_claude_is_read_in_the_names_of_both_generations_and_long_contexts_keep_theirs() -> None:
    offers = extract(saved(PARTNERS), "bedrock")
    for model, amount in {"Claude Sonnet 4.5": "3.3", "Claude Opus 5": "5.5"}.items():
        price = cell(offers, model, "standard", "input_tokens", region="us-east-1")
        assert (price.amount, price.per) == (Decimal(amount), 1_000_000)
    long = {offer.model: offer.components[0].amount for offer in offers if "long context" in offer.model}
    assert long == {
        "Claude Sonnet 4.5 (long context)": Decimal("6.0000000001"),
        "OpenAI GPT-6 Astra (long context)": Decimal(21),
    }


def test_claude_has_prices_of_the_region_and_global_ones_with_both_cache_lifetimes() -> None:
    offers = extract(saved(PARTNERS), "bedrock")
    amounts = {
        unit: cell(offers, "Claude Sonnet 4.5", "standard", unit, region="us-east-1/global").amount
        for unit in ("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    }
    assert list(amounts.values()) == list(map(Decimal, ("3", "0.3", "3.75", "6")))
    assert cell(offers, "Claude Sonnet 4.5", "standard", "input_tokens", region="us-east-1").amount == Decimal("3.3")


def test_what_is_not_understood_is_reported_by_its_usage_type() -> None:
    own, partners = saved(OWN), saved(PARTNERS)
    extract(own, "bedrock")
    extract(partners, "bedrock")
    assert own.unread == {
        "NovaLite-cache-write-input-token-count per 1K tokens": 1,
        "NovaLite-input-tokens-custom-model per 1K tokens": 1,
        "Nova-cache-write-2h-input-token-count per 1K tokens": 1,
        "NovaPro-ProvisionedThroughput-NoCommit per hour": 1,
        "Nova2.0-input-tokens per 1K tokens": 1,
    }
    assert partners.unread == {
        "MP:USE1_cached_input_tokens_standard-Units per 1M tokens": 1,
        "MP:USE1_InputTokenCount-Units per 1M tokens": 1,
        "MP:USE1_created_image-Units per images": 1,
    }


def test_the_index_of_regions_leads_to_their_lists() -> None:
    url = Bedrock.start_urls[0]
    index = replace(saved(OWN), url=url, body=b'{"regions": {"us-east-1": {}, "eu-west-1": {}}}')
    assert extract(index, "bedrock") == []
    assert list(Bedrock().next_urls(index)) == [
        f"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBedrock/current/{region}/index.json"
        for region in ("us-east-1", "eu-west-1")
    ]
    assert list(Bedrock().next_urls(saved(OWN))) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.0000600000", "a few cents", "not a decimal price"),
        ("0.0000600000", "-0.00006", "not a decimal price"),
        ("NovaLite-input-tokens-cross-region-global", "NovaLite-input-tokens", "two prices for input_tokens"),
        ('"priceDimensions"', '"dimensions"', "priceDimensions"),
        ('"pricePerUnit"', '"price"', "pricePerUnit"),
        ('"products"', '"goods"', "products"),
        ('"attributes"', '"traits"', "attributes"),
    ],
)
def test_a_list_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(OWN, old, new), "bedrock")


def test_a_list_without_products_and_an_index_without_regions_are_refused() -> None:
    with pytest.raises(PageChanged, match="no price was found"):
        extract(replace(saved(OWN), body=b'{"products": {}, "terms": {}}'), "bedrock")
    index = replace(saved(OWN), url=Bedrock.start_urls[0], body=b"{}")
    with pytest.raises(PageChanged, match="regions"):
        list(Bedrock().next_urls(index))
