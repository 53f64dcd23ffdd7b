"""DeepSeek's pages: every cell of the real capture, what footnotes say of hours and of models, announced lists."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, real

LINES = "deepseek/2025-01-22"
OCTOBER, ANNOUNCED, ANNOUNCED_CN = "deepseek/2026-10-20", "deepseek/2026-08-14", "deepseek_cn/2026-08-14"
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


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (ANNOUNCED, "The new prices take", "They take", "not said when the prices apply"),
        (ANNOUNCED, "The new prices take effect at 16:00 UTC on August 16, 2026, as follows:", "So:", "is in force"),
        (ANNOUNCED, "Peak hours are 01:00", "Peak is 01:00", "when peak hours are"),
        (ANNOUNCED, "</td><td>OFF-PEAK</td><td>$0.022", "</td><td>BY NIGHT</td><td>$0.022", "unknown price row"),
        (ANNOUNCED, "<tr><td>PEAK</td><td>$0.044", "<tr><td>OFF-PEAK</td><td>$0.044", "two prices"),
        (ANNOUNCED, '<td rowspan="2">deepseek-v4-pro', '<td rowspan="2">deepseek-v4-pro(1)', "unknown price row"),
        (ANNOUNCED, "MISS)</td><td>1M OUTPUT TOKENS", "MISS)</td><td>1M THOUGHT TOKENS", "does not begin with"),
        (ANNOUNCED, "MISS)</td><td>1M OUTPUT TOKENS", "MISS)</td><td>1M INPUT TOKENS (CACHE MISS)", "two prices"),
        (ANNOUNCED, '2">MODEL</td><td>1M INPUT TOKENS (CACHE HIT)', '3">MODEL', "unknown price row"),
        (ANNOUNCED, '2">MODEL</td><td>1M', '2">NAME</td><td>1M', "prices tokens and does not begin with"),
        (ANNOUNCED, "<p>(2)", "<table><tr><td>fast</td><td>$2 / 1M tokens</td></tr></table><p>(2)", "prices tokens"),
        (ANNOUNCED, "<td>$0.014</td>", "", "unknown price row"),
        (ANNOUNCED_CN, "开始生效，具体如下", "起执行，具体如下", "does not say whether a price begins or ends"),
        (ANNOUNCED_CN, "开始生效，具体如下", "开始生效。", "not said when the prices apply"),
    ],
)
def test_an_announcement_that_is_not_understood_is_refused(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), name.partition("/")[0])


def test_of_two_lines_in_a_cell_only_the_note_tells_which_is_charged() -> None:
    plain = altered(LINES, "original price and the discounted price.", "prices of two kinds.")
    with pytest.raises(PageChanged, match="not a price"):
        extract(plain, "deepseek")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("$0.07<sup>(3)</sup><br>$0.014", "$0.07<sup>(3)</sup>", "not a price"),
        ("$0.07<sup>(3)</sup><br>$0.014", "$0.014<sup>(3)</sup><br>$0.07", "is not a sale"),
        ("<td>32K</td>", "<td>$0.14</td>", "unknown price row"),
        ("<th>MAX COT TOKENS</th>", "<th>MIN COT TOKENS</th>", "does not begin with"),
        ("1M TOKENS<br>OUTPUT PRICE", "OUTPUT PRICE", "does not begin with"),
        ("<td>deepseek-reasoner</td>", "<td>DeepSeek R1</td>", "unknown price row"),
        ("<td>32K</td>", "", "unknown price row"),
    ],
)
def test_a_list_with_a_row_for_each_model_is_read_wholly_or_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(LINES, old, new), "deepseek")


def test_a_promotion_that_becomes_the_price_has_no_end() -> None:
    ends = "价格将于北京时间 2026/05/31 23:59 结束 2.5 折优惠活动后，正式调整为原定价的 1/"
    promised = "2.5 折优惠，延长至北京时间 2026 年 5 月 31 日 23:59。"
    offers = extract(altered("deepseek_cn/2026-05-08", promised, f"{ends}4"), "deepseek_cn")
    price = cell(offers, "deepseek-v4-pro", "standard", "output_tokens")
    assert (price.amount, price.list_amount, price.valid_to) == (Decimal(6), Decimal(24), None)
    with pytest.raises(PageChanged, match="begins or ends"):
        extract(altered("deepseek_cn/2026-05-08", promised, f"{ends}2"), "deepseek_cn")
