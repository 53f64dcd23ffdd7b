"""Labels: a model's cell with its notes, dates and prompt sizes."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from crawler.labels import Label, label
from history.model import Conditions, PriceComponent

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Claude Opus 4.8", Label(("Claude Opus 4.8",))),
        ("Claude Mythos Preview", Label(("Claude Mythos Preview",))),
        ("Claude Opus 3 (deprecated)", Label(("Claude Opus 3",), ("deprecated",))),
        (
            "Claude Opus 4.1 (retired, except on Bedrock and Google Cloud)",
            Label(("Claude Opus 4.1",), ("retired, except on Bedrock and Google Cloud",)),
        ),
        ("Claude Opus 5 / Claude Opus 4.8", Label(("Claude Opus 5", "Claude Opus 4.8"))),
        ("Claude Sonnet 4.5 / 4", Label(("Claude Sonnet 4.5", "Claude Sonnet 4"))),
        ("Claude Sonnet 4 and Sonnet 4.5", Label(("Claude Sonnet 4", "Claude Sonnet 4.5"))),
        ("Claude Opus 5, Opus 4.8, and Haiku 4.5", Label(("Claude Opus 5", "Claude Opus 4.8", "Claude Haiku 4.5"))),
        ("Claude Sonnet 5 through August 31, 2026", Label(("Claude Sonnet 5",), valid_to=SEPTEMBER)),
        ("Claude Sonnet 5 starting September 1, 2026", Label(("Claude Sonnet 5",), valid_from=SEPTEMBER)),
        (
            "Claude Haiku 5 (deprecated) (for prompts over 100,000 tokens)",
            Label(("Claude Haiku 5",), ("deprecated",), Conditions(min_input_tokens=100_001)),
        ),
        ("Claude Haiku 5 (for prompts up to 100,000 tokens)", Label(("Claude Haiku 5",))),
    ],
)
def test_a_label_says_which_models_and_when(text: str, expected: Label) -> None:
    assert label(text, "Claude") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Claude",
        "Claude ",
        "Junk",
        "GPT 5",
        "claude opus 5",
        "Claude Opus 5 until May",
        "Claude Opus 5 through August",
        "Claude Opus 5(1)",
        "Claude Opus 5 (a",
        "Claude Opus 5 (for long prompts)",
        "Claude Opus 5 $5",
        "Claude Opus 5 beta",
        "Claude Opus 5 (for prompts over 1 tokens) (for prompts over 2 tokens)",
        "Claude Opus 5 through August 32, 2026",
    ],
)
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(PageChanged):
        label(text, "Claude")


def test_a_price_is_put_under_what_its_label_says() -> None:
    price = PriceComponent("input_tokens", Decimal(2), "USD", 1_000_000)
    applied = label("Claude Sonnet 5 through August 31, 2026 (for prompts over 100,000 tokens)", "Claude").apply(price)
    assert (applied.valid_to, applied.conditions.min_input_tokens, applied.amount) == (SEPTEMBER, 100_001, Decimal(2))
