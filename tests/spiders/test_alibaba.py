"""Model Studio's international page, trap by trap."""

import json
from dataclasses import replace as altered_page
from decimal import Decimal

import pytest
from msgspec.structs import replace

from crawler.failures import PageChanged
from crawler.reading import spider_class
from history.model import ALWAYS, Conditions
from history.validation import validate
from tests.spiders.reading import altered, cell, extract, saved

SAVED, OTHER, DRAWN = "alibaba/2026-10-05", "alibaba/2026-08-21", "alibaba/2026-08-19"
OLD = "alibaba/2025-12-10"
SINGAPORE, FRANKFURT = "Singapore/International", "Germany (Frankfurt)/Global"
TO_1M, FROM_32K = Conditions(max_input_tokens=10**6), Conditions(min_input_tokens=32_001, max_input_tokens=128_000)
TO_256K, FROM_256K = Conditions(max_input_tokens=256_000), Conditions(min_input_tokens=256_001, max_input_tokens=10**6)

CELLS: list[tuple[str, str, str, Conditions, str, str | None]] = [
    ("qwen3.8-max", SINGAPORE, "output_tokens", TO_1M, "6", None),
    ("qwen3-max", SINGAPORE, "input_tokens", FROM_32K, "2.4", None),
    ("qwen-max", SINGAPORE, "output_tokens", ALWAYS, "6.4", None),
    ("qwen3.7-plus", SINGAPORE, "input_tokens", TO_256K, "0.32", "0.4"),
    ("qwen3.7-plus", SINGAPORE, "output_tokens", replace(TO_256K, thinking=True), "1.28", "1.6"),
    ("qwen3.7-plus", SINGAPORE, "output_tokens", replace(FROM_256K, thinking=True), "12", None),
    ("qwen3.7-plus", SINGAPORE, "output_tokens", replace(FROM_256K, thinking=False), "3.6", None),
    ("qwen3.7-plus", "China (Beijing)", "output_tokens", ALWAYS, "1.101", None),
    ("qwen3-coder-480b", SINGAPORE, "input_tokens", Conditions(max_input_tokens=32_000), "1.5", None),
    ("qwen3-coder-480b", SINGAPORE, "output_tokens", Conditions(min_input_tokens=128_001), "22.5", None),
    ("deepseek-v4-flash-0731", SINGAPORE, "output_tokens", Conditions(period="peak"), "1.32", None),
    ("deepseek-v4-flash-0731", SINGAPORE, "input_tokens", Conditions(period="off_peak"), "0.22", None),
    ("deepseek-v4-pro", SINGAPORE, "input_tokens", ALWAYS, "2.4", None),
    ("qwen3.5-omni-plus", "Singapore", "input_audio_tokens", ALWAYS, "11", None),
    ("qwen3.5-omni-plus", "Singapore", "input_video_tokens", ALWAYS, "1.4", None),
    ("qwen3.8-max", FRANKFURT, "input_tokens", replace(TO_1M, hours_utc=("14:00-00:00",)), "0.66", "1.65"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "region", "unit", "when", "amount", "listed"), CELLS)
def test_a_cell_is_read(model: str, region: str, unit: str, when: Conditions, amount: str, listed: str | None) -> None:
    price = cell(extract(saved(SAVED), "alibaba"), model, "standard", unit, when, region)
    assert (price.amount, price.per, price.currency) == (Decimal(amount), 1_000_000, "USD")
    assert price.list_amount == (None if listed is None else Decimal(listed))


@pytest.mark.parametrize("name", [SAVED, OTHER, DRAWN, OLD])
def test_every_offer_passes_validation(name: str) -> None:
    seen, rejections = validate(extract(saved(name), "alibaba"), spider_class("alibaba").source())
    assert rejections == []
    assert len(seen.offers) >= 4


def test_the_headings_of_2025_name_a_region_behind_what_is_generated() -> None:
    offers = extract(saved(OLD), "alibaba")
    assert {offer.region for offer in offers} == {"International (Singapore)", "Chinese mainland (Beijing)"}
    with pytest.raises(PageChanged, match="of no known region"):
        extract(altered(OLD, " - Chinese mainland (Beijing)", " - Lunar lowland (Tycho)"), "alibaba")


def test_one_model_is_another_offer_in_every_region_and_scope() -> None:
    offers = extract(saved(SAVED), "alibaba")
    assert {offer.region for offer in offers if offer.model == "qwen3-max"} == {SINGAPORE, "Germany (Frankfurt)/EU"}
    assert {offer.region for offer in extract(saved(OTHER), "alibaba")} >= {"US (Virginia)/US", "US (Virginia)/Global"}


def test_notes_in_the_model_cell_are_terms_and_a_dash_is_nothing() -> None:
    terms = {(offer.model, offer.region): offer.terms for offer in extract(saved(SAVED), "alibaba")}
    assert terms["qwen-max", SINGAPORE] == ("50% batch inference discount",)
    assert terms["qwen3-max", SINGAPORE] == ("Currently equivalent to qwen3-max-2026-01-23", "context caching discount")
    assert terms["qwen-plus-2025-01-25", SINGAPORE] == ()


def test_what_is_not_read_is_reported_by_name() -> None:
    page = saved(SAVED)
    extract(page, "alibaba")
    assert page.unread == {"table: Qwen-Omni": 1, "table: Image generation": 1}


