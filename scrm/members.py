"""Members, who they are on the platforms, whom they lead, and what an admin sets about them in chat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import covers
from scrm.access import Actor
from scrm.db import table_of
from scrm.errors import Refused
from scrm.models import Department, Identity, Member, Membership
from scrm.prepared import Prepared
from scrm.upsert import insert_once

ROLES = ("rep", "manager", "marketer", "admin")
MOST_PUSHES = 200  # a day
MAX_NAME = 64  # letters of a member's name


@dataclass(frozen=True, slots=True)
class Person:
    """A member as a directory has it."""

    user_id: str
    name: str
    departments: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    manager: str = ""
    active: bool = True


# --- who is this


def member_id_of(session: Session, platform: str, user_id: str) -> int | None:
    """The member behind an identity, active or not."""
    return session.scalar(
        sa.select(Identity.member_id).where(Identity.platform == platform, Identity.user_id == user_id)
    )


def known(session: Session, platform: str, user_id: str) -> bool:
    """Whether this identity has been seen before: then its member has left rather than never been."""
    return member_id_of(session, platform, user_id) is not None


def actor_of(
    session: Session, platform: str, user_id: str, admins: Collection[str], today: date | None = None
) -> Actor | None:
    """The active member who speaks, with what is in sight. None for a stranger and for somebody who has left.

    On a day (local), what those see for whom this member stands in is in sight too.
    """
    accounts = _WHO_SPEAKS.rows(session, {"platform": platform, "user_id": user_id})
    return _actor(session, accounts, admins, today)


def actor_of_member(
    session: Session, member_id: int, admins: Collection[str], today: date | None = None
) -> Actor | None:
    """The same by member id."""
    return _actor(session, _WHO_IS.rows(session, {"member": member_id}), admins, today)


_WHO = (
    sa.select(Member.id, Member.name, Member.role, Identity.platform, Identity.user_id)
    .outerjoin(Identity, Identity.member_id == Member.id)
    .where(Member.active)
)
_WHO_IS = Prepared(_WHO.where(Member.id == sa.bindparam("member")))
_WHO_SPEAKS = Prepared(
    _WHO.where(
        Member.id
        == sa.select(Identity.member_id)
        .where(Identity.platform == sa.bindparam("platform"), Identity.user_id == sa.bindparam("user_id"))
        .correlate(None)
        .scalar_subquery()
    )
)


_USE = Prepared(
    sa.update(table_of(Identity))
    .where(Identity.platform == sa.bindparam("on"), Identity.user_id == sa.bindparam("who"))
    .values(door=sa.bindparam("through"), used_at=sa.bindparam("at"))
)


def _actor(session: Session, accounts: Sequence[Any], admins: Collection[str], today: date | None) -> Actor | None:
    """From the member beside each of his accounts."""
    if not accounts:
        return None
    member_id, name, role = accounts[0][:3]
    role = "admin" if any(f"{row.platform}:{row.user_id}" in admins for row in accounts) else role
    leading = {member_id} if role == "manager" else set()
    team = {member_id}
    if today is not None and (covered := covers.covered_by(session, member_id, today)):
        team |= covered
        leading |= set(session.scalars(sa.select(Member.id).where(Member.id.in_(covered), Member.role == "manager")))
    for leader_id in leading:
        team |= subordinates(session, leader_id)
    return Actor(member_id, name, role, frozenset(team))


def admin_ids(session: Session, admins: Collection[str]) -> set[int]:
    """Members who are admins: those the config names as "platform:user id", and those an admin made so in chat."""
    named = [
        sa.and_(Identity.platform == p, Identity.user_id == u) for p, _, u in (admin.partition(":") for admin in admins)
    ]
    found = set(session.scalars(sa.select(Member.id).where(Member.role == "admin", Member.active)))
    if named:
        found |= set(session.scalars(sa.select(Identity.member_id).where(sa.or_(*named))))
    return found


def note_use(session: Session, platform: str, user_id: str, door: str, now: datetime) -> None:
    """Pushes go to the identity used last, through the door used last."""
    _USE.run(session, {"on": platform, "who": user_id, "through": door, "at": now})


def colleagues(session: Session, actor: Actor, but: int, limit: int) -> Sequence[Member]:
    """Living members of the actor's team (of the company, for who sees all) other than `but`: reps first, by name."""
    query = sa.select(Member).where(Member.active, Member.id != but)
    if not actor.sees_all:
        query = query.where(Member.id.in_(actor.team))
    rank = sa.case((Member.role == "rep", 0), else_=1)
    return session.scalars(query.order_by(rank, Member.name, Member.id).limit(limit)).all()


# --- whom they lead


def subordinates(session: Session, leader_id: int) -> frozenset[int]:
    """Everybody below: members of departments led and their subtrees, direct reports and theirs. One query; a loop ends."""
    return frozenset(session.scalars(_below(), {"start": leader_id}))


