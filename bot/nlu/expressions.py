"""Expressions as the published sets cut them: with 从, 大约, 左右 and 每, date and weekday as one, neighbouring lengths summed."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.nlu import clock, dates
from bot.nlu.cues import published as cue
from bot.nlu.text import MASK
from bot.nlu.when import Bound, Now, When, months_later

_YEARS_TRIED = (0, -1, 1)
_DAY = timedelta(days=1)
_BOUND_HEADS: tuple[tuple[re.Pattern[str], Bound], ...] = (
    (cue.UNTIL, "until"), (cue.NOT_AFTER, "until"), (cue.NOT_BEFORE, "since"), (cue.EARLIER, "before"), (cue.LATER, "after"),
)  # fmt: skip


def find(text: str, now: Now) -> list[When]:
    """Every time expression of the folded text."""
    if cue.NO_TIME.search(text):
        text = cue.NO_TIME.sub(lambda match: MASK * len(match.group()), text)
    found = dates.find_every(text, now)
    found = _merged(text, found, now)
    return [_widened(text, when) for when in _again(text, found)]


def _merged(text: str, found: list[When], now: Now) -> list[When]:
    merged: list[When] = []
    for when in found:
        before = merged[-1] if merged else None
        one = _one(text, before, when, now) if before is not None else None
        if one is not None:
            merged[-1] = one
        elif before is not None and _said_twice(text, before, when):
            merged[-1] = when
        else:
            merged.append(when)
    return merged


def _said_twice(text: str, first: When, last: When) -> bool:
    """六月六月中旬: begun, and begun again."""
    words = text[slice(*first.span)]
    return first.span[1] == last.span[0] and len(words) > 1 and text.startswith(words, last.span[0])


def _one(text: str, first: When, last: When, now: Now) -> When | None:
    """Both as one expression, if they are."""
    gap = text[first.span[1] : last.span[0]]
    if first.kind == last.kind == "duration":
        return _longer(first, last, gap)
    if cue.OF.fullmatch(gap) and (whole := _with_hours(first, last, gap)):
        return whole
    if cue.COMMA.fullmatch(gap) and (whole := _with_weekday(text, first, last, now)):
        return whole
    if cue.AND.fullmatch(gap) and (tail := cue.BETWEEN_TAIL.match(text, last.span[1])):
        whole = dates.between(first, last)
        return whole and whole.moved(upto=tail.end())
    return None


def _longer(first: When, last: When, gap: str) -> When | None:
    """两年又三个月 is their sum; 三天到五天 and 三年以上五年以下 are vague."""
    if cue.DURATION_GAP.fullmatch(gap):
        return first.moved(upto=last.span[1], seconds=first.seconds + last.seconds)
    vague = cue.TO.fullmatch(gap) or (cue.OR_MORE.match(gap) and cue.COMMA.fullmatch(gap[2:]))
    return first.moved(upto=last.span[1], seconds=0) if vague else None


def _with_hours(first: When, last: When, gap: str) -> When | None:
    """今天大约十点 · 后天全天 · 下午三点星期五."""
    day, hours = (first, last) if first.kind == "day" else (last, first)
    if day.kind != "day" or day.clock or first.bound or day.start is None or day.day is None:
        return None
    if day is last and (hours.kind != "clock" or last.bound or gap.strip() or day.end != day.start + _DAY):
        return None
    if hours.kind == "clock":
        return clock.on(day, hours, hours.part).moved(span=(first.span[0], last.span[1]), bound=last.bound)
    if hours.rule == "whole day" and hours.start and hours.end:
        off = timedelta(days=(day.day - hours.start.date()).days)
        return day.moved(upto=last.span[1], start=hours.start + off, end=hours.end + off)
    return None


def _with_weekday(text: str, first: When, last: When, now: Now) -> When | None:
    """2009年10月12号，星期一 and 周日，二月十号: the date whose weekday it is."""
    weekday, date = (first, last) if first.rule == "bare weekday" else (last, first)
    if weekday.rule != "bare weekday" or date.rule not in ("calendar date", "date without year", "day of month"):
        return None
    if weekday.day is None or date.start is None or date.end is None or date.day is None or date.clock:
        return None
    years = _YEARS_TRIED if date.rule == "date without year" else (0,)
    for years_on in years:
        day = months_later(date.day, 12 * years_on)
        if day.weekday() == weekday.day.weekday():
            end = last.span[1]
            closing = cue.CLOSING.match(text, end)
            off = timedelta(days=(day - date.day).days)
            return date.moved(
                span=(first.span[0], closing.end() if closing else end),
                start=date.start + off,
                end=date.end + off,
                day=day,
            )
    return None


def _again(text: str, found: list[When]) -> list[When]:
    """What comes again and again, with the day and hours it comes at: 每周六上午9点."""
    merged: list[When] = []
    for when in found:
        before = merged[-1] if merged else None
        prefix = cue.EVERY.search(text, max(0, when.span[0] - 2), when.span[0])
        if (
            before is not None
            and before.kind == "set"
            and cue.BEFORE_GAP.fullmatch(text[before.span[1] : when.span[0]])
        ):
            merged[-1] = before.moved(upto=when.span[1])
        elif prefix and when.kind != "set":
            merged.append(When((prefix.start(), when.span[1]), "every", kind="set"))
        else:
            merged.append(when)
    return merged


def _widened(text: str, when: When) -> When:
    """With the words before and behind that belong to it."""
    start, end = when.span
    bound = when.bound
    if when.grain == "range" or bound == "since":
        start = _head(cue.FROM, text, start)
        end = _tail(cue.ENDS, text, end)
    if when.grain == "range" and (tail := cue.BETWEEN_TAIL.match(text, end)):
        end = tail.end()
    if when.grain == "range" and cue.BETWEEN_TAIL.search(text[end - 2 : end]):
        start = _head(cue.BETWEEN_HEAD, text, start)
    if when.rule.startswith("span"):
        end = _tail(cue.WITHIN, text, end)
    for pattern, word in _BOUND_HEADS:
        if not bound and (head := pattern.search(text, max(0, start - 4), start)):
            start, bound = head.start(), word
            end = _tail(cue.ENDS, text, end)
    if when.kind == "duration":
        end = _tail(cue.OR_MORE, text, end)
    else:
        start = _head(cue.ABOUT, text, start)
        end = _tail(cue.ROUGHLY, text, end)
    return when.moved(span=(start, end), bound=bound) if (start, end) != when.span else when


def _head(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.search(text, max(0, start - 4), start)
    return match.start() if match else start


def _tail(pattern: re.Pattern[str], text: str, end: int) -> int:
    match = pattern.match(text, end)
    return match.end() if match else end
