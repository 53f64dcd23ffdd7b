"""The words of Model Studio's international price tables."""

from decimal import Decimal

import pytest

from crawler import modelstudio
from crawler.failures import PageChanged
from crawler.grid import Cell
from crawler.modelstudio import PriceColumn
from history.model import ALWAYS, Conditions, PriceComponent

INPUT, OUTPUT = "Input price (per 1 million tokens)", "Output price (per 1 million tokens)"
NIGHT = ("14:00-00:00", "00:00-14:00")
COLUMN = PriceColumn(("input_tokens",), ALWAYS)


@pytest.mark.parametrize(
    ("header", "units", "when"),
    [
        (INPUT, ("input_tokens",), ALWAYS),
        (f"{INPUT} / Text/Image/video", ("input_tokens", "input_image_tokens", "input_video_tokens"), ALWAYS),
        (f"{INPUT} / Audio", ("input_audio_tokens",), ALWAYS),
        (OUTPUT, ("output_tokens",), ALWAYS),
        (f"{OUTPUT} > Chain of thought + answer", ("output_tokens",), ALWAYS),
        (f"{OUTPUT} / Non-Thinking mode", ("output_tokens",), Conditions(thinking=False)),
        (f"{OUTPUT} / Thinking mode (chain of thought + answer)", ("output_tokens",), Conditions(thinking=True)),
        (f"{OUTPUT} / Audio", ("output_audio_tokens",), ALWAYS),
        ("Input price (per million tokens)", ("input_tokens",), ALWAYS),
        ("Cache-hit input price (per million tokens)", ("cache_read_tokens",), ALWAYS),
        ("Input price (Million tokens)", ("input_tokens",), ALWAYS),
        ("Output price (Million tokens) Chain of thought + response", ("output_tokens",), ALWAYS),
        ("Output price (Million tokens) / Thinking mode (Chain of thought + response)", ("output_tokens",),
         Conditions(thinking=True)),
    ],
)  # fmt: skip
def test_a_header_says_what_is_priced_and_when(header: str, units: tuple[str, ...], when: Conditions) -> None:
    assert modelstudio.names_tokens(header)
    assert modelstudio.price_column(header) == PriceColumn(units, when)


def test_a_kind_of_tokens_that_is_not_known_is_none_and_another_header_raises() -> None:
    assert modelstudio.price_column(f"{OUTPUT} / Text + audio, only audio is billed") is None
    assert modelstudio.price_column(f"{INPUT} / Text/Smell") is None
    for header in ("Input price (per 1,000 tokens)", "Price per token", "Cached input price (per 1 million tokens)"):
        with pytest.raises(PageChanged, match="not a known price"):
            modelstudio.price_column(header)


@pytest.mark.parametrize(
    ("text", "model", "notes"),
    [
        ("qwen-plus", "qwen-plus", ()),
        ("qwen3-max\nCurrently equivalent to qwen3-max-2026-01-23", "qwen3-max",
         ("Currently equivalent to qwen3-max-2026-01-23",)),
        ("qwen-max\n50% batch inference discount\ncontext caching discount", "qwen-max",
         ("50% batch inference discount", "context caching discount")),
        ("qwen-max\n50% off for batch calls\nDiscounts available for context cache", "qwen-max",
         ("50% off for batch calls", "Discounts available for context cache")),
        ("b-v4\nThe successor of b-v3, with a free quota of 1 million tokens", "b-v4",
         ("The successor of b-v3, with a free quota of 1 million tokens",)),
        ("a-b\nFor more details, see Fast mode (Prime)", "a-b", ("For more details, see Fast mode (Prime)",)),
    ],
)  # fmt: skip
def test_notes_are_quoted_below_the_model(text: str, model: str, notes: tuple[str, ...]) -> None:
    assert modelstudio.model_of(Cell.of([text])) == (model, notes)


