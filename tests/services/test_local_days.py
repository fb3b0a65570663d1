"""A daily job runs exactly once on every local day, in every time zone and through every change of its clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.context import Context, Settings
from bot.tables import JobRun
from scheduler import jobs, runner
from scrm import calendar
from scrm.access import SYSTEM
from scrm.db import Base

YEAR = 2026
TICK = timedelta(minutes=30)
SETTINGS = Settings(
    key="acme", name="示例科技", zone=ZoneInfo("UTC"), quiet_from="21:00", quiet_until="08:30", digest_at="08:45", welcome="您好。",
    has_wecom_app=True, directories=frozenset({"wecom"}),
)  # fmt: skip
# Clocks that do not exist or come twice on one day or another, midnight, and the one of the default config.
DIGEST_TIMES = ("00:00", "00:30", "01:30", "02:30", "23:30", "08:45")
# Half and three-quarter hours, changes at midnight, of half an hour, twice around Ramadan, beyond the date line, none at all.
ZONES = {
    "Asia/Shanghai": (), "Asia/Kolkata": (), "Asia/Kathmandu": (), "Pacific/Kiritimati": (), "Pacific/Marquesas": (),
    "America/New_York": ((3, 8), (11, 1)), "Europe/London": ((3, 29), (10, 25)), "Australia/Lord_Howe": ((4, 5), (10, 4)),
    "Africa/Cairo": ((4, 24), (10, 29)), "Asia/Beirut": ((3, 29), (10, 25)), "America/Santiago": ((4, 5), (9, 6)),
    "America/Havana": ((3, 8), (11, 1)), "Africa/Casablanca": ((2, 15), (3, 22)), "Pacific/Chatham": ((4, 5), (9, 27)),
    "America/St_Johns": ((3, 8), (11, 1)), "Antarctica/Troll": ((3, 29), (10, 25)),
}  # fmt: skip
ORDINARY = (6, 10)
CASES = [(zone, day) for zone, changes in ZONES.items() for day in changes or (ORDINARY,)]


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.mark.parametrize(
    ("zone", "change"), CASES, ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value))
)
def test_ticks_around_a_change_of_the_clock_run_each_job_once_a_day(
    engine: sa.Engine, zone: str, change: tuple[int, int]
) -> None:
    there = ZoneInfo(zone)
    middle = datetime(YEAR, *change, 12, tzinfo=there).astimezone(UTC)
    begin, end = middle - timedelta(hours=37), middle + timedelta(hours=37)
    whole_days = [middle.astimezone(there).date() + timedelta(days=n) for n in (-1, 0, 1)]
    with Session(engine) as session:
        for digest_at in DIGEST_TIMES[::2]:
            session.execute(sa.delete(JobRun))
            settings = replace(SETTINGS, zone=there, digest_at=digest_at)
            read: list[date] = []
            moment = begin
            while moment < end:
                for _ in range(2):  # two replicas, or two ticks at once
                    context = Context(session, SYSTEM, moment, settings, turn="t")
                    if runner.sync_members(context):
                        read.append(context.today)
                    jobs.digests(context)
                moment += TICK
            assert [day for day in read if day in whole_days] == whole_days, digest_at
            assert len(read) == len(set(read)), digest_at
            covered = session.scalars(sa.select(JobRun.scheduled_for).where(JobRun.job == jobs.DIGEST)).all()
            due = [day.isoformat() for day in whole_days if calendar.is_workday(day)]
            assert [day for day in sorted(covered) if date.fromisoformat(day) in whole_days] == due, digest_at


@pytest.mark.parametrize("digest_at", DIGEST_TIMES)
def test_the_digests_moment_lies_on_its_day_in_every_time_zone(digest_at: str) -> None:
    days = [date(YEAR, 1, 1) + timedelta(days=n) for n in range(365)]
    for zone in _different_zones():
        settings = replace(SETTINGS, zone=zone, digest_at=digest_at)
        moments = [jobs._digest_time(Context(None, SYSTEM, _noon(day), settings, turn="t"), day) for day in days]  # type: ignore[arg-type]
        assert [moment.astimezone(zone).date() for moment in moments] == days, zone
        assert all(before < after for before, after in pairwise(moments)), zone


@cache
def _different_zones() -> list[ZoneInfo]:
    """Every time zone there is, those that agree all year once."""
    found: dict[tuple[timedelta | None, ...], ZoneInfo] = {}
    probes = [datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(hours=12 * n) for n in range(730)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        found.setdefault(tuple(probe.astimezone(zone).utcoffset() for probe in probes), zone)
    return list(found.values())


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
