"""Novita's page and its model list, trap by trap. The recorded page is a conversion: its text, not its bytes."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE, API = "novita/2026-05-08", "novita/2026-08-20"
STREAM, NESTED = "novita/2026-08-24", "novita/2026-10-09"
LONG = Conditions(min_input_tokens=524_289, max_input_tokens=1_000_000)

# Typed from the converted capture of 2026-05-08 by hand.
CELLS = [
    ("deepseek/deepseek-v3.2", "input_tokens", "0.269"),
    ("deepseek/deepseek-v3.2", "cache_read_tokens", "0.1345"),
    ("deepseek/deepseek-v3.2", "output_tokens", "0.4"),
    ("deepseek/deepseek-v4-pro", "cache_read_tokens", "0.13"),
    ("deepseek/deepseek-v4-flash", "cache_read_tokens", "0.028"),
    ("deepseek/deepseek-v3-0324", "output_tokens", "1.12"),
    ("deepseek/deepseek-r1-0528", "cache_read_tokens", "0.35"),
    ("zai-org/glm-4.7-flash", "cache_read_tokens", "0.01"),
    ("zai-org/glm-4.6v", "cache_read_tokens", "0.055"),
    ("zai-org/glm-4.5-air", "cache_read_tokens", "0.025"),
    ("zai-org/glm-5.1", "output_tokens", "4.4"),
    ("moonshotai/kimi-k2.6", "input_tokens", "0.95"),
    ("moonshotai/kimi-k2-thinking", "cache_read_tokens", "0.15"),
    ("moonshotai/kimi-k2.5", "output_tokens", "3"),
    ("minimax/minimax-m2.7", "cache_read_tokens", "0.06"),
]


def test_the_converted_page_says_what_was_typed_from_it(recorded: Path) -> None:
    offers = extract(real(recorded, "novita", "2026-05-08"), "novita")
    for model, unit, amount in CELLS:
        price = cell(offers, model, "standard", unit)
        assert (price.amount, price.per) == (Decimal(amount), 1_000_000), (model, unit)
    assert len(offers) == 93
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 89,
        "output_tokens": 86,
        "cache_read_tokens": 29,
    }


@pytest.mark.parametrize("model", ["deepseek/deepseek-v3.2", "deepseek/deepseek-v4-pro"])
def test_the_input_cell_holds_the_price_of_a_cache_hit_too(model: str) -> None:
    offers = extract(saved(PAGE), "novita")
    read, miss = (cell(offers, model, "standard", unit).amount for unit in ("cache_read_tokens", "input_tokens"))
    assert read < miss


def test_words_in_place_of_a_price_are_terms() -> None:
    terms = {offer.model: offer.terms for offer in extract(saved(PAGE), "novita") if not offer.components}
    assert terms == {
        "qwen/qwen3-max": ("tiered pricing",),
        "qwen/qwen3-omni-30b-a3b-instruct": ("omnimodal pricing",),
        "qwen/qwen3-8b-old": ("not offered",),
    }


def test_media_and_the_batch_discount_are_reported() -> None:
    page = saved(PAGE)
    extract(page, "novita")
    assert page.unread == {"table: Audio": 2, "batch discount": 1, "tiered prices": 1}


def test_a_table_of_media_that_names_its_models_is_reported_too() -> None:
    page = altered(PAGE, "<th>API Name</th>", "<th>Model Name</th>")
    assert len(extract(page, "novita")) == len(extract(saved(PAGE), "novita"))
    assert page.unread["table: Audio"] == 2


def test_the_api_counts_ten_thousandths_of_a_dollar() -> None:
    page, api = extract(saved(PAGE), "novita"), extract(saved(API), "novita")
    for unit in ("input_tokens", "output_tokens", "cache_read_tokens"):
        assert cell(api, "deepseek/deepseek-v3.2", "standard", unit) == cell(
            page, "deepseek/deepseek-v3.2", "standard", unit
        )


def test_the_first_price_of_several_is_not_sold_as_the_price() -> None:
    page = altered(API, '"is_tiered_billing": false', '"is_tiered_billing": true')
    offers = extract(page, "novita")
    assert [offer.terms for offer in offers if offer.model == "baai/bge-m3"] == [("tiered pricing",)]
    assert page.unread == {"tiered prices": 1}


@pytest.mark.parametrize(("name", "model"), [(STREAM, "MiniMax M3"), (NESTED, "minimax/minimax-m3")])
def test_a_tier_that_begins_where_the_last_has_ended_begins_behind_it(name: str, model: str) -> None:
    offers = extract(saved(name), "novita")
    assert cell(offers, model, "standard", "output_tokens", LONG).amount == Decimal("2.4")
    assert cell(offers, model, "standard", "input_tokens", Conditions(max_input_tokens=524_288)).amount == Decimal(
        "0.3"
    )


def test_the_cache_has_its_price_in_the_object_alone() -> None:
    assert cell(extract(saved(NESTED), "novita"), "deepseek/deepseek-v3.2", "standard", "cache_read_tokens").amount == (
        Decimal("0.1345")
    )


def test_tiers_that_nobody_knows_are_reported_with_their_model() -> None:
    page = altered(STREAM, "MiniMax M3</a>", "MiniMax M4</a>")
    [tiered] = [offer for offer in extract(page, "novita") if offer.model == "MiniMax M4"]
    assert (tiered.components, tiered.terms) == ((), ("tiered pricing",))
    assert page.unread == {"tiered prices": 1, "models of the stream in no table": 1}
    for name, shown, old, new in (
        (STREAM, "MiniMax M3", '\\"min_tokens\\":524288', '\\"min_tokens\\":600000'),
        (STREAM, "MiniMax M3", '\\"output_max_tokens\\":0', '\\"output_max_tokens\\":4096'),
        (STREAM, "MiniMax M3", '\\"pricePerMDecimal\\":\\"0.6\\"', '\\"pricePerMDecimal\\":0.6'),
        (NESTED, "minimax/minimax-m3", '"min_tokens": 524288', '"min_tokens": 600000'),
    ):
        page = altered(name, old, new)
        assert [offer.components for offer in extract(page, "novita") if offer.model == shown] == [()]
        assert any(unread.startswith(f"tiered prices of {shown}: ") for unread in page.unread)


def test_a_price_that_is_unread_is_not_given_away() -> None:
    other = '"image": {"price_per_m_decimal": "0.02"}'
    page = altered(NESTED, '"prompt": {"price_per_m": 0, "price_per_m_decimal": "0"}', other)
    [hy3] = [offer for offer in extract(page, "novita") if offer.model == "tencent/hy3"]
    assert (hy3.components, hy3.terms) == ((), ("no price of tokens is stated",))
    assert page.unread["price key image"] == 1


def test_what_is_struck_through_is_the_list_price() -> None:
    old = '<span title="0.4">$0.4 /Mt</span>'
    page = altered(STREAM, old, f'{old}<span class="line-through">$0.8 /Mt</span>')
    price = cell(extract(page, "novita"), "DeepSeek V3 (Turbo)", "standard", "input_tokens")
    assert (price.amount, price.list_amount) == (Decimal("0.4"), Decimal("0.8"))


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (PAGE, "<th>Input</th>", "<th>Prompt</th>", "no column 'Input'"),
        (PAGE, "<th>Output</th>", "<th>Completion</th>", "no column 'Output'"),
        (PAGE, "Model Name", "Model", "no price was found"),
        (PAGE, "Cache Read", "Cache Write", "not a price, or one with its cache read"),
        (PAGE, "$0.4 /Mt", "$0.4 /Mt· Cache Read $0.1 /Mt", "not a price, or one"),
        (PAGE, "$0.4 /Mt", "$0.4 /Kt", "not a price, or one"),
        (PAGE, "$0.4 /Mt", "$0,4 /Mt", "not one amount"),
        (PAGE, "Tiered pricing", "Ask us", "not a price, or one"),
        (PAGE, "deepseek/deepseek-ocr-2</a>", "deepseek/deepseek-v3.2</a>", "two prices"),
        (STREAM, "$3.96 /Mt", "<s>$3.9 /Mt</s>$3.96 /Mt", "is not a sale"),
        (STREAM, "$3.96 /Mt", "<s>$4</s>$3.96 /Mt", "is struck"),
        (STREAM, '\\"displayName\\"', '\\"name\\"', "cannot be read"),
        (NESTED, '"price_per_m_decimal": "0.269"', '"price_per_m_decimal": "2.69"', "not one amount"),
        (NESTED, '"input_token_price_per_m": 2690', '"input_token_price_per_m": 2600', "has two prices"),
        (NESTED, '{"price_per_m": 1400}', '{"price": 1400}', "not one amount"),
        (NESTED, '{"price_per_m": 1400}', "1400", "cannot be read"),
        (API, "2690", '"2690 USD"', "not a decimal price"),
        (API, '"id": "baai/bge-m3"', '"id": 3', "has the id 3"),
        (API, '"input_token_price_per_m"', '"input_price"', "lacks \\['input_token_price_per_m'"),
        (PAGE, "<td>baai/bge-m3</td>", "<td></td>", "a row without a model"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "novita")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(PageChanged, match="no price was found"):
        extract(replace(saved(API), body=b'{"data": []}'), "novita")