@pytest.mark.parametrize(
    "text",
    ["", "Qwen Plus", "qwen-plus\n20% off", "qwen-plus\n$1 at night", "qwen-plus\n<32K", "a > Preview",
     "qwen-plus\nup to 32K-128K tokens", "qwen-plus\n1 million tokens", "qwen-plus\n40% off for batch calls"],
)  # fmt: skip
def test_a_note_that_may_change_a_price_raises(text: str) -> None:
    with pytest.raises(PageChanged, match="does not name a model"):
        modelstudio.model_of(Cell.of([text]))


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("China (Beijing)", "China (Beijing)"),
        ("Singapore", "Singapore"),
        ("Qwen-Max", ""),
        ("Text generation", ""),
        ("Vision (Qwen-VL)", ""),
        ("Text generation - International (Singapore)", "International (Singapore)"),
        ("Text generation - Chinese mainland (Beijing)", "Chinese mainland (Beijing)"),
        ("Text generation - Qwen (Preview)", ""),
    ],
)
def test_a_heading_names_a_region_or_something_else(title: str, region: str) -> None:
    assert modelstudio.region_of(title) == region


def read(text: str, night: tuple[str, str] | None = NIGHT) -> list[tuple[str, Decimal | None, dict[str, object]]]:
    found = [said for _, said in modelstudio.stated(Cell(text), COLUMN, ALWAYS, night)]
    assert all(isinstance(one, PriceComponent) and one.per == 1_000_000 for one in found)
    return [(str(one.amount), one.list_amount, one.conditions.as_dict()) for one in found if not isinstance(one, str)]


def test_a_list_price_with_a_discount_is_charged_reduced() -> None:
    assert read("List price $0.4 (Limited-time 20% off)") == [("0.32", Decimal("0.4"), {})]


def test_night_and_day_are_two_prices_by_the_hours_that_the_page_states() -> None:
    assert read("$1.65 (Limited-time: night 60% off, daytime 20% off)") == [
        ("0.66", Decimal("1.65"), {"hours_utc": ["14:00-00:00"]}),
        ("1.32", Decimal("1.65"), {"hours_utc": ["00:00-14:00"]}),
    ]
    with pytest.raises(PageChanged, match="not said when night is"):
        read("$1.65 (night 60% off / daytime 20% off)", None)


def test_night_hours_are_read_from_the_note_once() -> None:
    assert modelstudio.night_hours("List prices. Night hours: 22:00 to 08:00 (UTC+8), by billing time.") == NIGHT
    assert modelstudio.night_hours("Night is dark.") is None
    with pytest.raises(PageChanged, match="several ways"):
        modelstudio.night_hours("Night hours: 22:00 to 08:00 (UTC+8)\nNight hours: 23:00 to 08:00 (UTC+8)")


def test_busy_and_idle_hours_and_both_modes_are_two_prices() -> None:
    assert [when for *_, when in read("Busy hours: $0.44 Idle hours: $0.22")] == [
        {"period": "peak"},
        {"period": "off_peak"},
    ]
    assert read("Non-thinking mode: $1.4 Thinking mode: $4.2") == [
        ("1.4", None, {"thinking": False}), ("4.2", None, {"thinking": True}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["$0.4 (20% off)", "List price $0.4", "$0.4 $0.3", "Busy hours: $0.44", "€2", "$2 / image", "from $2", "",
     "List price $0.4 (Limited-time 20% off until May)"],
)  # fmt: skip
def test_a_price_that_is_not_understood_raises(text: str) -> None:
    with pytest.raises(PageChanged):
        read(text)


def test_a_struck_price_is_not_expected_here() -> None:
    with pytest.raises(PageChanged, match="struck-through"):
        list(modelstudio.stated(Cell("$2", "$3"), COLUMN, ALWAYS, None))


def test_a_lower_bound_alone_ends_where_the_next_of_its_model_begins() -> None:
    a, b = ("a", "Singapore"), ("b", "Singapore")
    found = modelstudio.sizes([(a, "0"), (a, "32K"), (a, "128K"), (b, "No tiered pricing"), (b, "0<Token≤1M")])
    assert [one.as_dict() for one in found] == [
        {"max_input_tokens": 32_000},
        {"min_input_tokens": 32_001, "max_input_tokens": 128_000},
        {"min_input_tokens": 128_001},
        {},
        {"max_input_tokens": 1_000_000},
    ]
    with pytest.raises(PageChanged, match="does not lie above"):
        modelstudio.sizes([(a, "32K"), (a, "0")])
    with pytest.raises(PageChanged, match="how many tokens"):
        modelstudio.sizes([(a, "a lot")])
