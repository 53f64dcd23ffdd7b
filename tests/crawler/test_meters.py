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
        # Of other months: 2024-06, 2024-12, 2025-04, 2025-06, 2025-09, 2025-10, 2026-05 and 2026-08.
        ("gpt4o realtime cached audio inp regn", "gpt4o-realtime", "cache_read_audio_tokens", "standard", "regional"),
        ("gpt4o rtime cached txt inp rgnl", "gpt4o-rtime", "cache_read_tokens", "standard", "regional"),
        ("gpt-4o-mini-tts-aud-out-glbl", "gpt-4o-mini-tts", "output_audio_tokens", "standard", "global"),
        ("gpt-4o-transcribe-aud-inp-glbl", "gpt-4o-transcribe", "input_audio_tokens", "standard", "global"),
        ("gpt-4o-transcribe-txt-out-dz", "gpt-4o-transcribe", "output_tokens", "standard", "datazone"),
        ("GPT 5 Rsng Batch Inpt cchd Dzone", "gpt-5-rsng", "cache_read_tokens", "batch", "datazone"),
        ("gpt-35-turbo16K-FT-Inp-glbl", "gpt-35-turbo16k-ft", "input_tokens", "standard", "global"),
        ("gpt-4-turbo-128K Output-regional", "gpt-4-turbo-128k", "output_tokens", "standard", "regional"),
        ("embedding-ada-regional", "embedding-ada", "input_tokens", "standard", "regional"),
        ("gpt-4o-rt-txt-0603 cchd Inp DZn", "gpt-4o-rt-0603", "cache_read_tokens", "standard", "datazone"),
        ("gpt-4o-rt-aud-0603 Outp glbl", "gpt-4o-rt-0603", "output_audio_tokens", "standard", "global"),
        ("gpt-4o-aud-0603-txt Inp DZone", "gpt-4o-aud-0603", "input_tokens", "standard", "datazone"),
        ("gpt rt img 0828 cchd Inp DZn", "gpt-rt-0828", "cache_read_image_tokens", "standard", "datazone"),
        ("gpt img 1 mini inp txt glbl", "gpt-img-1-mini", "input_tokens", "standard", "global"),
        ("gpt img 1 mini inp img glbl", "gpt-img-1-mini", "input_image_tokens", "standard", "global"),
        ("gpt 4o tcrb d txt out dz", "gpt-4o-tcrb-d", "output_tokens", "standard", "datazone"),
        ("gpt 4o tcrb d aud inp dz", "gpt-4o-tcrb-d", "input_audio_tokens", "standard", "datazone"),
        ("5.5 ShortCo PP opt Dz", "5.5-shortco", "output_tokens", "priority", "datazone"),
        ("5.5 LongCo cd inp Gl", "5.5-longco", "cache_read_tokens", "standard", "global"),
        ("5.6 terra ShortCo Inp Std Gl", "5.6-terra-shortco", "input_tokens", "standard", "global"),
        ("5.6 terra ShortCo Cd Wr Std Gl", "5.6-terra-shortco", "cache_write_tokens", "standard", "global"),
        ("Claude Opus 4.5 Cache Write 5m glbl", "claude-opus-4.5", "cache_write_tokens", "standard", "global"),
        # Of 2026-10.
        ("FW DeepSeek-V4-Pro Ch Inp DZ", "fw-deepseek-v4-pro", "cache_read_tokens", "standard", "datazone"),
        ("FW GPT OSS 120B Cache Inp DZ", "fw-gpt-oss-120b", "cache_read_tokens", "standard", "datazone"),
        ("gpt-5-codex-ccchd-inp-glbl", "gpt-5-codex", "cache_read_tokens", "standard", "global"),
        ("embedding-ada-datazone", "embedding-ada", "input_tokens", "standard", "datazone"),
        ("gpt4o realtimePrvw audio outp glbl", "gpt4o-realtimeprvw", "output_audio_tokens", "standard", "global"),
        ("gpt4o mn trscb aud 1215 inp Gl", "gpt4o-mn-trscb-1215", "input_audio_tokens", "standard", "global"),
        ("Image 2 Output glbl", "image-2", "output_image_tokens", "standard", "global"),
        ("Image 2 Text Input glbl", "image-2", "input_tokens", "standard", "global"),
        ("Image 2.5 Flash Image Input glbl", "image-2.5-flash", "input_image_tokens", "standard", "global"),
        ("Img 2.6 Flash Text In Glbl", "img-2.6-flash", "input_tokens", "standard", "global"),
        ("V4 Flash 0731 cached glbl", "v4-flash-0731", "cache_read_tokens", "standard", "global"),
        ("chat-latest 08062026 cd inp Gl", "chat-latest-08062026", "cache_read_tokens", "standard", "global"),
        ("Claude Opus 4.5 Cache Write 1h glbl", "claude-opus-4.5", "cache_write_1h_tokens", "standard", "global"),
        # Of 2025-12 to 2026-10: "Fl" is flex, "rg" regional, and words run together.
        ("56luna ShCo Opt Fl Gl", "56luna-shco", "output_tokens", "flex", "global"),
        ("56sol LoCo Cd Wr Fl Gl", "56sol-loco", "cache_write_tokens", "flex", "global"),
        ("54 pro longco inp Flex Gl", "54-pro-longco", "input_tokens", "flex", "global"),
        ("6-astra LongCo Cd Wr Flex Gl", "6-astra-longco", "cache_write_tokens", "flex", "global"),
        ("6.1-sol ShCo Cd Inp Std DZ", "6.1-sol-shco", "cache_read_tokens", "standard", "datazone"),
        ("gpt aud mn txt in rg 1215", "gpt-aud-mn-1215", "input_tokens", "standard", "regional"),
        ("gpt rt img mn cchd in gl 1215", "gpt-rt-mn-1215", "cache_read_image_tokens", "standard", "global"),
        ("gpt4o realtimePrvwTxtOutp DataZone", "gpt4o-realtimeprvw", "output_tokens", "standard", "datazone"),
        ("gpt4o realtimePrvwAudInp DataZone", "gpt4o-realtimeprvw", "input_audio_tokens", "standard", "datazone"),
        ("Phi-4-Mini MM-Audio-In", "phi-4-mini-mm", "input_audio_tokens", "standard", ""),
        ("Phi-4-Mini MM-Output", "phi-4-mini-mm", "output_tokens", "standard", ""),
        ("gpt img 1.5 in cd txt gl", "gpt-img-1.5", "cache_read_tokens", "standard", "global"),
        ("Image 2 img Batch cd inp DZ", "image-2", "cache_read_image_tokens", "batch", "datazone"),
    ],
)
def test_a_meter_says_model_unit_tier_and_zone(name: str, model: str, unit: str, tier: str, zone: str) -> None:
    assert meter(name) == Meter(model, unit, tier, zone)


