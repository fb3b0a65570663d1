"""Readers of clock times and parts of the day."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from bot.nlu.cues import times as cue
from bot.nlu.cues.numerals import DIGITS
from bot.nlu.lazy import lazily
from bot.nlu.periods import number
from bot.nlu.when import Now, When, midnight

_CLOCK = lazily(cue.CLOCK)
_PART = lazily(cue.PART)
_PART_ALONE = lazily(cue.PART_ALONE)
_LENGTHS = {"second": timedelta(seconds=1), "minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_GAP = lazily(cue.FILLER)
LATE = 8  # 半夜11点 is before midnight


def find(text: str, now: Now) -> list[When]:
    """Clock times with the part of day before them (下午3点半), as of today."""
    found = []
    for match in _CLOCK.finditer(text):
        if match["hour"] and (
            text.startswith(cue.NOT_CLOCK_AFTER, match.end()) or text.startswith(cue.A_LITTLE, match.start())
        ):
            continue
        if match["hour"] and text[max(0, match.start() - 1) : match.end()].startswith(cue.POINT_COUNT_BEFORE):
            continue
        start, part = _part_before(text, match.start())
        try:
            at = _time(match, part)
        except ValueError:
            continue
        midnight_next = at is None or (at == time() and part == "evening")
        day = now.today + timedelta(days=1) if midnight_next else now.today
        rule = "midnight" if at is None else "clock time"
        at = at or time()
        then = datetime.combine(day, at)
        grain = _grain(match)
        twin = _twin(match["hour"], part, at)
        found.append(
            When(
                (start, match.end()),
                rule,
                then,
                then + _LENGTHS[grain],
                day,
                at,
                grain,
                "clock",
                part,
                twin=twin,
            )
        )
    return found


def _twin(hour: str | None, part: str, at: time) -> bool:
    """Whether the hour may as well be twelve hours off: no part of day, and no 24-hour writing (05:40)."""
    return bool(hour and not part and not hour.startswith("0") and at.hour >= 1 and number(hour) <= 12)


def head(match: re.Match[str], now: Now) -> When | None:
    """The first hour of 9~12点: an hour by the clock, with the part of day before it."""
    start, part = _part_before(match.string, match.start("hour"))
    at = time(_hour(number(match["hour"]), part, written=False))
    then = datetime.combine(now.today, at)
    twin = _twin(match["hour"], part, at)
    end = then + _LENGTHS["hour"]
    return When((start, match.end()), "clock time", then, end, now.today, at, "hour", "clock", part, twin=twin)


def _first_hour(text: str) -> int:
    """两三点 begins at two."""
    return number(text[0] if len(text) == 2 and all(char in DIGITS for char in text) else text)


def hours(match: re.Match[str], now: Now) -> When | None:
    """下午两三点: from two until four."""
    low, high = number(match["hour"]), number(match["hour2"])
    if not 0 < low < high:
        return None
    _, part = _part_before(match.string, match.start("hour"))
    first, last = (datetime.combine(now.today, time(_hour(hour, part, written=False))) for hour in (low, high))
    end = last + _LENGTHS["hour"]
    return When(match.span(), "hours", first, end, now.today, None, "range", "clock", part)


def under(day: When, clock: When) -> When:
    """The clock time again, in the part of day of the time before it: 晚上7点到8点."""
    at = clock.at or time()
    return clock.moved(at=at.replace(hour=_hour(_spoken_hour(at), day.part, written=False)), twin=False)


def _grain(match: re.Match[str]) -> str:
    if match["second"] or match["second2"] or match["second3"]:
        return "second"
    exact = any(match[part] for part in ("minute", "minute2", "half", "quarter", "fives", "fives2"))
    return "minute" if exact else "hour"


def _time(match: re.Match[str], part: str) -> time | None:
    """The time of day; None = 24:00."""
    if match["hour2"]:
        hour, minute = int(match["hour2"]), int(match["minute2"] or 0)
        afternoon = (match["meridiem"] or match["meridiem2"]) == "p"
        return time(hour % 12 + (12 if afternoon else 0), minute, int(match["second3"] or 0))
    hour = _first_hour(match["hour"])
    fives = match["fives"] or match["fives2"]
    if fives:
        minute = 30 if fives == cue.HALF else 5 * number(fives)
        return time(_hour(hour, part, written=False), minute)
    minute = (
        30
        if match["half"]
        else 15 * number(match["quarter"][0])
        if match["quarter"]
        else number(match["minute"] or "0")
    )
    if hour == 24 and not minute:
        return None
    second = int(match["second"] or number(match["second2"] or "0"))
    written = match["minute"] is not None and ":" in match.group()
    if written and not part and match["hour"].startswith("0"):
        return time(hour, minute, second)
    return time(_hour(hour, part, written=written), minute, second)


def _hour(hour: int, part: str, *, written: bool) -> int:
    """On the 24-hour clock: 下午3点 = 15; without a part of day 1 to 6 are afternoon, unless written 03:00."""
    if hour > 12 or (part == "" and written and hour != 12 and hour > 6):
        return hour
    if hour == 0:
        return 0
    if part == "night":
        return hour + 12 if LATE <= hour < 12 else hour % 12
    if part in ("afternoon", "evening"):
        return 0 if part == "evening" and hour == 12 else hour % 12 + 12
    if part == "noon":
        return hour if hour >= 10 else hour + 12
    return hour + 12 if part == "" and 1 <= hour <= 6 else hour


def _part_before(text: str, end: int) -> tuple[int, str]:
    for length in (3, 2, 1):
        word = text[max(0, end - length) : end]
        if len(word) == length and word in cue.PARTS:
            return end - length, cue.PARTS[word]
    return end, ""


def part_at(text: str, start: int) -> tuple[str, int]:
    """The part of day right at `start` (a blank or 的 between), and where it ends; ("", start) if there is none."""
    gap = _GAP.match(text, start)
    match = _PART.match(text, gap.end() if gap else start)
    if match and not text.startswith(cue.NOT_PART_AFTER, match.end()):
        return cue.PARTS[match["part"]], match.end()
    return "", start


def in_part(day: When, part: str, upto: int) -> When:
    """The day's part: 昨天下午 is 12:00 to 18:00 of yesterday."""
    first, last = cue.PART_HOURS[part]
    start = midnight(day.day) if day.day else None
    if start is None:
        return day
    return day.moved(
        upto=upto, part=part, grain="part", start=start + timedelta(hours=first), end=start + timedelta(hours=last)
    )


