"""DeepSeek's page in dollars: every cell of the real capture, and what its footnotes say of hours and of models."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, real

OCTOBER = "deepseek/2026-10-20"
SINCE, UNTIL = datetime(2026, 4, 26, 12, 15, tzinfo=UTC), datetime(2026, 5, 31, 15, 59, tzinfo=UTC)

# Typed from the capture of 2026-05-08 by hand, all six prices: model, unit, amount, list amount, start, end.
CELLS: list[tuple[str, str, str, str | None, datetime | None, datetime | None]] = [
    ("deepseek-v4-flash", "cache_read_tokens", "0.0028", None, SINCE, None),
    ("deepseek-v4-flash", "input_tokens", "0.14", None, None, None),
    ("deepseek-v4-flash", "output_tokens", "0.28", None, None, None),
    ("deepseek-v4-pro", "cache_read_tokens", "0.003625", "0.0145", SINCE, UNTIL),
    ("deepseek-v4-pro", "input_tokens", "0.435", "1.74", None, UNTIL),
    ("deepseek-v4-pro", "output_tokens", "0.87", "3.48", None, UNTIL),
]


def test_every_cell_of_the_real_page_read_by_hand(recorded: Path) -> None:
    page = real(recorded, "deepseek", "2026-05-08")
    offers = extract(page, "deepseek")
    for model, unit, amount, regular, since, until in CELLS:
        price = cell(offers, model, "standard", unit)
        assert (price.amount, price.currency, price.per) == (Decimal(amount), "USD", 1_000_000), (model, unit)
        assert (price.list_amount, price.valid_from, price.valid_to) == (regular and Decimal(regular), since, until)
    assert Counter(price.unit for offer in offers for price in offer.components) == {
        "cache_read_tokens": 2,
        "input_tokens": 2,
        "output_tokens": 2,
    }
    assert page.unread == {}


def test_the_note_of_a_model_is_a_term(recorded: Path) -> None:
    [flash, pro] = extract(real(recorded, "deepseek", "2026-05-08"), "deepseek")
    assert "deepseek-chat and deepseek-reasoner will be deprecated" in flash.terms[0]
    assert pro.terms == ()


def test_a_model_that_is_billed_as_another_one_says_so() -> None:
    page = altered(OCTOBER, "deepseek-v4-pro</td>", "deepseek-v4-pro<sup>(3)</sup></td>")
    said = "(3) Since September 14, 2026 requests for it are billed at the price of Flash."
    body = page.body.replace(b"</p>\n<h2>Search", f"<br>{said}</p>\n<h2>Search".encode())
    [_, pro] = extract(type(page)(page.url, body, page.media_type, page.fetched_at), "deepseek")
    assert pro.terms == (said.removeprefix("(3) "),)


def test_all_other_hours_may_be_named_within_the_sentence_of_the_peak() -> None:
    page = altered(OCTOBER, ", excluding Chinese public holidays. All", " (all other hours are off-peak). All")
    peak = Conditions(hours_utc=("01:00-04:00", "06:00-10:00"), weekdays=(1, 2, 3, 4, 5), period="peak")
    offers = extract(page, "deepseek")
    assert cell(offers, "deepseek-v4-pro", "standard", "input_tokens", peak).amount == Decimal("1.32")
