"""The daily reading of a whole directory: departments, members, who leads whom, who has left. A slice at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scrm.members import MAX_NAME, Person, ensure, promote, take_leader, take_name
from scrm.models import Department, Identity, Member, Membership

# An answer in which less than this part of the known members is still there is taken for a partial one.
PLAUSIBLE = 0.5
SLICE = 50  # people a transaction: 10 to 30 ms


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as a directory has it."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync changed; `partial`: the answer was too small to be the whole company, so it took nothing away."""

    added: int
    left: int
    partial: bool


def is_known(session: Session, platform: str) -> bool:
    """Whether the directory of this platform has been read before."""
    return bool(session.scalar(sa.select(sa.exists().where(Department.platform == platform))))


class Reading:
    """One reading of a whole directory, written in slices: a transaction each, so that nobody waits long for the database.

    Every slice looks at what is there before it changes it: a reading that broke off is simply read again.
    """

    def __init__(self, platform: str, units: Sequence[Unit], people: Sequence[Person], now: datetime) -> None:
        self._platform, self._units, self._people, self._now = platform, units, people, now
        # DingTalk's lists name no direct leader (only its single records do): such a silence withdraws nobody.
        self._names_leaders = any(person.manager for person in people)
        self._departments: dict[str, int] = {}
        self._gone: list[str] = []
        self.result = SyncResult(0, 0, partial=False)

    def slices(self) -> Iterator[Callable[[Session], None]]:
        """What is to be done, in order; each once the one before is done."""
        yield self._weigh
        for start in range(0, len(self._people), SLICE):
            yield partial(self._meet, self._people[start : start + SLICE])
        yield self._shape
        for start in range(0, len(self._people), SLICE):
            yield partial(self._place, self._people[start : start + SLICE])
        for start in range(0, len(self._gone), SLICE):
            yield partial(self._part, self._gone[start : start + SLICE])
        if not self.result.partial:
            yield _step_down

    def _weigh(self, session: Session) -> None:
        """Who is gone, if the answer is the whole company."""
        present = {person.user_id for person in self._people if person.active}
        living = set(session.scalars(sa.select(Identity.user_id).where(_living(self._platform))))
        doubted = not self._people or len(living & present) < PLAUSIBLE * len(living)
        self._gone = [] if doubted else sorted(living - present)
        # Whoever comes with this reading already disabled has left, too.
        self._gone += [] if doubted else [p.user_id for p in self._people if not p.active and p.user_id not in living]
        self.result = SyncResult(0, 0, doubted)

    def _meet(self, people: Sequence[Person], session: Session) -> None:
        known = _identities(session, self._platform, [person.user_id for person in people])
        new = [person for person in people if person.user_id not in known]
        if new:
            _add(session, self._platform, new, self._now)
            self.result = replace(self.result, added=self.result.added + len(new))

    def _shape(self, session: Session) -> None:
        self._departments = _departments(session, self._platform, self._units, keep=self.result.partial)

    def _place(self, people: Sequence[Person], session: Session) -> None:
        """Names, seats and leaders of some, all of whom are members by now."""
        named = {person.manager for person in people if person.manager}
        known = _identities(session, self._platform, named | {person.user_id for person in people})
        people = [person for person in people if person.user_id in known]
        staff = _staff(session, known)
        for person in people:
            take_name(staff[known[person.user_id].member_id], person)
        _return([known[person.user_id] for person in people if person.active], staff)
        _seat_all(session, self._platform, self._departments, known, people)
        if self._names_leaders:
            elsewhere = _living_elsewhere(session, self._platform, staff)
            for person in people:
                member, leader = staff[known[person.user_id].member_id], known.get(person.manager)
                take_leader(member, leader.member_id if leader else None, elsewhere=member.id in elsewhere)
        session.flush()
        leaders = {known[person.user_id].member_id for person in people if person.leads}
        promote(session, leaders | {member.manager_id for member in staff.values() if member.manager_id is not None})
        if not self.result.partial:
            _confirm(session, self._platform, people, self._now)

    def _part(self, user_ids: Sequence[str], session: Session) -> None:
        known = _identities(session, self._platform, user_ids)
        staff = _staff(session, known)
        left = _leave(list(known.values()), staff, _living_elsewhere(session, self._platform, staff), self._now)
        self.result = replace(self.result, left=self.result.left + left)


def sync(session: Session, platform: str, units: Sequence[Unit], people: Sequence[Person], now: datetime) -> SyncResult:
    """A whole reading in one transaction."""
    reading = Reading(platform, units, people, now)
    for write in reading.slices():
        write(session)
        session.flush()
    return reading.result


def _living(platform: str) -> sa.ColumnElement[bool]:
    return sa.and_(Identity.platform == platform, Identity.left_at.is_(None))


