"""Rankings of people and departments by one figure; everybody in sight who sells stands in it, also with nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, reports
from scrm.access import Actor
from scrm.metrics import closing
from scrm.metrics.part import Part, deals_of
from scrm.models import Customer, Deal, Department, Member, Membership

Figures = dict[int, Decimal]


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a ranking, from 1; equals share a place. `id` is a member's or a department's."""

    place: int
    id: int
    name: str
    figure: Decimal


def people(session: Session, actor: Actor, metric: str, part: Part, since: datetime, until: datetime) -> list[Place]:
    """The members in sight by what they did in [since, until), the most first; `metric` is one of METRICS.

    Who is in it: active reps, and whoever else has something to show.
    """
    names = _names(session, actor, part)
    found = METRICS[metric](session, actor, part, since, until, frozenset(names))
    figures = {ident: found.get(ident, Decimal(0)) for ident, (_, sells) in names.items() if sells or found.get(ident)}
    return _placed(figures, {ident: name for ident, (name, _) in names.items()})


def departments(
    session: Session, actor: Actor, metric: str, part: Part, since: datetime, until: datetime
) -> list[Place]:
    """The departments of the members in sight, by what their own people did together; who sits in two counts in the first."""
    each = people(session, actor, metric, part, since, until)
    seats = (
        sa.select(Membership.member_id, sa.func.min(Membership.department_id))
        .where(Membership.member_id.in_([one.id for one in each]))
        .group_by(Membership.member_id)
    )
    home = dict(session.execute(seats).all())
    totals: defaultdict[int, Decimal] = defaultdict(Decimal)
    for one in each:
        if one.id in home:
            totals[home[one.id]] += one.figure
    rows = session.execute(sa.select(Department.id, Department.name).where(Department.id.in_(totals)))
    return _placed(*_as_one(totals, dict(rows.all())))


def _as_one(totals: Figures, names: dict[int, str]) -> tuple[Figures, dict[int, str]]:
    """A department that both platforms have is one, under the older id."""
    older: dict[str, int] = {}
    together: defaultdict[int, Decimal] = defaultdict(Decimal)
    for ident, name in sorted(names.items()):
        together[older.setdefault(name, ident)] += totals[ident]
    return together, names


def _placed(figures: Figures, names: dict[int, str]) -> list[Place]:
    order = sorted(figures, key=lambda ident: (-figures[ident], ident))
    better = {figure: place for place, figure in reversed(list(enumerate((figures[ident] for ident in order), 1)))}
    return [Place(better[figures[ident]], ident, names[ident], figures[ident]) for ident in order]


def _names(session: Session, actor: Actor, part: Part) -> dict[int, tuple[str, bool]]:
    """Members in sight: name, and whether the member sells."""
    query = sa.select(Member.id, Member.name, Member.role).where(Member.active)
    if not actor.sees_all:
        query = query.where(Member.id.in_(actor.team))
    if part.owners is not None:
        query = query.where(Member.id.in_(part.owners))
    return {ident: (name, role == "rep") for ident, name, role in session.execute(query)}


# --- the figures, by member


def _amount(session: Session, actor: Actor, part: Part, since: datetime, until: datetime, _: frozenset[int]) -> Figures:
    ended = closing.closed_by_owner(session, actor, part, since, until)
    return {owner: one.amount for owner, one in ended.items() if owner is not None}


def _won(session: Session, actor: Actor, part: Part, since: datetime, until: datetime, _: frozenset[int]) -> Figures:
    ended = closing.closed_by_owner(session, actor, part, since, until)
    return {owner: Decimal(one.won) for owner, one in ended.items() if owner is not None}


def _opened(session: Session, actor: Actor, part: Part, since: datetime, until: datetime, _: frozenset[int]) -> Figures:
    query = (
        sa.select(Deal.owner_id, sa.func.count())
        .join(Customer, Customer.id == Deal.customer_id)
        .where(*deals_of(session, actor, part), Deal.created_at >= since, Deal.created_at < until)
        .group_by(Deal.owner_id)
    )
    return {owner: Decimal(count) for owner, count in session.execute(query) if owner is not None}


def _customers(
    session: Session, actor: Actor, _part: Part, since: datetime, until: datetime, _: frozenset[int]
) -> Figures:
    query = (
        sa.select(Customer.owner_id, sa.func.count())
        .where(access.customers(actor), Customer.created_at >= since, Customer.created_at < until)
        .group_by(Customer.owner_id)
    )
    return {owner: Decimal(count) for owner, count in session.execute(query) if owner is not None}


def _visits(
    session: Session, _actor: Actor, _part: Part, since: datetime, until: datetime, members: frozenset[int]
) -> Figures:
    counts = reports.record_counts(session, members, since, until)
    return {member: Decimal(kinds.get("visit", 0)) for member, kinds in counts.items()}


def _records(
    session: Session, _actor: Actor, _part: Part, since: datetime, until: datetime, members: frozenset[int]
) -> Figures:
    counts = reports.record_counts(session, members, since, until)
    return {member: Decimal(sum(kinds.values())) for member, kinds in counts.items()}


METRICS: dict[str, Callable[[Session, Actor, Part, datetime, datetime, frozenset[int]], Figures]] = {
    "amount": _amount,  # won, yuan
    "won": _won,  # deals won
    "opened": _opened,  # deals made
    "customers": _customers,  # customers made
    "visits": _visits,  # visits recorded, as the digest counts them
    "records": _records,  # records of every kind, as the digest counts them
}
