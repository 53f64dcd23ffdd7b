"""Days and hours as Chinese pages state them, in Beijing time: "北京时间周一至周五 9:00 - 12:00 为高峰时段"."""

import re
from datetime import datetime, timedelta, timezone
from unicodedata import normalize

from crawler.failures import PageChanged
from history.model import Conditions

BEIJING = timezone(timedelta(hours=8))

# For use inside a sentence: "2026 年 8 月 17 日 00:00", "2026-08-28".
MOMENT = r"[0-9]{4} ?(?:年|-|/) ?[0-9]{1,2} ?(?:月|-|/) ?[0-9]{1,2}(?: ?日)?(?: ?(?:[01]?[0-9]|2[0-3])[:：][0-5][0-9])?"
# The end of a sale: "2026 年 9 月 9 日 24:00", or a day, which lasts to its midnight.
END = rf"{MOMENT}(?![0-9]| ?日)(?! ?(?!24[:：]00)[0-9]+[:：])"
_WINDOW = r"(?<![0-9:])[0-9]{1,2}:[0-9]{2} ?[-–~至] ?[0-9]{1,2}:[0-9]{2}(?![0-9:])"
_DAYS: dict[str | None, tuple[int, ...]] = {
    None: (), "每天": (), "每日": (), "周一至周日": (), "周一至周五": (1, 2, 3, 4, 5), "工作日": (1, 2, 3, 4, 5),
}  # fmt: skip
_HEAD = r"高峰时段(?:为|是|:)? ?(?:北京时间)?"
_TAIL = r"(?:\(北京时间\))? ?为?高峰时段"
_WHEN = (
    rf"(?P<days>{'|'.join(filter(None, _DAYS))})?(?P<holidays> ?\(不含(?:中国)?(?:法定)?节假日\))? ?的?"
    rf"(?P<hours>{_WINDOW}(?:(?:、|,|和|及|与| )+{_WINDOW})*)"
)
_RULES = (re.compile(rf"{_WHEN}{_TAIL}"), re.compile(rf"{_HEAD}{_WHEN}"))
_OTHER_TIMES = re.compile(r"(?:其余|其他)[^。]*节假日[^。]*空闲时段")
_SINCE = re.compile(rf"(?P<moment>{MOMENT}) ?起(?:生效|适用|执行)")
_UNTIL = re.compile(rf"(?P<moment>{MOMENT}) ?起不(?:再)?适用")
# "> GLM-5.3-Flash 表中划线价格为刊例价，…，活动截止 2026 年 9 月 9 日 24:00" (docs.bigmodel.cn 2026-09).
_SALE = re.compile(rf"^[> ]*(?P<model>[A-Za-z][\w.-]*) [^。]*截止 ?(?P<end>{END})")


def moment(text: str) -> datetime:
    """Reads "2026-08-28" (its first instant in Beijing) or "2026 年 11 月 1 日 00:00"."""
    if re.fullmatch(MOMENT, text) is None:
        raise PageChanged(f"{text!r} is not a day such as 2026 年 11 月 1 日")
    year, month, day, hour, minute, *_ = [*map(int, re.findall(r"[0-9]+", text)), 0, 0]
    try:
        return datetime(year, month, day, hour, minute, tzinfo=BEIJING)
    except ValueError as error:
        raise PageChanged(f"{text!r} is no day of the calendar: {error}") from error


def end(text: str) -> datetime:
    """Reads what matches END: to a day means to its midnight."""
    return moment(text) + timedelta(days=re.search("[:：]", text) is None)


def validity(note: str) -> tuple[datetime | None, datetime | None]:
    """From when and until when a note says that a price applies: "调整前价格，2026-08-28 起不适用"."""
    until, since = _UNTIL.search(note), _SINCE.search(note)
    if "价格" in note and not (until or since) and re.search(MOMENT, note):
        raise PageChanged(f"{note!r} does not say whether a price begins or ends")
    return since and moment(since["moment"]), until and moment(until["moment"])


def sales_end(prose: str) -> dict[str, datetime]:
    """For each model whose sale has an end, when its regular price (刊例价) is back."""
    ends = dict[str, datetime]()
    for line in prose.split("\n"):
        if "刊例价" in line and "截止" in line:
            if (match := _SALE.search(line)) is None:
                raise PageChanged(f"{line!r} does not say of which model a sale ends, or when")
            ends[match["model"]] = end(match["end"])
    return ends


def peak_hours(text: str, model: str = "") -> Conditions:
    """When peak hours are. Where a page states several rules, the one whose sentence names the model is meant."""
    rules = list[tuple[str, Conditions]]()
    for line in text.split("\n"):
        for sentence in normalize("NFKC", line).split("。"):
            # Tencent's rule for what the maker itself serves (原厂直供) is not that of its own servers.
            other = "原厂直供" in sentence and "原厂直供" not in model
            if "高峰时段" in sentence and re.search("[0-9]:[0-9]{2}", sentence) and not other:
                rules.append((sentence, _rule(sentence)))
    distinct = {rule for _, rule in rules}
    if len(distinct) > 1:
        distinct = {rule for sentence, rule in rules if any(word in sentence for word in model.split())}
    if len(distinct) != 1:
        raise PageChanged(f"it is not said when peak hours are for {model!r}: {[said for said, _ in rules]}")
    return distinct.pop()


def windows(text: str) -> tuple[str, ...]:
    """Reads "00:30-08:30" of Beijing → ("16:30-00:30",)."""
    if re.fullmatch(_WINDOW, text) is None:
        raise PageChanged(f"{text!r} are not hours such as 00:30-08:30")
    return (_utc(text, ()),)


def _rule(sentence: str) -> Conditions:
    match = next(filter(None, (rule.search(sentence) for rule in _RULES)), None)
    if match is None or ("北京时间" not in sentence and "UTC+8" not in sentence):
        raise PageChanged(f"it is not said when peak hours are in Beijing: {sentence!r}")
    weekdays = _DAYS[match["days"]]
    holidays = bool(match["holidays"] or _OTHER_TIMES.search(sentence)) or match["days"] == "工作日"
    if ("节假日" in sentence and not holidays) or ("周末" in sentence and not weekdays):
        raise PageChanged(f"it is not said on which days peak hours are: {sentence!r}")
    windows = tuple(_utc(window, weekdays) for window in re.findall(_WINDOW, match["hours"]))
    return Conditions(hours_utc=windows, weekdays=weekdays, holidays="CN" if holidays else None, period="peak")


def _utc(window: str, weekdays: tuple[int, ...]) -> str:
    begins, ends = (tuple(map(int, re.findall(r"[0-9]+", clock))) for clock in re.split(r" ?[-–~至] ?", window))
    if max(begins[0], ends[0]) > 24 or max(begins[1], ends[1]) > 59 or (weekdays and begins[0] < 8):
        raise PageChanged(f"{window!r} are no hours of one day in UTC")
    return "-".join(f"{(hour - 8) % 24:02}:{minute:02}" for hour, minute in (begins, ends))