def _identities(session: Session, platform: str, user_ids: Collection[str]) -> dict[str, Identity]:
    query = sa.select(Identity).where(Identity.platform == platform, Identity.user_id.in_(user_ids))
    return {row.user_id: row for row in session.scalars(query)}


def _staff(session: Session, known: Mapping[str, Identity]) -> dict[int, Member]:
    ids = {row.member_id for row in known.values()}
    return {row.id: row for row in session.scalars(sa.select(Member).where(Member.id.in_(ids)))}


def _living_elsewhere(session: Session, platform: str, member_ids: Collection[int]) -> set[int]:
    """Which of these members have a living account on the other platform."""
    query = sa.select(Identity.member_id).where(
        Identity.platform != platform, Identity.left_at.is_(None), Identity.member_id.in_(member_ids)
    )
    return set(session.scalars(query))


def _add(session: Session, platform: str, people: Sequence[Person], now: datetime) -> None:
    """Members for people seen for the first time: a few statements for all of them."""
    try:
        with session.begin_nested():
            members = [
                Member(name=(person.name or person.user_id)[:MAX_NAME], created_at=now, updated_at=now)
                for person in people
            ]
            session.add_all(members)
            session.flush()
            session.add_all(
                Identity(platform=platform, user_id=person.user_id, member_id=member.id, seen_at=now)
                for person, member in zip(people, members, strict=True)
            )
    except IntegrityError:  # one of them spoke to us meanwhile and is known by now
        for person in people:
            ensure(session, platform, person.user_id, person.name, now=now)


def _departments(session: Session, platform: str, units: Sequence[Unit], *, keep: bool) -> dict[str, int]:
    """The platform's departments by its own ids; without `keep`, those that are gone are deleted."""
    have = {row.remote_id: row for row in session.scalars(sa.select(Department).where(Department.platform == platform))}
    for unit in units:
        row = have.get(unit.id)
        if row is None:
            row = have[unit.id] = Department(platform=platform, remote_id=unit.id, name="")
            session.add(row)
        row.name, row.parent_remote_id = unit.name[:128], unit.parent
    gone = set() if keep or not units else have.keys() - {unit.id for unit in units}
    ids = [have[remote].id for remote in gone]
    if ids:
        session.execute(sa.delete(Membership).where(Membership.department_id.in_(ids)))
        session.execute(sa.delete(Department).where(Department.id.in_(ids)))
    session.flush()
    return {remote: row.id for remote, row in have.items() if remote not in gone}


def _return(rows: Sequence[Identity], staff: Mapping[int, Member]) -> None:
    for row in rows:
        if row.left_at is not None:
            row.left_at = None
        if not staff[row.member_id].active:
            staff[row.member_id].active = True


def _seat_all(
    session: Session,
    platform: str,
    departments: Mapping[str, int],
    known: Mapping[str, Identity],
    people: Sequence[Person],
) -> None:
    """Who sits where. Those who left keep their seats: their records stay in their leader's sight."""
    wanted = {
        (known[person.user_id].member_id, departments[remote]): remote in person.leads
        for person in people
        for remote in (*person.departments, *person.leads)
        if remote in departments
    }
    read = {known[person.user_id].member_id for person in people}
    ours = sa.select(Department.id).where(Department.platform == platform)
    seats = session.scalars(
        sa.select(Membership).where(Membership.member_id.in_(read), Membership.department_id.in_(ours))
    )
    have = {(row.member_id, row.department_id): row for row in seats}
    for key, row in have.items():
        if key in wanted:
            row.is_leader = wanted[key]
        else:
            session.delete(row)
    for (member_id, department_id), leads in wanted.items():
        if (member_id, department_id) not in have:
            session.add(Membership(member_id=member_id, department_id=department_id, is_leader=leads))


def _leave(rows: Sequence[Identity], staff: dict[int, Member], elsewhere: set[int], now: datetime) -> int:
    gone = [row for row in rows if row.left_at is None]
    for row in gone:
        row.left_at = now
        if row.member_id not in elsewhere:
            staff[row.member_id].active = False
    return len(gone)


def _step_down(session: Session) -> None:
    """Managers who lead nobody any more are reps again, unless an admin made them managers in chat."""
    leading: sa.CompoundSelect[Any] = sa.union(
        sa.select(Membership.member_id).where(Membership.is_leader),
        sa.select(Member.manager_id).where(Member.manager_id.is_not(None)),
    )
    former = sa.select(Member).where(Member.role == "manager", Member.role_fixed.is_(False), Member.id.not_in(leading))
    for member in session.scalars(former):
        member.role = "rep"


def _confirm(session: Session, platform: str, people: Sequence[Person], now: datetime) -> None:
    # Below the audit: a daily confirmation of everybody is no change of anybody.
    read = Identity.user_id.in_([person.user_id for person in people])
    session.execute(sa.update(Identity).where(_living(platform), read).values(seen_at=now))