def test_the_page_itself_has_its_regions_in_headings_and_its_notes_on_lines_of_their_own() -> None:
    page = saved(DRAWN)
    offers = extract(page, "alibaba")
    assert {offer.region for offer in offers} == {SINGAPORE, FRANKFURT, "Singapore"}
    assert offers[0].terms == ("Currently equivalent to qwen9-max-2026-05-20", "context caching discount")
    assert page.unread == {"table: Qwen8-Omni": 1}


def test_a_reduction_in_a_box_beside_the_price_is_one() -> None:
    price = cell(extract(saved(DRAWN), "alibaba"), "qwen9-max", "standard", "output_tokens", TO_1M, SINGAPORE)
    assert (price.amount, price.list_amount) == (Decimal("4.5"), Decimal(9))


def test_flat_rate_pricing_holds_for_every_length_and_plus_may_be_written_out() -> None:
    price = cell(extract(saved(DRAWN), "alibaba"), "qwen6-max", "standard", "output_tokens", ALWAYS, SINGAPORE)
    assert price.amount == Decimal("7.1")


def test_an_empty_bullet_on_the_page_is_the_dash_of_the_markdown() -> None:
    [offer] = [offer for offer in extract(saved(DRAWN), "alibaba") if offer.model == "qwen6-plus"]
    assert [(price.unit, price.conditions.thinking) for price in offer.components] == [
        ("input_tokens", None),
        ("output_tokens", False),
    ]


def test_the_answer_of_the_help_centre_says_what_its_page_says() -> None:
    page = saved(DRAWN)
    answer = json.dumps({"code": 200, "data": {"content": page.body.decode()}}).encode()
    answered = altered_page(page, body=answer, media_type="application/json")
    assert extract(answered, "alibaba") == extract(page, "alibaba")


def test_a_table_in_pipes_with_a_price_for_cached_input_is_read() -> None:
    columns = ["Model ID", *(f"{kind} price (per million tokens)" for kind in ("Input", "Cache-hit input", "Output"))]
    rows = [columns, ["---"] * 4, ["`qwen9-omni-flash`", "USD 0.17", "USD 0.018", "USD 0.49"]]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    tabs = f'<Tabs>\n  <Tab title="Singapore">\n\n{table}\n\n  </Tab>\n</Tabs>\n\n'
    offers = extract(altered(SAVED, "## Image generation", f"{tabs}## Image generation"), "alibaba")
    [offer] = [offer for offer in offers if offer.model == "qwen9-omni-flash"]
    assert [(price.unit, str(price.amount)) for price in offer.components] == [
        ("input_tokens", "0.17"),
        ("cache_read_tokens", "0.018"),
        ("output_tokens", "0.49"),
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (SAVED, '<Tab title="Singapore">', '<Tab title="1st region">', "no known region"),
        (SAVED, '<Tab title="Singapore">', "<Tab>", "no known region"),
        (SAVED, "<strong>Model ID</strong>", "<strong>Identifier</strong>", "unknown column"),
        (SAVED, "<strong>Mode</strong>", "<strong>Modality</strong>", "unknown column"),
        (
            SAVED,
            "<strong>Input price (per 1 million tokens)",
            "<strong>Input price (per 1K tokens)",
            "not a known price",
        ),
        (
            SAVED,
            "<strong>Input price (per 1 million tokens)",
            "<strong>Prompt price (per 1 million tokens)",
            "not a known",
        ),
        (SAVED, "<strong>Non-Thinking mode</strong>", "<strong>Quick mode</strong>", "unknown prices of tokens"),
        (SAVED, "Non-Thinking and Thinking modes", "Daydreaming mode", "unknown mode"),
        (SAVED, "Limited-time 20% off", "Limited-time 20% less", "not one amount"),
        (SAVED, "Night hours: 22:00 to 08:00", "Night hours: late", "not said when night is"),
        (SAVED, "night 60% off", "nightly 60% off", "not one amount"),
        (SAVED, "Idle hours", "Quiet hours", "not one amount"),
        (SAVED, "256K\\<Token≤1M", "300K\\<Token≤1M", "does not begin where"),
        (SAVED, "            32K\n", "            \n", "says nothing|no price"),
        (SAVED, "            128K\n", "            16K\n", "does not lie above"),
        (SAVED, "\\$2.400", "2.400 per image", "is not"),
        (SAVED, "qwen-plus-2025-01-25", "qwen3.7-plus", "two prices|does not begin"),
        (SAVED, "> 50% [batch inference]", "> 30% [batch inference]", "does not name a model"),
        (OTHER, "<p>\\$0.05</p>", "<p></p>", "there is no price"),
        (OTHER, "<p>\\$0.05</p>", "<p><del>\\$0.1</del> \\$0.05</p>", "struck-through"),
        (OTHER, "Non-thinking mode: \\$1.4", "Fast mode: \\$1.4", "not one amount"),
        (DRAWN, "<h4>Singapore</h4>", "<h4>Sales</h4>", "no known region"),
        (DRAWN, "<blockquote>Currently equivalent to ", "<blockquote>", "does not name a model"),
        (DRAWN, "<p><b>Text/Image/Video</b></p>", "<p></p>", "second header row"),
        (DRAWN, "Limited-time 50% off", "Limited-time 50% less", "not one amount"),
        (OTHER, "</thead><tbody><tr>", "</thead><tbody><tr><td>x</td>", "columns|not name"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "alibaba")
