"""Who bills, by a map's own names: explicit, and word for word what our spiders declare."""

import pytest

from crawler.maps.billers import _BILLERS, PROVIDERS, SELL_NO_TOKENS, Biller, litellm_biller
from crawler.reading import spider_class, spider_names


@pytest.mark.parametrize("name", spider_names())
def test_a_provider_is_called_the_same_in_a_map_as_in_its_own_spider(name: str) -> None:
    own = spider_class(name).provider
    assert PROVIDERS.get(own.slug, own) == own


def test_every_name_leads_to_a_declared_provider_and_none_is_both_known_and_left_out() -> None:
    assert {biller.slug for biller in _BILLERS.values()} <= PROVIDERS.keys()
    assert not _BILLERS.keys() & SELL_NO_TOKENS


@pytest.mark.parametrize(
    ("name", "biller"),
    [
        ("openai", Biller("openai", "openai")),
        ("gemini", Biller("google", "gemini")),
        ("vertex_ai-anthropic_models", Biller("google-vertex", "vertex_ai")),
        ("vertex_ai", Biller("google-vertex", "vertex_ai")),
        ("bedrock_converse", Biller("aws-bedrock", "bedrock")),
        ("dashscope", Biller("alibaba", "dashscope")),
        ("fireworks_ai-embedding-models", Biller("fireworks", "fireworks_ai")),
        ("azure_ai", Biller("azure", "azure_ai")),
        ("nobody", None),
        ("ollama", None),
    ],
)
def test_a_map_names_who_bills(name: str, biller: Biller | None) -> None:
    assert litellm_biller(name) == biller
