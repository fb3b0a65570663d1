"""One time expression, read: an interval, the day a frame takes from it, and how it was bounded."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from bot.nlu.frame import Span
from scrm import calendar

Lean = Literal["past", "future", "near"]
Bound = Literal["", "before", "until", "after", "since", "within"]


class Now:
    """When it was said (naive local), and which reading a bare day takes: past, future, or (queries) the present period.

    `leaned` tells whether any expression asked for the latter.
    """

    __slots__ = ("_lean", "leaned", "moment")

    def __init__(self, moment: datetime, lean: Lean = "future") -> None:
        self.moment = moment
        self._lean: Lean = lean
        self.leaned = False

    @property
    def lean(self) -> Lean:
        """Which reading a bare day takes."""
        self.leaned = True
        return self._lean

    @property
    def today(self) -> date:
        """The local date it was said."""
        return self.moment.date()


class When(Struct, frozen=True):
    """`start` to `end` (exclusive), naive local; None = open or a duration. `day` is what a frame takes.

    `bare` = the reading depends on the tense; `tense` = what the words alone say of it. `grain` is the unit it is exact to.
    `seconds` is the length of a duration (0 = vague). A set is what comes again and again (每周一).
    """

    span: Span
    rule: str
    start: datetime | None = None
    end: datetime | None = None
    day: date | None = None
    at: time | None = None
    grain: str = "day"
    kind: Literal["day", "clock", "part", "duration", "set", "impossible"] = "day"
    part: str = ""
    bound: Bound = ""
    bare: bool = False
    tense: Literal["", "past", "now", "future"] = ""
    seconds: int = 0
    off: bool = False  # a festival: "after" means the next working day
    twin: bool = False  # the clock time may as well be twelve hours off
    other: tuple[datetime, datetime] | None = (
        None  # what others take for it: a range of months until its last one begins
    )
    twin_end: bool = False  # and so may that of the end of a range

    @property
    def clock(self) -> bool:
        """Whether the text gives a clock time."""
        return self.at is not None

    def moved(self, **changes: object) -> When:
        """A copy; `upto=` moves the end of the span."""
        if "upto" in changes:
            changes["span"] = (self.span[0], changes.pop("upto"))
        return msgspec.structs.replace(self, **changes)

    def bounded(self, bound: Bound, end: int) -> When:
        """The expression as a deadline (前, 内) or a beginning (后)."""
        day = self.day
        if bound == "after" and self.off and day is not None and not self.clock:
            day = calendar.next_workday(day)
        return msgspec.structs.replace(self, bound=bound, span=(self.span[0], end), day=day)


def midnight(day: date) -> datetime:
    """The start of the day, naive local."""
    return datetime.combine(day, time())


def whole_days(span: Span, rule: str, first: date, last: date, **more: object) -> When:
    """An expression that covers whole days, first to last inclusive; a frame takes the first unless `day` is given."""
    more.setdefault("day", first)
    return When(span, rule, midnight(first), midnight(last) + timedelta(days=1), **more)  # type: ignore[arg-type]


def months_later(day: date, months: int) -> date:
    """The same day that many months on, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, last_of_month(year, month).day))


def last_of_month(year: int, month: int) -> date:
    """The last day of the month."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
