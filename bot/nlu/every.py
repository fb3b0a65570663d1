"""Readers of the expressions that only the published sets ask for: seasons, solar terms, lunar months, lengths, what comes again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from bot.nlu import clock, feasts, festivals, nth, offsets, periods
from bot.nlu.cues import festivals as names
from bot.nlu.cues import published as cue
from bot.nlu.cues import times
from bot.nlu.numerals import value_of
from bot.nlu.offsets import later
from bot.nlu.periods import number, year_of
from bot.nlu.when import Now, When, last_of_month, midnight, months_later, whole_days
from scrm import calendar

_DAY = timedelta(days=1)
_SHORT = ("second", "minute", "quarter_hour", "hour")


def _year(match: re.Match[str], now: Now) -> int:
    return year_of(match, now) or now.today.year


def season(match: re.Match[str], now: Now) -> When:
    """今年夏天: from its solar term to the next one's."""
    begins, ends = names.SEASONS[match["season"]]
    year = _year(match, now)
    first, end = _term(begins, year), _term(ends, year)
    if end < first:
        end = _term(ends, year + 1)
    return whole_days(match.span(), "season", first, end - _DAY, grain="season")


def _term(name: str, year: int) -> date:
    return calendar.solar_term(names.SOLAR_TERMS.index(name) + 1, year)


def solar_term(match: re.Match[str], now: Now) -> When:
    """2024年冬至; without a year the next one, or in the past the last one."""
    year = year_of(match, now)
    if year is not None:
        day = _term(match["term"], year)
    else:
        years = range(now.today.year - 1, now.today.year + 2)
        days = [_term(match["term"], each) for each in years]
        day = max(d for d in days if d <= now.today) if now.lean == "past" else min(d for d in days if d >= now.today)
    return whole_days(match.span(), "solar term", day, day, bare=year is None)


def school_holiday(match: re.Match[str], now: Now) -> When:
    """去年暑假."""
    first, last = names.SCHOOL_HOLIDAYS[match["holiday"]]
    year = _year(match, now)
    return whole_days(match.span(), "holidays", date(year, first, 1), last_of_month(year, last), grain="month")


def lunar_month(match: re.Match[str], now: Now) -> When | None:
    """农历十月 · 闰四月 · 明年腊月."""
    word = match["month"]
    leap = word.startswith(cue.LEAP)
    word = word.removeprefix(cue.LEAP)
    if not (match["calendar"] or leap or word in times.LUNAR_MONTHS):
        return None
    month = times.LUNAR_MONTHS.get(word) or number(word[:-1])
    first, last = calendar.lunar_month(_year(match, now), month, leap=leap)
    return whole_days(match.span(), "lunar month", first, last, grain="month")


def lunar_or_not(match: re.Match[str], now: Now) -> When | None:
    """八月十五: by either calendar, without 日."""
    month, day = number(match["month"]), number(match["day"])
    year = _year(match, now)
    found, other = calendar.lunar_day(year, month, day), midnight(date(year, month, day))
    return whole_days(match.span(), "lunar or not", found, found, other=(other, other + _DAY))


def nth_of_year(match: re.Match[str], now: Now) -> When:
    """2025年第一天 · 70年第8个月."""
    year, count, unit = _year(match, now), number(match["nth"]), times.UNITS[match["unit"]]
    if unit == "day":
        day = date(year, 1, 1) + (count - 1) * _DAY
        return whole_days(match.span(), "n-th day", day, day)
    months = 3 if unit == "quarter" else 1
    first = months_later(date(year, 1, 1), (count - 1) * months)
    return whole_days(match.span(), "n-th month", first, months_later(first, months) - _DAY, grain=unit)


def nth_day(match: re.Match[str], now: Now) -> When:
    """第三天: the day after tomorrow, today being the first."""
    day = now.today + (number(match["nth"]) - 1) * _DAY
    return whole_days(match.span(), "n-th day", day, day)


def nth_year(match: re.Match[str], now: Now) -> When:
    """第二年: next year, this one being the first."""
    year = now.today.year + number(match["nth"]) - 1
    return whole_days(match.span(), "n-th year", date(year, 1, 1), date(year, 12, 31), grain="year")


