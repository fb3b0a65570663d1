"""绑定: one person's accounts on two platforms become one member, by a six-digit code from the other platform."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm.errors import Refused
from scrm.members import admin_ids, leaders_above, promote
from scrm.models import (
    Activity,
    Audit,
    Campaign,
    CampaignBatch,
    Channel,
    CheckIn,
    Contact,
    ContactTag,
    Customer,
    CustomerShare,
    Deal,
    Follow,
    FollowUp,
    Identity,
    LinkCode,
    Member,
    Membership,
    StageChange,
    Touch,
)
from scrm.upsert import insert_once

LIVES = timedelta(minutes=10)
MAX_TRIES = 5  # wrong codes of one member within ten minutes: a million codes cannot be guessed
_OWNED = (
    (Customer, "owner_id"), (Contact, "owner_id"), (Deal, "owner_id"), (FollowUp, "owner_id"), (Activity, "member_id"),
    (StageChange, "member_id"), (CheckIn, "member_id"), (Channel, "owner_id"), (Channel, "maker_id"), (Campaign, "maker_id"),
    (Touch, "member_id"), (CampaignBatch, "member_id"), (Member, "manager_id"), (Audit, "member_id"),
)  # fmt: skip


class TooManyTries(Refused):
    """Somebody is guessing."""

    sentence = "绑定码输错次数太多，请 10 分钟后再试。"


class SamePlatform(Refused):
    """The code was made on the platform where it is said."""

    sentence = "请到另一个平台（企业微信或钉钉）发送「绑定 {code}」。"


class AccountTaken(Refused):
    """Whoever made the code has another account on this platform: two people would become one."""

    sentence = "发出这个绑定码的成员在本平台已有账号，不能再绑定。如果换过账号，请联系管理员。"


class AdminAsks(Refused):
    """An admin's account would become somebody else's: a code that an admin is talked into typing must not make an admin."""

    sentence = "管理员账号不能并入别的账号。请在这里发送「绑定」获取绑定码，再到另一个平台输入。"


def make_code(session: Session, member_id: int, platform: str, now: datetime) -> str:
    """A fresh code that links another platform's account to this member within ten minutes; earlier ones die."""
    session.execute(sa.delete(LinkCode).where(sa.or_(LinkCode.member_id == member_id, LinkCode.expires_at <= now)))
    while True:
        code = f"{secrets.randbelow(1_000_000):06d}"
        values = {"code": code, "member_id": member_id, "platform": platform, "expires_at": now + LIVES}
        if insert_once(session, LinkCode, values, ["code"]):
            return code


def link(
    session: Session, code: str, platform: str, user_id: str, now: datetime, admins: Collection[str] = ()
) -> Member | None:
    """Make this account one of the code owner's; what it owned so far moves along. None for a wrong code, which is counted.

    `admins`: the config's, as "platform:user id". Raises TooManyTries, SamePlatform, AccountTaken, AdminAsks.
    """
    mine = sa.select(Identity).where(Identity.platform == platform, Identity.user_id == user_id)
    identity = session.scalars(mine.with_for_update()).one()
    recent = identity.wrong_at is not None and identity.wrong_at > now - LIVES
    if recent and identity.wrong_codes >= MAX_TRIES:
        raise TooManyTries
    found = _living_code(session, code, now)
    if found is None:
        identity.wrong_codes, identity.wrong_at = identity.wrong_codes + 1 if recent else 1, now
        return None
    if found.platform == platform:
        raise SamePlatform(code=code)
    if found.member_id != identity.member_id:
        _refuse_second_account(session, found.member_id, platform)
        rulers = admin_ids(session, admins)
        if identity.member_id in rulers and found.member_id not in rulers:
            raise AdminAsks
        _move(session, identity, found.member_id)
    session.delete(found)
    session.flush()
    return session.get_one(Member, found.member_id)


def _living_code(session: Session, code: str, now: datetime) -> LinkCode | None:
    """The code while it lives and while the one who made it is a member."""
    owners = sa.select(Member.id).where(Member.active)
    living = sa.select(LinkCode).where(LinkCode.code == code, LinkCode.expires_at > now, LinkCode.member_id.in_(owners))
    return session.scalars(living.with_for_update()).one_or_none()


def _refuse_second_account(session: Session, member_id: int, platform: str) -> None:
    other = sa.select(Identity.id).where(
        Identity.member_id == member_id, Identity.platform == platform, Identity.left_at.is_(None)
    )
    if session.scalar(other.limit(1)) is not None:
        raise AccountTaken


def _move(session: Session, identity: Identity, member_id: int) -> None:
    old_id, identity.member_id = identity.member_id, member_id
    session.flush()
    if session.scalar(sa.select(sa.func.count()).where(Identity.member_id == old_id)):
        return  # it was one of several accounts: what the old member owns stays there
    _join(session, session.get_one(Member, old_id), session.get_one(Member, member_id))
    for table, column in _OWNED:
        session.execute(sa.update(table).where(getattr(table, column) == old_id).values({column: member_id}))
    _move_keyed(session, old_id, member_id)


def _join(session: Session, old: Member, new: Member) -> None:
    """What was said of the old member holds for the new one where nothing was said of that one."""
    if old.role_fixed and not new.role_fixed:
        new.role, new.role_fixed = old.role, True
    if new.manager_id == old.id:
        new.manager_id = None
    if new.manager_id is None and old.manager_id not in (None, new.id) and new.id not in leaders_above(session, old.id):
        new.manager_id, new.manager_fixed = old.manager_id, old.manager_fixed
    if old.role == "manager":
        promote(session, {new.id})
    old.active, old.manager_id = False, None
    session.flush()


def _move_keyed(session: Session, old_id: int, member_id: int) -> None:
    """Rows whose key contains the member: moved unless the new member has the same already."""
    for seat in session.scalars(sa.select(Membership).where(Membership.member_id == old_id)):
        values = {"member_id": member_id, "department_id": seat.department_id, "is_leader": seat.is_leader}
        insert_once(session, Membership, values, ["member_id", "department_id"])
        session.delete(seat)
    for share in session.scalars(sa.select(CustomerShare).where(CustomerShare.member_id == old_id)):
        insert_once(
            session,
            CustomerShare,
            {"customer_id": share.customer_id, "member_id": member_id},
            ["customer_id", "member_id"],
        )
        session.delete(share)
    _move_unless(session, Follow, ("external_user_id",), old_id, member_id)
    _move_unless(session, ContactTag, ("contact_id", "tag_id"), old_id, member_id)
    session.execute(sa.delete(LinkCode).where(LinkCode.member_id == old_id))


def _move_unless(
    session: Session, table: type[Follow | ContactTag], same: Sequence[str], old_id: int, new_id: int
) -> None:
    """Rows of the old member become the new one's; of what both have, one stays."""
    twin = sa.orm.aliased(table)
    alike = sa.and_(twin.member_id == new_id, *(getattr(twin, name) == getattr(table, name) for name in same))
    theirs = sa.select(table.id).where(table.member_id == old_id)
    session.execute(sa.delete(table).where(table.id.in_(theirs.where(sa.exists().where(alike)))))
    session.execute(sa.update(table).where(table.member_id == old_id).values(member_id=new_id))
