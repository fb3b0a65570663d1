"""Days and clock times, counted from Wednesday 2026-05-13 10:00."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.nlu import dates
from bot.nlu.text import fold
from bot.nlu.when import Lean

NOW = datetime.fromisoformat("2026-05-13T10:00")


def read(text: str, lean: Lean = "future", now: datetime = NOW) -> list[str]:
    """The days found, with the clock time where the text gives one."""
    moments = [dates.moment(when) for when in dates.find(fold(text), now, lean)]
    return [f"{m.day}T{m.time:%H:%M}" if m.time else str(m.day) for m in moments if m]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("明天", "2026-05-14"), ("大后天", "2026-05-16"), ("昨晚", "2026-05-12"), ("刚才", "2026-05-13"), ("周五", "2026-05-15"), ("周三", "2026-05-13"),
        ("这周一", "2026-05-11"), ("上周五", "2026-05-08"), ("下周三", "2026-05-20"), ("下下周三", "2026-05-27"), ("下个礼拜天", "2026-05-24"),
        ("18号", "2026-05-18"), ("5号", "2026-06-05"), ("3月20号", "2027-03-20"), ("10/3", "2026-10-03"), ("2026-06-01", "2026-06-01"),
        ("月底", "2026-05-31"), ("下个月初", "2026-06-01"), ("下个月中旬", "2026-06-11"), ("年底", "2026-12-31"), ("下周", "2026-05-18"),
        ("下周内", "2026-05-22"), ("周末", "2026-05-16"), ("三天后", "2026-05-16"), ("两周后", "2026-05-27"), ("半个月后", "2026-05-28"),
        ("1个月后", "2026-06-13"), ("三天内", "2026-05-16"), ("3个工作日内", "2026-05-18"), ("下周五之前", "2026-05-22"), ("15号前", "2026-05-15"),
        ("端午前", "2026-06-18"), ("国庆后", "2026-10-08"), ("节后", "2026-06-22"), ("双十一后", "2026-11-12"), ("八一建军节后", "2026-08-03"),
        ("七夕", "2026-08-19"), ("next tuesday", "2026-05-19"), ("下午", "2026-05-13"), ("頭兩天後天", "2026-05-15"),
    ],
)  # fmt: skip
def test_days(text: str, day: str) -> None:
    assert read(text) == [day]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("明早9点", "2026-05-14T09:00"), ("今晚11点", "2026-05-13T23:00"), ("后天下午两点", "2026-05-15T14:00"), ("10月3日上午10点", "2026-10-03T10:00"),
        ("周五下午三点半", "2026-05-15T15:30"), ("3点", "2026-05-13T15:00"), ("9点", "2026-05-13T09:00"), ("15:30", "2026-05-13T15:30"),
        ("今天晚上八点一刻", "2026-05-13T20:15"), ("中午12点", "2026-05-13T12:00"), ("next tuesday 9am", "2026-05-19T09:00"), ("半小时后", "2026-05-13T10:30"),
        ("明天凌晨2点", "2026-05-14T02:00"), ("晚上12点", "2026-05-14T00:00"),
    ],
)  # fmt: skip
def test_clock_times(text: str, moment: str) -> None:
    assert read(text) == [moment]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("周一", "2026-05-11"),
        ("周三", "2026-05-13"),
        ("15号", "2026-04-15"),
        ("10月3号", "2025-10-03"),
        ("五一", "2026-05-01"),
    ],
)
def test_in_a_report_a_bare_day_is_the_last_one(text: str, day: str) -> None:
    assert read(text, "past") == [day]


def test_lunar_days_are_the_next_ones() -> None:
    january = datetime.fromisoformat("2026-01-21T17:20")
    assert read("腊月二十八", now=january) == ["2026-02-15"]
    assert read("大年初八", now=january) == ["2026-02-24"]
    assert read("年后第一周", now=january) == ["2026-02-24"]
    assert read("年前", now=january) == ["2026-02-14"]


def test_next_week_on_a_sunday_begins_tomorrow() -> None:
    sunday = datetime.fromisoformat("2026-05-17T20:00")
    assert read("下周三", now=sunday) == ["2026-05-20"]
    assert read("下周", now=sunday) == ["2026-05-18"]


@pytest.mark.parametrize(
    "text",
    [
        "一点都不急",
        "有点贵",
        "前台",
        "后台",
        "周总",
        "三全食品",
        "不见不散",
        "2月30日",
        "9999年13月1日",
        "早点发",
        "3号线",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("本月", ("2026-05-01", "2026-05-31")), ("上季度", ("2026-01-01", "2026-03-31")), ("Q3", ("2026-07-01", "2026-09-30")),
        ("今年上半年", ("2026-01-01", "2026-06-30")), ("去年", ("2025-01-01", "2025-12-31")), ("上周", ("2026-05-04", "2026-05-10")),
        ("6月", ("2026-06-01", "2026-06-30")), ("近30天", ("2026-04-13", "2026-05-13")), ("未来两周", ("2026-05-13", "2026-05-27")),
    ],
)  # fmt: skip
def test_periods(text: str, period: tuple[str, str]) -> None:
    (when,) = dates.find(fold(text), NOW, "near")
    first, last = dates.days(when) or (None, None)
    assert (str(first), str(last)) == period
