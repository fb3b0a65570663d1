"""When people may be disturbed: the company's zone, its quiet hours and its working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scrm import calendar

DAY_STARTS = time(9)  # the clock time of a day named without one


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet from `quiet_from` until `quiet_until`, local to `zone`; equal times mean no quiet hours."""

    zone: ZoneInfo
    quiet_from: time
    quiet_until: time

    def day(self, moment: datetime) -> date:
        """The local date of a moment."""
        return moment.astimezone(self.zone).date()

    def at(self, day: date, clock: time) -> datetime:
        """The instant (UTC) of a local clock time on a day; always on that day, also where clocks skip over the time."""
        moment = datetime.combine(day, clock, self.zone).astimezone(UTC)
        if self.day(moment) != day:  # the last hour of the day is left out, as in Nuuk: the hour before it, then
            moment = datetime.combine(day, clock.replace(fold=1), self.zone).astimezone(UTC)
        return moment

    def is_quiet(self, moment: datetime) -> bool:
        """Whether the moment lies in the quiet hours, whatever the day."""
        clock = moment.astimezone(self.zone).time()
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= clock < self.quiet_until
        return clock >= self.quiet_from or clock < self.quiet_until

    def disturbable(self, moment: datetime) -> datetime:
        """The moment itself; in quiet hours or on a day off, the end of the quiet hours of the next working day."""
        day, clock = self.day(moment), moment.astimezone(self.zone).time()
        quiet = self.is_quiet(moment)
        if not quiet and calendar.is_workday(day):
            return moment.astimezone(UTC)
        if quiet and clock >= self.quiet_until:
            day += timedelta(days=1)
        return self.at(calendar.workday_on_or_after(day), self.quiet_until)

    def reminder(self, due_at: datetime, all_day: bool, now: datetime) -> datetime:
        """When to alert for something due: never before `now`, and a whole day that has begun alerts an hour from now."""
        if all_day:
            due_at = self.at(self.day(due_at), DAY_STARTS)
            due_at = due_at if due_at > now else now + timedelta(hours=1)
        return self.disturbable(due_at)
