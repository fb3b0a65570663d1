"""Readers of what is counted from the moment it was said: three days later, the last thirty days, within five working days."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.nlu.cues import times as cue
from bot.nlu.cues.numerals import DIGITS
from bot.nlu.periods import number
from bot.nlu.when import Now, When, months_later, whole_days
from scrm import calendar

_DAY = timedelta(days=1)


def _count(match: re.Match[str]) -> float:
    groups = match.groupdict()
    count = 0.5 if match["count"] == cue.HALF else float(number(match["count"]))
    if 10 <= count < 100 and all(char in DIGITS for char in match["count"]):  # 两三天 is two of them
        count = count // 10
    return count + (0.5 if groups.get("half") or groups.get("more") else 0)


def names_year(count: str) -> bool:
    """Whether the number before 年 is a year's name (2025年前, 07年以后), not a count of years."""
    return count.isdigit() and (len(count) == 4 or count.startswith("0"))


def later(now: Now, count: float, unit: str) -> date:
    """The day that many units after today; half a month is 15 days."""
    if unit in ("month", "quarter", "year"):
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
        return months_later(now.today, int(months)) + timedelta(days=int(30 * (months - int(months))))
    if unit == "week":
        return now.today + timedelta(days=int(count * 7))
    return now.today + timedelta(days=int(count))


def offset(match: re.Match[str], now: Now) -> When | None:
    """三天后 · 两周内 · 半小时前 · 再过十天."""
    unit, count = cue.UNITS[match["unit"]], _count(match)
    half = match.groupdict().get("half") or match["more"] or match.groupdict().get("over")
    if (match["unit"] in cue.DAY_NOT_COUNTED and unit != "day" and not half) or (
        unit == "year" and names_year(match["count"])
    ):
        return None
    if match["unit"] == cue.QUARTER and match["count"] in cue.QUARTERS:  # 一季度后 is after the first one of the year
        return None
    bound = match.groupdict().get("bound") or cue.AFTER[-2]
    sign = -1 if bound in cue.BEFORE else 1
    rule = "offset"
    if unit in ("hour", "minute", "second", "quarter_hour"):
        then = now.moment + timedelta(seconds=sign * count * cue.SECONDS[unit])
        clock = then.time().replace(second=0, microsecond=0)
        return When(
            match.span(),
            rule,
            then,
            then + timedelta(minutes=1),
            then.date(),
            clock,
            "minute",
            tense="past" if sign < 0 else "future",
            bound="within" if bound in cue.WITHIN else "",
        )
    if unit == "workday":
        return workdays(match, now)
    found = later(now, sign * count, unit)
    if bound in cue.WITHIN:
        return whole_days(match.span(), "within", now.today, found, day=found, tense="future", bound="within")
    return whole_days(match.span(), rule, found, found, tense="past" if sign < 0 else "future")


def workdays(match: re.Match[str], now: Now) -> When | None:
    """三个工作日内: the third working day after today."""
    count, bound = number(match["count"]), match["bound"]
    if not 0 < count <= 260:
        return None
    if bound is None:
        return When(match.span(), "working days", kind="duration", seconds=count * 86400)
    move = calendar.previous_workday if bound in cue.BEFORE else calendar.next_workday
    found = move(now.today, count)
    start = now.today if bound in cue.WITHIN else found
    return whole_days(
        match.span(),
        "working days",
        start,
        found,
        day=found,
        tense="future",
        bound="within" if bound in cue.WITHIN else "",
    )


def span(match: re.Match[str], now: Now) -> When | None:
    """近30天 ends today; 未来两周 begins today."""
    if not match["unit"]:
        return whole_days(
            match.span(), "lately", now.today - 30 * _DAY, now.today, tense="past", grain="vague", day=None
        )
    unit, count = cue.UNITS[match["unit"]], _count(match)
    if unit in ("hour", "minute", "second", "quarter_hour"):
        length = timedelta(seconds=count * cue.SECONDS[unit])
        ahead = match["side"] in cue.AHEAD
        start = now.moment if ahead else now.moment - length
        return When(
            match.span(), "span", start, start + length, start.date(), grain=unit, tense="future" if ahead else "past"
        )
    unit = "day" if unit == "workday" else unit
    if match["side"] in cue.AHEAD:
        return whole_days(match.span(), "span ahead", now.today, later(now, count, unit), tense="future", grain=unit)
    return whole_days(match.span(), "span back", later(now, -count, unit), now.today, tense="past", grain=unit)
