"""DeepSeek's Chinese pricing page, trap by trap; no capture holds its own bytes yet."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crawler.failures import PageChanged
from history.model import Conditions
from tests.spiders.reading import altered, cell, extract, saved

NAME, HOURS, SALE = "deepseek_cn", "deepseek_cn/2026-10-17", "deepseek_cn/2026-05-08"
PEAK = Conditions(
    hours_utc=("01:00-04:00", "06:00-10:00"), weekdays=(1, 2, 3, 4, 5), holidays="CN", period="peak"
)  # fmt: skip


def test_hours_of_beijing_are_said_in_utc() -> None:
    offers = extract(saved(HOURS), NAME)
    assert cell(offers, "deepseek-flash", "standard", "output_tokens", PEAK).amount == 8
    assert cell(offers, "deepseek-v4-pro", "standard", "cache_read_tokens", PEAK).amount == Decimal("0.30")
    assert cell(offers, "deepseek-v4-pro", "standard", "input_tokens", Conditions(period="off_peak")).amount == Decimal(
        "4.5"
    )


def test_a_discount_has_its_list_price_its_start_and_its_end() -> None:
    offers = extract(saved(SALE), NAME)
    price = cell(offers, "deepseek-v4-pro", "standard", "cache_read_tokens")
    assert (price.amount, price.list_amount) == (Decimal("0.025"), Decimal("0.1"))
    assert str(price.valid_from) == "2026-04-26 20:15:00+08:00"
    assert str(price.valid_to) == "2026-05-31 23:59:00+08:00"
    assert cell(offers, "deepseek-v4-flash", "standard", "input_tokens").list_amount is None


@pytest.mark.parametrize("end", ["2026 年 5 月 31 日 24:00", "2026/05/31"])
def test_a_discount_to_a_day_lasts_to_its_midnight(end: str) -> None:
    offers = extract(altered(SALE, "2026 年 5 月 31 日 23:59", end), NAME)
    price = cell(offers, "deepseek-v4-pro", "standard", "cache_read_tokens")
    assert str(price.valid_to) == "2026-06-01 00:00:00+08:00"


def test_prices_by_the_hour_of_2025_are_conditions() -> None:
    page = altered(SALE, "<td>百万tokens", "<td>标准时段价格（北京时间 08:30-00:30）</td><td>百万tokens")
    wider = page.body.replace(b'<tr><td colspan="2">', b'<tr><td colspan="3">')
    for name in (b"Json Output", b"Tool Calls"):
        wider = wider.replace(b"<td>" + name, b'<td colspan="2">' + name)
    offers = extract(replace(page, body=wider), NAME)
    day = Conditions(hours_utc=("00:30-16:30",))
    assert cell(offers, "deepseek-v4-flash", "standard", "output_tokens", day).amount == 2


def test_an_announced_list_begins_when_it_says() -> None:
    lead = "<p>北京时间 2026 年 8 月 17 日 00:00 起执行以下价格表。</p><table>"
    offers = extract(altered(SALE, "<table>", lead), NAME)
    price = cell(offers, "deepseek-v4-flash", "standard", "output_tokens")
    assert str(price.valid_from) == "2026-08-17 00:00:00+08:00"


def test_what_is_no_price_is_reported() -> None:
    old, new = saved(SALE), saved(HOURS)
    extract(old, NAME)
    extract(new, NAME)
    assert old.unread == {"训练截止": 1}
    assert new.unread == {"table: 网页搜索与抓取价格": 2}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (HOURS, "百万tokens输出", "千tokens输出", "unknown price row"),
        (HOURS, "空闲时段</td><td>0.02元", "闲时</td><td>0.02元", "unknown price row"),
        (HOURS, "0.02元", "$0.02", "not a price"),
        (HOURS, "0.02元", "0.02", "not a price"),
        (HOURS, "9:00 - 12:00", "上午", "when peak hours are|on which days"),
        (HOURS, "北京时间周一", "周一", "peak hours are in Beijing"),
        (HOURS, "(2) 空闲", "空闲", "points to the notes"),
        (HOURS, ">模型<", ">型号<", "does not begin with '模型'"),
        (SALE, "<del>12元</del>", "<del>1.2元</del>", "not a sale"),
        (SALE, "延长至北京时间", "延长到", "begins or ends"),
        (SALE, "31 日 23:59", "31 日 24:30", "begins or ends"),
        (SALE, "起生效", "起", "begins or ends"),
        (SALE, "<table>", "<p>2026 年 8 月 17 日起价格另行调整。</p><table>", "it is not said when"),
        (SALE, "2026 年 5 月 31 日", "2026 年 5 月 32 日", "no day of the calendar"),
    ],
)
def test_a_page_that_changed_is_refused_by_name(name: str, old: str, new: str, words: str) -> None:
    with pytest.raises(PageChanged, match=words):
        extract(altered(name, old, new), NAME)
