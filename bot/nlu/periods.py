"""Readers of calendar expressions: each takes the match of its pattern in `cues.times` and gives a When, or None."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

from bot.nlu.cues import festivals as names
from bot.nlu.cues import times as cue
from bot.nlu.numerals import value_of
from bot.nlu.when import Now, When, last_of_month, months_later, whole_days

_DAY = timedelta(days=1)
CENTURY_TURN = 50  # 九七年 is 1997, 二六年 2026


@lru_cache(maxsize=1024)
def number(text: str) -> int:
    """A small number as digits or in words. Raises ValueError."""
    value = value_of(text)
    if value is None or value != int(value) or not 0 <= value < 10_000:
        raise ValueError(text)
    return int(value)


def year_of(match: re.Match[str], now: Now) -> int | None:
    """The year the words give (去年, 2026年, 二六年), if they do."""
    groups = match.groupdict()
    if groups.get("year_word"):
        return now.today.year + cue.YEARS[groups["year_word"]]
    if groups.get("era"):
        years = groups["era_year"]
        return names.ERAS[groups["era"]] + (1 if years == cue.FIRST_YEAR else number(years)) - 1
    if not groups.get("year"):
        return None
    if cue.THOUSAND in groups["year"]:
        return number(groups["year"])
    digits = "".join(str(number(char)) for char in groups["year"])
    short = int(digits)
    return short if len(digits) != 2 else short + (1900 if short >= CENTURY_TURN else 2000)


def _tense(first: date, last: date, now: Now) -> str:
    return "past" if last < now.today else "future" if first > now.today else "now"


def calendar_date(match: re.Match[str], now: Now) -> When | None:
    """2026年10月3日 · 10月3日 · 10/3."""
    year, month, day = year_of(match, now), number(match["month"]), number(match["day"])
    if year is not None:
        found = date(year, month, day)
        return whole_days(match.span(), "calendar date", found, found, tense=_tense(found, found, now))
    found = _nearest_year(month, day, now)
    return whole_days(match.span(), "date without year", found, found, bare=True)


def _nearest_year(month: int, day: int, now: Now) -> date:
    """The date in the year that the tense asks for; 29 February in the next (or last) leap year."""
    step = -1 if now.lean == "past" else 1
    for year in range(now.today.year, now.today.year + 9 * step, step):
        if day <= last_of_month(year, month).day:
            found = date(year, month, day)
            if now.lean == "near" or (found <= now.today if step < 0 else found >= now.today):
                return found
    raise ValueError((month, day))


def month_day(match: re.Match[str], now: Now) -> When:
    """下个月5号."""
    first = months_later(now.today.replace(day=1), cue.OFFSETS[match["offset"]])
    found = first.replace(day=number(match["day"]))
    return whole_days(match.span(), "day of a month", found, found, tense=_tense(found, found, now))


def day_of_month(match: re.Match[str], now: Now) -> When:
    """15号: the next one, or in a report the last one."""
    day = number(match["day"])
    if not 1 <= day <= 31:
        raise ValueError(day)
    step = -1 if now.lean == "past" else 1
    month = now.today.replace(day=1)
    for _ in range(4):
        if day <= last_of_month(month.year, month.month).day:
            found = month.replace(day=day)
            if now.lean == "near" or (found <= now.today if step < 0 else found >= now.today):
                return whole_days(match.span(), "day of month", found, found, bare=True)
        month = months_later(month, step)
    raise ValueError(day)


def weekday(match: re.Match[str], now: Now) -> When:
    """下周三 is that day of next week; 周三 alone the coming one, or in a report the last one."""
    target, today = cue.WEEKDAYS[match["weekday"]], now.today
    if match["offset"]:
        found = today + timedelta(days=target - today.weekday() + 7 * cue.OFFSETS[match["offset"]])
        return whole_days(match.span(), "weekday of a week", found, found, tense=_tense(found, found, now))
    ahead = (target - today.weekday()) % 7
    found = today - timedelta(days=-ahead % 7) if now.lean == "past" else today + timedelta(days=ahead)
    return whole_days(match.span(), "bare weekday", found, found, bare=True)


def weekend(match: re.Match[str], now: Now) -> When:
    """周末: Saturday and Sunday."""
    groups = match.groupdict()
    word = groups.get("offset") or groups.get("offset2")
    offset = cue.OFFSETS[word] if word else -1 if now.lean == "past" and now.today.weekday() < 5 else 0
    saturday = now.today + timedelta(days=5 - now.today.weekday() + 7 * offset)
    return whole_days(match.span(), "weekend", saturday, saturday + _DAY, bare=not word)


def week(match: re.Match[str], now: Now) -> When:
    """下周: a frame takes its Monday; 下周内 its Friday; 周初, 周中 and 周末 likewise."""
    word = match["offset"] or match["offset2"]
    monday = now.today + timedelta(days=7 * cue.OFFSETS[word] - now.today.weekday())
    edge = cue.EDGES.get(match["edge"] or "")
    day = {"within": 4, "end": 4, "late": 4, "middle": 2}.get(edge or "", 0)
    sunday = monday + 6 * _DAY
    tense = _tense(monday, sunday, now)
    if tense == "now" and edge == "within" and now.lean == "future":
        tense = "future"
    chosen = monday + day * _DAY
    if tense == "now" and not edge:
        chosen = monday + 4 * _DAY if now.lean == "future" else now.today
    return whole_days(match.span(), "week", monday, sunday, day=chosen, grain="week", tense=tense)


def month(match: re.Match[str], now: Now) -> When | None:
    """本月 · 下个月初 · 去年6月 · 月底."""
    groups = match.groupdict()
    edge = cue.EDGES.get(groups.get("edge") or groups.get("edge2") or "")
    year = year_of(match, now)
    if groups.get("offset"):
        first = months_later(now.today.replace(day=1), cue.OFFSETS[groups["offset"]])
    elif groups.get("month"):
        value = number(groups["month"])
        first = date(year or now.today.year, value, 1)
        first = first if year else _nearest_month(first, now)
    else:
        first = now.today.replace(day=1)
    return _month_part(match, first, edge, now)


def _nearest_month(first: date, now: Now) -> date:
    this = now.today.replace(day=1)
    if now.lean == "future" and first < this:
        return first.replace(year=first.year + 1)
    if now.lean == "past" and first > this:
        return first.replace(year=first.year - 1)
    return first


def _month_part(match: re.Match[str], first: date, edge: str | None, now: Now) -> When:
    end = last_of_month(first.year, first.month)
    first_day, last_day = {"start": (1, 10), "middle": (11, 20), "late": (21, end.day), "end": (21, end.day)}.get(
        edge or "", (1, end.day)
    )
    start, last = first.replace(day=first_day), first.replace(day=last_day)
    day = end if edge in ("end", "within") else start
    tense = _tense(day, day, now) if edge else _tense(start, last, now)
    return whole_days(match.span(), "month", start, last, day=day, grain="month", tense=tense)


def english_period(match: re.Match[str], now: Now) -> When:
    """this quarter, last month, next year."""
    offset = cue.OFFSETS[match["offset"]]
    length = {"month": 1, "quarter": 3, "year": 12}[match["unit"]]
    index = (now.today.month - 1) // length * length
    return _months(match, months_later(date(now.today.year, index + 1, 1), offset * length), length, now, match["unit"])


def _months(match: re.Match[str], first: date, length: int, now: Now, grain: str, edge: str | None = None) -> When:
    last = months_later(first, length) - _DAY
    day = last if edge in ("end", "within") else first
    tense = _tense(day, day, now) if edge else _tense(first, last, now)
    return whole_days(match.span(), grain, first, last, day=day, grain=grain, tense=tense)


def quarter(match: re.Match[str], now: Now) -> When:
    """三季度 · Q3 · 上季度 · 季末."""
    groups = match.groupdict()
    edge = cue.EDGES.get(groups.get("edge") or groups.get("edge2") or "")
    spoken = groups.get("number") or groups.get("spoken")
    if spoken:
        first = date(year_of(match, now) or now.today.year, number(spoken) * 3 - 2, 1)
    else:
        this = date(now.today.year, (now.today.month - 1) // 3 * 3 + 1, 1)
        first = months_later(this, 3 * cue.OFFSETS[groups.get("offset") or cue.THIS])
    return _months(match, first, 3, now, "quarter", edge)


def year_offset(match: re.Match[str], now: Now) -> When:
    """上一年 · 下年."""
    found = now.today.year + cue.OFFSETS[match["offset"]]
    first, last = date(found, 1, 1), date(found, 12, 31)
    return whole_days(match.span(), "year", first, last, grain="year", tense=_tense(first, last, now))


def half_year(match: re.Match[str], now: Now) -> When:
    """上半年 · 明年下半年."""
    first = date(year_of(match, now) or now.today.year, 1 if match["half"] in cue.FIRST_HALF else 7, 1)
    return _months(match, first, 6, now, "half_year", cue.EDGES.get(match["edge"] or ""))


def year(match: re.Match[str], now: Now) -> When:
    """今年 · 去年底 · 年底."""
    groups = match.groupdict()
    edge = cue.EDGES.get(groups.get("edge") or groups.get("edge2") or "")
    found = year_of(match, now) or now.today.year
    first, last = date(found, 1, 1), date(found, 12, 31)
    if edge == "start":
        last = date(found, 3, 31)
    elif edge == "middle":
        first = date(found, 7, 1)
    elif edge in ("end", "late"):
        first = date(found, 10, 1) if groups.get("year") is None else date(found, 12, 1)
    day = last if edge in ("end", "late") else first
    tense = _tense(day, day, now) if edge else _tense(first, last, now)
    return whole_days(match.span(), "year", first, last, day=day, grain="year", tense=tense)


def relative_day(match: re.Match[str], now: Now) -> When:
    """明天 · 昨晚 · 刚才."""
    word = match["word"]
    offset = cue.RELATIVE_DAYS[word]
    found = now.today + timedelta(days=offset)
    part = "evening" if word.endswith(cue.LATE_WORDS) else "morning" if word.endswith(cue.EARLY_WORDS) else ""
    tense = "past" if offset < 0 or word.startswith(cue.JUST) else "future" if offset > 0 else "now"
    return whole_days(match.span(), "relative day", found, found, part=part, tense=tense)


def relative_days(match: re.Match[str], now: Now) -> When:
    """明后两天: from the one to the other."""
    first, last = (now.today + timedelta(days=cue.RELATIVE_DAYS[match[side] + cue.DAY]) for side in ("first", "last"))
    return whole_days(match.span(), "relative days", first, last, tense="future")
