"""The readings of one time expression in the form of the published sets: point, range, time of day or length, at most two.

The first is ours; the second is what others take for it too: the past one, the whole month, an open end, the hour before noon.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.nlu import nth
from bot.nlu.cues import published as cue
from bot.nlu.cues import times
from bot.nlu.when import Now, When, last_of_month, midnight, months_later

Norm = dict[str, Any]
MAX_READINGS = 2
_SECOND, _MINUTE, _HALF_DAY, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=12), timedelta(days=1)
_HALF_MONTH = timedelta(days=16)
_MEAN_MONTH = 365 / 12
_LONG = ("month", "quarter", "year")


def of(words: str, future: When, past: When, now: datetime) -> list[Norm]:
    """The readings of what `words` say, read as coming and as past."""
    found: list[Norm] = []
    for reading in _all(words, future, past, now):
        if reading not in found:
            found.append(reading)
            if len(found) == MAX_READINGS:
                break
    return found


def _all(words: str, future: When, past: When, now: datetime) -> Iterator[Norm]:
    when = near(future, past, now)
    if when.kind == "duration":
        yield from [{"kind": "duration", "seconds": when.seconds}] if when.seconds else []
    elif when.kind == "set":
        yield {"kind": "set"}
    elif when.start is None or when.end is None:
        return
    elif when.kind == "clock" and when.bound:
        yield from _clock_bound(when, now)
    elif when.bound and when.bound != "within":
        yield from _bounded(words, when, past, now)
    elif when.grain == "part":
        yield from _parts(words, when)
    elif when.rule == "offset" and when.bound != "within":
        yield from _offset(words, when, now)
    else:
        yield from _plain(words, when, future, past, now)


def near(future: When, past: When, now: datetime) -> When:
    """The reading within the calendar year or month it is now."""
    if future.start is None or past.start is None or future.start == past.start or future.rule == "bare weekday":
        return future
    if future.rule == "day of month":
        return past if past.start.month == now.month and future.start.month != now.month else future
    return past if past.start.year == now.year != future.start.year else future


def _plain(words: str, when: When, future: When, past: When, now: datetime) -> Iterator[Norm]:
    start, end = when.start, when.end
    if start is None or end is None:
        return
    if when.grain == "range" and when.clock:
        end += _MINUTE  # the last minute is in it
    if when.rule in ("span", "span back", "span ahead", "lately") or when.bound == "within":
        yield from _spans(words, when, now)
        return
    if when.twin or when.twin_end:
        yield from _twins(when, future)
        return
    edged = _edge(words, when)
    single = end - start <= _DAY and when.grain != "range"
    kind = "point" if single else "range"
    yield norm(kind, when.grain, start, end)
    if when.other is not None:
        yield norm(kind, when.grain, *when.other)
    if edged:
        yield norm(kind, when.grain, *edged)
    if when.rule == "weekend":
        yield norm(kind, when.grain, start - timedelta(hours=6), end)
    if when.kind == "clock" and start <= now:
        yield norm(kind, when.grain, start + _DAY, end + _DAY)
    for other in (future, past):
        yield norm(kind, other.grain, other.start, other.end)
    if when.rule == "bare weekday":
        yield norm(kind, when.grain, start + timedelta(days=7), end + timedelta(days=7))


def _twins(when: When, future: When) -> Iterator[Norm]:
    """The clock time as meant, and twelve hours off; a range as meant, and as said of the coming day."""
    start, end = when.start, when.end
    if start is None or end is None:
        return
    if when.grain != "range":
        yield norm("point", when.grain, start, end)
        off = _HALF_DAY if start.hour < 12 else -_HALF_DAY
        yield norm("point", when.grain, start + off, end + off)
        return
    yield norm("range", when.grain, start, end + _MINUTE)
    start, end = future.start or start, future.end or end
    early = start - _HALF_DAY if when.twin and start.hour >= 12 else start
    until = end - _HALF_DAY if when.twin_end and end.hour >= 12 else end
    yield norm("range", when.grain, early, (until if until > early else end) + _MINUTE)


def _parts(words: str, when: When) -> Iterator[Norm]:
    """A part of a day by the hours of others."""
    match = cue.PART_AT_END.search(words)
    word = match.group() if match else ""
    hours = cue.PART_READINGS.get(word) or cue.PART_CATEGORIES.get(when.part)
    if when.day is None or hours is None:
        yield norm("range", "part", when.start, when.end)
        return
    start = midnight(when.day)
    for first, last in hours:
        yield norm("range", "part", start + timedelta(hours=first), start + timedelta(hours=last))


def _clock_bound(when: When, now: datetime) -> Iterator[Norm]:
    start, end = when.start, when.end
    if start is None or end is None:
        return
    early = when.bound in ("before", "until", "within")
    at = _iso(start)[11:]
    yield {"kind": "timerange", "grain": when.grain, "start": None if early else at, "end": at if early else None}
    yield (
        norm("range", when.grain, now if end > now else None, end) if early else norm("range", when.grain, start, None)
    )


def _bounded(words: str, when: When, past: When, now: datetime) -> Iterator[Norm]:
    """Before, until, since and after: open, or closed by now."""
    start, end = _edge(words, when) or (when.start, when.end)
    if when.start is None or when.end is None or start is None or end is None:
        return
    grain = when.grain
    if when.bound in ("before", "until"):
        yield norm("range", grain, None, when.start)
        yield norm("range", grain, now if end > now else None, end)
        return
    if when.bound == "since" and past.start and when.start > now:
        yield norm("range", grain, past.start, now + _SECOND)
    first = when.end if when.bound == "after" and not when.clock else when.start
    yield norm("range", grain, first, None)
    yield norm("range", grain, when.start, now + _SECOND if when.start < now else None)


def _offset(words: str, when: When, now: datetime) -> Iterator[Norm]:
    """三小时后 to the second, 三天后 as that day; 七年后 also as that whole year, 以后 as an open end."""
    start = when.start
    if start is None:
        return
    short = when.clock
    yield norm("point", "second" if short else when.grain, start, None if short else when.end)
    coming = when.tense == "future"
    if words.endswith(cue.OPEN_AFTER if coming else cue.OPEN_BEFORE):
        whole = _coarse(words, start, coming=coming)
        first, last = whole or (start, start.replace(second=0) + _MINUTE if short else when.end)
        yield norm("range", when.grain, first if coming else None, None if coming else last)
    elif words.startswith(cue.PASSING):
        yield norm("range", when.grain, start, None)
    elif short:
        yield from _short_offset(words, start, now, coming=coming)
    elif whole := _coarse(words, start, coming=coming):
        yield norm("range", when.grain, *whole)
    else:
        yield norm("range", when.grain, start, None) if coming else norm("range", when.grain, None, start)


def _short_offset(words: str, start: datetime, now: datetime, *, coming: bool) -> Iterator[Norm]:
    """三小时后 as the hours until then, 六小时前 as the hour before."""
    unit = next((unit for word, unit in cue.SHORT_UNITS if word in words), "")
    length = timedelta(seconds=times.SECONDS.get(unit, 60))
    if coming:
        first = now.replace(minute=0, second=0, microsecond=0) + length if unit == "hour" else now
        yield norm("range", unit, first, first + (start - now))
    else:
        at = start.replace(second=0) if unit == "hour" else start
        yield norm("point", unit, at - length, None)


def _coarse(words: str, start: datetime, *, coming: bool) -> tuple[datetime, datetime] | None:
    """The whole year or week an offset falls in, or the two months."""
    day = start.date()
    if words.startswith(cue.HALF_A_MONTH):
        return (start, start + _HALF_MONTH) if coming else (start - _HALF_MONTH, start)
    if cue.HALF_MONTH.search(words):
        return start, midnight(months_later(day, 1))
    if cue.MONTH_UNITS.search(words):
        first = midnight(day.replace(day=1))
        return first, midnight(months_later(first.date(), 1))
    if cue.YEAR_UNIT.search(words):
        return midnight(day.replace(month=1, day=1)), midnight(day.replace(year=day.year + 1, month=1, day=1))
    if cue.MONTH.search(words):
        this = day.replace(day=1)
        return midnight(this if coming else months_later(this, -1)), midnight(months_later(this, 2 if coming else 1))
    if cue.WEEK_UNIT.search(words):
        monday = midnight(day - timedelta(days=day.weekday()))
        return monday, monday + timedelta(days=7)
    return None


def _spans(words: str, when: When, now: datetime) -> Iterator[Norm]:
    """近30天 from the day or from this very second; 前两个月 as whole months; 三天内 until the end of the last day."""
    start, end = when.start, when.end
    if start is None or end is None:
        return
    if when.bound == "within" or when.rule == "span ahead":
        yield from _ahead(words, when.bound, end, now)
    elif when.tense == "past":
        yield norm("range", when.grain, start, now + _SECOND)
        if when.rule == "span back" and not cue.SIDE_UNITS.fullmatch(words):
            yield norm("range", when.grain, _back(when.grain, start, now), now + _SECOND)
        if when.rule == "lately":
            yield norm("point", "day", midnight(now.date()), midnight(now.date()) + _DAY)
        if when.rule == "span":
            yield norm("range", when.grain, _floored(words, start), now + _SECOND)
    else:
        yield norm("range", when.grain, start, end + _SECOND)
    side = cue.SIDE_UNITS.fullmatch(words)
    whole_units = nth.adjacent(side, Now(now)) if side else None
    if whole_units:
        yield norm("range", when.grain, whole_units.start, whole_units.end)


def _ahead(words: str, bound: str, end: datetime, now: datetime) -> Iterator[Norm]:
    """未来三天 until this very second, or from tomorrow on; 三个月内 until the end of that month."""
    if bound != "within" and cue.DAYS_OR_WEEKS.search(words):
        yield norm("range", "day", now, end - _DAY + (now - midnight(now.date())) + _SECOND)
    else:
        yield norm("range", "day", now, end)
    last = end.date() - _DAY
    if bound == "within" and cue.MONTHS_WITHIN.search(words):
        yield norm("range", "month", now, midnight(last_of_month(last.year, last.month)) + _DAY)
    elif bound == "within" and cue.YEARS_WITHIN.search(words):
        yield norm("range", "year", now, midnight(last_of_month(last.year, 12)) + _DAY)
    if not cue.SIDE_UNITS.fullmatch(words) or cue.YEAR_UNIT.search(words):
        yield norm("range", "day", midnight(now.date()) + _DAY, end)


def _floored(words: str, start: datetime) -> datetime:
    """三个月以来 from the first of that month, 五年以来 from New Year, 三天以来 from midnight, 五小时以来 from the minute."""
    if cue.MONTHS_WITHIN.search(words):
        return midnight(start.date().replace(day=1))
    if cue.YEAR_UNIT.search(words):
        return midnight(start.date().replace(month=1, day=1))
    return midnight(start.date()) if cue.DAYS_OR_WEEKS.search(words) else start.replace(second=0)


def _back(grain: str, start: datetime, now: datetime) -> datetime:
    """Where 近两年 begins by mean years and months, 近三天 to the second."""
    if grain in _LONG:
        months = (now.year - start.year) * 12 + now.month - start.month
        return midnight((now - timedelta(days=months * _MEAN_MONTH)).date())
    return datetime.combine(start.date(), now.time())


def _edge(words: str, when: When) -> tuple[datetime, datetime] | None:
    """年底, 8月初 and 季末 by the days of others."""
    match = cue.EDGE_AT_END.search(words)
    if match is None or when.start is None or when.rule not in ("year", "month", "quarter"):
        return None
    year, month, edge = when.start.year, when.start.month, match["edge"]
    if when.rule == "year" and edge in cue.YEAR_EDGES:
        first, last = cue.YEAR_EDGES[edge]
        return datetime(year, first, 1), midnight(last_of_month(year, last)) + _DAY  # noqa: DTZ001 - naive local time
    if when.rule == "quarter" and edge in cue.QUARTER_EDGES:
        start = midnight(months_later(when.start.date(), cue.QUARTER_EDGES[edge]))
        return start, midnight(months_later(start.date(), 1))
    if when.rule == "month" and edge in cue.MONTH_EDGES:
        final = last_of_month(year, month)
        first, last = (min(day, final.day) for day in cue.MONTH_EDGES[edge])
        return midnight(final.replace(day=first)), midnight(final.replace(day=last)) + _DAY
    return None


def norm(kind: str, grain: str, start: datetime | None, end: datetime | None) -> Norm:
    """An interval; None is an open end."""
    return {"kind": kind, "grain": grain, "start": start and _iso(start), "end": end and _iso(end)}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
