"""Cerebras' page and its public model list, trap by trap, and every cell of the real capture."""

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE, API = "cerebras/2026-05-08", "cerebras/2026-08-15"

# Typed from the capture of 2026-05-08 by hand: the page holds these eight prices and no more.
CELLS = [
    ("ZAI GLM 4.7", "2.25", "2.75"),
    ("GPT OSS 120B", "0.35", "0.75"),
    ("Llama 3.1 8B", "0.10", "0.10"),
    ("Qwen 3 235B Instruct", "0.60", "1.20"),
]


def test_every_cell_of_the_real_page_read_by_hand(recorded: Path) -> None:
    page = real(recorded, "cerebras", "2026-05-08")
    offers = extract(page, "cerebras")
    assert [offer.model for offer in offers] == [model for model, _, _ in CELLS]
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "input_tokens": 4,
        "output_tokens": 4,
    }
    for model, *amounts in CELLS:
        found = [cell(offers, model, "standard", f"{direction}_tokens") for direction in ("input", "output")]
        assert [(price.amount, price.currency, price.per) for price in found] == [
            (Decimal(amount), "USD", 1_000_000) for amount in amounts
        ]
    preview = "Preview models are intended for evaluation purposes only, and are not intended for use in production"
    assert [offer.terms for offer in offers] == [
        (f"{preview} environments.",),
        (),
        ("Will be deprecated on May 27, 2026.",),
        ("Will be deprecated on May 27, 2026.",),
    ]
    assert page.unread == {"$ per month": 2}


def test_the_icon_and_the_mark_of_a_note_are_not_part_of_a_name() -> None:
    offers = extract(saved(PAGE), "cerebras")
    assert [offer.model for offer in offers] == ["ZAI GLM 4.7", "GPT OSS 120B", "Qwen 3 235B Instruct", "Gemma 4 31B"]


def test_contact_us_is_a_term() -> None:
    gemma = extract(saved(PAGE), "cerebras")[-1]
    assert (gemma.components, gemma.terms) == ((), ("contact us",))


def test_a_table_of_plans_is_reported() -> None:
    page = saved(PAGE)
    extract(page, "cerebras")
    assert page.unread == {"table: ": 1, "$ per month": 2}


def test_the_model_list_is_recognised_and_read_by_the_token() -> None:
    page = saved(API)
    offers = extract(page, "cerebras")
    price = cell(offers, "zai-glm-4.7", "standard", "output_tokens")
    assert (price.amount, price.per) == (Decimal("0.00000275"), 1)
    assert [offer.terms for offer in offers] == [(), ("deprecated",), ("free",)]
    assert page.unread == {"price key rerank": 1}


@pytest.mark.parametrize(
    ("pricing", "term"),
    [
        ('"prompt": "0", "completion": "0", "rerank": "0"', "free"),
        ('"rerank": "0.001"', "no price of tokens is stated"),
        ('"prompt": "0", "seconds": "0.0001"', "no price of tokens is stated"),
        ('"prompt": null', "no price is stated"),
    ],
)
def test_a_price_that_is_unread_is_not_given_away(pricing: str, term: str) -> None:
    offers = extract(altered(API, '"prompt": "0", "completion": "0"', pricing), "cerebras")
    assert (offers[-1].components, offers[-1].terms) == ((), (term,))


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (PAGE, '\\"Input\\"', '\\"Prompt\\"', "no column 'Input'"),
        (PAGE, '\\"Model\\"', '\\"Name\\"', "no price was found"),
        (PAGE, '\\"Speed\\",', "", "has 3 columns, but a row"),
        (PAGE, "$$2.25/M tokens", "$$2.25/KTok", "not one amount"),
        (PAGE, "$$2.25/M tokens", "$$2.25", "not a price for"),
        (PAGE, "$$2.25/M tokens", "$L12", "is the reference"),
        (PAGE, "$$2.25/M tokens", "€2.25/M tokens", "not in USD"),
        (PAGE, "GLM 4.7*", "GLM 4.7***", r"points to the notes \['\*\*\*'\]"),
        (PAGE, "[ZAI]ZAI", "[ZAI][NEW]ZAI", "does not name a model"),
        (PAGE, '\\"rows\\":', '\\"lines\\":', "no table in the stream"),
        (PAGE, '\\"cells\\":[\\"Plan', '\\"values\\":[\\"Plan', "cannot be read"),
        (API, '"prompt": "0.00000035"', '"prompt": "-0.35"', "not a decimal price"),
        (API, '"pricing"', '"price"', "pricing"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "cerebras")


def test_losing_any_string_of_the_stream_moves_no_price() -> None:
    page = saved(PAGE)
    text = page.body.decode()
    right = {(offer.model, price) for offer in extract(page, "cerebras") for price in offer.components}
    pieces = list(re.finditer(r'\\"[^"\\]*\\",?', text))
    assert len(pieces) > 60
    for piece in pieces:
        torn = replace(page, body=(text[: piece.start()] + text[piece.end() :]).encode())
        try:
            offers = extract(torn, "cerebras")
        except PageChanged:
            continue
        assert {(offer.model, price) for offer in offers for price in offer.components} <= right, piece[0]
