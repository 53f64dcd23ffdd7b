"""Usage types: what is understood is read, and a word that is no part of a name is never taken for one."""

import pytest

from crawler.usagetypes import Usage, agrees, per, usage

EDITION = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"
NOVA, CLAUDE, LONG = "Nova2.0Lite", "Claude4Sonnet", "Claude4Sonnet (long context)"
SOL = "openai.gpt-5.6-mantle (long context)"
HERE, GLOBAL, GEO, FLEX = ("standard", ""), ("standard", "global"), ("standard", "geo"), ("flex", "")


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
        # Of 2026-06 to 2026-10, as people who read the lists quote them.
        ("USE1-Nova2.0Lite-input-tokens-flex-cross-region-global", Usage(NOVA, "input_tokens", "flex", "global")),
        ("USE1-Nova2.0Lite-output-tokens-cross-region-global-batch", Usage(NOVA, "output_tokens", "batch", "global")),
        ("USE1-Nova2.0Lite-input-image-token-count", Usage(NOVA, "input_image_tokens", "standard", "")),
        ("USE1-Nova2.0Lite-text-input-tokens-priority", Usage(NOVA, "input_tokens", "priority", "")),
        ("USE1-Nova2.0Lite-input-tokens-latency-optimized", Usage(NOVA, "input_tokens", "latency-optimized", "")),
        ("USE1-Claude4Sonnet-output-tokens-long-context-cross-region-global", Usage(LONG, "output_tokens", *GLOBAL)),
        ("EU-Claude4Sonnet-cache-write-input-token-count-long-context", Usage(LONG, "cache_write_tokens", *HERE)),
        ("USW2-Claude4Sonnet-cache-read-input-token-count-cross-region-geo", Usage(CLAUDE, "cache_read_tokens", *GEO)),
        ("USE1-openai.gpt-5.6-mantle-cache-write-tokens-5m-long-ctx-flex", Usage(SOL, "cache_write_tokens", *FLEX)),
        ("USE1-openai.gpt-5.6-mantle-cache-write-tokens-30m-long-ctx-flex", Usage(SOL, "cache_write_tokens", *FLEX)),
        (
            "USW2-x.y-mantle-cache-write-tokens-1h-global-standard",
            Usage("x.y-mantle", "cache_write_1h_tokens", *GLOBAL),
        ),
        ("USE1-Claude4Sonnet-cache-write-1h-input-token-count", Usage(CLAUDE, "cache_write_1h_tokens", *HERE)),
        ("USE1-Claude4Sonnet-cache-write-input-token-count-1-hour", Usage(CLAUDE, "cache_write_1h_tokens", *HERE)),
        ("USE1-Claude4Sonnet-cacheread-tokens", Usage(CLAUDE, "cache_read_tokens", *HERE)),
        ("USE1-GPT-OSS-Safeguard-20B-input-tokens", Usage("GPT-OSS-Safeguard-20B", "input_tokens", *HERE)),
        ("USE1-TitanEmbeddingsG1-Image-input-tokens", Usage("TitanEmbeddingsG1-Image", "input_tokens", *HERE)),
    ],
)
def test_a_usage_type_says_model_unit_tier_and_zone(usagetype: str, expected: Usage) -> None:
    assert usage(usagetype, "Amazon Bedrock") == expected


@pytest.mark.parametrize(
    ("billed", "unit", "tier", "zone"),
    [
        ("InputTokenCount", "input_tokens", *HERE),
        ("CacheWrite1hInputTokenCount_Global", "cache_write_1h_tokens", *GLOBAL),
        ("OutputTokenCount_Global_Batch", "output_tokens", "batch", "global"),
        ("OutputTokenCount_Batch_Global", "output_tokens", "batch", "global"),
        ("MillionBatchInputTokens", "input_tokens", "batch", ""),
        ("MillionBatchOutputTokens", "output_tokens", "batch", ""),
        ("OutputTokenCount_LatencyOptimized", "output_tokens", "latency-optimized", ""),
        ("input_tokens_standard", "input_tokens", *HERE),
        ("output_tokens_global_batch", "output_tokens", "batch", "global"),
        ("cache_read_tokens_flex", "cache_read_tokens", *FLEX),
        ("cache_write_tokens_standard", "cache_write_tokens", *HERE),
        ("cache_write_tokens_1h_global_standard", "cache_write_1h_tokens", *GLOBAL),
        ("cache_write_tokens_30m_global_standard", "cache_write_tokens", *GLOBAL),
    ],
)
def test_the_model_of_a_partner_is_the_name_of_its_service(billed: str, unit: str, tier: str, zone: str) -> None:
    assert usage(f"USE1-MP:USE1_{billed}-Units", EDITION) == Usage("Claude Sonnet 4.5", unit, tier, zone)


