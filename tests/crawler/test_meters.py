"""Meters: each abbreviation is read once, and what cannot be told is not guessed."""

import pytest

from crawler.failures import PageChanged
from crawler.meters import Meter, meter


@pytest.mark.parametrize(
    ("name", "model", "unit", "tier", "zone"),
    [
        ("gpt 4o 1120 Inp glbl", "gpt-4o-1120", "input_tokens", "standard", "global"),
        ("gpt-4o-0806-Outp-regnl", "gpt-4o-0806", "output_tokens", "standard", "regional"),
        ("gpt 4o mini0718 BatchOutp DataZone", "gpt-4o-mini-0718", "output_tokens", "batch", "datazone"),
        ("o3 mini 0131 cached input Data Zone", "o3-mini-0131", "cache_read_tokens", "standard", "datazone"),
        ("5.1 codex mini cd inp Dz", "5.1-codex-mini", "cache_read_tokens", "standard", "datazone"),
        ("gpt 41 mn cd pp inp glb", "gpt-41-mn", "cache_read_tokens", "priority", "global"),
        ("gpt 41 prty out dzone", "gpt-41", "output_tokens", "priority", "datazone"),
        ("codex mini inp cchd rgnl", "codex-mini", "cache_read_tokens", "standard", "regional"),
        ("gpt aud mini Outp glbl", "gpt-aud-mini", "output_audio_tokens", "standard", "global"),
        ("gpt aud mini txt Outp glbl", "gpt-aud-mini", "output_tokens", "standard", "global"),
        ("gpt rt aud 0828 cchd Inp glbl", "gpt-rt-0828", "cache_read_audio_tokens", "standard", "global"),
        ("Embed v4 Img DZ", "embed-v4", "input_image_tokens", "standard", "datazone"),
        ("Voice Live API Std- LLM Audio Cached", "voice-live-api-std-llm", "cache_read_audio_tokens", "standard", ""),
        ("text-embedding-3-large-glbl", "text-embedding-3-large", "input_tokens", "standard", "global"),
        ("GPT-OSS-20b-IN-FT", "gpt-oss-20b-ft", "input_tokens", "standard", ""),
        ("DeepSeek R1 Outp", "deepseek-r1", "output_tokens", "standard", ""),
    ],
)
def test_a_meter_says_model_unit_tier_and_zone(name: str, model: str, unit: str, tier: str, zone: str) -> None:
    assert meter(name) == Meter(model, unit, tier, zone)


@pytest.mark.parametrize("name", ["OSS-20b FT", "Model Routers DZ", "Claude Cache Write Inp glbl", "Inp glbl"])
def test_a_meter_without_a_direction_or_a_model_is_none(name: str) -> None:
    assert meter(name) is None


@pytest.mark.parametrize("name", ["gpt 5 Inp Outp glbl", "gpt 5 Inp glbl DZone", "gpt 5 Batch pp Inp", "gpt 5 cd Outp"])
def test_a_meter_that_says_two_things_is_refused(name: str) -> None:
    with pytest.raises(PageChanged, match="two ways"):
        meter(name)
