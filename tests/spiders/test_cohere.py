"""Cohere's page: models inside what Next.js streams, and those of before in the answers to questions."""

from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from tests.spiders.reading import altered, cell, extract, real, saved

PAGE, WHOLE = "cohere/2026-07-15", "cohere/2026-10-07"


def test_the_recorded_excerpt_is_read(recorded: Path) -> None:
    offers = extract(real(recorded, "cohere", "2026-07-15"), "cohere")
    assert [offer.model for offer in offers] == ["Embed 4"]
    assert cell(offers, "Embed 4", "standard", "input_tokens").amount == Decimal("0.12")
    assert cell(offers, "Embed 4", "standard", "input_image_tokens").amount == Decimal("0.47")


def test_a_number_of_the_stream_is_never_a_float() -> None:
    price = cell(extract(saved(PAGE), "cohere"), "Command R", "standard", "input_tokens")
    assert (price.amount, price.per) == (Decimal("0.15"), 1_000_000)


def test_a_trial_is_a_term_and_no_price_of_zero() -> None:
    [trial] = [offer for offer in extract(saved(PAGE), "cohere") if offer.model == "Trial"]
    assert (trial.components, trial.terms) == ((), ("free",))


def test_what_is_rented_by_the_hour_is_reported() -> None:
    page = altered(PAGE, '\\"per\\":\\"Free\\"', '\\"per\\":\\"instance / hour\\"')
    assert "Trial" not in {offer.model for offer in extract(page, "cohere")}
    assert page.unread == {"Trial: per instance / hour": 1}


def test_capitals_of_a_label_may_change() -> None:
    page = altered(PAGE, '\\"inputLabel\\":\\"Input\\"', '\\"inputLabel\\":\\"INPUT\\"')
    assert extract(page, "cohere") == extract(saved(PAGE), "cohere")


def test_searches_are_requests() -> None:
    price = cell(extract(saved(PAGE), "cohere"), "Rerank 4", "standard", "requests")
    assert (price.amount, price.per) == (Decimal(2), 1_000)


def test_what_a_pricing_is_per_goes_before_what_its_model_is_per() -> None:
    offers = extract(saved(WHOLE), "cohere")
    search, page = cell(offers, "Rerank 4 Pro", "standard", "requests"), cell(offers, "Parse 5", "standard", "pages")
    assert [(price.amount, price.per) for price in (search, page)] == [(Decimal("2.5"), 1_000), (Decimal("1.5"), 1_000)]


def test_older_models_have_their_prices_in_sentences() -> None:
    page = saved(WHOLE)
    offers = extract(page, "cohere")
    assert cell(offers, "Command R 03-2024", "standard", "output_tokens").amount == Decimal("1.50")
    assert cell(offers, "Aya Expanse 32B", "standard", "input_tokens").amount == Decimal("0.50")
    assert page.unread == {"models without pricings": 2, "amounts that are not for tokens": 2}


def test_a_page_that_is_not_drawn_yet_has_its_sentences_in_the_stream() -> None:
    answer = "Command N pricing is {}0.70/1M tokens for input and $1.40/1M tokens for output"
    for said in (answer.format("$"), "\\\\n" + answer.format("$"), answer.format("$$")):
        page = altered(PAGE, '\\"models\\":', f'\\"text\\":\\"{said}\\",\\"models\\":')
        assert cell(extract(page, "cohere"), "Command N", "standard", "output_tokens").amount == Decimal("1.40")
    page = altered(PAGE, '\\"models\\":', f'\\"text\\":\\"{answer.format("from $")}\\",\\"models\\":')
    assert "Command N" not in {offer.model for offer in extract(page, "cohere")}
    assert page.unread["Command N pricing is from $0.70/1M tokens for input and $1.4"] == 1
    drawn = "<p>Command-light pricing is $0.30/1M tokens for input and $0.60/1M tokens for output</p>"
    twice = altered(WHOLE, '\\"pricingGroups\\":', f'\\"text\\":\\"{drawn[3:-4]}\\",\\"pricingGroups\\":')
    assert extract(twice, "cohere") == extract(saved(WHOLE), "cohere")
    with pytest.raises(PageChanged, match="two prices"):
        extract(altered(WHOLE, "<h1>", drawn.replace("0.30", "0.31") + "<h1>"), "cohere")


def test_a_sentence_or_a_key_that_is_not_known_is_reported() -> None:
    page = altered(WHOLE, "Command-light pricing is", "Command-light will be")
    assert "Command-light" not in {offer.model for offer in extract(page, "cohere")}
    assert page.unread["Command-light will be $0.30/1M tokens for input and $0.60/1M"] == 1
    page = altered(WHOLE, "Find more", "Batches are half of that. Find more")
    assert "Aya Expanse 8B" not in {offer.model for offer in extract(page, "cohere")}
    page = altered(WHOLE, '\\"inputPrice\\":0.15', '\\"cachedPrice\\":0.01,\\"inputPrice\\":0.15')
    extract(page, "cohere")
    assert page.unread["pricing key cachedPrice"] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1K searches", "1K words", "does not say what"),
        ("1K searches", "1 hour", "is not a price"),
        ("overridePer", "insteadPer", "is not a price"),
        ('\\"per\\":\\"Free\\"', '\\"per\\":\\"1M tokens\\"', "is not a price"),
        ('\\"per\\":\\"Free\\"', '\\"each\\":\\"Free\\"', "does not say what"),
    ],
)
def test_a_whole_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(WHOLE, old, new), "cohere")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('\\"per\\":\\"1M tokens\\"', '\\"per\\":\\"1M words\\"', "does not say what"),
        ('\\"per\\":\\"1M tokens\\"', '\\"each\\":\\"1M tokens\\"', "per"),
        ('\\"inputLabel\\":\\"Input\\"', '\\"inputLabel\\":\\"Training\\"', "is not a price"),
        ('\\"inputLabel\\":\\"Cost\\"', '\\"inputTitle\\":\\"Cost\\"', "is not a price"),
        ('\\"inputPrice\\":0.15', '\\"inputPrice\\":0', "is not a price"),
        ('\\"inputPrice\\":0.15', '\\"inputPrice\\":\\"$2a\\"', "not a decimal price"),
        ('\\"modelName\\":\\"Command R\\"', '\\"name\\":\\"Command R\\"', "cannot be read|stands outside"),
        ('\\"pricings\\"', '\\"prices\\"', "no price"),
        ('\\"Command R\\"', '\\"Command A+\\"', "two prices"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(PAGE, old, new), "cohere")