@pytest.mark.parametrize("billed", ["InputTokenCount_LCtx_Global", "input_tokens_long_ctx_global_standard"])
def test_a_long_context_stays_in_the_name_of_a_partners_model(billed: str) -> None:
    long = Usage("Claude Sonnet 4.5 (long context)", "input_tokens", "standard", "global")
    assert usage(f"USE1-MP:USE1_{billed}-Units", EDITION) == long


@pytest.mark.parametrize(
    "billed",
    [
        # Beside cache_read_tokens and cache_write_tokens_30m, and of what they cost before a price was lowered.
        "cached_input_tokens_standard",
        "cache_writes_tokens_standard",
        "input_tokens_standard_batch",
        "input_tokens_1h_standard",
        "InputTokenCount_Quantum",
        "MillionBatchInputTokens_Batch",
        "Reserved_1Month_InputTPM_Global",
        "ProvisionedThroughput_NoCommit_ModelUnits_Usage",
        "search_units",
    ],
)
def test_what_a_partner_bills_otherwise_is_none(billed: str) -> None:
    assert usage(f"USE1-MP:USE1_{billed}-Units", EDITION) is None


@pytest.mark.parametrize(
    "usagetype",
    [
        "USE1-NovaLite-input-tokens-custom-model",
        "USE1-Nova2.0Lite-reserved-1-month-input-tokens-per-minute",
        "USE1-Nova2.0Lite-cache-write-input-token-count-custom-model",
        "USE1-Nova2.0Lite-text-input-image-tokens",
        "USE1-NovaMultiModalEmbeddings-input-audio-second",
        "USE1-NovaPro-cache-write-2h-input-token-count",
        "USE1-NovaPro-cache-read-1h-input-token-count",
        "USE1-NovaPro-input-tokens-cross-region",
        "USE1-NovaPro-Customization-Training",
        "USE1-NovaSonic-speech-cache-read-input-token-count",
        "USE1-NovaPro-input-tokens-long",
        "USE1-MP:USE1_InputTokenCount-Units",
        "NovaLite-input-tokens",
        "",
    ],
)
def test_a_usage_type_that_is_not_understood_is_none(usagetype: str) -> None:
    assert usage(usagetype, "Amazon Bedrock") is None


@pytest.mark.parametrize(
    ("unit", "description", "expected"),
    [
        ("1K tokens", "$0.00006 per 1K tokens", 1_000),
        ("1M tokens", "", 1_000_000),
        ("MillionBatchInputTokens", "", 1_000_000),
        ("Units", "AWS Marketplace software usage|us-east-1|Million Input Tokens Regional", 1_000_000),
        ("Units", "AWS Marketplace software usage|eu-west-1|Million Response Tokens Global", 1_000_000),
        ("Units", "AWS Marketplace software usage|us-east-1|Price per 1 million input tokens", 1_000_000),
        ("Units", "AWS Marketplace software usage|us-east-1|Cache Write Tokens (1h TTL) - Standard, Global", 1_000_000),
        ("Units", "AWS Marketplace software usage|us-east-1|Input Tokens - Batch", 1_000_000),
        ("Units", "AWS Marketplace software usage|us-east-1|Thousand Input Tokens", None),
        ("Units", "AWS Marketplace software usage|us-east-1|Input Tokens", None),
        ("Units", "", None),
        ("1M TPM Hour", "", None),
        ("hour", "Million Input Tokens", None),
    ],
)
def test_a_price_is_per_what_the_unit_or_its_description_says(
    unit: str, description: str, expected: int | None
) -> None:
    assert per(unit, description) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, True),
        ({"feature": "On-demand Inference", "inferenceType": "Input tokens", "model": "Nova Pro"}, True),
        ({"service_tier": "standard"}, True),
        ({"feature": "Batch Inference"}, False),
        ({"feature": "BatchInference"}, False),
        ({"inferenceType": "Output tokens flex"}, False),
        ({"service_tier": "Priority"}, False),
        ({"model": "Nova Pro Latency Optimized"}, False),
        ({"feature": "Model Customization"}, False),
        ({"feature": "Provisioned Throughput"}, False),
    ],
)
def test_a_row_whose_attributes_say_otherwise_than_its_usage_type_is_no_price(
    said: dict[str, str], expected: bool
) -> None:
    assert agrees(Usage(NOVA, "input_tokens", "standard", ""), said) is expected
    assert agrees(Usage(NOVA, "input_tokens", "batch", ""), {"feature": "Batch Inference"})
