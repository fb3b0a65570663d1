"""Names from a member's own work that make good examples: each means one record only."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access, activities, deals, lookup
from scrm.access import Actor
from scrm.errors import DomainError
from scrm.models import Contact, ContactTag, Customer, Deal, Identity, Member, Tag


@dataclass(frozen=True, slots=True)
class Mine:
    """The customer worked on last, a person and an open deal of it, and what marketers and admins speak of; "" for none."""

    customer: Customer | None = None
    person: str = ""
    deal: str = ""
    stage: str = ""  # the one after the deal's
    tag: str = ""  # the one worn most
    owner: str = ""  # a member who can be added on WeCom
    member: str = ""
    leader: str = ""


def mine(session: Session, actor: Actor) -> Mine:
    """What this member's examples may be about."""
    customer = next(iter(activities.recent_customers(session, actor)), None) or _in_sight(session, actor)
    deal, stage = _deal(session, actor, customer) if customer is not None else ("", "")
    member, leader = _two_members(session, actor)
    return Mine(customer, _person(session, actor, customer), deal, stage, _tag(session), _owner(session, actor), member, leader)  # fmt: skip


def _in_sight(session: Session, actor: Actor) -> Customer | None:
    """For who has no customers, as a manager: the one somebody was in touch with last."""
    query = sa.select(Customer).where(access.customers(actor))
    return session.scalars(
        query.order_by(sa.nulls_last(Customer.last_activity_at.desc()), Customer.id.desc()).limit(1)
    ).first()


def _person(session: Session, actor: Actor, customer: Customer | None) -> str:
    """A contact in sight, of this customer where there is one, whose name alone means nobody else."""
    of_customer = Contact.customer_id == customer.id if customer is not None else sa.true()
    query = sa.select(Contact).where(access.contacts(actor), of_customer, Contact.name != "")
    for contact in session.scalars(query.order_by(Contact.updated_at.desc(), Contact.id).limit(5)):
        try:
            if lookup.contact(session, actor, contact.name).id == contact.id:
                return contact.name
        except DomainError:
            continue
    return ""


def _deal(session: Session, actor: Actor, customer: Customer) -> tuple[str, str]:
    """An open deal of the customer that can move on, and the stage after its own."""
    query = sa.select(Deal).where(Deal.customer_id == customer.id, Deal.status == "open", access.deals(actor))
    for deal in session.scalars(query.order_by(Deal.updated_at.desc(), Deal.id).limit(5)):
        following = deals.see(session, deal).next
        try:
            if following is not None and lookup.deal(session, actor, deal.name).id == deal.id:
                return deal.name, following.name
        except DomainError:
            continue
    return "", ""


def _tag(session: Session) -> str:
    worn = sa.select(Tag.name).join(ContactTag, ContactTag.tag_id == Tag.id).group_by(Tag.name)
    return session.scalars(worn.order_by(sa.func.count().desc(), Tag.name).limit(1)).first() or ""


def _owner(session: Session, actor: Actor) -> str:
    """A rep with a WeCom account, else the member himself."""
    reps = sa.select(Member.name).join(Identity, Identity.member_id == Member.id).where(
        Identity.platform == "wecom", Member.active, Member.role == "rep"
    )  # fmt: skip
    return next(iter(_unique(session, list(session.scalars(reps.order_by(Member.id).limit(5))))), actor.name)


def _two_members(session: Session, actor: Actor) -> tuple[str, str]:
    """A rep, and somebody who may lead: a manager, else the member himself."""
    query = sa.select(Member.name, Member.role).where(Member.active, Member.id != actor.member_id).order_by(Member.id)
    others = session.execute(query.limit(50)).all()
    reps = _unique(session, [name for name, role in others if role == "rep"][:5])
    managers = _unique(session, [name for name, role in others if role == "manager"][:5])
    return next(iter(reps), ""), next(iter(managers), actor.name)


def _unique(session: Session, names: list[str]) -> list[str]:
    counted = sa.select(Member.name).where(Member.active, Member.name.in_(names)).group_by(Member.name)
    alone = set(session.scalars(counted.having(sa.func.count() == 1)))
    return [name for name in names if name in alone]
