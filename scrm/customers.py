"""Customers: made once, briefed on one screen, listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from scrm import access
from scrm.access import Actor
from scrm.errors import AlreadySo, Refused
from scrm.lookup import name_key
from scrm.models import Activity, Contact, Customer, CustomerTag, Deal, FollowUp, Member, Stage, Tag

LAST_ACTIVITIES = 3
MAX_PEOPLE = 8
MAX_DEALS = 8
PAGE = 5  # each has a button, and one is left for the next page
MIN_ALIKE = 2  # letters that say anything about who is meant
LAST_PAGE = 100_000  # a button may carry any number


class Exists(AlreadySo):
    """The customer is already there, and this person may see it."""

    sentence = "客户已经存在，为您显示现有资料。"

    def __init__(self, view: str) -> None:
        super().__init__(view, self.sentence)


class ExistsElsewhere(Refused):
    """The customer is there, out of this person's sight: its owner is not named."""

    sentence = "「{name}」已是公司客户，由其他同事负责。如需协作，请联系您的主管。"


class InPool(Refused):
    """The customer is there and nobody owns it."""

    sentence = "「{name}」在公海里，还没有负责人。回复「领取 {name}」就归您跟进。"


class NoName(Refused):
    """Nothing is left of the name without its punctuation."""

    sentence = "请说出客户名称，例如：新建客户 宏图精密"


_WEIGHT = sa.case({"decision_maker": 0, "influencer": 1, "gatekeeper": 2, "user": 3}, value=Contact.role, else_=4)


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """A deal as the brief lists it."""

    deal: Deal
    stage: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What one knows of a customer before walking in."""

    customer: Customer
    owner: str
    people: Sequence[Contact]
    deals: Sequence[OpenDeal]
    activities: Sequence[tuple[Activity, str]]  # with the name of who made it
    next_step: FollowUp | None
    tags: Sequence[str]


def alike(session: Session, actor: Actor, name: str) -> Sequence[Customer]:
    """Customers in sight whose name holds this one, or is held in it; not the one of exactly this name."""
    key = name_key(name)[:128]
    if len(key) < MIN_ALIKE:
        return ()
    held = sa.and_(sa.func.length(Customer.name_key) >= MIN_ALIKE, sa.literal(key).contains(Customer.name_key))
    query = sa.select(Customer).where(
        access.customers(actor),
        Customer.name_key != key,
        sa.or_(Customer.name_key.contains(key, autoescape=True), held),
    )
    return session.scalars(query.order_by(Customer.id).limit(10)).all()


def exists(session: Session, name: str) -> bool:
    """Whether the company has a customer of exactly this name, in whoever's sight."""
    return session.scalar(sa.select(Customer.id).where(Customer.name_key == name_key(name)[:128])) is not None


def create(session: Session, actor: Actor, name: str, now: datetime) -> Customer:
    """A new customer of this actor. Raises Exists, ExistsElsewhere, InPool, NoName; two at once get one customer."""
    name, key = name.strip()[:128], name_key(name)[:128]
    if not key:
        raise NoName
    values = {
        "name": name, "name_key": key, "owner_id": actor.member_id, "phone": "", "region": "", "tier": "", "version": 1,
        "created_at": now, "updated_at": now, "row_version": 1,
    }  # fmt: skip
    existing = session.scalars(sa.select(Customer).where(Customer.name_key == key)).one_or_none()
    if existing is None:
        try:
            with session.begin_nested():
                customer = Customer(**values)
                session.add(customer)
                session.flush()
            return customer
        except sa.exc.IntegrityError:
            existing = session.scalars(sa.select(Customer).where(Customer.name_key == key)).one()
    if session.scalar(sa.select(Customer.id).where(Customer.id == existing.id, access.customers(actor))) is not None:
        raise Exists(f"customer:{existing.id}")
    raise InPool(name=name) if existing.owner_id is None else ExistsElsewhere(name=name)


def brief(session: Session, actor: Actor, customer: Customer) -> Brief:
    """Everything worth knowing on one screen; the caller has loaded the customer with permission."""
    people = session.scalars(
        sa.select(Contact).where(Contact.customer_id == customer.id).order_by(_WEIGHT, Contact.id).limit(MAX_PEOPLE)
    ).all()
    deals = session.execute(
        sa.select(Deal, Stage.name)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.customer_id == customer.id, Deal.status.in_(("open", "paused")), access.deals(actor))
        .order_by(Deal.updated_at.desc(), Deal.id.desc())
        .limit(MAX_DEALS)
    )
    activities = session.execute(
        sa.select(Activity, Member.name)
        .join(Member, Member.id == Activity.member_id)
        .where(Activity.customer_id == customer.id, access.activities(actor))
        .order_by(Activity.happened_at.desc(), Activity.id.desc())
        .limit(LAST_ACTIVITIES)
    )
    next_step = session.scalars(
        sa.select(FollowUp)
        .where(FollowUp.customer_id == customer.id, FollowUp.status == "open", access.followups(actor))
        .order_by(FollowUp.due_at)
        .limit(1)
    ).first()
    tags = session.scalars(
        sa.select(Tag.name)
        .join(CustomerTag, CustomerTag.tag_id == Tag.id)
        .where(CustomerTag.customer_id == customer.id)
        .order_by(Tag.name)
    ).all()
    owner = session.get(Member, customer.owner_id) if customer.owner_id else None
    return Brief(
        customer, owner.name if owner else "", people, [OpenDeal(deal, stage) for deal, stage in deals.all()],
        [(activity, name) for activity, name in activities.all()], next_step, tags,
    )  # fmt: skip


def mine(session: Session, actor: Actor, page: int) -> tuple[Sequence[Customer], int]:
    """One page of the customers in sight, those with the latest activity first, and how many there are."""
    page = min(max(page, 0), LAST_PAGE)
    clause = access.customers(actor)
    total = session.scalar(sa.select(sa.func.count()).select_from(Customer).where(clause)) or 0
    rows = session.scalars(
        sa.select(Customer)
        .where(clause)
        .order_by(sa.nulls_last(Customer.last_activity_at.desc()), Customer.id.desc())
        .limit(PAGE)
        .offset(page * PAGE)
    ).all()
    return rows, total
