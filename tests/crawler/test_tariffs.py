"""Google's cells: every price of a cell, under its modality, size, date and quantity, or none at all."""

import pytest

from crawler import tariffs
from crawler.failures import PageChanged


def read(direction: str, text: str, named: str = "") -> list[str]:
    return [f"{c.unit} {c.amount} {c.as_dict()['conditions']}" for c in tariffs.components(direction, text, named)]


@pytest.mark.parametrize(
    ("direction", "text", "expected"),
    [
        ("input", "$0.30 (text / image / video) $1.00 (audio)", ["input_tokens 0.30 {}", "input_audio_tokens 1.00 {}"]),
        ("input", "$0.50 (text) $3.00 (audio / video)", [
            "input_tokens 0.50 {}", "input_audio_tokens 3.00 {}", "input_video_tokens 3.00 {}",
        ]),
        ("output", "$1.50", ["output_tokens 1.50 {}"]),
        ("output", "$10.00, prompts <= 200k tokens $15.00, prompts > 200k", [
            "output_tokens 10.00 {'max_input_tokens': 200000}", "output_tokens 15.00 {'min_input_tokens': 200001}",
        ]),
        ("context", "Same as Standard $0.05 (text / image / video) $0.10 (audio)", [
            "cache_read_tokens 0.05 {}", "cache_read_audio_tokens 0.10 {}",
        ]),
        ("context", "$0.03 (text)$1.00 / 1,000,000 tokens per hour (storage price)", [
            "cache_read_tokens 0.03 {}", "cache_storage_token_hours 1.00 {}",
        ]),
        ("context", "$0.025 / 1,000,000 tokens (text/image/video)", ["cache_read_tokens 0.025 {}"]),
        ("input", "$0.45 ($0.00012 per image)", ["input_tokens 0.45 {}"]),
        ("input", "$3.50 or $0.0053/min^*^ (audio)", ["input_audio_tokens 3.50 {}"]),
        ("input", "$2.10 (audio / image [video])", [
            "input_audio_tokens 2.10 {}", "input_image_tokens 2.10 {}", "input_video_tokens 2.10 {}",
        ]),
        ("output", "$21.00 or $0.004/min (text)", ["output_tokens 21.00 {}"]),
        ("output", "$9.00 (text) $17.50 (video)^*^", ["output_tokens 9.00 {}", "output_video_tokens 17.50 {}"]),
        ("output", "$30.00 per 1,000,000 tokens (images)", ["output_image_tokens 30.00 {}"]),
        ("output", "Non-thinking: $0.60 Thinking: $3.50", [
            "output_tokens 0.60 {'thinking': False}", "output_tokens 3.50 {'thinking': True}",
        ]),
    ],
)  # fmt: skip
def test_a_cell_holds_several_prices(direction: str, text: str, expected: list[str]) -> None:
    assert read(direction, text) == expected


def test_a_row_may_name_the_modality() -> None:
    assert read("input", "$6.50 ($0.00016 per second)", "Audio") == ["input_audio_tokens 6.50 {}"]


def test_storage_may_have_dates_of_its_own() -> None:
    hourly = "/ 1,000,000 tokens per hour (storage price)"
    text = f"$0.50 {hourly} through December 31, 2026. $1.00 {hourly} starting January 1, 2027."
    assert read("context", text) == [
        "cache_storage_token_hours 0.50 {'valid_to': '2027-01-01T00:00:00Z'}",
        "cache_storage_token_hours 1.00 {'valid_from': '2027-01-01T00:00:00Z'}",
    ]


@pytest.mark.parametrize(
    ("text", "rest", "others"),
    [
        ("$12.00 (images) Equivalent to $0.134 per 1K/2K image** and $0.24 per 4K image**", "$12.00 (images)", []),
        ("$2.00 (text/image), equivalent to $0.0011 per image*", "$2.00 (text/image)", []),
        ("$1.00 (text), $0.0006 (image)*", "$1.00 (text)", ["$0.0006 (image)*"]),
        # In HTML the star is a mark of the cell and not in its text.
        ("$1.00 (text), $0.0006 (image)", "$1.00 (text)", ["$0.0006 (image)"]),
        ("$30.00 (images) Equivalent to $0.0336 per 1K resolution image^*^", "$30.00 (images)", []),
        ("$17.50 (video)", "$17.50 (video)", []),
        ("$0.039 per image*", "", ["$0.039 per image*"]),
        ("17.50 (video)^*^", "", ["17.50 (video)^*^"]),
    ],
)
def test_prices_that_are_not_for_tokens_stand_apart(text: str, rest: str, others: list[str]) -> None:
    assert tariffs.other_units(text) == (rest, others)


@pytest.mark.parametrize(
    "text", ["$1.00 (smell)", "$1.00 per song", "1.00", "$1.00 until summer", "$1.00, prompts near 200k", "€1.00"]
)
def test_a_cell_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(PageChanged, match="cannot be read"):
        read("input", text)


def test_a_modality_without_a_unit_is_refused() -> None:
    with pytest.raises(PageChanged, match="no unit for context of video"):
        read("context", "$1.00 (video)")
