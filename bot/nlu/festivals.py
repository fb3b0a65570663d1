"""Readers of festivals, official breaks and lunar dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.nlu.cues import festivals as names
from bot.nlu.cues import times as cue
from bot.nlu.lazy import lazily
from bot.nlu.periods import number, year_of
from bot.nlu.when import Now, When, whole_days
from scrm import calendar
from scrm.calendar import Festival

_DAY = timedelta(days=1)


def lunar(match: re.Match[str], now: Now) -> When | None:
    """腊月二十八 · 大年初八 · 农历五月初五: the next such lunar day from now."""
    name, day = match["month"] or cue.FIRST_MONTH, lunar_number(match["day"])
    month = cue.LUNAR_MONTHS.get(name) or number(name[:-1])
    if not match["calendar"] and name not in cue.LUNAR_MONTHS and not match["day"].startswith(cue.LUNAR_DAY_HEADS):
        return None
    found = _coming(lambda year: calendar.lunar_day(year, month, day), now, year_of(match, now))
    return whole_days(match.span(), "lunar date", found, found, off=True)


def lunar_number(text: str) -> int:
    """初八 = 8, 廿三 = 23."""
    return number(text.removeprefix(cue.LUNAR_DAY_HEADS[0]))


def _coming(of_year: Callable[[int], date], now: Now, year: int | None) -> date:
    """The day in the given year, else the next one from now (in a report: the last one)."""
    if year is not None:
        return of_year(year)
    past = now.lean == "past"
    for step in (0, -1, -2) if past else (-1, 0, 1):  # the end of a lunar year lies in the next one
        day = of_year(now.today.year + step)
        if day <= now.today if past else day >= now.today:
            return day
    raise ValueError(now.today)


def festival(match: re.Match[str], now: Now) -> When | None:
    """A festival by name. One with a break: 前 is the last working day before it, 后 the first one after."""
    name, year = match["name"], year_of(match, now)
    if name in names.BREAKS:
        return _break(match, names.BREAKS[name], now, year)
    if name in names.LUNAR_FESTIVALS:
        month, day = names.LUNAR_FESTIVALS[name]
        found = _coming(lambda lunar_year: calendar.lunar_day(lunar_year, month, day), now, year)
    elif name in names.FLOATING_FESTIVALS:
        found = _coming(lambda of: _floating(of, *names.FLOATING_FESTIVALS[name]), now, year)
    else:
        month, day = names.FIXED_FESTIVALS[name]
        found = _coming(lambda of: date(of, month, day), now, year)
    found -= _before(match)
    return whole_days(match.span(), "festival", found, found, off=True, bare=year is None)


def _before(match: re.Match[str]) -> timedelta:
    """圣诞节前一天 is a day earlier."""
    return _DAY if match["first"] == cue.DAY_BEFORE else timedelta(0)


def _floating(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _break(match: re.Match[str], festival: Festival, now: Now, year: int | None) -> When:
    text, end = match.string, match.end()
    if year is None:
        year = next(
            y for y in range(now.today.year, now.today.year + 3) if calendar.festival_break(festival, y)[1] >= now.today
        )
        if now.lean == "past":
            year = max(y for y in (year - 1, year) if calendar.festival_break(festival, y)[0] <= now.today)
    bound = lazily(cue.SUFFIX).match(text, end)
    bound = bound if bound and bound["bound"] in (*cue.BEFORE, *cue.AFTER) else None
    over = match.string[: match.start()].endswith(cue.OVER)  # 过完国庆
    first_after = over or (match["first"] and match["first"].startswith(cue.AFTER_HEAD))
    if bound or first_after:
        side = cue.AFTER_HEAD if first_after or (bound and bound["bound"] in cue.AFTER) else ""
        return _around(match, festival, year, after=bool(side), end=bound.end() if bound else end)
    found = calendar.festival_day(festival, year)
    first, last = calendar.festival_break(festival, year)
    if match["first"] == cue.DAY_BEFORE:
        return whole_days((match.start(), end), "festival", found - _DAY, found - _DAY, off=True)
    return whole_days((match.start(), end), "break", first, last, day=found, off=True)


def itself(when: When, match: re.Match[str], now: Now) -> When:
    """The day of the festival instead of its days off or the working day beside them; the next one where this is over."""
    name = match.groupdict().get("name")
    if name not in names.BREAKS or when.day is None:
        return when
    years = (when.day.year - 1, when.day.year, when.day.year + 1)
    days = [calendar.festival_day(names.BREAKS[name], year) for year in years]
    day = min(days, key=lambda found: abs(found - when.day))  # type: ignore[operator]
    if year_of(match, now) is None and day < now.today and now.lean == "future" and not when.bound:
        day = min((found for found in days if found >= now.today), default=day)
    return whole_days(when.span, "festival", day, day, bound=when.bound)


def _around(match: re.Match[str], festival: Festival, year: int, *, after: bool, end: int) -> When:
    day = (
        calendar.first_workday_after_break(festival, year)
        if after
        else calendar.last_workday_before_break(festival, year)
    )
    start = match.start() - next((len(word) for word in cue.OVER if match.string[: match.start()].endswith(word)), 0)
    return whole_days((start, end), cue.AROUND_BREAK, day, day, bound="after" if after else "before")


def around_new_year(match: re.Match[str], now: Now) -> When:
    """年前 · 年后 · 过完年: around Spring Festival."""
    after = match["done"] is not None or match["bound"] == cue.AFTER_HEAD
    year = now.today.year
    edge = calendar.first_workday_after_break if after else calendar.last_workday_before_break
    if now.lean == "past":
        year -= edge("spring", year) > now.today
    elif edge("spring", year) < now.today:
        year += 1
    return _around(match, "spring", year, after=after, end=match.end())


def around_break(match: re.Match[str], now: Now) -> When:
    """节前 · 节后 · 放假前: around the nearest coming break."""
    word = match["bound"] or match["bound2"] or match["bound3"]
    after = word.endswith(cue.AFTER_HEAD) or word in cue.AFTER
    if now.lean == "past":
        festival, year = calendar.last_break(now.today)
        return _around(match, festival, year, after=after, end=match.end())
    festival, year = calendar.next_break(now.today)
    if not after and calendar.last_workday_before_break(festival, year) < now.today:
        festival, year = calendar.next_break(calendar.festival_break(festival, year)[1] + _DAY)
    return _around(match, festival, year, after=after, end=match.end())
