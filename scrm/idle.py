"""What a rule asks for on a day: whom to tell of a customer without progress, the countdown, and taking it back. Pure.

Steps come in their order, at most one a day, on working days: rep, manager, three countdown cards. Nothing is taken back
without its countdown having been announced on three working days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from scrm import calendar
from scrm.models import IdleRule

Step = Literal["remind", "manager", "count", "recycle"]
NONE, REMINDED, MANAGER_TOLD, COUNTING = range(4)
COUNTDOWN = 3  # working days
MANAGER_AFTER = 7  # days after the reminder, for a rule that only reminds


@dataclass(frozen=True, slots=True)
class State:
    """Where a customer is on its way: days are local. `pending`: the day an extension was asked for, while nobody decided."""

    since: date
    step: int = NONE
    recycle_on: date | None = None
    extended_to: date | None = None
    pending: date | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due today. `ends_on`: the day it is taken back; `left`: working days until then (countdown only)."""

    step: Step
    ends_on: date | None = None
    left: int = 0
    tell_manager: bool = False  # nobody has told the manager before the countdown began


def due(rule: IdleRule, state: State, today: date) -> Due | None:
    """What the rule asks for on this working day; None = nothing."""
    ends_on = end(rule, state)
    if state.recycle_on is not None and ends_on is not None:
        if today >= ends_on:
            return Due("recycle", ends_on)
        left = working_days(today, ends_on)
        return Due("count", ends_on, left) if left <= COUNTDOWN else None
    if ends_on is not None and today >= calendar.previous_workday(ends_on, COUNTDOWN):
        ends_on = max(ends_on, calendar.next_workday(today, COUNTDOWN))
        return Due("count", ends_on, working_days(today, ends_on), tell_manager=state.step < MANAGER_TOLD)
    if state.step == REMINDED and today >= later(state.since, rule.manager_days, working=rule.working):
        return Due("manager", ends_on)
    if state.step == NONE and today >= later(state.since, rule.remind_days, working=rule.working):
        return Due("remind", ends_on)
    return None


def end(rule: IdleRule, state: State) -> date | None:
    """The working day on which the customer is taken back if nothing happens; None when the rule only reminds."""
    if rule.recycle_days is None:
        return None
    ends_on = state.recycle_on or later(state.since, rule.recycle_days, working=rule.working)
    if state.extended_to is not None:
        ends_on = max(ends_on, state.extended_to)
    if state.pending is not None:  # the manager has three working days to decide
        ends_on = max(ends_on, calendar.next_workday(state.pending, COUNTDOWN))
    return calendar.workday_on_or_after(ends_on)


@lru_cache(maxsize=65536)
def later(day: date, days: int, *, working: bool) -> date:
    """So many working days, or calendar days, after a day."""
    return calendar.next_workday(day, days) if working else day + timedelta(days=days)


def working_days(first: date, last: date) -> int:
    """How many working days lie after `first`, up to and with `last`."""
    return sum(calendar.is_workday(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


def rule_of(rules: Iterable[IdleRule], tier: str, stages: Collection[str]) -> IdleRule | None:
    """The rule that fits a customer best: of one of its deals' stages before every stage, of its tier before every tier."""
    fit = [rule for rule in rules if rule.tier in ("", tier) and (not rule.stage or rule.stage in stages)]
    return max(fit, key=lambda rule: (bool(rule.stage), bool(rule.tier), -rule.remind_days), default=None)
