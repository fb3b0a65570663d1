"""Holidays of the world: the Christian, Jewish and Islamic calendars, and days fixed in the common one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.nlu.cues import feasts as cue
from bot.nlu.periods import year_of
from bot.nlu.when import Now, When, last_of_month, whole_days
from scrm import calendar

_DAY = timedelta(days=1)
_Days = tuple[date, date]
_HEBREW_EPOCH, _ISLAMIC_EPOCH = -1_373_427, 227_015  # as ordinals of `date`
_TISHRI, _ADAR = 7, 12


def feast(match: re.Match[str], now: Now) -> When | None:
    """复活节 · 2018年光明节: in that year, else the next one, or in the past the last one."""
    of_year = _calendar(match["feast"], eastern=bool(match["eastern"]))
    if of_year is None:
        return None
    year = year_of(match, now)
    if year is not None:
        first, last = of_year(year)
    else:
        all_days = [of_year(each) for each in range(now.today.year - 1, now.today.year + 2)]
        past = [days for days in all_days if days[0] <= now.today]
        coming = [days for days in all_days if days[1] >= now.today]
        first, last = past[-1] if now.lean == "past" else coming[0]
    return whole_days(match.span(), "feast", first, last, bare=year is None)


def _calendar(name: str, *, eastern: bool) -> Callable[[int], _Days] | None:
    """The first and last day of the feast in a year."""
    if name in cue.EASTER or name in cue.LENT or name in cue.EASTERN_LENT:
        eastern = eastern or name in cue.EASTERN_LENT
        days = cue.LENT.get(name) or cue.EASTERN_LENT.get(name) or (cue.EASTER[name],) * 2
        sunday = eastern_easter if eastern else easter
        return lambda year: _from(sunday(year), *days)
    if name in cue.HEBREW:
        return lambda year: _jewish(year, *cue.HEBREW[name])
    if name in cue.INDEPENDENCE:
        return _independence
    if name in cue.ISLAMIC:
        return lambda year: _islamic(year, *cue.ISLAMIC[name])
    if name in cue.OF_THE_MOON:
        month, day, begins, ends = cue.OF_THE_MOON[name]
        return lambda year: _from(calendar.new_moon(date(year, month, day)), begins, ends)
    if name in cue.FIXED:
        return lambda year: (date(year, *cue.FIXED[name]),) * 2
    return (lambda year: (_floating(year, *cue.FLOATING[name]),) * 2) if name in cue.FLOATING else None


def easter(year: int) -> date:
    """Easter Sunday of the western church."""
    century, golden = year // 100, year % 19
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    epact -= epact // 28 * (1 - 29 // (epact + 1) * ((21 - golden) // 11))
    back = epact - (year + year // 4 + epact + 2 - century + century // 4) % 7
    month = 3 + (back + 40) // 44
    return date(year, month, back + 28 - 31 * (month // 4))


def eastern_easter(year: int) -> date:
    """Easter Sunday of the eastern church, in the common calendar."""
    moon = (19 * (year % 19) + 15) % 30
    weekday = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
    month, day = divmod(moon + weekday + 114, 31)
    return date(year, month, day + 1) + (year // 100 - year // 400 - 2) * _DAY


def _jewish(year: int, month: int, day: int, length: int) -> _Days:
    """A day begins on the evening before; of a single day that evening is given."""
    hebrew_year = year + 3761 if month >= _TISHRI and month < 10 else year + 3760
    eve = hebrew(hebrew_year, month, day) - _DAY
    return eve, eve + (length if length > 1 else 0) * _DAY


def hebrew(year: int, month: int, day: int) -> date:
    """The common date of a Hebrew one; Adar is the second one in a leap year."""
    new_year, following = _hebrew_new_year(year), _hebrew_new_year(year + 1)
    days, leap = following - new_year, (7 * year + 1) % 19 < 7
    autumn = [30, 30 if days % 10 == 5 else 29, 29 if days % 10 == 3 else 30, 29, 30, *([30, 29] if leap else [29])]
    place = month - _TISHRI if month >= _TISHRI else month + 5
    if leap and (month == _ADAR or month < _TISHRI):
        place += 1
    lengths = [*autumn, 30, 29, 30, 29, 30, 29]
    return date.fromordinal(new_year + sum(lengths[:place]) + day - 1)


def _hebrew_new_year(year: int) -> int:
    before, this, after = (_elapsed(each) for each in (year - 1, year, year + 1))
    late = 2 if after - this == 356 else 1 if this - before == 382 else 0
    return _HEBREW_EPOCH + this + late


def _elapsed(year: int) -> int:
    """Days from the epoch to the mean new moon of a Hebrew year, put off from three weekdays."""
    months = (235 * year - 234) // 19
    day = 29 * months + (12_084 + 13_753 * months) // 25_920
    return day + 1 if 3 * (day + 1) % 7 < 3 else day


def _independence(year: int) -> _Days:
    """The fifth of Iyar, moved away from the Sabbath; the evening before."""
    day = hebrew(year + 3760, 2, 5)
    day += {4: -1, 5: -2, 0: 1}.get(day.weekday(), 0) * _DAY
    return day - _DAY, day - _DAY


def _from(day: date, begins: int, ends: int) -> _Days:
    return day + begins * _DAY, day + ends * _DAY


def _islamic(year: int, month: int, day: int, length: int) -> _Days:
    """The last of that day within the common year; a month begins on the day after the new moon."""
    islamic_year = (year - 622) * 33 // 32 + 2
    while True:
        ordinal = _ISLAMIC_EPOCH - 1 + (islamic_year - 1) * 354 + (3 + 11 * islamic_year) // 30
        mean = date.fromordinal(ordinal + 29 * (month - 1) + month // 2 + 1)
        first = calendar.new_moon(mean - 7 * _DAY) + day * _DAY
        if first.year <= year:
            return first, first + (length - 1) * _DAY
        islamic_year -= 1


def _floating(year: int, month: int, weekday: int, nth: int, after: int) -> date:
    if nth < 0:
        last = last_of_month(year, month)
        found = last - timedelta(days=(last.weekday() - weekday) % 7)
    else:
        first = date(year, month, 1)
        found = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    return found + after * _DAY
