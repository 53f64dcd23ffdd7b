"""Fireworks' pricing page in both its forms, trap by trap. Nothing but a retyped excerpt is recorded."""

from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, saved

THREE, COLUMNS = "fireworks/2026-09-05", "fireworks/2026-05-01"


def test_a_cell_holds_input_cached_input_and_output_in_that_order() -> None:
    offers = extract(saved(THREE), "fireworks")
    for tier, amounts in {"standard": ("3", "0.30", "15"), "priority": ("3.75", "0.375", "18.75")}.items():
        found = [cell(offers, "Kimi K3", tier, f"{kind}_tokens") for kind in ("input", "cache_read", "output")]
        assert [price.amount for price in found] == list(map(Decimal, amounts))
        assert {price.per for price in found} == {1_000_000}


def test_a_dash_under_priority_is_no_offer() -> None:
    offers = extract(saved(THREE), "fireworks")
    assert [offer.tier for offer in offers if offer.model == "Kimi K3 Fast"] == ["standard"]


def test_a_model_served_in_the_united_states_only_has_its_region() -> None:
    offers = extract(saved(THREE), "fireworks")
    assert {(offer.model, offer.region) for offer in offers if offer.region} == {
        ("Kimi K3", "us"),
        ("GLM 5.2 Fast", "us"),
    }
    assert cell(offers, "Kimi K3", "standard", "input_tokens", region="us").amount == Decimal("4.60")


def test_preview_is_a_note_and_a_date_belongs_to_the_name() -> None:
    terms = {offer.model: offer.terms for name in (THREE, COLUMNS) for offer in extract(saved(name), "fireworks")}
    assert terms["Nemotron 3 Ultra"] == ("Preview",)
    assert terms["Kimi K2.6 Turbo"] == ("Fast, Preview",)
    assert terms["DeepSeek V4 Pro (0813)"] == ()


def test_three_columns_say_the_same_as_three_prices_in_a_cell() -> None:
    offers = extract(saved(COLUMNS), "fireworks")
    assert cell(offers, "DeepSeek V4 Pro", "standard", "cache_read_tokens").amount == Decimal("0.145")
    assert [price.unit for price in offers[-1].components] == ["input_tokens", "output_tokens"]


def test_size_classes_embeddings_and_the_batch_discount_are_reported() -> None:
    page = saved(THREE)
    extract(page, "fireworks")
    sizes = "table: Other base models — by size and architecture"
    assert page.unread == {sizes: 2, "table: Embeddings": 1, "batch discount": 1}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (THREE, "input / cached input / output**", "input / output / cached input**", "does not say that"),
        (THREE, "**per 1 million tokens**", "**per 1 thousand tokens**", "Prices below are per 1 million"),
        (THREE, r"\$3.00 / \$0.30 / \$15.00", r"\$3.00 / \$15.00", "are not the prices of"),
        (THREE, r"\$3.00 / \$0.30 / \$15.00", r"\$3.00 / \$0.30 / \$15.00 / \$1", "are not the prices of"),
        (THREE, r"\$3.00 / \$0.30", r"€3.00 / \$0.30", "not in USD"),
        (THREE, r"| \$3.00 / \$0.30", r"| ~~\$4.00~~ \$3.00 / \$0.30", "beside the struck-through"),
        (THREE, "| Priority  ", "| Premium   ", "no column 'Priority'"),
        (THREE, "| Standard  ", "| Default   ", "no price was found"),
        (THREE, "Kimi K3 Fast", "Kimi K3", "two prices"),
        (THREE, "| [Kimi K3](", "| Junk | | |\n| [Kimi K3](", "Junk has no prices"),
        (COLUMNS, "| Output |", "| Answer |", "no column 'Output'"),
        (COLUMNS, r"\$4.00", r"\$4.00 / 1K tokens", "says itself what it is for"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), "fireworks")