def parts(text: str, now: Now) -> list[When]:
    """Parts of today standing alone: 上午, 晚上."""
    found = []
    for match in _PART_ALONE.finditer(text):
        part = cue.PARTS[match["part"]]
        first, last = cue.PART_HOURS[part]
        start = midnight(now.today)
        found.append(
            When(
                match.span(),
                "part of today",
                start + timedelta(hours=first),
                start + timedelta(hours=last),
                now.today,
                None,
                "part",
                "part",
                part,
            )
        )
    return found


def on(day: When, clock: When, part: str) -> When:
    """The clock time on that day, read again with the day's part (今晚8点 = 20:00)."""
    at = clock.at or time()
    if part and not clock.part:
        at = at.replace(hour=_hour(_spoken_hour(at), part, written=False))
    base = (day.day or clock.day or date.min) + (timedelta(days=1) if _midnight(clock, part) else timedelta(0))
    then = datetime.combine(base, at)
    return day.moved(
        upto=clock.span[1],
        start=then,
        end=then + _LENGTHS.get(clock.grain, timedelta(minutes=1)),
        day=base,
        at=at,
        grain=clock.grain,
        part=part or clock.part,
        twin=clock.twin and not part,
    )


def _spoken_hour(at: time) -> int:
    return at.hour - 12 if 13 <= at.hour <= 18 else at.hour


def _midnight(clock: When, part: str) -> bool:
    return ((part or clock.part) in ("evening",) and clock.at == time()) or clock.rule == "midnight"