def people_of(session: Session, department_id: int) -> frozenset[int]:
    """Everybody in a department and its subtree, and below those. One query; a loop ends."""
    return frozenset(session.scalars(_below(), {"start": -department_id}))


def reps_of(session: Session, department: str) -> Sequence[Member]:
    """The living reps of the department of this name and of those below it, by id; none where no department is called so."""
    found = session.scalars(sa.select(Department.id).where(Department.name == department)).all()
    ids = frozenset[int]().union(*(people_of(session, ident) for ident in found))
    query = sa.select(Member).where(Member.id.in_(ids), Member.active, Member.role == "rep")
    return session.scalars(query.order_by(Member.id)).all()


@cache
def _below() -> sa.Select[int]:
    edges, start = _edges(), sa.bindparam("start", type_=sa.BigInteger)
    below = sa.select(start.label("node")).cte("below", recursive=True)
    below = below.union(sa.select(edges.c.down).join(below, edges.c.up == below.c.node))
    return sa.select(below.c.node).where(below.c.node > 0, below.c.node != start)


def _edges() -> sa.CTE:
    """Who and what lies directly below whom: a member is its id, a department its id below zero, so that one walk takes both."""
    upper, lower = sa.orm.aliased(Department), sa.orm.aliased(Department)
    inside = sa.and_(lower.platform == upper.platform, lower.parent_remote_id == upper.remote_id)
    return sa.union_all(
        sa.select(Member.manager_id.label("up"), Member.id.label("down")).where(Member.manager_id.is_not(None)),
        sa.select(Membership.member_id, -Membership.department_id).where(Membership.is_leader),
        sa.select(-Membership.department_id, Membership.member_id),
        sa.select(-upper.id, -lower.id).join(lower, inside),
    ).cte("edges")


def managers_of(session: Session, member_id: int) -> list[Member]:
    """Who is told about this member's work: the direct leader, else the leaders of the nearest department that has one."""
    member = session.get(Member, member_id)
    direct = session.get(Member, member.manager_id) if member is not None and member.manager_id else None
    if direct is not None and direct.active:
        return [direct]
    level = list(session.scalars(sa.select(Membership.department_id).where(Membership.member_id == member_id)))
    for _ in range(20):  # no company is deeper; a loop in the tree ends here
        leaders = session.scalars(
            sa.select(Member)
            .join(Membership, Membership.member_id == Member.id)
            .where(Membership.department_id.in_(level), Membership.is_leader, Member.active, Member.id != member_id)
            .distinct()
            .order_by(Member.id)
        ).all()
        if leaders or not level:
            return list(leaders)
        level = _parents(session, level)
    return []


def _parents(session: Session, departments: list[int]) -> list[int]:
    child, parent = sa.orm.aliased(Department), sa.orm.aliased(Department)
    query = sa.select(parent.id).join(
        child,
        sa.and_(child.platform == parent.platform, child.parent_remote_id == parent.remote_id, child.id != parent.id),
    )
    return list(session.scalars(query.where(child.id.in_(departments))))


# --- what is written


def ensure(session: Session, platform: str, user_id: str, name: str, *, now: datetime) -> Member:
    """The member behind an identity; made when there is none yet. Two who make it at once get the same."""
    member_id = member_id_of(session, platform, user_id)
    if member_id is None:
        member = Member(name=(name or user_id)[:MAX_NAME], role="rep", created_at=now, updated_at=now)
        session.add(member)
        session.flush()
        values = {"platform": platform, "user_id": user_id, "member_id": member.id, "door": "", "seen_at": now}
        if insert_once(session, Identity, values, ["platform", "user_id"]):
            return member
        session.delete(member)
        session.flush()
        member_id = member_id_of(session, platform, user_id)
    return session.get_one(Member, member_id)


def apply_person(session: Session, platform: str, person: Person, now: datetime) -> Member:
    """Make a member what the directory says of this one person. A name, role or leader set in chat stays."""
    member = ensure(session, platform, person.user_id, person.name, now=now)
    take_name(member, person)
    if person.active:
        _seen(session, platform, person.user_id, seen_at=now, left_at=None)
        member.active = True
    else:
        person_left(session, platform, person.user_id, now)
    seat(session, platform, member, person)
    manager_id = member_id_of(session, platform, person.manager) if person.manager else None
    take_leader(member, manager_id, elsewhere=_active_elsewhere(session, member.id, platform))
    if manager_id is not None and member.manager_id == manager_id:
        promote(session, {manager_id})
    session.flush()
    return member


def take_name(member: Member, person: Person) -> None:
    """The name the directory has, unless an admin gave one in chat; an id instead of a name is no name."""
    name = person.name[:MAX_NAME]
    if name and person.name != person.user_id and not member.name_fixed and member.name != name:
        member.name = name


def take_leader(member: Member, manager_id: int | None, *, elsewhere: bool) -> None:
    """The leader a directory names; one it no longer names loses sight, unless the other platform may have named him."""
    if member.manager_fixed or manager_id in (member.id, member.manager_id) or (manager_id is None and elsewhere):
        return
    member.manager_id = manager_id


