"""Working days in China: official breaks, make-up days, and years nobody has announced yet."""

from __future__ import annotations

import logging
from datetime import date, timedelta

import pytest

from scrm import calendar
from scrm.calendar import FESTIVALS


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_weekend_days_that_make_up_for_a_break_are_worked(day: str) -> None:
    made_up = date.fromisoformat(day)
    assert made_up.weekday() >= 5
    assert calendar.is_workday(made_up)
    assert calendar.is_make_up_day(made_up)


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-02-23", "2026-04-06", "2026-05-05", "2026-06-19", "2026-09-25", "2026-10-07", "2026-11-21"],
)
def test_breaks_and_weekends_are_free(day: str) -> None:
    assert not calendar.is_workday(date.fromisoformat(day))


def test_working_days_are_counted_over_a_break() -> None:
    wednesday = date(2026, 9, 30)
    assert calendar.next_workday(wednesday) == date(2026, 10, 8)
    assert calendar.next_workday(wednesday, 3) == date(2026, 10, 10)  # a Saturday that makes up
    assert calendar.previous_workday(date(2026, 10, 8)) == wednesday
    assert calendar.workday_on_or_after(date(2026, 10, 3)) == date(2026, 10, 8)
    assert calendar.workday_on_or_after(wednesday) == wednesday


@pytest.mark.parametrize(
    ("festival", "last_before", "first_after"),
    [
        ("spring", "2026-02-14", "2026-02-24"),
        ("labour", "2026-04-30", "2026-05-06"),
        ("dragon_boat", "2026-06-18", "2026-06-22"),
        ("mid_autumn", "2026-09-24", "2026-09-28"),
        ("national", "2026-09-30", "2026-10-08"),
    ],
)
def test_the_working_days_around_a_break(festival: calendar.Festival, last_before: str, first_after: str) -> None:
    assert calendar.last_workday_before_break(festival, 2026) == date.fromisoformat(last_before)
    assert calendar.first_workday_after_break(festival, 2026) == date.fromisoformat(first_after)


def test_two_festivals_in_one_break_share_it() -> None:
    assert (
        calendar.festival_break("mid_autumn", 2025)
        == calendar.festival_break("national", 2025)
        == (date(2025, 10, 1), date(2025, 10, 8))
    )


def test_the_nearest_break_is_the_one_that_has_not_ended() -> None:
    assert calendar.next_break(date(2026, 5, 5)) == ("labour", 2026)
    assert calendar.next_break(date(2026, 5, 6)) == ("dragon_boat", 2026)
    assert calendar.next_break(date(2026, 12, 1)) == ("new_year", 2027)


def test_an_unannounced_year_has_weekdays_and_statutory_days_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    calendar._warn_unknown.cache_clear()
    year = calendar.known_until().year + 1
    with caplog.at_level(logging.WARNING):
        assert not calendar.is_workday(date(year, 1, 1))
        days = [date(year, 3, 1) + timedelta(days=n) for n in range(7)]
        assert [calendar.is_workday(day) for day in days] == [day.weekday() < 5 for day in days]
    assert [record.name for record in caplog.records] == ["scrm.calendar"]
    for festival in FESTIVALS:
        first, last = calendar.festival_break(festival, year)
        assert first <= calendar.festival_day(festival, year) <= last


def test_lunar_days() -> None:
    assert calendar.lunar_day(2025, 12, 28) == date(2026, 2, 15)
    assert calendar.lunar_day(2026, 1, 1) == calendar.festival_day("spring", 2026) == date(2026, 2, 17)
    assert calendar.lunar_day(2025, 12, 30) == date(2026, 2, 16)  # a short month: its last day
    with pytest.raises(ValueError, match="no such lunar date"):
        calendar.lunar_day(2026, 13, 1)
