"""Days, periods and clock times in a sentence, as local intervals counted from the moment it was sent.

A bare 周三, 15号 or 3月2日 has two readings; `lean` says which one the sentence means ("past" after 了/过).
Weeks start on Monday; working days and breaks are those of `scrm.calendar`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from operator import itemgetter

from bot.nlu import clock, every, festivals, nth, offsets, periods
from bot.nlu.cues import times as cue
from bot.nlu.cues.published import EVERY_PATTERNS
from bot.nlu.frame import Moment
from bot.nlu.lazy import lazily
from bot.nlu.when import Bound, Lean, Now, When

_Reader = Callable[[re.Match[str], Now], When | None]
_READERS: dict[str, _Reader] = {
    "solar_term": every.solar_term,
    "date": periods.calendar_date, "month_day": periods.month_day, "month": periods.month, "day_of_month": periods.day_of_month,
    "weekday": periods.weekday, "weekend": periods.weekend, "week": periods.week, "period": periods.english_period,
    "quarter": periods.quarter, "half_year": periods.half_year, "year": periods.year, "relative": periods.relative_day, "relative_days": periods.relative_days,
    "offset": offsets.offset, "span": offsets.span, "workdays": offsets.workdays, "lunar": festivals.lunar,
    "nth_week": nth.nth_week, "edge_units": nth.edge_units, "decade": nth.decade, "century": nth.century,
    "month_range": nth.month_range, "day_range": nth.day_range, "festival": festivals.festival, "around_new_year": festivals.around_new_year, "around_break": festivals.around_break,
}  # fmt: skip
_Pattern = tuple[_Reader, str, frozenset[str], re.Pattern[str]]
_DATES: list[_Pattern] = [(_READERS[rule], rule, frozenset(needs), lazily(p)) for rule, needs, p in cue.DATE_PATTERNS]
_EVERY: list[_Pattern] = [(every.READERS[rule], rule, frozenset(needs), lazily(p)) for rule, needs, p in EVERY_PATTERNS]
_ALL = [*_EVERY, *_DATES]
_BOUNDS: dict[str, Bound] = {
    **dict.fromkeys(cue.BEFORE, "before"), **dict.fromkeys(cue.UNTIL, "until"), **dict.fromkeys(cue.SINCE, "since"), **dict.fromkeys(cue.WITHIN, "within"),
}  # fmt: skip
_SUFFIX = lazily(cue.SUFFIX)
_RANGE = lazily(cue.RANGE)
# Where a candidate stands, whether a day goes before it, how it is read.
_Candidate = tuple[int, int, bool, str, _Reader | None, re.Match[str] | When]
_PLACE = itemgetter(0, 1, 2)
_NO_DAYS = ("length", "every", "working_day", "whole_day", "clock_head")  # a day of the same words goes before
_DATED = ("date", "month_day")
MAX_FOUND = 50  # a sentence has a handful; more is hostile


def find(text: str, now: datetime, lean: Lean = "future") -> list[When]:
    """Every time expression of the folded text, leftmost and longest first; `now` is naive local time."""
    return _found(text, Now(now, lean), every_one=False)


def find_every(text: str, at: Now) -> list[When]:
    """The same and all that a recognizer is asked for besides: lengths of time (聊了两小时), seasons, what comes every day."""
    return _found(text, at, every_one=True)


def _found(text: str, at: Now, *, every_one: bool) -> list[When]:
    found: list[When] = []
    position = 0
    clocks = clock.find(text, at)
    candidates = [*_matches(text, every_one), *map(_candidate, clocks), *map(_candidate, clock.parts(text, at))]
    for start, _, _, rule, read, match in sorted(candidates, key=_PLACE):
        if start < position or len(found) >= MAX_FOUND:
            continue
        when = _read(rule, read, match, at, every_one=every_one)
        if when is None:
            continue
        if when.kind == "impossible":
            position = when.span[1]
            if every_one and rule in _DATED:
                found.append(when)
            continue
        whole = _joined(text, when, at, clocks) if when.kind == "day" else when
        whole = _bounded(text, whole)
        found.append(whole)
        position = whole.span[1]
    return _ranges(text, found, at)


def _candidate(when: When) -> _Candidate:
    return when.span[0], -when.span[1], True, when.rule, None, when


def _read(rule: str, read: _Reader | None, match: re.Match[str] | When, at: Now, *, every_one: bool) -> When | None:
    if read is None or isinstance(match, When):
        return match if isinstance(match, When) else None
    try:
        when = read(match, at)
        itself = every_one and when is not None and when.rule in ("break", cue.AROUND_BREAK)
        return festivals.itself(when, match, at) if when is not None and itself else when
    except (ValueError, OverflowError):  # 2月30日, the year 9999: no time, and no part of it is one
        return When(match.span(), rule, kind="impossible")


@lru_cache(maxsize=2)  # a sentence is read as future and as past
def _matches(text: str, every_one: bool) -> list[_Candidate]:
    chars = set(text)
    return [
        (match.start(), -match.end(), rule in _NO_DAYS, rule, read, match)
        for read, rule, needs, pattern in (_ALL if every_one else _DATES)
        if not needs.isdisjoint(chars)
        for match in pattern.finditer(text)
    ]


def _ranges(text: str, found: list[When], at: Now) -> list[When]:
    """Neighbours with 到 between them are one range: 3月到5月, 9月1号至15号."""
    merged: list[When] = []
    for when in found:
        before = merged[-1] if merged else None
        if (
            before is not None
            and _RANGE.fullmatch(text[before.span[1] : when.span[0]])
            and (whole := between(before, _following(text, before, when)))
        ):
            merged[-1] = whole
        else:
            merged.append(when)
    return merged


def _following(text: str, first: When, last: When) -> When:
    """The end of a range as counted from its beginning: 2017年8月至11月, 去年春节到元宵节."""
    if (
        first.start is None
        or last.start is None
        or last.kind != "day"
        or last.rule in ("relative day", "weekday of a week", "now")
    ):
        return last
    if last.start >= first.start and not (last.bare or last.grain in ("month", "quarter")):
        return last
    again = find(text[slice(*last.span)], first.start)
    if len(again) != 1 or again[0].start is None or again[0].start < first.start:
        return last
    return again[0].moved(span=last.span, bound=last.bound)


def between(first: When, last: When) -> When | None:
    """From the first to the last of them, as one range; None if they make none."""
    if None in (first.start, last.end) or first.bound not in ("", "since") or last.kind in ("duration", "set"):
        return None
    start, end = first.start, last.end
    twin_end = last.twin
    if last.kind == "clock" and first.clock and start and last.at:
        if first.part and not last.part:
            last, twin_end = clock.under(first, last), False
        base = start.date()
        end = datetime.combine(base, last.at or time())
        if end <= start and last.at == time():
            end += timedelta(days=1)
        elif end <= start and not last.part and last.twin and end + timedelta(hours=12) > start:
            end += timedelta(hours=12)
        elif end <= start:
            end += timedelta(days=1)
    elif last.clock and last.day and last.at and last.rule != "now":
        end = datetime.combine(last.day, last.at)
    if start is None or end is None or end <= start:
        return None
    other = (start, last.start) if last.grain in ("month", "year") and last.start and last.kind == "day" else None
    return first.moved(
        upto=last.span[1],
        start=start,
        end=end,
        grain="range",
        bound=last.bound,
        other=other,
        twin_end=twin_end,
        kind="day",
    )


def _joined(text: str, day: When, at: Now, clocks: list[When]) -> When:
    """A day with the part of day and clock time right behind it: 明天 下午 3点."""
    end = day.span[1]
    part, after_part = clock.part_at(text, end)
    part = part or day.part
    for when in clocks:
        if (
            day.span[0] < when.span[0] <= end < when.span[1]
            or when.span[0] in (end, after_part)
            or (when.span[0] == after_part + 1 and text[after_part] in cue.JOINTS)
            or (when.span[0] == end + 1 and text[end] in cue.JOINTS)
        ):
            return clock.on(day, when, part)
    single = day.start is not None and day.end is not None and day.end - day.start <= timedelta(days=1)
    return clock.in_part(day, part, after_part) if part and single else day


def _bounded(text: str, when: When) -> When:
    """前 and 后 behind a time: a deadline, or from then on."""
    match = _SUFFIX.match(text, when.span[1])
    if not match or when.bound:
        return when
    word = match["bound"]
    return when.bounded(_BOUNDS.get(word, "after"), match.end())


def moment(when: When) -> Moment | None:
    """The day (and clock time) a frame takes from the expression; None for a duration."""
    if when.day is None:
        return None
    return Moment(when.day, when.at if when.clock else None, when.part)


def days(when: When) -> tuple[date, date] | None:
    """First and last day (inclusive) of the expression, for a query."""
    if when.start is None or when.end is None:
        return None
    last = (when.end - timedelta(seconds=1)).date()
    return when.start.date(), max(last, when.start.date())
