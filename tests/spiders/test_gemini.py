"""Gemini's page: several prices in one cell, in Markdown and HTML; the one capture of its own bytes is an excerpt."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler import tariffs
from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

MD, HTML = "gemini/2026-10-05", "gemini/2026-07-21"
SHORT, LONG = Conditions(max_input_tokens=200_000), Conditions(min_input_tokens=200_001)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
FLASH, PRO = ("Gemini 3.7 Flash", "standard"), ("Gemini 2.5 Pro", "standard")
FLASH_BATCH = ("Gemini 3.7 Flash", "batch")

# Typed from the excerpt of 2026-08-18 by hand, all 17 prices: model and tier, unit, conditions, amounts; of two amounts
# the first ends with 2026 and the second begins then.
CELLS: list[tuple[tuple[str, str], str, Conditions, str]] = [
    (FLASH, "input_tokens", ALWAYS, "0.75 1.50"),
    (FLASH, "output_tokens", ALWAYS, "3.75 7.50"),
    (FLASH, "cache_read_tokens", ALWAYS, "0.075 0.15"),
    (FLASH_BATCH, "input_tokens", ALWAYS, "0.375 0.75"),
    (FLASH_BATCH, "output_tokens", ALWAYS, "1.875 3.75"),
    (PRO, "input_tokens", SHORT, "1.25"),
    (PRO, "input_tokens", LONG, "2.50"),
    (PRO, "output_tokens", SHORT, "10.00"),
    (PRO, "output_tokens", LONG, "15.00"),
    (PRO, "cache_read_tokens", SHORT, "0.125"),
    (PRO, "cache_read_tokens", LONG, "0.25"),
    (PRO, "cache_storage_token_hours", ALWAYS, "4.50"),
]


def test_every_cell_of_the_real_excerpt_read_by_hand(recorded: Path) -> None:
    page = real(recorded, "gemini", "2026-08-18")
    offers = {(offer.model, offer.tier): offer for offer in extract(page, "gemini")}
    for key, unit, when, stated in CELLS:
        found = [c for c in offers[key].components if (c.unit, c.conditions) == (unit, when)]
        assert [(c.amount, c.currency, c.per) for c in found] == [
            (Decimal(amount), "USD", 1_000_000) for amount in stated.split()
        ], (key, unit)
        dates = [(None, NEW_YEAR), (NEW_YEAR, None)] if " " in stated else [(None, None)]
        assert [(c.valid_from, c.valid_to) for c in found] == dates
    assert Counter(c.unit for offer in offers.values() for c in offer.components) == {
        "input_tokens": 6,
        "output_tokens": 6,
        "cache_read_tokens": 4,
        "cache_storage_token_hours": 1,
    }
    assert page.unread == {"Grounding with Google Search": 1, "table: Standard": 1}


def test_the_star_of_a_price_in_html_hides_that_it_is_for_one_image() -> None:
    cell_of_images = "<td>$2.70 (text),<br>$0.0006 (image)<sup>*</sup></td>"
    page = altered(HTML, "<td>$2.70</td>", cell_of_images)
    assert extract(page, "gemini") == extract(saved(HTML), "gemini")
    assert page.unread["Output price (including thinking tokens): $0.0006 (image)"] == 1


@pytest.mark.parametrize(
    "said",
    [
        "$2.70 (text and thinking)<br>\n Equivalent to $0.0336 per 1K resolution image<sup>*</sup>\n",
        "$2.70 or $0.004/min<sup>*</sup> (text)",
        "<em>Same as Standard</em><br>\n $2.70",
        "<em>Same as Standard, Batch pricing not yet implemented</em><br>\n $2.70",
    ],
)
def test_what_a_price_comes_to_is_not_read_as_another(said: str) -> None:
    page = altered(HTML, "<td>$2.70</td>", f"<td>{said}</td>")
    assert extract(page, "gemini") == extract(saved(HTML), "gemini")


def read(direction: str, text: str) -> list[tuple[str, str, dict[str, object]]]:
    return [(c.unit, str(c.amount), c.as_dict()["conditions"]) for c in tariffs.components(direction, text)]


def test_a_dated_price_and_its_successor_are_two_prices_in_time() -> None:
    flash = next(offer for offer in extract(saved(MD), "gemini") if offer.model == "gemini-3.8-flash")
    inputs = [(c.amount, c.valid_from, c.valid_to) for c in flash.components if c.unit == "input_tokens"]
    assert inputs == [(Decimal("0.75"), None, NEW_YEAR), (Decimal("1.50"), NEW_YEAR, None)]


def test_a_successor_without_its_date_begins_where_the_price_before_it_ends() -> None:
    page = altered(MD, " starting January 1, 2027.", "")
    assert extract(page, "gemini") == extract(saved(MD), "gemini")


def test_storage_is_not_the_successor_of_a_dated_price() -> None:
    text = "$0.075 through December 31, 2026. $0.50 / 1,000,000 tokens per hour (storage price)"
    end = {"valid_to": "2027-01-01T00:00:00Z"}
    assert read("context", text) == [("cache_read_tokens", "0.075", end), ("cache_storage_token_hours", "0.50", {})]


def test_an_hour_of_storing_a_million_tokens_may_be_written_short_but_is_no_price_of_what_is_put_in() -> None:
    assert read("context", "$0.25 per hour") == [("cache_storage_token_hours", "0.25", {})]
    with pytest.raises(PageChanged, match="of no known unit for input"):
        read("input", "$0.25 per hour")


def test_what_ten_seconds_cost_is_only_told_and_caching_input_is_no_price_of_what_comes_out() -> None:
    told = "Equivalent to $0.002 per 10s audio* through December 31, 2026. Equivalent to $0.004 per 10s audio*."
    assert tariffs.other_units(f"$9 (audio) {told}") == ("$9 (audio)", [])
    assert read("context", "$0.25 (input caching)") == [("cache_read_tokens", "0.25", {})]
    with pytest.raises(PageChanged, match="of no known unit for output"):
        read("output", "$0.25 (input caching)")


def test_prompts_up_to_and_over_a_size_are_two_prices() -> None:
    offers = extract(saved(MD), "gemini")
    for model in ("gemini-3.1-pro-preview", "gemini-3.1-pro-preview-customtools"):
        assert cell(offers, model, "standard", "output_tokens", SHORT).amount == 12
        assert cell(offers, model, "standard", "output_tokens", LONG).amount == 18
        assert cell(offers, model, "standard", "cache_storage_token_hours").amount == Decimal("4.5")


def test_each_modality_has_its_unit_and_the_price_of_a_minute_is_only_told() -> None:
    text = "$0.75 (text) $3.00 or $0.005/min (audio) $1.00 or $0.002/min (image/video)"
    assert [(unit, amount) for unit, amount, _ in read("input", text)] == [
        ("input_tokens", "0.75"),
        ("input_audio_tokens", "3.00"),
        ("input_image_tokens", "1.00"),
        ("input_video_tokens", "1.00"),
    ]
    assert [unit for unit, _, _ in read("output", "$3 (text and thinking) $60.00 (images)")] == [
        "output_tokens",
        "output_image_tokens",
    ]


def test_thinking_and_non_thinking_output_of_2025() -> None:
    offers = extract(saved(MD), "gemini")
    for thinking, amount in ((True, "3.50"), (False, "0.60")):
        when = Conditions(thinking=thinking)
        price = cell(offers, "gemini-2.5-flash-preview-04-17", "standard", "output_tokens", when)
        assert price.amount == Decimal(amount)


def test_what_an_image_comes_to_is_no_price_and_a_price_of_an_image_is_reported() -> None:
    page = saved(MD)
    offers = extract(page, "gemini")
    image = {(o.tier, c.unit): str(c.amount) for o in offers if "image" in o.model for c in o.components}
    assert image == {
        ("standard", "input_tokens"): "2.00",
        ("standard", "output_tokens"): "12.00",
        ("standard", "output_image_tokens"): "120.00",
        ("batch", "input_tokens"): "1.00",
        ("batch", "output_tokens"): "6.00",
    }
    assert page.unread["Input price: $0.0006 (image)*"] == 1
    assert page.unread["Output price: $0.067 per 1K/2K image**"] == 1
    assert page.unread["table: Imagen 4"] == page.unread["table: Pricing for tools"] == 1


def test_a_heading_of_several_models_prices_each_and_the_sign_is_not_part_of_a_name() -> None:
    models = {offer.model for offer in extract(saved(MD), "gemini")}
    assert {"Gemini 3.8 Live", "Gemini 3.5 Live", "Gemini 3.1 Flash Live Preview"} <= models
    nameless = extract(altered(MD, "*`gemini-3-pro-image`*", ""), "gemini")
    assert "Gemini 3 Pro Image" in {offer.model for offer in nameless}


def test_the_free_tier_is_not_the_price_of_the_paid_one() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(MD), "gemini") if offer.terms}
    assert terms == {"Gemma 4": ("not offered",)}


def test_the_ids_and_tiers_of_the_html_page() -> None:
    offers = extract(saved(HTML), "gemini")
    assert [(offer.model, offer.tier) for offer in offers] == [
        ("gemini-3.5-flash", "standard"),
        ("gemini-3.5-flash", "priority"),
        ("gemini-2.5-pro", "standard"),
    ]
    assert cell(offers, "gemini-3.5-flash", "priority", "input_audio_tokens").amount == Decimal("0.90")
    assert cell(offers, "gemini-2.5-pro", "standard", "input_tokens", LONG).amount == Decimal("2.50")


def test_the_page_that_a_browser_draws_has_its_tiers_on_tabs() -> None:
    tabs = "".join(f'<tab data-tab="{name.lower()}"><a>{name}</a></tab>' for name in ("Standard", "Priority"))
    body = saved(HTML).body.decode()
    body = body.replace("<devsite-selector>", f"<devsite-selector><devsite-tabs>{tabs}</devsite-tabs>")
    for name in ("standard", "priority"):
        body = body.replace(f'<section><h3 id="{name}">{name.title()}</h3>', f'<section data-tab="{name}">')
    drawn = replace(saved(HTML), body=body.encode())
    assert "<h3 id=" not in body
    assert extract(drawn, "gemini") == extract(saved(HTML), "gemini")
    with pytest.raises(PageChanged, match="no known tier"):
        extract(replace(drawn, body=body.replace("<a>Priority<", "<a>Urgent<").encode()), "gemini")


def test_an_unknown_row_without_a_price_is_reported() -> None:
    page = altered(MD, "| Used to improve our products | Yes | No |", "| Available in Atlantis | Yes | No |")
    extract(page, "gemini")
    assert page.unread["Available in Atlantis"] == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (MD, "per 1M tokens in USD", "per 1K tokens in USD", "no price of the paid tier"),
        (MD, "| Output price |", "| Result price |", "unknown row 'Result price'"),
        (MD, "|   | Free Tier", "| Kind | Free Tier", "no column ''"),
        (MD, "### Batch", "### Night", "no known tier"),
        (HTML, ">Priority</h3>", ">Urgent</h3>", "no known tier"),
        (MD, "## Gemini 3.8 Live", "Gemini 3.8 Live", "no heading of its own"),
        (MD, "prompts \\> 200k tokens", "long prompts", "cannot be read"),
        (MD, "$0.15 (text / image / video)", "$0.15 (text / smell)", "cannot be read"),
        (MD, "through December 31, 2026. $1.50 starting", "through the year. $1.50 starting", "cannot be read"),
        (MD, "$4.50 (text)", "€4.50 (text)", "cannot be read"),
        (MD, "$4.50 (text)", "4.50 (text)", "cannot be read"),
        (MD, "$4.50 (text)", "$4.50 / 1,000 tokens (text)", "cannot be read"),
        (MD, "$4.50 (text)", "from $4.50 (text)", "cannot be read"),
        (HTML, "$0.45 (text / image / video)<br>$0.90 (audio)", "$0.45 (text)<br>$0.90 (text)", "two prices"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "gemini")


def test_a_page_without_the_paid_tier_is_refused() -> None:
    with pytest.raises(PageChanged, match="no price"):
        extract(replace(saved(MD), body=b"# Gemini Developer API pricing\n"), "gemini")