@pytest.mark.parametrize(
    ("name", "product", "model"),
    [
        ("4.7 Inp DZ L", "Azure Grok Models", "grok-4.7-l"),
        ("Grok 4.2 Inp Dzone", "Azure Grok Models", "grok-4.2"),
        ("3.3 70b Inp FT DZ", "Azure Llama Models", "llama-3.3-70b-ft"),
        ("32b Outp FT DZ", "Qwen models", "qwen-32b-ft"),
        ("Image 2 Output DZ", "MAI Models", "mai-image-2"),
        ("Img 2.6 Flash Text In Glbl", "MAI Models", "mai-img-2.6-flash"),
        ("MAI-Thinking-1 Cd Inp glbl", "MAI Models", "mai-thinking-1"),
        ("Image 2 img opt DZ", "Azure OpenAI Media", "image-2"),
        ("5.4 inp Dz", "Azure OpenAI GPT5", "5.4"),
        ("V4.1 Flash Input DZ", "Azure Deepseek Models", "v4.1-flash"),
    ],
)
def test_a_name_that_is_only_a_version_or_an_image_says_its_maker(name: str, product: str, model: str) -> None:
    found = meter(name, product)
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize(
    "name",
    [
        "MAI x",
        "32b FT DZ",
        "Ministral 3bFTregnl",
        "Microsoft Decision 1",
        "OSS-20b FT",
        "Model Routers DZ",
        "Claude Cache Write Inp glbl",
        "Inp glbl",
        "davinci-002-FT-Trng-regnl tkn",
        "gpt-4.1-mini FT Training regional",
    ],
)
def test_a_meter_without_a_direction_or_a_model_is_none(name: str) -> None:
    assert meter(name) is None


@pytest.mark.parametrize(
    "name", ["gpt 5 Inp Outp glbl", "gpt 5 Inp glbl DZone", "gpt 5 Batch pp Inp", "gpt 5 cd Outp", "gpt 5 wr aud cd"]
)
def test_a_meter_that_says_two_things_is_refused(name: str) -> None:
    with pytest.raises(PageChanged, match="two ways"):
        meter(name)
