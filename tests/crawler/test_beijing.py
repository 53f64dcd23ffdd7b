"""Days and hours of Beijing, said in UTC."""

import pytest

from crawler.beijing import moment, peak_hours, sales_end, validity, windows
from crawler.failures import PageChanged
from history.times import from_rfc3339

RULE = (
    "北京时间周一至周五（不含中国法定节假日）9:00 - 12:00、14:00 - 18:00 为高峰时段；"
    "其余时段，包括周末及中国法定节假日全天均为空闲时段。"
)


def test_peak_hours_with_weekdays_and_holidays() -> None:
    found = peak_hours(f"空闲时段价格为高峰时段价格的一半。{RULE}")
    assert found.hours_utc == ("01:00-04:00", "06:00-10:00")
    assert (found.weekdays, found.holidays, found.period) == ((1, 2, 3, 4, 5), "CN", "peak")


def test_hours_that_cross_midnight_in_utc() -> None:
    assert windows("00:30-08:30") == ("16:30-00:30",)
    assert peak_hours("高峰时段为北京时间每天 7:00-22:00。").hours_utc == ("23:00-14:00",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "高峰时段价格加倍。",
        RULE.replace("北京时间", ""),
        RULE.replace("、", ""),
        RULE.replace("9:00 - 12:00", "上午 9:00 前后"),
        RULE.replace("周一至周五", "周一、周三"),
        "北京时间周一至周五 7:00-12:00 为高峰时段。",
        "北京时间 9:00-12:00 为高峰时段，节假日另计。",
        "北京时间 9:00-12:00 为高峰时段，周末除外。",
        "北京时间 9:00-12:00 为高峰时段。\n北京时间 14:00-18:00 为高峰时段。",
        "北京时间 25:00-26:00 为高峰时段。",
    ],
)
def test_what_does_not_say_when_is_refused(text: str) -> None:
    with pytest.raises(PageChanged):
        peak_hours(text)


def test_of_several_rules_the_one_that_names_the_model_is_meant() -> None:
    text = "原厂直供：北京时间工作日 9:00-12:00 为高峰时段。\nV4-Pro：北京时间每日 14:00-18:00 为高峰时段。"
    assert peak_hours(text, "V4-Flash 原厂直供").hours_utc == ("01:00-04:00",)
    assert peak_hours(text, "V4-Pro").hours_utc == ("06:00-10:00",)


def test_moments_and_the_validity_of_a_price() -> None:
    assert str(moment("2026 年 11 月 1 日 00:00")) == "2026-11-01 00:00:00+08:00"
    since, until = validity("调整前价格，2026-08-28 起不适用")
    assert (since, str(until)) == (None, "2026-08-28 00:00:00+08:00")
    since, until = validity("调整后价格，2026-08-28 起生效")
    assert (str(since), until) == ("2026-08-28 00:00:00+08:00", None)
    assert validity("2026-08-31 下线") == (None, None)
    for wrong in ("2026-13-01", "tomorrow"):
        with pytest.raises(PageChanged):
            moment(wrong)
    with pytest.raises(PageChanged):
        validity("新价格见 2026-08-28 公告")


@pytest.mark.parametrize(
    ("stated", "end"),
    [
        ("2026 年 9 月 9 日 24:00（UTC+8）", "2026-09-09T16:00:00Z"),
        ("2026-09-09", "2026-09-09T16:00:00Z"),
        ("2026 年 9 月 9 日 18:00（北京时间）", "2026-09-09T10:00:00Z"),
    ],
    ids=["midnight", "day", "hour"],
)
def test_a_sale_ends_when_its_day_is_over_or_at_the_hour_that_is_stated(stated: str, end: str) -> None:
    said = f"标价如下。\n> GLM-9-Flash 表中划线价格为刊例价，限时优惠，活动截止 {stated}，到期后恢复。"
    assert sales_end(said) == {"GLM-9-Flash": from_rfc3339(end)}


def test_a_sale_that_ends_of_no_known_model_or_at_no_hour_of_a_day_is_refused() -> None:
    for said in ("划线价格为刊例价，活动截止 2026-09-09。", "GLM-9 划线价为刊例价，截止 2026 年 9 月 9 日 24:30。"):
        with pytest.raises(PageChanged, match="does not say of which model a sale ends, or when"):
            sales_end(said)
