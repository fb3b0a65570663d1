"""Working days in mainland China: weekdays, official breaks and make-up days (State Council notices)."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Literal

import chinese_calendar
from chinese_calendar.constants import holidays, workdays
from lunar_python import Lunar, LunarYear, Solar

Festival = Literal["new_year", "spring", "qingming", "labour", "dragon_boat", "mid_autumn", "national"]
_OFFICIAL: dict[Festival, str] = {
    "new_year": "New Year's Day",
    "spring": "Spring Festival",
    "qingming": "Tomb-sweeping Day",
    "labour": "Labour Day",
    "dragon_boat": "Dragon Boat Festival",
    "mid_autumn": "Mid-autumn Festival",
    "national": "National Day",
}  # fmt: skip
FESTIVALS: tuple[Festival, ...] = tuple(_OFFICIAL)
# Statutory days by law (Regulation on National Festivals, 2024 revision): offset of the first day from the festival, length.
_STATUTORY: dict[Festival, tuple[int, int]] = {
    "new_year": (0, 1), "spring": (-1, 4), "qingming": (0, 1), "labour": (0, 2), "dragon_boat": (0, 1),
    "mid_autumn": (0, 1), "national": (0, 3),
}  # fmt: skip
_DAY = timedelta(days=1)
_QINGMING = 7  # its place among the solar terms, counted from the winter solstice
_log = logging.getLogger(__name__)


@cache
def known_until() -> date:
    """The last day for which the official calendar is known; later days count as working days by weekday and law alone."""
    return date(max(day.year for day in holidays), 12, 31)


def is_workday(day: date) -> bool:
    """Whether people work on `day`: the official calendar, or beyond it weekdays that are no statutory holiday (warns once)."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        _warn_unknown()
        return day.weekday() < 5 and day not in _statutory_days(day.year)


def next_workday(day: date, n: int = 1) -> date:
    """The `n`-th working day after `day` (n >= 1)."""
    while n > 0:
        day += _DAY
        n -= is_workday(day)
    return day


def previous_workday(day: date, n: int = 1) -> date:
    """The `n`-th working day before `day` (n >= 1)."""
    while n > 0:
        day -= _DAY
        n -= is_workday(day)
    return day


def workday_on_or_after(day: date) -> date:
    """`day` itself if people work on it, else the next working day."""
    return day if is_workday(day) else next_workday(day)


def festival_day(festival: Festival, year: int) -> date:
    """The day of the festival itself in a Gregorian year (Spring Festival = the first day of the first lunar month)."""
    fixed = {"new_year": (1, 1), "labour": (5, 1), "national": (10, 1)}
    if festival in fixed:
        return date(year, *fixed[festival])
    if festival == "qingming":
        return solar_term(_QINGMING, year)
    month, day = {"spring": (1, 1), "dragon_boat": (5, 5), "mid_autumn": (8, 15)}[festival]
    return lunar_day(year, month, day)


@lru_cache(maxsize=4096)
def lunar_day(lunar_year: int, month: int, day: int) -> date:
    """The Gregorian date of a lunar one (no leap months); day 30 of a short month is its last day. Raises ValueError."""
    if not (1 <= lunar_year <= 2100 and 1 <= month <= 12 and 1 <= day <= 30):
        raise ValueError(f"no such lunar date: {lunar_year}-{month}-{day}")
    length = LunarYear.fromYear(lunar_year).getMonth(month).getDayCount()
    solar = Lunar.fromYmd(lunar_year, month, min(day, length)).getSolar()
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


@cache
def festival_break(festival: Festival, year: int) -> tuple[date, date]:
    """First and last day off of the break around the festival; by statutory days and weekends where no notice is known."""
    official = _OFFICIAL[festival]
    named = [day for day, name in holidays.items() if day.year == year and name == official]
    if named:
        first, last = _run_containing(min(named, key=lambda day: abs(day - festival_day(festival, year))))
        return first, last
    offset, length = _STATUTORY[festival]
    start = festival_day(festival, year) + offset * _DAY
    return _run_containing(start + (length - 1) * _DAY)


def last_workday_before_break(festival: Festival, year: int) -> date:
    """The last day people work before the break."""
    return previous_workday(festival_break(festival, year)[0])


def first_workday_after_break(festival: Festival, year: int) -> date:
    """The first day people work after the break."""
    return next_workday(festival_break(festival, year)[1])


def next_break(after: date) -> tuple[Festival, int]:
    """The festival (and its year) whose break is the nearest that ends on or after `after`."""
    coming = (
        (festival_break(festival, year)[1], festival, year)
        for year in (after.year, after.year + 1)
        for festival in FESTIVALS
    )
    _, festival, year = min(found for found in coming if found[0] >= after)
    return festival, year


def last_break(before: date) -> tuple[Festival, int]:
    """The festival (and its year) whose break is the latest that began on or before `before`."""
    gone = (
        (festival_break(festival, year)[0], festival, year)
        for year in (before.year - 1, before.year)
        for festival in FESTIVALS
    )
    _, festival, year = max(found for found in gone if found[0] <= before)
    return festival, year


def _run_containing(day: date) -> tuple[date, date]:
    """The unbroken run of days off around `day`."""
    first = last = day
    while not is_workday(first - _DAY):
        first -= _DAY
    while not is_workday(last + _DAY):
        last += _DAY
    return first, last


@cache
def _statutory_days(year: int) -> frozenset[date]:
    starts = (
        (festival_day(festival, year) + offset * _DAY, length) for festival, (offset, length) in _STATUTORY.items()
    )
    return frozenset(start + n * _DAY for start, length in starts for n in range(length))


@cache
def solar_term(number: int, year: int) -> date:
    """The day of a solar term: 1 = Minor Cold, in January, to 24 = the winter solstice of that year."""
    solar = Lunar.fromYmd(year + number // 24, 1, 1).getJieQiTable()[Lunar.JIE_QI[number % 24]]
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


@lru_cache(maxsize=4096)
def new_moon(after: date) -> date:
    """The first day on or after the given one that has a new moon, by the time of China."""
    day = after - _DAY
    age = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    length: int = LunarYear.fromYear(age.getYear()).getMonth(age.getMonth()).getDayCount()
    return day + timedelta(days=length - int(age.getDay()) + 1)


@cache
def lunar_month(lunar_year: int, month: int, *, leap: bool = False) -> tuple[date, date]:
    """First and last day of a lunar month. Raises ValueError where the year has none such."""
    found = LunarYear.fromYear(lunar_year).getMonth(-month if leap else month)
    if found is None:
        raise ValueError(f"no such lunar month: {lunar_year}-{month}")
    first = Solar.fromJulianDay(found.getFirstJulianDay())
    start = date(first.getYear(), first.getMonth(), first.getDay())
    return start, start + (found.getDayCount() - 1) * _DAY


@cache
def _warn_unknown() -> None:
    _log.warning("no official calendar after %s: working days are weekdays without statutory holidays", known_until())


def is_make_up_day(day: date) -> bool:
    """Whether `day` is a weekend day that people work to make up for a break."""
    return day in workdays
