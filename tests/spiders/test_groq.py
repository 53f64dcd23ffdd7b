"""Groq's model page in its documented shape, trap by trap."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, saved

PAGE = "groq/2026-09-20"


def test_input_and_output_are_glued_in_one_cell() -> None:
    offers = extract(saved(PAGE), "groq")
    found = [cell(offers, "openai/gpt-oss-20b", "standard", f"{direction}_tokens") for direction in ("input", "output")]
    assert [(price.amount, price.per) for price in found] == [
        (Decimal("0.075"), 1_000_000),
        (Decimal("0.30"), 1_000_000),
    ]


def test_an_hour_of_audio_and_characters_stand_in_the_column_of_tokens() -> None:
    offers = extract(saved(PAGE), "groq")
    hour = cell(offers, "whisper-large-v3", "standard", "audio_seconds")
    speech = cell(offers, "canopylabs/orpheus-v1-english", "standard", "characters")
    assert [(price.amount, price.per) for price in (hour, speech)] == [
        (Decimal("0.111"), 3_600),
        (Decimal(22), 1_000_000),
    ]


def test_the_model_is_the_id_and_what_stands_before_it_is_a_term() -> None:
    page = saved(PAGE)
    assert {offer.model: offer.terms for offer in extract(page, "groq") if offer.terms} == {
        "llama-3.3-70b-versatile": ("enterprise", "contact us"),
        "groq/compound": ("not offered",),
        "canopylabs/orpheus-v1-english": ("preview",),
        "qwen/qwen3.8-27b": ("preview",),
    }
    assert page.unread == {}


def test_links_may_be_absolute_and_stand_apart_from_the_id() -> None:
    page = altered(
        PAGE, "](/docs/model/openai/gpt-oss-20b)", "](https://console.groq.com/docs/model/openai/gpt-oss-20b)  "
    )
    assert extract(page, "groq") == extract(saved(PAGE), "groq")
    page = altered(PAGE, ")Enterprisellama", ") Enterprise  llama")
    assert extract(page, "groq") == extract(saved(PAGE), "groq")


def test_a_link_that_stands_alone_over_a_table_is_no_row_of_it() -> None:
    page = altered(PAGE, "| MODEL ID", "[Whisper](/docs/model/whisper-large-v3)\n\n| MODEL ID")
    assert extract(page, "groq") == extract(saved(PAGE), "groq")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('href="/docs/model/whisper-large-v4"', 'href="/docs/model/whisper"', "stands before 'whisper-large-v4'"),
        ('href="/docs/model/whisper-large-v4"', 'href="/docs/whisper-large-v4"', "does not end with the id"),
        (">Enterprise<", ">New<", "stands before 'New llama-5-8b'"),
        ('<span class="text-xs">output</span>', '<span class="text-xs">cached</span>', "not one amount"),
    ],
)
def test_the_page_itself_is_read_and_refused_by_the_same_rules(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered("groq/2026-10-04", old, new), "groq")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PRICE PER 1M TOKENS", "PRICE PER 1K TOKENS", "no column 'PRICE PER 1M TOKENS'"),
        ("MODEL ID", "MODEL", "no price was found"),
        ("$0.15 input$0.60 output", "$0.15 output$0.60 input", "not one amount"),
        ("$0.15 input$0.60 output", "$0.15 input", "not one amount"),
        ("$0.15 input$0.60 output", "$0.15", "neither a price of tokens"),
        ("$0.111 per hour", "$0.111 per image", "neither a price of tokens"),
        ("$0.15 input", "€0.15 input", "not one amount"),
        ("gpt-oss-120b)openai", "gpt-oss-120b)Newopenai", "stands before 'Newopenai/gpt-oss-120b'"),
        ("(/docs/model/openai/gpt-oss-20b)", "(/docs/other/gpt-oss-20b)", "does not end with the id"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "groq")
