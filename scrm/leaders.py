"""Who leads whom directly: what digests and escalations go by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.models import Department, Member, Membership

Leaders = Mapping[int, frozenset[int]]


def direct_leaders(session: Session) -> dict[int, frozenset[int]]:
    """Everybody's direct managers: the direct leader, else the leaders of the nearest department that has one.

    Only active managers count, and nobody leads himself. A member whom nobody leads is not in it.
    """
    members = session.execute(sa.select(Member.id, Member.manager_id, Member.active)).all()
    active = {row.id for row in members if row.active}
    seats: dict[int, set[int]] = defaultdict(set)
    led: dict[int, set[int]] = defaultdict(set)
    for seat in session.execute(sa.select(Membership.member_id, Membership.department_id, Membership.is_leader)):
        seats[seat.member_id].add(seat.department_id)
        if seat.is_leader and seat.member_id in active:
            led[seat.department_id].add(seat.member_id)
    above, found = _parents(session), {}
    for row in members:
        leaders = {row.manager_id} & active or _nearest(row.id, seats[row.id], led, above)
        if leaders:
            found[row.id] = frozenset(leaders)
    return found


def teams(session: Session) -> dict[int, frozenset[int]]:
    """The active direct reports of every active manager who has some."""
    active = set(session.scalars(sa.select(Member.id).where(Member.active)))
    found: dict[int, set[int]] = defaultdict(set)
    for member_id, leaders in direct_leaders(session).items():
        for leader in leaders:
            found[leader] |= {member_id} & active
    return {leader: frozenset(members) for leader, members in found.items() if members}


def _parents(session: Session) -> dict[int, int]:
    """The department above each."""
    rows = session.execute(
        sa.select(Department.id, Department.platform, Department.remote_id, Department.parent_remote_id)
    ).all()
    ids = {(row.platform, row.remote_id): row.id for row in rows}
    parents = {row.id: ids.get((row.platform, row.parent_remote_id)) for row in rows}
    return {child: parent for child, parent in parents.items() if parent is not None and parent != child}


def _nearest(member_id: int, level: set[int], led: Mapping[int, set[int]], above: Mapping[int, int]) -> set[int]:
    seen: set[int] = set()
    while level - seen:
        leaders = set().union(*(led.get(department, set()) for department in level)) - {member_id}
        if leaders:
            return leaders
        seen |= level
        level = {above[department] for department in level if department in above}
    return set()
