"""Readers of counted periods: the second week of May, the first five months, the eighties, the two months before this one."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal

from bot.nlu.cues import times as cue
from bot.nlu.offsets import later
from bot.nlu.periods import number, year_of
from bot.nlu.when import Now, When, last_of_month, midnight, months_later, whole_days

_DAY = timedelta(days=1)


def base(match: re.Match[str], now: Now) -> tuple[date, date]:
    """First and last day of the month or year the counting is within."""
    groups = match.groupdict()
    year = year_of(match, now)
    if groups.get("month"):
        first = date(year or now.today.year, number(groups["month"]), 1)
        if year is None and now.lean == "past" and first > now.today:
            first = first.replace(year=first.year - 1)
    elif groups.get("offset"):
        first = months_later(now.today.replace(day=1), cue.OFFSETS[groups["offset"]])
    elif year is not None:
        return date(year, 1, 1), date(year, 12, 31)
    else:
        first = now.today.replace(day=1)
    return first, last_of_month(first.year, first.month)


def nth_week(match: re.Match[str], now: Now) -> When:
    """五月第二周 · 6月第3个星期日 · 今年第37周 · 四月的最后一个星期一. The first week is that of the first Monday."""
    first, last = base(match, now)
    weekday = cue.WEEKDAYS[match["weekday"]] if match["weekday"] else 0
    if match["last"]:
        found = last - timedelta(days=(last.weekday() - weekday) % 7)
    else:
        found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number(match["nth"]) - 1))
    if match["weekday"]:
        return whole_days(match.span(), "n-th weekday", found, found)
    return whole_days(match.span(), "n-th week", found, found + 6 * _DAY, grain="week")


def edge_units(match: re.Match[str], now: Now) -> When | None:
    """今年前五个月 · 上月最后五天 · 2022年首季度."""
    first, last = base(match, now)
    count = number(match["count"]) if match["count"] else 1
    unit = cue.UNITS[match["unit"]]
    if unit == "quarter":
        first, last = date(first.year, 1, 1), date(first.year, 12, 31)
    months = {"month": 1, "quarter": 3}.get(unit, 0) * count
    if match["side"] in cue.AT_END:
        start = months_later(last + _DAY, -months) if months else last + _DAY - _length(unit, count)
        return whole_days(match.span(), "last units", start, last, grain=unit)
    end = months_later(first, months) - _DAY if months else first + _length(unit, count) - _DAY
    return whole_days(match.span(), "first units", first, end, grain=unit)


def _length(unit: str, count: int) -> timedelta:
    return timedelta(days=count * (7 if unit == "week" else 1))


def decade(match: re.Match[str], _: Now) -> When:
    """80年代 · 十九世纪七十年代 · 90年代初."""
    ten = number(match["decade"])
    century = _century(match["century"]) if match["century"] else 19 if ten >= cue.OLD_DECADES else 20
    year = century * 100 + ten
    first, end = cue.DECADE_PARTS[match["side"][0]] if match["side"] else (0, 10)
    return whole_days(match.span(), "decade", date(year + first, 1, 1), date(year + end - 1, 12, 31), grain="decade")


def century(match: re.Match[str], _: Now) -> When:
    """18世纪 · 20世纪初."""
    year = _century(match["century"]) * 100
    first, end = cue.CENTURY_PARTS[match["side"][0]] if match["side"] else (0, 100)
    return whole_days(match.span(), "century", date(year + first, 1, 1), date(year + end - 1, 12, 31), grain="century")


def _century(word: str) -> int:
    return cue.CENTURIES[word] if word in cue.CENTURIES else number(word) - 1


def adjacent(match: re.Match[str], now: Now) -> When | None:
    """上两个月 · 下三小时: whole calendar units before or after this one."""
    unit = cue.UNITS[match["unit"]]
    if match["count"] == cue.HALF:
        return None
    count = number(match["count"])
    ahead = match["side"] in cue.NEXT_SIDE
    tense: Literal["future", "past"] = "future" if ahead else "past"
    if unit in ("hour", "minute", "second"):
        length = timedelta(seconds=cue.SECONDS[unit])
        this = _whole(now.moment, unit)
        start, end = (this + length, this + length * (count + 1)) if ahead else (this - length * count, this)
        return When(match.span(), "adjacent units", start, end, start.date(), grain=unit, tense=tense)
    this_first = _first_of(now.today, unit)
    if this_first is None:
        return None
    step = {"day": "day", "workday": "day"}.get(unit, unit)
    other = Now(midnight(this_first), now.lean)
    start_day = later(other, 1, step) if ahead else later(other, -count, step)
    end_day = later(other, count + 1, step) if ahead else this_first
    return whole_days(match.span(), "adjacent units", start_day, end_day - _DAY, grain=unit, tense=tense)


def _whole(moment: datetime, unit: str) -> datetime:
    moment = moment.replace(microsecond=0)
    if unit != "second":
        moment = moment.replace(second=0)
    return moment.replace(minute=0) if unit == "hour" else moment


def _first_of(day: date, unit: str) -> date | None:
    if unit in ("day", "workday"):
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return {"month": day.replace(day=1), "year": date(day.year, 1, 1)}.get(unit)


def present(match: re.Match[str], now: Now) -> When:
    """现在 · 当前: this very second."""
    moment = now.moment.replace(microsecond=0)
    return When(
        match.span(), "now", moment, moment + timedelta(seconds=1), now.today, moment.time(), "second", tense="now"
    )


def month_range(match: re.Match[str], now: Now) -> When:
    """2018年1-9月 · 三月到五月: of this year, or of the one the tense asks for."""
    year, first, last = year_of(match, now), number(match["month"]), number(match["month2"])
    start = date(year or now.today.year, first, 1)
    end_year = start.year + (last < first)
    if year is None and now.lean == "past" and start > now.today:
        start, end_year = start.replace(year=start.year - 1), end_year - 1
    if year is None and now.lean == "future" and last_of_month(end_year, last) < now.today:
        start, end_year = start.replace(year=start.year + 1), end_year + 1
    other = (midnight(start), midnight(date(end_year, last, 1)))
    return whole_days(match.span(), "months", start, last_of_month(end_year, last), grain="range", other=other)


def day_range(match: re.Match[str], now: Now) -> When:
    """18到20号 · 一月十日到十二日."""
    first, last = number(match["day"]), number(match["day2"])
    base = now.today.replace(day=1)
    if match["month"]:
        base = date(base.year, number(match["month"]), 1)
    start = base.replace(day=first)
    step = 12 if match["month"] else 1
    if now.lean == "future" and start < now.today:
        start = months_later(base, step).replace(day=first)
    elif now.lean == "past" and start > now.today:
        start = months_later(base, -step).replace(day=first)
    end = start.replace(day=last) if last >= first else months_later(start.replace(day=1), 1).replace(day=last)
    return whole_days(match.span(), "days", start, end, grain="range", bare=True)
