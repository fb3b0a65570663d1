"""Targets (目标) of members and departments by month, quarter and year.

The target of a period is what was set for exactly that period; else what was set for its parts, added up. The target of a team is that
of the departments its manager leads, where one is set; else those of its members, added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.errors import Refused
from scrm.metrics.part import Days, month_of
from scrm.models import Department, Member, Membership, Target

MONTHS = {"month": 1, "quarter": 3, "year": 12}
HIGHEST = Decimal(10) ** 13


class NoPeriod(Refused):
    """A target for days that are no month, quarter or year."""

    sentence = "目标按月、季度或年定，例如：李娜本月目标50万。"


class BadTarget(Refused):
    """A target that is no sum of money one could win."""

    sentence = "目标要大于 0 元。"


def span_of(days: Days) -> str:
    """month, quarter or year when the days are exactly one; "" for others."""
    return next((span for span in MONTHS if days == days_of(span, days.first)), "")


def days_of(span: str, day: date) -> Days:
    """The month, quarter or year a day lies in."""
    months = MONTHS[span]
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    last = first
    for _ in range(months):
        last = month_of(last).last + timedelta(days=1)
    return Days(first, last - timedelta(days=1))


def set_target(session: Session, owner: Member | Department, days: Days, amount: Decimal) -> Target:
    """The target of these days is this from now on. Raises NoPeriod or BadTarget."""
    span = span_of(days)
    if not span:
        raise NoPeriod
    if not 0 < amount < HIGHEST:
        raise BadTarget
    kind, table = ("member", Member) if isinstance(owner, Member) else ("department", Department)
    session.execute(sa.select(table.id).where(table.id == owner.id).with_for_update())
    row = session.scalars(
        sa.select(Target).where(
            Target.owner == kind, Target.owner_id == owner.id, Target.span == span, Target.starts_on == days.first
        )
    ).one_or_none()
    if row is None:
        row = Target(owner=kind, owner_id=owner.id, span=span, starts_on=days.first, amount=amount)
        session.add(row)
    row.amount = amount
    session.flush()
    return row


def of_members(session: Session, members: Collection[int], days: Days) -> dict[int, Decimal]:
    """The targets of these members in the period, yuan; who has none is not in it."""
    return _of(session, "member", members, days)


def of_department(session: Session, department_id: int, people: Collection[int], days: Days) -> Decimal | None:
    """The target of a department: its own, else those of its people added up; None where nothing is set."""
    own = _of(session, "department", [department_id], days)
    return own.get(department_id, _sum(of_members(session, people, days).values()))


def of_teams(session: Session, managed: Mapping[int, Collection[int]], days: Days) -> dict[int, Decimal]:
    """The target of each manager's team (manager → members); who has none is not in it."""
    led: dict[int, list[int]] = defaultdict(list)
    seats = sa.select(Membership.member_id, Membership.department_id)
    for manager, department in session.execute(seats.where(Membership.member_id.in_(managed), Membership.is_leader)):
        led[manager].append(department)
    units = _of(session, "department", [unit for some in led.values() for unit in some], days)
    people = of_members(session, {member for members in managed.values() for member in members}, days)
    found = {}
    for manager, members in managed.items():
        own = _sum([units[unit] for unit in led[manager] if unit in units])
        total = own if own is not None else _sum([people[member] for member in members if member in people])
        if total is not None:
            found[manager] = total
    return found


def _sum(amounts: Collection[Decimal]) -> Decimal | None:
    return sum(amounts, Decimal(0)) if amounts else None


def _of(session: Session, owner: str, ids: Collection[int], days: Days) -> dict[int, Decimal]:
    if not ids or not span_of(days):
        return {}
    query = sa.select(Target).where(
        Target.owner == owner, Target.owner_id.in_(ids), Target.starts_on.between(days.first, days.last)
    )
    rows: dict[int, dict[tuple[str, date], Decimal]] = defaultdict(dict)
    for row in session.scalars(query):
        rows[row.owner_id][row.span, row.starts_on] = row.amount
    totals = {ident: _added_up(found, days) for ident, found in rows.items()}
    return {ident: total for ident, total in totals.items() if total is not None}


def _added_up(found: Mapping[tuple[str, date], Decimal], days: Days) -> Decimal | None:
    span = span_of(days)
    if (span, days.first) in found:
        return found[span, days.first]
    if span == "month":
        return None
    part = "quarter" if span == "year" else "month"
    parts, day = [], days.first
    while day <= days.last:
        inner = days_of(part, day)
        parts.append(_added_up(found, inner))
        day = inner.last + timedelta(days=1)
    return _sum([amount for amount in parts if amount is not None])
