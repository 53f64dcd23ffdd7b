"""Usage types: what is understood is read, and a word that is no part of a name is never taken for one."""

import pytest

from crawler.usagetypes import Usage, usage

EDITION = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"


@pytest.mark.parametrize(
    ("usagetype", "expected"),
    [
        ("USE1-NovaLite-input-tokens", Usage("NovaLite", "input_tokens", "standard", "")),
        ("APN1-Qwen3-32B-output-tokens-priority", Usage("Qwen3-32B", "output_tokens", "priority", "")),
        ("EUC1-NovaPro-cache-read-input-token-count", Usage("NovaPro", "cache_read_tokens", "standard", "")),
        ("USE1-NovaPro-cache-write-tokens", Usage("NovaPro", "cache_write_tokens", "standard", "")),
        ("USE1-NovaPro-output-tokens-batch", Usage("NovaPro", "output_tokens", "batch", "")),
        ("USE1-NovaPro-input-tokens-cross-region-global", Usage("NovaPro", "input_tokens", "standard", "global")),
        ("USE1-NovaSonic2.0-speech-input-tokens", Usage("NovaSonic2.0", "input_audio_tokens", "standard", "")),
        ("USE1-NovaSonic2.0-text-output-tokens", Usage("NovaSonic2.0", "output_tokens", "standard", "")),
        ("USE1-zai.glm-5-mantle-input-tokens-flex", Usage("zai.glm-5-mantle", "input_tokens", "flex", "")),
    ],
)
def test_a_usage_type_says_model_unit_tier_and_zone(usagetype: str, expected: Usage) -> None:
    assert usage(usagetype, "Amazon Bedrock") == expected


def test_the_model_of_a_partner_is_the_name_of_its_service() -> None:
    billed = usage("USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units", EDITION)
    assert billed == Usage("Claude Sonnet 4.5", "cache_write_1h_tokens", "standard", "global")


@pytest.mark.parametrize(
    "usagetype",
    [
        "USE1-NovaLite-input-tokens-custom-model",
        "USE1-Llama3-1-70B-latency-optimized-input-tokens",
        "USE1-NovaPro-cache-write-1h-input-token-count",
        "USE1-NovaPro-Customization-Training",
        "USE1-NovaSonic-speech-cache-read-input-token-count",
        "USE1-NovaPro-input-tokens-long",
        "USE1-MP:USE1_InputTokenCount_LCtx-Units",
        "USE1-MP:USE1_InputTokenCount-Units",
        "NovaLite-input-tokens",
        "",
    ],
)
def test_a_usage_type_that_is_not_understood_is_none(usagetype: str) -> None:
    assert usage(usagetype, "Amazon Bedrock") is None
