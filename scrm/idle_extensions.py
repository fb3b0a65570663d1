"""申请延期: more days before a customer is taken back, asked for by its owner, decided by a manager."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import covers, members
from scrm.access import Actor
from scrm.errors import NotFound, Refused
from scrm.models import Customer, Extension, Idle, Member
from scrm.versions import Already

MOST_DAYS = 180


class NotYours(Refused):
    """Somebody else's customer."""

    sentence = "「{customer}」由{owner}负责，请由{owner}申请延期。"


class NobodyS(Refused):
    """A customer without an owner is not taken back from anybody."""

    sentence = "「{customer}」现在没有负责人，不需要延期。"


class TooLong(Refused):
    """More than half a year, or nothing."""

    sentence = "一次最多延期 180 天。"


class AskedAlready(Already):
    """Nobody has decided the last one yet."""

    sentence = "「{customer}」的延期申请还在等审批。"


class DecidedAlready(Already):
    """Deciding twice."""

    sentence = "这条延期申请已经处理过了。"


@dataclass(frozen=True, slots=True)
class Asked:
    """An extension as cards show it: who asked, and who decided ("" while nobody has)."""

    row: Extension
    customer: Customer
    who: str
    by: str = ""


def ask(session: Session, actor: Actor, customer: Customer, days: int, reason: str, today: date) -> Asked:
    """More days for a customer of the actor, from the day it would be taken back. Raises NotYours, TooLong, AskedAlready."""
    if customer.owner_id != actor.member_id or actor.member_id is None:
        owner = session.get(Member, customer.owner_id) if customer.owner_id is not None else None
        if owner is None:
            raise NobodyS(customer=customer.name)
        raise NotYours(customer=customer.name, owner=owner.name)
    if not 1 <= days <= MOST_DAYS:
        raise TooLong
    open_one = sa.select(Extension).where(Extension.customer_id == customer.id, Extension.status == "asked")
    known = session.scalars(open_one).first()
    if known is not None:
        raise AskedAlready(f"extension:{known.id}", customer=customer.name)
    planned = session.scalar(sa.select(Idle.recycle_on).where(Idle.customer_id == customer.id))
    until = max(planned or today, today) + timedelta(days=days)
    row = Extension(
        customer_id=customer.id, asked_by=actor.member_id, days=days, until=until, reason=reason[:255], status="asked"
    )
    session.add(row)
    session.flush()
    return Asked(row, customer, actor.name)


def decide(session: Session, actor: Actor, extension_id: int, *, approve: bool, today: date) -> Asked:
    """Approved or refused by a manager of the one who asked, or by whoever stands in. Raises NotFound or DecidedAlready."""
    row = session.get(Extension, extension_id, with_for_update=True, populate_existing=True)
    if row is None or not _may_decide(session, actor, row, today):
        raise NotFound
    if row.status != "asked":
        raise DecidedAlready(f"extension:{row.id}")
    row.status = "approved" if approve else "refused"
    row.decided_by = actor.member_id
    session.flush()
    return see(session, row)


def _may_decide(session: Session, actor: Actor, row: Extension, today: date) -> bool:
    if actor.sees_all:
        return True
    bosses = {manager.id for manager in members.managers_of(session, row.asked_by)}
    return actor.member_id in bosses or bool(bosses & covers.covered_by(session, actor.member_id, today))


def see(session: Session, row: Extension) -> Asked:
    """The extension as its card shows it."""
    customer = session.get_one(Customer, row.customer_id)
    by = session.get(Member, row.decided_by) if row.decided_by is not None else None
    return Asked(row, customer, session.get_one(Member, row.asked_by).name, by.name if by else "")


def load(session: Session, actor: Actor, extension_id: int, today: date) -> Asked:
    """The extension, for those who asked or may decide. Raises NotFound."""
    row = session.get(Extension, extension_id)
    if row is None or not (row.asked_by == actor.member_id or _may_decide(session, actor, row, today)):
        raise NotFound
    return see(session, row)
