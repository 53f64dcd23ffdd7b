"""OpenAI's page in both its forms, trap by trap, and cell by cell against the real capture."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import Conditions, Offer
from tests.spiders.reading import altered, cell, extract, real, saved

MD, HTML = "openai/2026-09-30", "openai/2026-08-21"
SECTIONS, SOURCE = "openai/2025-11-20", "openai/2026-04-01"
SHORT, LONG = Conditions(max_input_tokens=272_000), Conditions(min_input_tokens=272_001)
ALWAYS = Conditions()

# Typed from the capture of 2026-08-21 by hand: model, tier, unit, conditions, amount, per.
CELLS: list[tuple[str, str, str, Conditions, str, int]] = [
    ("gpt-5.6-sol", "standard", "cache_write_tokens", SHORT, "6.25", 1_000_000),
    ("gpt-5.6-luna", "standard", "input_tokens", SHORT, "0.2", 1_000_000),
    ("gpt-5.6-terra", "standard", "output_tokens", LONG, "18", 1_000_000),
    ("gpt-5.6-sol", "batch", "output_tokens", LONG, "22.50", 1_000_000),
    ("gpt-5.6-luna", "fast", "cache_read_tokens", LONG, "0.08", 1_000_000),
    ("gpt-5.5", "standard", "output_tokens", SHORT, "30", 1_000_000),
    ("gpt-5.4", "batch", "cache_read_tokens", SHORT, "0.13", 1_000_000),
    ("gpt-5.4-pro", "flex", "input_tokens", SHORT, "15", 1_000_000),
    ("gpt-5.2", "standard", "output_tokens", ALWAYS, "14", 1_000_000),
    ("gpt-5.2-pro", "batch", "output_tokens", ALWAYS, "84", 1_000_000),
    ("o4-mini", "flex", "cache_read_tokens", ALWAYS, "0.138", 1_000_000),
    ("gpt-4o-2024-05-13", "fast", "output_tokens", ALWAYS, "26.25", 1_000_000),
    ("o1-pro", "standard", "output_tokens", ALWAYS, "600", 1_000_000),
    ("gpt-3.5-turbo", "standard", "input_tokens", ALWAYS, "0.5", 1_000_000),
    ("davinci-002", "batch", "output_tokens", ALWAYS, "1", 1_000_000),
    ("gpt-5.6-cyber", "standard", "cache_write_tokens", ALWAYS, "15.625", 1_000_000),
    ("gpt-realtime-2.1", "standard", "output_audio_tokens", ALWAYS, "64", 1_000_000),
    ("gpt-realtime-mini", "standard", "cache_read_image_tokens", ALWAYS, "0.08", 1_000_000),
    ("gpt-4o-mini-tts", "standard", "output_audio_tokens", ALWAYS, "12", 1_000_000),
    ("tts-1-hd", "standard", "characters", ALWAYS, "30", 1_000_000),
    ("gpt-image-1.5", "batch", "cache_read_tokens", ALWAYS, "0.63", 1_000_000),
    ("chatgpt-image-latest", "standard", "output_image_tokens", ALWAYS, "32", 1_000_000),
    ("gpt-transcribe", "standard", "audio_seconds", ALWAYS, "0.0045", 60),
    ("gpt-4o-mini-transcribe", "standard", "output_tokens", ALWAYS, "5", 1_000_000),
    ("gpt-5.3-codex", "fast", "output_tokens", ALWAYS, "28", 1_000_000),
    ("text-embedding-3-large", "standard", "input_tokens", ALWAYS, "0.13", 1_000_000),
]


def test_cells_of_the_real_page_read_by_hand(recorded: Path) -> None:
    offers = extract(real(recorded, "openai", "2026-08-21"), "openai")
    for model, tier, unit, when, amount, per in CELLS:
        price = cell(offers, model, tier, unit, when)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", per), (model, tier, unit)


def test_the_real_page_gives_as_many_prices_as_it_lists(recorded: Path) -> None:
    page = real(recorded, "openai", "2026-08-21")
    offers = extract(page, "openai")
    assert Counter(offer.tier for offer in offers) == {"standard": 71, "batch": 39, "fast": 19, "flex": 16}
    assert units(offers) == {
        "input_tokens": 148, "cache_read_tokens": 98, "cache_write_tokens": 25, "output_tokens": 138,
        "input_audio_tokens": 9, "cache_read_audio_tokens": 6, "output_audio_tokens": 10,
        "input_image_tokens": 16, "cache_read_image_tokens": 16, "output_image_tokens": 10,
        "audio_seconds": 5, "characters": 2,
    }  # fmt: skip
    assert sum(page.unread.values()) == 36


def units(offers: list[Offer]) -> Counter[str]:
    return Counter(price.unit for offer in offers for price in offer.components)


def test_the_recorded_challenge_page_is_refused(recorded: Path) -> None:
    with pytest.raises(PageChanged, match="challenge page"):
        extract(real(recorded, "openai", "2026-05-08"), "openai")


def test_two_column_groups_are_two_lengths_of_input() -> None:
    offers = extract(saved(MD), "openai")
    assert cell(offers, "gpt-6-sol", "standard", "input_tokens", SHORT).amount == 2
    assert cell(offers, "gpt-6-sol", "standard", "input_tokens", LONG).amount == 4


def test_a_model_without_a_long_context_has_one_price_for_every_length() -> None:
    assert cell(extract(saved(MD), "openai"), "gpt-5.4-mini", "standard", "input_tokens").amount == Decimal("0.75")


def test_the_long_context_is_read_from_the_rows_that_the_html_page_draws() -> None:
    offers = extract(saved(HTML), "openai")
    assert cell(offers, "gpt-5.6-sol", "batch", "output_tokens", LONG).amount == Decimal("22.5")


def test_a_price_that_stands_in_two_tables_is_stated_once() -> None:
    sol = next(offer for offer in extract(saved(MD), "openai") if offer.model == "gpt-6-sol")
    assert len(sol.components) == 8


def test_a_table_without_a_tab_is_standard_whatever_stood_before_it() -> None:
    offers = extract(saved(MD), "openai")
    assert [offer.tier for offer in offers if offer.model in ("gpt-realtime-3", "tts-2")] == ["standard"] * 2
    assert [offer.tier for offer in offers if offer.model == "gpt-image-3"] == ["standard", "batch"]


def test_a_sentence_between_a_tab_and_its_table_does_not_take_the_table_off_it() -> None:
    offers = extract(saved(MD), "openai")
    assert cell(offers, "gpt-image-3", "batch", "output_image_tokens").amount == 15
    alone = extract(altered(MD, "| gpt-image-3 | Image | $4.00", "| gpt-image-4 | Image | $4.00"), "openai")
    assert {offer.tier for offer in alone if offer.model == "gpt-image-4"} == {"batch"}


def test_what_is_sold_by_the_minute_of_a_session_is_reported() -> None:
    page = saved(MD)
    assert "gpt-live-2" not in {offer.model for offer in extract(page, "openai")}
    assert page.unread["table: Pricing Table data"] == 2


def test_free_and_a_row_of_dashes_are_terms() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(MD), "openai") if offer.terms}
    assert terms == {"gpt-5.4-cyber": ("not offered",), "omni-moderation-latest": ("free",)}


def test_an_estimated_cost_is_a_price_only_where_no_tokens_are_charged() -> None:
    offers = {offer.model: units([offer]) for offer in extract(saved(MD), "openai")}
    assert offers["gpt-live-transcribe"] == {"audio_seconds": 1}
    assert offers["gpt-4o-transcribe"] == {"input_tokens": 1, "output_tokens": 1}


def test_prices_of_fine_tuned_models_and_tools_are_reported_not_given_to_the_model() -> None:
    page = saved(HTML)
    offers = extract(page, "openai")
    assert cell(offers, "gpt-5.2", "standard", "input_tokens").amount == Decimal("1.75")
    assert page.unread == {
        "table: Model | Training | Input | Cached input | Output": 1,
        "table: Model | Size | Portrait | Landscape | Price per second": 1,
        "table: Tool | Details | Pricing": 1,
    }


def test_the_page_of_2025_says_above_its_tables_what_is_counted_and_what_the_prices_are_for() -> None:
    page = saved(SECTIONS)
    offers = extract(page, "openai")
    assert cell(offers, "gpt-realtime", "standard", "input_tokens").amount == 4
    assert cell(offers, "gpt-realtime", "standard", "input_audio_tokens").amount == 32
    assert {offer.tier for offer in offers if offer.model == "gpt-5.1"} == {"standard", "batch", "priority"}
    assert page.unread == {
        "table: Video": 1, "table: Fine-tuning": 1, "table: Built-in tools": 1, "table: Other models": 1,
        "table: Image generation": 2,
    }  # fmt: skip


def test_of_the_source_of_components_the_rest_of_one_that_was_cut_is_read_too() -> None:
    page = saved(SOURCE)
    offers = extract(page, "openai")
    assert cell(offers, "computer-use-preview", "standard", "output_tokens").amount == 12
    assert page.unread == {"table: Tool | Details | Pricing": 1}
    cut = altered(SOURCE, "<GroupedPricingTable\n  client:load\n", "")
    assert extract(cut, "openai") == offers
    assert cut.unread["table: Tools"] > 0


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (SECTIONS, "Batch\n\n|Model", "Overnight\n\n|Model", "'Overnight', which is no known tab"),
        (SECTIONS, "Standard\n\n|Model|Input|Cached input", "|Model|Input|Cached input", "below '', which is no known"),
        (SECTIONS, "Image tokens\n\nPrices per 1M", "Image tokens\n\nPrices per 1K", "not for a million tokens"),
        (SECTIONS, "Cached Input|Output|", "Cached Input|Result|", "unknown columns|lacks one"),
        (SECTIONS, "\nAudio tokens\n", "\nSmell tokens\n", "unknown row 'gpt-realtime', ''"),
        (SECTIONS, "|$0.02|$0.01|", "|$0.02|", "has 3 columns, but a row has"),
        (SOURCE, 'tier="priority"', 'tier="night"', "no known tier"),
        (SOURCE, 'tier="priority"', 'tier="priority" tier="flex"', r"of the tiers \['priority', 'flex'\]"),
        (SOURCE, '["o4-mini", 2, 0.5, 8]', '["o4-mini", 2, 8]', "has 3 cells"),
        (SOURCE, '["o4-mini", 2, 0.5, 8]', '["o4-mini", 2, 0.5, <b>8</b>]', "where a cell was expected"),
        (SOURCE, "rows={[\n          [\"o4", "lines={[\n          [\"o4", "a price table has no"),
        (SOURCE, 'headings={["Tool", ', 'headings={["Model", ', r"a GroupedPricingTable of \['Model'"),
        (SOURCE, "Specialized models", "Odd models", r"under \['Odd models'\] only this is left"),
        (SOURCE, '["computer-use-preview", 3, "-", 12]', '["computer-use-preview", 3, 12]', "only this is left"),
        (SOURCE, '<TextTokenPricingTables\n        client:load\n        tier="priority"', "", "only this is left"),
        (SOURCE, '["o4-mini", 2, 0.5, 8],\n        ]}\n      />', '["o4-mini", 2, 0.5, 8],', "without an end"),
        (SOURCE, "Prices per 1M tokens.", "Prices per 1K tokens.", "not for a million tokens"),
        (MD, "| Short context output |", "| Short context result |", "unknown columns|no column"),
        (MD, "| Model | Short", "| Name | Short", "no column 'Model'"),
        (MD, "Short context cached input", "Short context input", "2 columns"),
        (MD, "| Cached input | Output |\n", "| Cached tokens | Output |\n", "unknown columns"),
        (MD, "| Modality |", "| Kind |", "Audio"),
        (MD, "### Batch pricing data", "### Nightly pricing data", "no known tier"),
        (MD, "Batch\n\n### Batch", "Batch\n\n### Standard", "under one heading"),
        (MD, "Fast\n\n### Fast", "Flex\n\n### Fast", "no known tier"),
        (MD, ">272K input", ">400K input", "where a long context begins"),
        (MD, "$2.00", "€2.00", "not in USD"),
        (MD, "$2.00", "$2.00 / 1K tokens", "no known unit"),
        (MD, "$2.00", "from $2.00", "not one amount"),
        (MD, "$15.00 |\n| gpt-5.4-cyber", "$16.00 |\n| gpt-5.4-cyber", "two prices"),
        (MD, "| Input | Output | Estimated", "| Input | Result | Estimated", "or lacks one"),
        (MD, "| gpt-5.4-mini | $0.75", "| GPT 5.4 mini | $0.75", "unknown row 'GPT 5.4 mini'"),
        (MD, "| Audio |", "| Smell |", "unknown row 'gpt-realtime-3', 'Smell'"),
        (MD, "$0.017 / minute", "$0.017 / song", "not one amount"),
        (HTML, "[0,5],[0,0.5],[0,6.25],[0,30]", "[0,0.5],[0,6.25],[0,30]", "a cell is lost"),
        (HTML, "[0,5],[0,0.5],[0,6.25],[0,30]", "[0,5],[0,0.5],[0,6.25]", "a cell is lost"),
        (HTML, "[0,5],[0,0.5],[0,&quot;-&quot;],[0,30]", "[0,30],[0,0.5],[0,&quot;-&quot;],[0,5]", "a cell is lost"),
        (HTML, "[0,5],[0,0.5],[0,&quot;-&quot;],[0,30]", "[0,5],[0,0.5],[0,&quot;-&quot;]", "a cell is lost"),
        (HTML, "<th>Cached input</th>", "<th>Cached tokens</th>", "one in its props and one drawn"),
        (HTML, "<td>$6.25</td>", "", "one in its props and one drawn"),
        (MD, "(<272K context length)", "(<200K context length)", "unknown row 'gpt-5.5"),
        (HTML, "[0,5],[0,0.5],[0,6.25],[0,30]", "[0,5],[0,0.5]", "has 3 cells"),
        (HTML, "[0,5],[0,0.5],[0,6.25],[0,30]", "[0,6],[0,0.5],[0,6.25],[0,30]", "two prices"),
        (HTML, "&quot;tier&quot;:[0,&quot;batch&quot;]", "&quot;tier&quot;:[0,&quot;night&quot;]", "no known tier"),
        (HTML, "&quot;tier&quot;", "&quot;class&quot;", "the props of TextTokenPricingTables"),
        (HTML, "\"GroupedPricingTable\"", "\"NewPricingTable\"", "unknown price component"),
    ],
)  # fmt: skip
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "openai")