def first_month(match: re.Match[str], now: Now) -> When:
    """首月 · 首季度."""
    months = 1 if times.UNITS.get(match["unit"]) == "month" else 3
    first = date(now.today.year, 1, 1)
    return whole_days(match.span(), "n-th month", first, months_later(first, months) - _DAY, grain="month")


def leap_day(match: re.Match[str], now: Now) -> When:
    """2020年闰四月初八."""
    first, _ = calendar.lunar_month(_year(match, now), number(match["month"]), leap=True)
    day = first + (festivals.lunar_number(match["day"]) - 1) * _DAY
    return whole_days(match.span(), "lunar date", day, day)


def nth_in_month(match: re.Match[str], now: Now) -> When:
    """这个月的第一天."""
    first, _ = nth.base(match, now)
    day = first + (number(match["nth"]) - 1) * _DAY
    return whole_days(match.span(), "n-th day", day, day)


def whole_unit(match: re.Match[str], now: Now) -> When:
    """全年 · 2018年全年 · 全月."""
    year = _year(match, now)
    if match["unit"] == times.YEAR:
        return whole_days(match.span(), "whole", date(year, 1, 1), date(year, 12, 31), grain="year")
    first = now.today.replace(day=1)
    return whole_days(match.span(), "whole", first, last_of_month(first.year, first.month), grain="month")


def decade_of(match: re.Match[str], _: Now) -> When:
    """2020年代."""
    first = int(match["year"])
    return whole_days(match.span(), "decade", date(first, 1, 1), date(first + 9, 12, 31), grain="decade")


def relative_years(match: re.Match[str], now: Now) -> When:
    """今明两年."""
    first, last = (now.today.year + times.YEARS[match[side] + times.YEAR] for side in ("first", "last"))
    return whole_days(match.span(), "relative years", date(first, 1, 1), date(last, 12, 31), grain="year")


def half_of(match: re.Match[str], now: Now) -> When:
    """下半周 · 上个月上半月. The week's second half begins on Thursday, the month's on the 16th."""
    offset = times.OFFSETS[match["offset"]] if match["offset"] else 0
    early = match["half"] in times.FIRST_HALF
    if times.UNITS[match["unit"]] == "week":
        monday = now.today + timedelta(days=7 * offset - now.today.weekday())
        first, last = (monday, monday + 2 * _DAY) if early else (monday + 3 * _DAY, monday + 6 * _DAY)
    else:
        start = months_later(now.today.replace(day=1), offset)
        end = last_of_month(start.year, start.month)
        first, last = (start, start.replace(day=15)) if early else (start.replace(day=16), end)
    return whole_days(match.span(), "half", first, last, grain="range")


def year_before(match: re.Match[str], now: Now) -> When | None:
    """2035年前: before that year; 十年前 is an offset."""
    year = year_of(match, now)
    if year is None or match["year"] is None or len(match["year"]) != len(str(year)):
        return None
    return whole_days(match.span(), "year", date(year, 1, 1), date(year, 12, 31), grain="year", bound="before")


def vague_offset(match: re.Match[str], now: Now) -> When | None:
    """二十几年前 · 数十年后 · 几天前 · 三十多年前: all the days it may be."""
    unit = times.UNITS[match["unit"]]
    near = number(match["tens"]) if match["tens"] else 20 if match["ten"] else 3
    far = near if match["over"] in cue.OVER else near + 10 if match["tens"] else 100 if match["ten"] else 9
    sign = -1 if match["bound"] in times.BEFORE else 1
    if unit in _SHORT:
        length = timedelta(seconds=times.SECONDS[unit])
        start, end = sorted((now.moment + sign * near * length, now.moment + sign * far * length))
        return When(match.span(), "vague", start, end, start.date(), grain="range")
    first, last = sorted((later(now, sign * near, unit), later(now, sign * far, unit)))
    if unit == "year":
        first, last = date(first.year, 1, 1), date(last.year, 12, 31)
    return whole_days(match.span(), "vague", first, last, grain="range")


def clock_to(match: re.Match[str], now: Now) -> When:
    """差5分8点 · 八点差一刻."""
    quarter = match["minutes"].endswith(cue.QUARTER)
    minutes = number(match["minutes"][:-1]) * 15 if quarter else number(match["minutes"])
    then = datetime.combine(now.today, time(number(match["hour"]))) - timedelta(minutes=minutes)
    end = then + timedelta(minutes=1)
    return When(match.span(), "clock time", then, end, now.today, then.time(), "minute", "clock", twin=True)


