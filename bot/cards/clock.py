"""How moments read on a card: relative to now, in the company's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.cards import words


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment a card is made and the zone its reader lives in."""

    zone: ZoneInfo
    now: datetime

    @property
    def today(self) -> date:
        """The reader's date."""
        return self.date_of(self.now)

    def when(self, moment: datetime) -> str:
        """今天 15:00 · 明天 09:00 · 11月25日 周三 09:00."""
        return words.when(moment, self.zone, self.now)

    def day(self, day: date) -> str:
        """今天 · 明天 · 11月25日 周三."""
        return words.day(day, self.today)

    def day_of(self, moment: datetime) -> str:
        """The day of a moment, as `day`."""
        return self.day(self.date_of(moment))

    def date_of(self, moment: datetime) -> date:
        """The local date of a moment."""
        return moment.astimezone(self.zone).date()

    def time_of(self, moment: datetime) -> str:
        """15:00."""
        return f"{moment.astimezone(self.zone):%H:%M}"

    def days_since(self, moment: datetime) -> int:
        """Whole local days from the moment's day to today."""
        return (self.today - self.date_of(moment)).days
