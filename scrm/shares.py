"""申请协作: somebody asks to work on a customer out of sight; its owner, or a manager, decides; then it is in sight."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scrm import lookup, members
from scrm.access import Actor
from scrm.errors import NotFound, Refused
from scrm.models import Customer, CustomerShare, Member, ShareRequest
from scrm.versions import Already

MAX_WORDS = 500


class InSightAlready(Already):
    """Nothing to ask for."""

    sentence = "这家客户您已经可以跟进了。"


class AskedAlready(Refused):
    """Nobody has decided the last one yet."""

    sentence = "「{called}」的协作申请已经发出，正在等对方答复。"


class NobodyOwns(Refused):
    """A customer without an owner is claimed, not shared."""

    sentence = "「{called}」现在没有负责人，请联系您的主管分配。"


class DecidedAlready(Already):
    """Deciding twice."""

    sentence = "这条协作申请已经处理过了。"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as cards show it: who asks, who owns the customer, who decided ("" while nobody has)."""

    row: ShareRequest
    customer: Customer
    who: str
    owner: str
    by: str = ""


def ask(session: Session, actor: Actor, customer_id: int, called: str, words: str) -> Asked:
    """A request for a colleague's customer. Raises NotFound, InSightAlready, NobodyOwns or AskedAlready."""
    customer = session.get(Customer, customer_id)
    if customer is None or actor.member_id is None:
        raise NotFound
    if lookup.is_seen(session, actor, customer):
        raise InSightAlready(f"customer:{customer.id}")
    if customer.owner_id is None:
        raise NobodyOwns(called=called)
    row = ShareRequest(
        customer_id=customer.id, asked_by=actor.member_id, called=called[:128], words=words[:MAX_WORDS], status="asked"
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise AskedAlready(called=called) from error
    return see(session, row)


def deciders(session: Session, customer: Customer) -> dict[int, str]:
    """Who is asked: the owner; one who has left is stood in for by the managers. Empty: the admins have to."""
    owner = session.get(Member, customer.owner_id) if customer.owner_id is not None else None
    if owner is None:
        return {}
    if owner.active:
        return {owner.id: owner.name}
    return {boss.id: boss.name for boss in members.managers_of(session, owner.id)}


def decide(session: Session, actor: Actor, request_id: int, *, approve: bool) -> Asked:
    """Approved, the asker works on the customer from now on. Raises NotFound or DecidedAlready."""
    row = session.get(ShareRequest, request_id, with_for_update=True, populate_existing=True)
    if row is None or not _may_decide(session, actor, row):
        raise NotFound
    if row.status != "asked":
        raise DecidedAlready(view(row))
    row.status, row.decided_by = ("approved" if approve else "refused"), actor.member_id
    key = (row.customer_id, row.asked_by)
    if approve and session.get(CustomerShare, key) is None:
        session.add(CustomerShare(customer_id=row.customer_id, member_id=row.asked_by))
    session.flush()
    return see(session, row)


def load(session: Session, actor: Actor, request_id: int) -> Asked:
    """The request, for those who may decide it. Raises NotFound."""
    row = session.get(ShareRequest, request_id)
    if row is None or not _may_decide(session, actor, row):
        raise NotFound
    return see(session, row)


def _may_decide(session: Session, actor: Actor, row: ShareRequest) -> bool:
    """The owner and who leads the owner: a collaborator may not let others in."""
    owner_id = session.scalar(sa.select(Customer.owner_id).where(Customer.id == row.customer_id))
    return actor.sees_all or (owner_id is not None and owner_id in actor.team)


def see(session: Session, row: ShareRequest) -> Asked:
    """The request as its cards show it."""
    customer = session.get_one(Customer, row.customer_id)
    ids = [ident for ident in (row.asked_by, customer.owner_id, row.decided_by) if ident is not None]
    names = members.names(session, ids)
    owner, by = names.get(customer.owner_id or 0, ""), names.get(row.decided_by or 0, "")
    return Asked(row, customer, names.get(row.asked_by, ""), owner, by)


def collaborators(session: Session, customer: Customer) -> list[str]:
    """The names of those it is shared with, beside the owner."""
    others = CustomerShare.member_id.is_distinct_from(customer.owner_id)
    shared = sa.select(CustomerShare.member_id).where(CustomerShare.customer_id == customer.id, others)
    return list(session.scalars(sa.select(Member.name).where(Member.id.in_(shared)).order_by(Member.id)))


def view(row: ShareRequest) -> str:
    """What the decider's card shows."""
    return f"share_request:{row.id}"
