"""Google Cloud's page: sizes, tiers and regions, trap by trap, and cell by cell against the real capture."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import ALWAYS, Conditions, Offer
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE = "vertex/2026-05-08"
SHORT, LONG = Conditions(max_input_tokens=200_000), Conditions(min_input_tokens=200_001)

# Typed from the capture of 2026-05-08 by hand: model, tier, region, unit, conditions, amount.
CELLS: list[tuple[str, str, str, str, Conditions, str]] = [
    ("Gemini 3.1 Pro Preview", "standard", "", "input_tokens", LONG, "4"),
    ("Gemini 3.1 Pro Preview", "standard", "", "cache_read_tokens", SHORT, "0.2"),
    ("Gemini 3.1 Pro Preview", "priority", "", "output_tokens", LONG, "32.4"),
    ("Gemini 3.1 Pro Preview", "flex", "", "output_tokens", SHORT, "6"),
    ("Gemini 3.1 Flash-Lite", "standard", "global", "cache_read_audio_tokens", ALWAYS, "0.05"),
    ("Gemini 3.1 Flash-Lite", "standard", "non-global", "output_tokens", ALWAYS, "1.65"),
    ("Gemini 3.1 Flash-Lite", "batch", "non-global", "cache_read_tokens", ALWAYS, "0.01375"),
    ("Gemini 3 Pro Image Preview", "standard", "", "output_image_tokens", SHORT, "120"),
    ("Gemini 3 Flash Preview", "priority", "", "input_audio_tokens", ALWAYS, "1.8"),
    ("Gemini 2.5 Pro", "standard", "", "cache_read_tokens", SHORT, "0.13"),
    ("Gemini 2.5 Pro", "batch", "", "output_tokens", LONG, "7.5"),
    ("Gemini 2.5 Flash Live API", "standard", "", "input_video_tokens", ALWAYS, "3"),
    ("Gemini 2.0 Flash", "batch", "", "input_audio_tokens", ALWAYS, "0.50"),
    ("Gemini 2.0 Flash", "standard", "", "cache_read_audio_tokens", ALWAYS, "0.25"),
    ("Gemini 2.0 Flash Lite", "standard", "", "cache_read_tokens", ALWAYS, "0.01875"),
    ("Gemini 2.0 Flash Lite", "standard", "", "cache_storage_token_hours", ALWAYS, "1"),
    ("Gemini 3.1 Pro", "standard", "", "cache_storage_token_hours", ALWAYS, "4.5"),
    ("Gemini 2.5 Flash Lite", "standard", "", "cache_storage_token_hours", ALWAYS, "1"),
    ("Gemini 2.0 Flash Image Generation", "standard", "", "output_image_tokens", ALWAYS, "30"),
    ("Gemma 4 26B", "standard", "", "cache_read_tokens", ALWAYS, "0.015"),
    ("Claude Opus 4.7", "standard", "eu", "cache_write_1h_tokens", ALWAYS, "11"),
    ("Claude Sonnet 4.5", "standard", "global", "output_tokens", LONG, "22.50"),
    ("Claude Sonnet 4.5", "standard", "asia-southeast1", "input_tokens", LONG, "6.60"),
    ("Claude Haiku 4.5", "batch", "us-east5", "cache_write_tokens", SHORT, "0.688"),
    ("Claude Opus 4.1", "batch", "", "cache_read_tokens", SHORT, "0.75"),
    ("Claude 3.7 Sonnet", "standard", "", "cache_write_tokens", SHORT, "3.75"),
    ("DeepSeek-V3.2", "standard", "", "cache_read_tokens", ALWAYS, "0.056"),
    ("GLM-5", "standard", "", "output_tokens", ALWAYS, "3.2"),
    ("gpt-oss-20b", "batch", "", "output_tokens", ALWAYS, "0.125"),
]


def test_cells_of_the_real_page_read_by_hand(recorded: Path) -> None:
    offers = extract(real(recorded, "vertex", "2026-05-08"), "vertex")
    for model, tier, region, unit, when, amount in CELLS:
        price = cell(offers, model, tier, unit, when, region)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", 1_000_000), (model, tier, unit)


def test_the_real_page_gives_as_many_prices_as_it_lists(recorded: Path) -> None:
    page = real(recorded, "vertex", "2026-05-08")
    offers = extract(page, "vertex")
    assert Counter(offer.tier for offer in offers) == {"standard": 76, "batch": 53, "flex": 11, "priority": 8}
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 161, "output_tokens": 155, "cache_read_tokens": 99, "cache_write_tokens": 59,
        "cache_write_1h_tokens": 56, "input_audio_tokens": 27, "cache_read_audio_tokens": 16,
        "output_image_tokens": 12, "input_video_tokens": 3, "input_image_tokens": 2, "output_audio_tokens": 2,
        "cache_storage_token_hours": 9,
    }  # fmt: skip
    assert page.unread["Claude Sonnet 4.6 us-east5: prices of two kinds in one cell"] == 1


def test_a_price_that_is_the_same_for_all_sizes_is_stated_once() -> None:
    offers = extract(saved(PAGE), "vertex")
    assert cell(offers, "Claude Opus 4.6", "standard", "input_tokens", region="global").amount == 5
    assert cell(offers, "Gemini 3.1 Pro Preview", "standard", "input_tokens", SHORT).amount == 2


def test_flex_and_batch_are_two_tiers_of_one_table() -> None:
    offers = extract(saved(PAGE), "vertex")
    for tier in ("flex", "batch"):
        assert cell(offers, "Gemini 3.1 Pro Preview", tier, "input_tokens", LONG).amount == 2


def test_the_price_of_other_endpoints_begins_on_the_day_that_the_note_says() -> None:
    offers = extract(saved(PAGE), "vertex")
    [other] = [o for o in offers if (o.model, o.region) == ("Gemini 3.1 Flash-Lite", "non-global")]
    assert {price.valid_from for price in other.components} == {datetime(2026, 7, 1, tzinfo=UTC)}
    [everywhere] = [o for o in offers if (o.model, o.region) == ("Gemini 3.1 Flash-Lite", "global")]
    assert {price.valid_from for price in everywhere.components} == {None}


def test_each_heading_of_a_partner_is_a_region() -> None:
    offers = extract(saved(PAGE), "vertex")
    assert {o.region for o in offers if o.model.startswith("Claude")} == {"global", "us", ""}
    [old] = [o for o in offers if o.model == "Claude 3 Haiku"]
    assert (old.region, old.terms) == ("", ("deprecated",))


def test_what_cannot_be_told_apart_is_reported_not_guessed() -> None:
    page = saved(PAGE)
    models = {offer.model for offer in extract(page, "vertex")}
    assert not {"Claude Sonnet 4.6", "DeepSeek-OCR"} & models
    assert dict(page.unread) == {
        "rows without a model: 1M input text tokens": 1,
        "Gemini 2.0 Flash: Tuning for 1M training tokens": 1,
        "table: Modality-based pricing": 2,
        "Claude Sonnet 4.6 us-east5: prices of two kinds in one cell": 1,
        "DeepSeek-OCR : prices of two kinds in one cell": 1,
        "table: Model Tuning": 1,
    }


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("$4.5 (/M Tok/hr)", "$4.5 (/M Tok/min)", "/M Tok/min"),
        ("$4.5 (/M Tok/hr)", "$4.5", "4.5"),
        ("<td>Context Cache Storage</td>", "<td>Context Cache Writing</td>", "Context Cache Writing"),
        ("Storage</td><td>Input (text", "Storage</td><td>Output (text", "Output"),
    ],
    ids=["another time", "no time", "another feature", "another direction"],
)  # fmt: skip
def test_what_storing_costs_is_read_by_its_hour_or_not_at_all(was: str, now: str, said: str) -> None:
    with pytest.raises(PageChanged, match=said):
        extract(altered(PAGE, was, now), "vertex")


def test_a_size_for_which_nothing_is_stored_has_no_price() -> None:
    offers = extract(altered(PAGE, "$2 (/M Tok/hr)", "N/A"), "vertex")
    assert cell(offers, "Gemini 3 Flash", "standard", "cache_storage_token_hours", SHORT).amount == 1
    [flash] = [offer for offer in offers if offer.model == "Gemini 3 Flash"]
    assert len(flash.components) == 1


def test_a_list_of_what_is_put_in_is_text_where_text_is_in_it() -> None:
    page = altered(PAGE, "Input (text, image, video, audio)", "Input (text, images, documents, audio)")
    assert extract(page, "vertex") == extract(saved(PAGE), "vertex")
    with pytest.raises(PageChanged, match="no known unit"):
        extract(altered(PAGE, "Input (text, image, video, audio)", "Input (image, audio)"), "vertex")


def test_embeddings_are_charged_by_the_thousand_tokens_put_in(recorded: Path) -> None:
    offers = extract(real(recorded, "vertex", "2026-05-08"), "vertex")
    for model, tier, region, amount in (
        ("Gemini Embedding", "standard", "global", "0.00015"), ("Gemini Embedding", "batch", "global", "0.00012"),
        ("multilingual-e5-large", "standard", "", "0.000025"), ("multilingual-e5-large", "batch", "", "0.0000125"),
    ):  # fmt: skip
        price = cell(offers, model, tier, "input_tokens", region=region)
        assert (price.amount, price.per) == (Decimal(amount), 1_000), (model, tier)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<br>Batch requests: $0.00012", "<br>Night requests: $0.00012", "has 'Online requests"),
        ("<td>Input</td><td>Global</td>", "<td>Result</td><td>Global</td>", "for 'Result'"),
        ("<br>Batch requests: $0.0000075", "", "for 'Input: Output"),
        ("No charge<br>Batch requests: No charge</td></tr>\n</table>\n<table>", "$1<br>Batch requests: No charge"
         "</td></tr>\n</table>\n<table>", "for 'Output'"),
    ],
)  # fmt: skip
def test_embeddings_in_other_words_are_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "vertex")


def test_the_star_of_a_footnote_is_no_part_of_a_name() -> None:
    page = altered(PAGE, "Gemini 3.1 Pro Preview</td>", "Gemini 3.1 Pro Preview*</td>")
    assert extract(page, "vertex") == extract(saved(PAGE), "vertex")


def test_flex_and_batch_may_have_tables_of_their_own() -> None:
    offers = extract(altered(PAGE, "tokens with Flex/Batch", "tokens with batch"), "vertex")
    assert "flex" not in {offer.tier for offer in offers}
    assert cell(offers, "Gemini 3.1 Pro Preview", "batch", "input_tokens", SHORT).amount == 1


def test_columns_of_a_batch_may_stand_in_the_table_of_the_standard_prices() -> None:
    # As in 2025: "… with batch API" where the cached input stands now.
    page = altered(PAGE, "200K cached input tokens</th>", "200K input tokens with batch API</th>")
    offers = extract(replace(page, body=page.body.replace(b"with Flex/Batch", b"with Priority")), "vertex")
    for tier, short, long in (("standard", "2", "4"), ("batch", "0.2", "0.4")):
        assert cell(offers, "Gemini 3.1 Pro Preview", tier, "input_tokens", SHORT).amount == Decimal(short)
        assert cell(offers, "Gemini 3.1 Pro Preview", tier, "input_tokens", LONG).amount == Decimal(long)


@pytest.mark.parametrize(
    ("said", "begins", "ends"),
    [
        ("*<br>through December 31, 2026", None, datetime(2027, 1, 1, tzinfo=UTC)),
        (" Starting January 1, 2027", datetime(2027, 1, 1, tzinfo=UTC), None),
    ],
)
def test_a_day_beside_a_model_dates_its_prices(said: str, begins: datetime | None, ends: datetime | None) -> None:
    page = altered(PAGE, 'rowspan="3">Gemini 3.1 Pro Preview</td>', f'rowspan="3">Gemini 3.1 Pro Preview{said}</td>')
    [offer] = [o for o in extract(page, "vertex") if (o.model, o.tier) == ("Gemini 3.1 Pro Preview", "standard")]
    assert {(price.valid_from, price.valid_to) for price in offer.components} == {(begins, ends)}


def test_a_cache_is_read_and_stored_at_prices_of_its_own() -> None:
    prices = {
        price.unit: price.amount
        for price in next(
            offer for offer in extract(saved(PAGE), "vertex") if offer.model == "Gemini 2.0 Flash"
        ).components
    }
    assert prices["cache_read_audio_tokens"] == Decimal("0.25")
    assert prices["cache_storage_token_hours"] == 1
    with pytest.raises(PageChanged, match=r"stores 'Gemini 2\.0 Flash' at 1\.00 and at 2\.00"):
        extract(altered(PAGE, "<td>$1.00</td><td>$0.25</td>", "<td>$2.00</td><td>$0.25</td>"), "vertex")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Price (/1M tokens)<br>&gt; 200K input", "Price (/1M tokens)<br>&gt; 400K input", "unknown columns|no price"),
        ("<td>Input (audio)</td>", "<td>Input (smell)</td>", "no known unit"),
        ("<h3>us-east5</h3>", "<h3>Mars</h3>", "not a place"),
        ("<td>$12</td><td>$18</td>", "<td>$12</td>", "row of 5 cells"),
        ("<td>$0.15</td><td>$0.075</td>", "<td>$0.075</td>", "different lengths"),
        ("$1.35 / million tokens", "$1.35 / thousand tokens", "not a list of prices"),
        ("$1.35 / million tokens", "$1.35", "not a list of prices"),
        ("Cache Hit: $0.30", "Cache Miss: $0.30", "not a list of prices"),
        ("<td>$2</td><td>$4</td>", "<td>€2</td><td>$4</td>", "not in USD"),
        ("<td>$2</td><td>$4</td>", "<td>from $2</td><td>$4</td>", "not one amount"),
        ("(Non-global)*", "(Elsewhere)*", "not one amount"),
        ("<td>Claude Haiku 4.5</td>", "<td>Claude Sonnet 4.5</td>", "two prices"),
        ("<h3>US Multi-Region (us)</h3>", "", "no heading of its own"),
        ("<td>Claude Opus 4.6</td>", "", "where a model was expected"),
        (
            "<td>Claude Opus 4.6</td>",
            "<td>Claude Opus 4.6 through June 30, 2026</td>",
            "where only a model was expected",
        ),
        ("&gt; 200K cached input tokens", "&lt;= 200K cached input tokens", "unknown columns"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "vertex")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<th>Pricing</th>", "<th>Cost</th><th>Since</th>", "under the unknown headers"),
        ("<th>Type</th><th>Price (/1M", "<th>Kind</th><th>Price (/1M", "under the unknown headers"),
        ("Price (/1M tokens)<br>", "Token price ", "under the unknown headers"),
    ],
)
def test_token_prices_under_unknown_headers_are_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "vertex")


def test_a_header_in_another_case_or_by_another_word_is_read() -> None:
    page = altered(PAGE, "<th>Model</th><th>Pricing</th>", "<th>MODEL</th><th>Price</th>")
    assert extract(page, "vertex") == extract(saved(PAGE), "vertex")


def test_a_cell_may_say_batch_and_flex_apart_and_what_names_no_tier_is_of_both() -> None:
    # As from 2026-06 to the summer: "Batch: $0.075 (Global)", "Flex: $0.08 (Global)", "$0.0825 (Non-global)*".
    said = "Batch: $1 (Global)<br><br>Flex: $1.2 (Global)<br><br>$1.4 (Non-global)*"
    page = altered(PAGE, "<td>$1</td><td>$2</td>", f"<td>{said}</td><td>{said}</td>")
    found = {(o.tier, o.region): o.components[0] for o in extract(page, "vertex") if o.model.endswith("Preview")}
    places = [("batch", "global"), ("flex", "global"), ("batch", "non-global"), ("flex", "non-global")]
    assert [found[place].amount for place in places] == [Decimal(said) for said in ("1", "1.2", "1.4", "1.4")]
    assert found["flex", "non-global"].valid_from == datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Night: $1 (Global) $1.4 (Non-global)*", "not one amount"),
        ("Batch: $1 (Global) $1.2 (Global)", "not one price for each place"),
        ("Batch: $1 (Global) Flex: $1.2 (Mars)", "not one amount"),
    ],
)
def test_a_cell_of_places_that_says_something_else_is_refused(said: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, "<td>$1</td><td>$2</td>", f"<td>{said}</td><td>{said}</td>"), "vertex")


def test_a_tier_stands_only_in_a_column_that_is_of_it() -> None:
    said = "<td>Batch: $2 (Global)</td><td>Batch: $4 (Global)</td>"
    with pytest.raises(PageChanged, match="each of the tiers"):
        extract(altered(PAGE, "<td>$2</td><td>$4</td>", said), "vertex")


def test_an_avatar_puts_out_video() -> None:
    page = altered(PAGE, "<td>Image Output**</td>", "<td>1M output video tokens (Live Avatar)</td>")
    assert (
        cell(extract(page, "vertex"), "Gemini 3 Pro Image Preview", "standard", "output_video_tokens", SHORT).amount
        == 120
    )


def test_what_an_agent_asks_for_is_left_by_name() -> None:
    agents = (
        "<h3>Gemini 3 Agents</h3>\n<table>\n<tr><th>Model</th><th>Type</th><th>Price (/1M tokens)</th></tr>\n"
        '<tr><td rowspan="2">Gemini Research Agent</td></tr>\n<tr><td>Input (text)</td><td>$3</td></tr>\n</table>\n'
    )
    page = altered(PAGE, "<h3>Gemini 2.0</h3>", f"{agents}<h3>Gemini 2.0</h3>")
    assert extract(page, "vertex") == extract(saved(PAGE), "vertex")
    assert page.unread["table: Gemini 3 Agents"] == 2
    with pytest.raises(PageChanged, match="under the unknown headers"):
        extract(
            altered(PAGE, "<h3>Gemini 2.0</h3>", agents.replace("Agents", "Models") + "<h3>Gemini 2.0</h3>"), "vertex"
        )


def test_a_partner_without_regions_may_charge_by_the_size_of_the_prompt() -> None:
    # As Grok, 2026-07: each cell of two says for how many tokens it is.
    lists = "<td>Input: ${} / million tokens<br>Output: ${} / million tokens</td>"
    sized = (
        "<h3>xAI's Grok models</h3>\n<table>\n"
        "<tr><th>Model</th><th>Price (/1M tokens)<br>=&lt; 200K input tokens *</th>"
        "<th>Price (/1M tokens)<br>&gt; 200K input tokens *</th></tr>\n"
        f"<tr><td>Grok 9</td>{lists.format(1.2, 2.4)}{lists.format(2.3, 4.6)}</tr>\n</table>\n"
    )
    offers = extract(altered(PAGE, "<h3>Deepseek's models</h3>", f"{sized}<h3>Deepseek's models</h3>"), "vertex")
    assert cell(offers, "Grok 9", "standard", "output_tokens", SHORT).amount == Decimal("2.4")
    assert cell(offers, "Grok 9", "standard", "output_tokens", LONG).amount == Decimal("4.6")
    with pytest.raises(PageChanged, match="not a place"):
        extract(altered(PAGE, "<h3>Deepseek's models</h3>", sized.replace(" / million tokens", "")), "vertex")


def test_a_price_without_a_model_is_refused() -> None:
    with pytest.raises(PageChanged, match="does not say of what"):
        extract(altered(PAGE, '<td rowspan="3">Gemini 3.1 Pro Preview</td>', '<td rowspan="3"></td>'), "vertex")
    with pytest.raises(PageChanged, match="where a model was expected"):
        extract(altered(PAGE, "<td>DeepSeek-R1 (0528)</td>", "<td></td>"), "vertex")


TABS = "vertex/2026-10-05"
OPUS = "<p>Claude Opus 6</p>"


def at(offers: list[Offer], model: str, tier: str, region: str) -> dict[tuple[str, Conditions], Decimal]:
    [offer] = [offer for offer in offers if (offer.model, offer.tier, offer.region) == (model, tier, region)]
    return {(price.unit, price.conditions): price.amount for price in offer.components}


def row_of(kind: str, *cells: str) -> str:
    said = "".join(f'<td class="c" rowspan="1" colspan="1">{f"<p>{cell}</p>" if cell else ""}</td>' for cell in cells)
    return (
        f'<tr><td class="c" rowspan="1" colspan="1"></td><td class="c" rowspan="1" colspan="1"><p>{kind}</p></td>{said}'
    )


def test_a_tab_is_the_place_where_the_prices_on_it_apply() -> None:
    offers = extract(saved(TABS), "vertex")
    assert {offer.region for offer in offers if offer.model == "Claude Opus 6"} == {"global", "europe-west1"}
    assert at(offers, "Claude Opus 6", "standard", "europe-west1")["input_tokens", ALWAYS] == Decimal("5.6")
    with pytest.raises(PageChanged, match="stands on the tab 'Mars', which is no place"):
        extract(altered(TABS, "<span>europe-west 1</span>", "<span>Mars</span>"), "vertex")


def test_some_models_have_another_size_from_which_prompts_are_long() -> None:
    prices = at(extract(saved(TABS), "vertex"), "Claude Haiku 6", "standard", "global")
    assert prices["input_tokens", Conditions(max_input_tokens=100_000)] == Decimal("0.15")
    assert prices["input_tokens", Conditions(min_input_tokens=100_001)] == Decimal("0.6")


def test_what_is_stated_at_two_prices_or_contradicts_itself_is_left_by_name() -> None:
    # As on 2026-10-05: the writing of an hour twice, of which one is a batch's; "5m Batch Write".
    page = altered(
        TABS,
        row_of("5m Batch Write", "$7.00", "$7.00"),
        row_of("Input", "$6.00", "") + "</tr>\n" + row_of("Output", "$29.00", ""),
    )
    prices = at(extract(page, "vertex"), "Claude Opus 6", "standard", "europe-west1")
    assert {unit for unit, _ in prices} == {"cache_write_1h_tokens"}
    assert page.unread["Claude Opus 6 europe-west1: output_tokens in standard at two prices"] == 1
    page = saved(TABS)
    assert len(extract(page, "vertex")) == 21
    assert page.unread["table: Agents"] == 1
    assert page.unread["Claude Opus 6 europe-west 1: 5m Batch Write"] == 1


def test_only_what_points_to_the_note_begins_on_its_day() -> None:
    [offer] = [o for o in extract(saved(TABS), "vertex") if (o.model, o.region) == ("Gemini 4 Flash", "non-global")]
    begins = {price.unit: price.valid_from for price in offer.components}
    july = datetime(2026, 7, 1, tzinfo=UTC)
    assert begins == {"input_tokens": july, "cache_read_tokens": july, "output_tokens": None}


def test_a_tier_beside_the_region_is_of_that_tier_alone() -> None:
    offers = extract(saved(TABS), "vertex")
    for tier, amount in (("batch", "1.05"), ("flex", "1.06")):
        assert at(offers, "Gemini 4 Pro", tier, "global")["input_tokens", SHORT] == Decimal(amount)
        assert at(offers, "Gemini 4 Pro", tier, "global")["output_tokens", LONG] == Decimal("9.45")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (OPUS, "", "does not say of what|behind|two sizes"),
        ("<p>Input (audio)</p>", "<p>Input (smell)</p>", "of no known unit"),
        ("<p>Non-global *</p>", "<p>Elsewhere</p>", "unknown place"),
        ("<p>$0.44</p>", "<p>$4.40</p>", "a row is lost"),
        ("<p>$0.45 / 1M tokens</p>", "<p>$0.45 / 1K tokens</p>", "under a header"),
        ("<p>Price /1M (USD)</p>", "<p>Cost /1M tokens (USD)</p>", "under the unknown headers"),
        ("<p>through December 31, 2026</p>", "<p>until December 31, 2026</p>", "is not a model and the day"),
        ("<p>Batch requests</p>", "<p>Nightly requests</p>", "unknown place or request"),
        ("$0.0000047", "€0.0000047", "not in USD"),
        ("<span>Token-based pricing</span>", "<span>Priority</span>", "of another tier"),
    ],
)
def test_a_page_of_tabs_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(TABS, old, new), "vertex")