def this_unit(match: re.Match[str], now: Now) -> When:
    """上个小时: the sixty minutes before; 这个小时 and 下个小时 after."""
    length = timedelta(seconds=times.SECONDS[times.UNITS[match["unit"]]])
    start = now.moment - length if match["side"] in times.LAST_SIDE else now.moment
    return When(match.span(), "unit", start, start + length, start.date(), grain="range")


def whole_day(match: re.Match[str], now: Now) -> When:
    """全天 · 白天."""
    first, last = cue.WHOLE_DAY_HOURS.get(match.group(), (0, 24))
    start = midnight(now.today)
    hours = (start + timedelta(hours=first), start + timedelta(hours=last))
    return When(match.span(), "whole day", *hours, now.today, None, "part", "part")


def every(match: re.Match[str], _: Now) -> When:
    """每天 · 每两周."""
    return When(match.span(), "every", kind="set")


def working_day(match: re.Match[str], _: Now) -> When | None:
    """工作日 after 每周."""
    return When(match.span(), "every", kind="set") if match.string[: match.start()].endswith(cue.WEEKLY) else None


def since(match: re.Match[str], now: Now) -> When | None:
    """三天以来 · 7天半以来."""
    unit = times.UNITS.get(match["unit"]) or cue.LENGTHS[match["unit"]]
    if unit == "year" and offsets.names_year(match["count"]):
        return None
    count = _count(match)
    if unit in ("month", "quarter", "year"):
        start = midnight(later(now, -count, unit))
    else:
        start = now.moment - timedelta(seconds=count * times.SECONDS[unit])
    return When(match.span(), "span", start, now.moment, start.date(), grain=unit, tense="past")


def length(match: re.Match[str], _: Now) -> When | None:
    """两年半 · 2621.2小时 · 17个多月 · 6天5晚 · 13—18天 (vague)."""
    groups = match.groupdict()
    unit = times.UNITS.get(groups["unit"] or groups.get("unit2") or "") or cue.LENGTHS[groups["unit"]]
    if unit == "year" and offsets.names_year(groups["count"] or ""):
        return None
    vague = groups.get("head") or groups.get("part") or (groups["count"] and cue.TWO_DIGITS.fullmatch(groups["count"]))
    seconds = 0 if vague else round(_count(match) * times.SECONDS[unit])
    return When(match.span(), "duration", kind="duration", seconds=seconds)


def _count(match: re.Match[str]) -> float:
    groups = match.groupdict()
    text = groups["count"] or groups.get("count2") or (times.ONE if groups.get("half") else "")
    value = value_of(text) if text != times.HALF else None
    if value is None and text != times.HALF:
        raise ValueError(text)
    return (0.5 if value is None else float(value)) + (0.5 if groups.get("half") or groups.get("more") else 0)


READERS: dict[str, Callable[[re.Match[str], Now], When | None]] = {
    "present": nth.present, "adjacent": nth.adjacent, "year_offset": periods.year_offset, "clock_head": clock.head, "this_unit": this_unit, "season": season, "solar_term": solar_term,
    "school_holiday": school_holiday, "lunar_month": lunar_month, "lunar_or_not": lunar_or_not, "nth_of_year": nth_of_year, "nth_day": nth_day, "relative_years": relative_years,
    "half_of": half_of, "year_before": year_before, "vague_offset": vague_offset, "clock_to": clock_to, "feast": feasts.feast, "edge_units": nth.edge_units, "whole_day": whole_day, "every": every, "working_day": working_day, "since": since, "length": length, "many_days": length, "nth_year": nth_year, "nth_in_month": nth_in_month, "whole_unit": whole_unit, "decade_of": decade_of, "quarter": periods.quarter, "first_month": first_month, "leap_day": leap_day, "hours": clock.hours,
    "date": periods.calendar_date, "month": periods.month, "year": periods.year, "month_day": periods.month_day, "relative": periods.relative_day, "lunar": festivals.lunar,
    "nth_week": nth.nth_week, "offset": offsets.offset, "span": offsets.span,
}  # fmt: skip