def seat(session: Session, platform: str, member: Member, person: Person) -> None:
    """The departments of one member on one platform, and which of them this person leads."""
    ours = dict(
        session.execute(sa.select(Department.remote_id, Department.id).where(Department.platform == platform)).all()
    )
    wanted = {ours[remote]: remote in person.leads for remote in (*person.departments, *person.leads) if remote in ours}
    have = {
        row.department_id: row
        for row in session.scalars(
            sa.select(Membership).where(Membership.member_id == member.id, Membership.department_id.in_(ours.values()))
        )
    }
    for department_id, row in have.items():
        if department_id not in wanted:
            session.delete(row)
        else:
            row.is_leader = wanted[department_id]
    for department_id in wanted.keys() - have.keys():
        session.add(Membership(member_id=member.id, department_id=department_id, is_leader=wanted[department_id]))
    if person.leads:
        promote(session, {member.id})


def promote(session: Session, leaders: set[int]) -> None:
    """Leaders are managers, unless an admin has said otherwise in chat."""
    for member in session.scalars(
        sa.select(Member).where(Member.id.in_(leaders), Member.role == "rep", Member.role_fixed.is_(False))
    ):
        member.role = "manager"


def person_left(session: Session, platform: str, user_id: str, now: datetime) -> None:
    """Somebody left a platform: inactive, unless the same member is still on the other one. The records stay."""
    member_id = member_id_of(session, platform, user_id)
    if member_id is None:
        return
    _seen(session, platform, user_id, left_at=now)
    session.get_one(Member, member_id).active = _active_elsewhere(session, member_id, platform)
    session.flush()


def _seen(session: Session, platform: str, user_id: str, **values: datetime | None) -> None:
    session.execute(
        sa.update(Identity).where(Identity.platform == platform, Identity.user_id == user_id).values(**values)
    )


def _active_elsewhere(session: Session, member_id: int, platform: str) -> bool:
    elsewhere = sa.select(Identity.id).where(
        Identity.member_id == member_id, Identity.platform != platform, Identity.left_at.is_(None)
    )
    return session.scalar(elsewhere.limit(1)) is not None


# --- what an admin says


def set_role(session: Session, member_id: int, role: str) -> Member:
    """The role an admin gives; the directory does not change it any more. Raises Refused for another word."""
    if role not in ROLES:
        raise UnknownRole(role=role)
    member = session.get_one(Member, member_id)
    member.role, member.role_fixed = role, True
    session.flush()
    return member


def set_manager(session: Session, member_id: int, manager_id: int) -> Member:
    """Who leads a member, where the directory does not say. Raises Refused for a circle."""
    if member_id == manager_id or member_id in leaders_above(session, manager_id):
        raise Circle
    member = session.get_one(Member, member_id)
    member.manager_id, member.manager_fixed = manager_id, True
    promote(session, {manager_id})
    session.flush()
    return member


def leaders_above(session: Session, member_id: int) -> set[int]:
    """The direct leader, that one's leader, and so on up."""
    above: set[int] = set()
    current = session.get(Member, member_id)
    while current is not None and current.manager_id is not None and current.manager_id not in above:
        above.add(current.manager_id)
        current = session.get(Member, current.manager_id)
    return above


def rename(session: Session, member_id: int, name: str) -> Member:
    """The name an admin gives; the directory does not change it any more."""
    member = session.get_one(Member, member_id)
    member.name, member.name_fixed = name[:MAX_NAME], True
    session.flush()
    return member


def names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The names of these members by id."""
    rows = session.execute(sa.select(Member.id, Member.name).where(Member.id.in_(list(ids)))) if ids else ()
    return {row.id: row.name for row in rows}


def everybody(session: Session) -> list[Member]:
    """Active members, leaders first."""
    order = sa.case({"admin": 0, "manager": 1, "marketer": 2}, value=Member.role, else_=3)
    return list(session.scalars(sa.select(Member).where(Member.active).order_by(order, Member.id)))


class UnknownRole(Refused):
    """A word that is no role."""

    sentence = "没有「{role}」这个角色，可以设为：销售、主管、市场、管理员。"


class Circle(Refused):
    """A member would lead himself."""

    sentence = "不能这样设置：两个人会互相成为对方的主管。"


# --- how many reminders


class TooManyPushes(Refused):
    """Out of range."""

    sentence = "每天最多提醒几条，要在 1 到 200 之间；不想限制就说「提醒不限条数」。"


def pushes_a_day(session: Session, member_id: int) -> int | None:
    """How many pushes a day this member wants at most; 0 = any number, None = as the company has it."""
    return session.get_one(Member, member_id).pushes_a_day


def limit_pushes(session: Session, member_id: int, most: int) -> None:
    """This member gets at most so many pushes a day from now on; 0 = any number. Raises TooManyPushes."""
    if not 0 <= most <= MOST_PUSHES:
        raise TooManyPushes
    session.get_one(Member, member_id).pushes_a_day = most
    session.flush()
